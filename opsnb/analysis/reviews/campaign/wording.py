"""Ids of the data and amounts of a metric, as people say them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.findings.records import Unit
    from opsnb.analysis.recorder import Recorder


def word(ops: Recorder, group: str, name: str) -> Said:
    """A kind of cost, dimension or event for people, as far as the languages know it."""
    key = f"{group}.{name}"
    return Text(key) if ops.language.has(key) else name


def number_format(unit: Unit) -> str:
    """How amounts of a metric are written."""
    return "money" if unit == "money" else "integer"


def amount(value: float, unit: Unit, *, signed: bool = False) -> Text:
    """A registered amount of the metric, in its own unit."""
    return Text.of(f"common.{'signed_' if signed else ''}{number_format(unit)}", value=value)
