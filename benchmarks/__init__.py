"""Simulations and timings that take too long for the tests."""
