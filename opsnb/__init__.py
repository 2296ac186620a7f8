"""opsnb: playbooks for user-operations teams."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Loaded on first use: `opsnb --help` must not wait for the analysis half.
_LAZY = {
    "begin": "opsnb.analysis.session",
    "Session": "opsnb.analysis.session",
    "Experiment": "opsnb.analysis.reviews.experiment",
    "Campaign": "opsnb.analysis.reviews.campaign",
    "Month": "opsnb.analysis.reviews.period.month",
    "Week": "opsnb.analysis.reviews.period.week",
    "Design": "opsnb.analysis.reviews.design",
    "Plugin": "opsnb.base.plugins",
}

__all__ = [
    "Campaign",
    "Design",
    "Experiment",
    "Month",
    "Plugin",
    "Session",
    "Week",
    "__version__",
    "begin",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        globals()[name] = _version()
        return globals()[name]
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'opsnb' has no attribute {name!r}")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("opsnb")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0+unknown"
