"""Predicted probabilities against what came true, a point a group of cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsnb.analysis.display.charts._axes import number_ticks, tick_labels, widest
from opsnb.analysis.display.charts._check import is_number, need, need_rows
from opsnb.analysis.display.charts._plot import x_axis, y_axis
from opsnb.analysis.display.charts._sheet import LINE, LINES, Entry, Sheet, wrapped
from opsnb.analysis.display.figures import Chart
from opsnb.analysis.display.grid import Field, Plotted, bounds_of
from opsnb.analysis.display.style import INK, MUTED, SERIES, SMALL
from opsnb.analysis.display.svg import Drawing
from opsnb.base.messages import Language, Said

LEVEL = 0.95
"""Confidence of the intervals."""


@dataclass(frozen=True)
class Judged:
    """A group of cases: the share predicted, the share that came true, and its interval."""

    predicted: float
    actual: float
    low: float
    high: float


def reliability(
    groups: Sequence[Judged],
    *,
    predicted: Said,
    actual: Said,
    claim: Said,
    alt: Said,
    source: Said,
    format: str = "percent",
) -> Chart:
    """A calibration plot: on the diagonal, predictions are right on average.

    Parameters
    ----------
    predicted, actual : Said
        Names of the axes.

    Raises
    ------
    PublishError
        No groups, or a value that is not finite.
    """
    need_rows(groups, "reliability")
    for group in groups:
        values = (group.predicted, group.actual, group.low, group.high)
        need(
            all(is_number(value) for value in values), "a group lacks a value", "reliability",
            "leave it out",
        )  # fmt: skip
    furthest = max(max(group.predicted, group.high) for group in groups)

    def draw(figure: Drawing, language: Language) -> None:
        sheet = Sheet(figure, language)
        y_name, x_name = (
            wrapped(language.say(label), sheet.width - 0.04, size=SMALL, lines=1)
            for label in (actual, predicted)
        )
        sheet.text(0.02, 0.09, y_name, colour=MUTED)
        sheet.text(sheet.width - 0.02, sheet.height - 0.09, x_name, colour=MUTED, align="right")
        entries = [
            Entry("dot", SERIES[0], language.text("chart.group", level=100 * LEVEL)),
            Entry("dashed", MUTED, language.text("chart.exact")),
        ]
        top = sheet.key(entries, y=0.3) + 0.05
        ticks = number_ticks(0, furthest, 5)
        texts = tick_labels(ticks, language, format)
        ax = sheet.panel(widest(texts) + 0.1, top, 0.3, 2 * LINE + 0.12)
        y_axis(sheet, ax, ticks, texts)
        x_axis(sheet, ax, ticks, texts, far=True)
        ax.plot([0, ticks[-1]], [0, ticks[-1]], color=MUTED, linewidth=1.2,
                linestyle=LINES["dashed"], zorder=2)  # fmt: skip
        for group in groups:
            ax.plot([group.predicted] * 2, [group.low, group.high], color=INK, linewidth=1.2,
                    zorder=3)  # fmt: skip
            ax.plot(
                [group.predicted], [group.actual], "o", color=SERIES[0], markersize=6,
                markeredgewidth=0, clip_on=False, zorder=4,
            )  # fmt: skip

    plotted = Plotted(
        "reliability",
        [
            Field("predicted", predicted, "x", format),
            Field("actual", actual, "y", format),
            *bounds_of("actual", format),
        ],
        [(group.predicted, group.actual, group.low, group.high) for group in groups],
        level=LEVEL,
    )
    return Chart(claim=claim, draw=draw, alt=alt, source=source, height=3.2, plotted=plotted)
