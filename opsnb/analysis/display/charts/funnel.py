"""Stages of a funnel, with the share that goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsnb.analysis.display.charts._check import is_number, need, need_rows
from opsnb.analysis.display.charts._rows import Rows, rows_height
from opsnb.analysis.display.charts._sheet import LINE, Entry, Sheet
from opsnb.analysis.display.figures import Chart
from opsnb.analysis.display.grid import LABEL, STRONG, Field, Plotted
from opsnb.analysis.display.style import MUTED, PAPER, SERIES
from opsnb.analysis.display.svg import Drawing
from opsnb.base.messages import Language, Said, Text


@dataclass(frozen=True)
class Stage:
    """A stage and how many reached it; `before` is the same in the comparison period."""

    label: Said
    count: float
    before: float | None = None
    strong: bool = False


def funnel(
    stages: Sequence[Stage],
    *,
    claim: Said,
    alt: Said,
    source: Said,
    comparison: Said | None = None,
    unit: Said | None = None,
) -> Chart:
    """Counts a stage with the share of the step before and of the first.

    With `before` counts, the bars show shares of the first stage, so that periods of unequal
    size compare, and a line marks the earlier share.

    Parameters
    ----------
    stages : sequence of Stage
        From the first to the last.
    comparison : Said, optional
        Name of the earlier period.
    unit : Said, optional
        What is counted; "Users" when not given.

    Raises
    ------
    PublishError
        No stages, a first stage of none, or a count that is not finite.
    """
    need_rows(stages, "funnel")
    for stage in stages:
        need(is_number(stage.count), f"a stage has {stage.count} users", "funnel", "leave it out")
    need(stages[0].count > 0, "nobody reached the first stage", "funnel", "show an Absent part")
    compared = all(is_number(stage.before) for stage in stages) and bool(stages[0].before)
    above = 0.3 if compared else 0.04

    def draw(figure: Drawing, language: Language) -> None:
        sheet = Sheet(figure, language)
        top = 0.02
        if compared:
            name = language.say(comparison or Text("chart.comparison_key"))
            top = sheet.key([Entry("bar", MUTED, name)])
        elif sheet.is_narrow:
            top = 0.04
        frame = Rows(
            sheet,
            [language.say(stage.label) for stage in stages],
            _cells(stages, compared, language),
            heads=_heads(compared, unit, language),
            top=top,
            bottom=0.02,
            strong=[stage.strong for stage in stages],
        )
        ax, any_strong = frame.ax, any(stage.strong for stage in stages)
        for stage, y in zip(stages, frame.y, strict=True):
            share = stage.count / stages[0].count
            frame.bar(y, 0, 1, frame.thick, color=SERIES[3], alpha=0.3)
            colour = SERIES[1] if any_strong and not stage.strong else SERIES[0]
            frame.bar(y, 0, share, frame.thick, color=colour)
            if compared:
                earlier = (stage.before or 0) / (stages[0].before or 1)
                half = frame.thick * 0.66
                ax.plot([earlier] * 2, [y - half, y + half], color=PAPER, linewidth=3.4)
                ax.plot([earlier] * 2, [y - half, y + half], color=MUTED, linewidth=1.7)
        ax.set_xlim(0, 1.004)

    return Chart(
        claim=claim,
        draw=draw,
        alt=alt,
        source=source,
        height=rows_height(len(stages), above=above + LINE + 0.05, below=0.02, phone=False),
        phone_height=rows_height(len(stages), above=above + LINE + 0.05, below=0.02, phone=True),
        plotted=_plotted(stages, compared, unit, comparison),
    )


def _plotted(
    stages: Sequence[Stage], compared: bool, unit: Said | None, comparison: Said | None
) -> Plotted:
    """Counts and the rates between them; of the earlier period the rates that are drawn."""
    earlier = comparison or Text("chart.comparison_key")
    return Plotted(
        "funnel",
        [
            LABEL,
            Field("count", unit or Text("chart.people"), "value", "integer"),
            Field("total_rate", Text("chart.total_rate"), "value", "percent"),
            Field("step_rate", Text("chart.step_rate"), "value", "percent"),
            Field("step_change", Text("chart.step_change"), "value", "points"),
            Field("earlier_rate", earlier, "target", "percent", of="total_rate"),
            STRONG,
        ],
        [
            (
                stage.label,
                stage.count,
                stage.count / stages[0].count,
                _share(stages, index, "count"),
                _change(stages, index) if compared else None,
                (stage.before or 0) / (stages[0].before or 1) if compared else None,
                stage.strong,
            )
            for index, stage in enumerate(stages)
        ],
    )


def _cells(stages: Sequence[Stage], compared: bool, language: Language) -> list[list[str]]:
    rows = []
    for index, stage in enumerate(stages):
        step = _share(stages, index, "count")
        cells = [
            language.format(stage.count, "integer"),
            "" if index == 0 else language.format(stage.count / stages[0].count, "percent"),
            "" if index == 0 else language.format(step, "percent"),
        ]
        if compared:
            change = _change(stages, index)
            cells.append("" if change is None else language.format(change, "points"))
        rows.append(cells)
    return rows


def _share(stages: Sequence[Stage], index: int, field: str) -> float | None:
    """Share of the step before."""
    if index == 0:
        return None
    step: float | None = getattr(stages[index - 1], field)
    own: float = getattr(stages[index], field)
    return own / step if step else None


def _change(stages: Sequence[Stage], index: int) -> float | None:
    """How far that share lies from the earlier period's."""
    now, earlier = (_share(stages, index, field) for field in ("count", "before"))
    return now - earlier if now is not None and earlier is not None else None


def _heads(compared: bool, unit: Said | None, language: Language) -> list[str]:
    heads = [
        language.say(unit or Text("chart.people")),
        language.text("chart.total_rate"),
        language.text("chart.step_rate"),
    ]
    return heads + ([language.text("chart.step_change")] if compared else [])
