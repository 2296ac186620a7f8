"""opsnb: playbooks for user-operations teams."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

try:
    __version__ = version("opsnb")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"

# Loaded on first use: `opsnb --help` must not wait for the analysis half.
_LAZY = {
    "begin": "opsnb.session",
    "Session": "opsnb.session",
    "Experiment": "opsnb.analyses.experiment",
    "Campaign": "opsnb.analyses.campaign",
    "Month": "opsnb.analyses.month",
    "Week": "opsnb.analyses.week",
    "Design": "opsnb.analyses.design",
}

__all__ = ["Campaign", "Design", "Experiment", "Month", "Session", "Week", "__version__", "begin"]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'opsnb' has no attribute {name!r}")
