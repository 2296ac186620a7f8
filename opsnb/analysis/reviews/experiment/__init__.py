"""The A/B readout, step by step."""

from __future__ import annotations

from opsnb.analysis.reviews.experiment.readout import Experiment

__all__ = ["Experiment"]
