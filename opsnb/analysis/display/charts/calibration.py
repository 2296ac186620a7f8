"""Predictions against what came, a row a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsnb.analysis.display.charts._axes import number_ticks, tick_labels
from opsnb.analysis.display.charts._check import is_number, need, need_rows
from opsnb.analysis.display.charts._plot import x_axis
from opsnb.analysis.display.charts._rows import Rows, rows_height
from opsnb.analysis.display.charts._sheet import Entry, Sheet
from opsnb.analysis.display.figures import Chart
from opsnb.analysis.display.grid import LABEL, Field, Plotted, bounds_of
from opsnb.analysis.display.style import INK, PAPER, SERIES
from opsnb.analysis.display.svg import Drawing
from opsnb.base.messages import Language, Said, Text
from opsnb.base.page_parts import Value


@dataclass(frozen=True)
class Forecast:
    """What was predicted, its range where one was given, and what was observed."""

    label: Said
    value: float
    observed: float
    low: float | None = None
    high: float | None = None
    format: str = "number"

    @property
    def range(self) -> tuple[float, float] | None:
        """Both ends of the range, where both are known."""
        return (self.low, self.high) if is_number(self.low) and is_number(self.high) else None

    @property
    def holds(self) -> bool:
        """Whether the outcome lies in the range."""
        return self.range is not None and self.range[0] <= self.observed <= self.range[1]

    def share(self, number: float) -> float:
        """A number as its relative distance from the prediction."""
        return (number - self.value) / abs(self.value)


def calibration(rows: Sequence[Forecast], *, claim: Said, alt: Said, source: Said) -> Chart:
    """How far outcomes fell from their predictions, in percent of the prediction.

    Raises
    ------
    PublishError
        No rows, or a prediction that is zero or not finite.
    """
    need_rows(rows, "calibration")
    for row in rows:
        need(
            is_number(row.value) and row.value != 0 and is_number(row.observed),
            f"a prediction of {row.value} and an outcome of {row.observed} have no ratio",
            "calibration",
            "leave it out",
        )
    shares = [row.share(row.observed) for row in rows]
    shares += [row.share(b) for row in rows for b in row.range or ()]

    def draw(figure: Drawing, language: Language) -> None:
        sheet = Sheet(figure, language)
        frame = Rows(
            sheet,
            [language.say(row.label) for row in rows],
            [
                [language.format(row.value, row.format), language.format(row.observed, row.format)]
                for row in rows
            ],
            heads=[language.text("chart.predicted"), language.text("chart.observed_short")],
            top=sheet.key(_key(rows, language)),
            bottom=0.28,
            axis=True,
        )
        ticks = number_ticks(min(0, *shares), max(0, *shares), max(3, int(frame.inches / 0.62)))
        labels = tick_labels(ticks, language, "signed_percent")
        x_axis(sheet, frame.ax, ticks, labels, ruled=not sheet.is_narrow)
        frame.line(0, color=INK, linewidth=1.0, zorder=1.5)
        for row, y in zip(rows, frame.y, strict=True):
            if row.range:
                low, high = (row.share(bound) for bound in row.range)
                frame.bar(y, low, high, frame.thick * 0.7, color=SERIES[3])
            outside = row.range and not row.holds
            frame.ax.plot(
                row.share(row.observed), y, marker="D" if outside else "o", markersize=6,
                markerfacecolor=SERIES[0] if row.holds else PAPER, markeredgecolor=SERIES[0],
                markeredgewidth=1.6, zorder=4,
            )  # fmt: skip

    return Chart(
        claim=claim,
        draw=draw,
        alt=alt,
        source=source,
        height=rows_height(len(rows), above=0.48, below=0.28, phone=False),
        phone_height=rows_height(len(rows), above=0.68, below=0.28, phone=True),
        plotted=_plotted(rows),
    )


def _plotted(rows: Sequence[Forecast]) -> Plotted:
    return Plotted(
        "calibration",
        [
            LABEL,
            Field("value", Text("chart.predicted"), "target", "number"),
            *bounds_of("value", "number"),
            Field("observed", Text("chart.observed_short"), "value", "number"),
        ],
        [
            (
                row.label,
                *(
                    Value(v=number, format=row.format) if is_number(number) else None
                    for number in (row.value, *(row.range or (None, None)), row.observed)
                ),
            )
            for row in rows
        ],
    )


def _key(rows: Sequence[Forecast], language: Language) -> list[Entry]:
    entries = []
    if any(row.range for row in rows):
        entries.append(Entry("box", SERIES[3], language.text("chart.predicted_range")))
    if any(row.holds for row in rows):
        entries.append(Entry("dot", SERIES[0], language.text("chart.within")))
    if any(row.range and not row.holds for row in rows):
        entries.append(Entry("diamond", SERIES[0], language.text("chart.beyond")))
    if any(not row.range for row in rows):
        entries.append(Entry("hollow", SERIES[0], language.text("chart.without_range")))
    return entries
