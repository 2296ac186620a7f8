"""Designing an experiment, step by step."""

from __future__ import annotations

from opsnb.analysis.reviews.design.design import Design

__all__ = ["Design"]
