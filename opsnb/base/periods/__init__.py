"""Cycles: what `2026-10`, `2026-W44`, `2026-Q4` and `2026` mean, and what they compare with.

A period is a run of whole local days. Weeks are ISO weeks (named after the Monday they
hold; with `week_start="sunday"` they begin one day earlier). A fiscal year is named after
the calendar year in which it ends: with `fiscal_month_start=4`, `2026-Q1` is April to June
2025. Every label of a fiscal period says its dates.
"""

from __future__ import annotations

from opsnb.base.periods.parse import EARLIEST, LATEST, kind_of, parse
from opsnb.base.periods.period import KINDS, Calendar, Kind, Period, between, containing, latest
from opsnb.base.periods.steps import EVERY, Every, Steps, coarsest

__all__ = [
    "EARLIEST",
    "EVERY",
    "KINDS",
    "LATEST",
    "Calendar",
    "Every",
    "Kind",
    "Period",
    "Steps",
    "between",
    "coarsest",
    "containing",
    "kind_of",
    "latest",
    "parse",
]
