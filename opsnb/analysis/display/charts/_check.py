"""What a chart cannot be drawn from, said before it is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeGuard

from opsnb.base.errors import PublishError


def need(condition: bool, what: str, chart: str, hint: str) -> None:
    """Raises PublishError with the chart's type unless the condition holds."""
    if not condition:
        raise PublishError(what, where=f"{chart} chart", hint=hint)


def need_rows(rows: Sequence[object], chart: str) -> None:
    """Raises PublishError when there is nothing to draw."""
    need(len(rows) > 0, "there is nothing to draw", chart, "show an Absent part in its place")


def is_number(value: float | None) -> TypeGuard[float]:
    """Whether a value can be placed on an axis."""
    return value is not None and math.isfinite(value)
