"""Facts and texts as HTML fragments and inline-SVG charts, in any language.

A part (`Table`, `Cards`, `Chart`, ...) is a frozen value with `.html(language)` and
`.plain(language)`; it knows nothing of notebooks. The chart types are in
`opsnb.analysis.display.charts`.
"""

from __future__ import annotations

from opsnb.analysis.display.figures import Chart
from opsnb.analysis.display.parts import (
    Absent,
    Actions,
    Cards,
    Checks,
    Decisions,
    Findings,
    Fold,
    Note,
    Paragraph,
    Part,
    VerdictBox,
)
from opsnb.analysis.display.sparks import Spark
from opsnb.analysis.display.style import house_style
from opsnb.analysis.display.tables import Column, Interval, Table, Toned, Withheld

__all__ = [
    "Absent", "Actions", "Cards", "Chart", "Checks", "Column", "Decisions", "Findings", "Fold",
    "Interval", "Note", "Paragraph", "Part", "Spark", "Table", "Toned", "VerdictBox", "Withheld",
    "house_style",
]  # fmt: skip
