"""opsnb: playbooks for user-operations teams.

In a notebook: `ops = opsnb.begin(cycle=cycle)`, then one of the reviews (`Campaign`, `Design`,
`Experiment`, `Month`, `Week`), whose steps cells end in; `ops.show(...)` shows parts of one's
own (`Note`, `Paragraph`, `Table`, `Fold`, those of `charts`) in the same form.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsnb.analysis.display import (
        Column,
        Fold,
        Interval,
        Note,
        Paragraph,
        Table,
        Toned,
        charts,
    )
    from opsnb.analysis.findings import Prediction
    from opsnb.analysis.reviews.campaign import Campaign
    from opsnb.analysis.reviews.design import Design
    from opsnb.analysis.reviews.experiment import Experiment
    from opsnb.analysis.reviews.period.month import Month
    from opsnb.analysis.reviews.period.week import Week
    from opsnb.analysis.session import Session, begin
    from opsnb.base.messages import Text
    from opsnb.base.plugins import Plugin

    __version__: str

# Loaded on first use: `opsnb --help` must not wait for the analysis half.
_LAZY = {
    "Campaign": "opsnb.analysis.reviews.campaign",
    "Column": "opsnb.analysis.display",
    "Design": "opsnb.analysis.reviews.design",
    "Experiment": "opsnb.analysis.reviews.experiment",
    "Fold": "opsnb.analysis.display",
    "Interval": "opsnb.analysis.display",
    "Month": "opsnb.analysis.reviews.period.month",
    "Note": "opsnb.analysis.display",
    "Paragraph": "opsnb.analysis.display",
    "Plugin": "opsnb.base.plugins",
    "Prediction": "opsnb.analysis.findings",
    "Session": "opsnb.analysis.session",
    "Table": "opsnb.analysis.display",
    "Text": "opsnb.base.messages",
    "Toned": "opsnb.analysis.display",
    "Week": "opsnb.analysis.reviews.period.week",
    "begin": "opsnb.analysis.session",
}

__all__ = [
    "Campaign", "Column", "Design", "Experiment", "Fold", "Interval", "Month", "Note",
    "Paragraph", "Plugin", "Prediction", "Session", "Table", "Text", "Toned", "Week", "__version__",
    "begin", "charts",
]  # fmt: skip


def __dir__() -> list[str]:
    """What is meant for people: no submodules."""
    return sorted(__all__)


if not TYPE_CHECKING:  # a type checker knows the names, and which are wrong

    def __getattr__(name):
        if name == "__version__":
            globals()[name] = _version()
            return globals()[name]
        if name == "charts":
            return import_module("opsnb.analysis.display.charts")
        if name in _LAZY:
            return getattr(import_module(_LAZY[name]), name)
        raise AttributeError(f"module 'opsnb' has no attribute {name!r}")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("opsnb")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0+unknown"
