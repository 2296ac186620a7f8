"""Runs: what makes, keeps and compares reports."""
