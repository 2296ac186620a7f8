"""A line without axes in a table's cell: how a number came to where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opsnb.analysis.display.parts import escape
from opsnb.analysis.findings.words import Speaker
from opsnb.base.messages import Language, Said
from opsnb.base.page_parts import Value
from opsnb.base.seam import plain

WIDTH, HEIGHT, EDGE = 84.0, 18.0, 3.0
"""Units of the drawing's own box; `fragments.css` gives it its size."""

_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Spark:
    """Values in order of time, None where there is none; the last known one carries a dot.

    Attributes
    ----------
    label : Said
        What the line shows, for a reader who does not see it.
    """

    values: Sequence[float | None]
    label: Said

    def html(self, language: Language) -> str:
        """An `<svg>`: one line for each run of known values."""
        points = self._points()
        if not points:
            return "–"
        lines = "".join(
            f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in run)}"/>'
            for run in self._runs(points)
            if len(run) > 1
        )
        x, y = points[max(points)]
        return (
            f'<svg class="ob-spark" role="img" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" '
            f'aria-label="{escape(language.say(self.label))}">'
            f'{lines}<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/></svg>'
        )

    def plain(self) -> str:
        """Blocks of eight heights, a space where there is no value."""
        known = [value for value in self.values if value is not None]
        if not known:
            return "–"
        low, span = min(known), (max(known) - min(known)) or 1.0
        return "".join(
            " " if value is None else _BARS[round(7 * (value - low) / span)]
            for value in self.values
        )

    def cell(self, spec: str, say: Speaker) -> Value[Any]:
        return Value(line=tuple(map(plain, self.values)), word=say(self.label))

    def _points(self) -> dict[int, tuple[float, float]]:
        known = {n: value for n, value in enumerate(self.values) if value is not None}
        if not known:
            return {}
        low, high = min(known.values()), max(known.values())
        across = (WIDTH - 2 * EDGE) / max(len(self.values) - 1, 1)
        up = (HEIGHT - 2 * EDGE) / (high - low) if high > low else 0.0
        middle = 0.0 if high > low else HEIGHT / 2 - EDGE
        return {
            n: (EDGE + n * across, HEIGHT - EDGE - middle - (value - low) * up)
            for n, value in known.items()
        }

    def _runs(self, points: dict[int, tuple[float, float]]) -> list[list[tuple[float, float]]]:
        runs: list[list[tuple[float, float]]] = []
        for n in sorted(points):
            if n - 1 in points:
                runs[-1].append(points[n])
            else:
                runs.append([points[n]])
        return runs
