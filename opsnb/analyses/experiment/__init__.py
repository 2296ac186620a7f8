"""The A/B readout, step by step."""

from __future__ import annotations

from opsnb.analyses.experiment.readout import Experiment

__all__ = ["Experiment"]
