"""From one total to another: contributions that add up exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from opsnb.analysis.display.charts._axes import widest
from opsnb.analysis.display.charts._check import is_number, need, need_rows
from opsnb.analysis.display.charts._rows import Rows, rows_height
from opsnb.analysis.display.charts._sheet import LINE, Entry, Sheet
from opsnb.analysis.display.figures import Chart
from opsnb.analysis.display.grid import LABEL, Field, Plotted
from opsnb.analysis.display.style import MUTED, PAPER, SERIES
from opsnb.analysis.display.svg import Drawing
from opsnb.base.errors import PublishError
from opsnb.base.messages import Language, Said, Text
from opsnb.base.page_parts import Mark, Value

_SIGNED = {"money": "signed_money", "exact_money": "signed_money", "percent": "points",
           "number": "signed_number", "integer": "signed_number"}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """A total, or a change that leads from the total before to the next."""

    label: Said
    value: float
    is_total: bool = False


def bridge(
    steps: Sequence[Step],
    *,
    claim: Said,
    alt: Said,
    source: Said,
    format: str = "money",
) -> Chart:
    """Steps from total to total, each starting where the one before ended.

    Parameters
    ----------
    steps : sequence of Step
        Totals carry the whole amount, changes what they add. A first step that is no total
        starts from zero.
    format : str
        A name of `FORMATS` for totals; changes take its signed form.

    Raises
    ------
    PublishError
        No steps, a value that is not finite, or a total that the changes do not add up to.
    """
    need_rows(steps, "bridge")
    spans = _spans(steps)
    start = _axis_start(steps, spans)
    below = LINE + 0.06 if start else 0.02

    def draw(figure: Drawing, language: Language) -> None:
        sheet = Sheet(figure, language)
        top = sheet.key(_key(steps, language))
        texts = [language.format(s.value, format if s.is_total else _signed(format)) for s in steps]
        frame = Rows(
            sheet,
            [language.say(step.label) for step in steps],
            [[text] for text in texts] if sheet.is_narrow else [],
            top=top,
            bottom=below,
            strong=[step.is_total for step in steps],
        )
        _scale(frame, spans, texts, start)
        for index, (step, y) in enumerate(zip(steps, frame.y, strict=True)):
            _bar(frame, step, spans[index], y, start)
            if index + 1 < len(steps) and not sheet.is_narrow:
                half = frame.thick / 2
                ends = [y + half, frame.y[index + 1] - half]
                frame.ax.plot([spans[index][1]] * 2, ends, color=MUTED, linewidth=0.7)
            if not sheet.is_narrow:
                frame.beside(max(spans[index]), index, texts[index])
        if start:
            cut = language.text("chart.axis_cut", start=language.format(start, format))
            sheet.text(0.02, sheet.height - LINE / 2, cut, colour=MUTED)
        else:
            frame.line(0, color=MUTED, linewidth=0.9)

    return Chart(
        claim=claim,
        draw=draw,
        alt=alt,
        source=source,
        height=rows_height(len(steps), above=0.24, below=below, phone=False),
        phone_height=rows_height(len(steps), above=0.24, below=below, phone=True),
        plotted=_plotted(steps, format, start),
    )


def _plotted(steps: Sequence[Step], format: str, start: float) -> Plotted:
    return Plotted(
        "bridge",
        [
            LABEL,
            Field("value", Text("chart.value"), "value", format),
            Field("total", Text("chart.total"), "mark"),
        ],
        [
            (
                step.label,
                step.value if step.is_total else Value(v=step.value, format=_signed(format)),
                step.is_total,
            )
            for step in steps
        ],
        [Mark("start", at=start, axis="x", format=format)] if start else (),
    )


def _spans(steps: Sequence[Step]) -> list[tuple[float, float]]:
    """Where each bar starts and ends; checks that the changes add up to the totals."""
    spans: list[tuple[float, float]] = []
    level = 0.0
    for index, step in enumerate(steps):
        need(is_number(step.value), f"a step has the value {step.value}", "bridge", "leave it out")
        if not step.is_total:
            spans.append((level, level + step.value))
            level += step.value
            continue
        size = max(abs(level), abs(step.value), 1e-12)
        if index > 0 and not math.isclose(level, step.value, abs_tol=1e-6 * size):
            raise PublishError(
                f"the steps add up to {level:,.6g} and the total is {step.value:,.6g}",
                where="bridge chart",
                hint="add the remainder as a step of its own",
            )
        level = step.value
        spans.append((0.0, level))
    return spans


def _axis_start(steps: Sequence[Step], spans: Sequence[tuple[float, float]]) -> float:
    """Zero, or a round number below the bars when the changes would be too small to see."""
    levels = [end for _, end in spans]
    changes = [step.value for step in steps if not step.is_total]
    low, high = min(levels), max(levels)
    if not changes or not steps[0].is_total or low <= 0 or (high - low) > 0.2 * high:
        return 0.0
    unit: float = 10 ** math.floor(math.log10(max(high - low, high * 1e-6)))
    return max(0.0, math.floor((low - 0.6 * (high - low)) / unit) * unit)


def _scale(
    frame: Rows, spans: Sequence[tuple[float, float]], texts: Sequence[str], start: float
) -> None:
    low = start or min(0.0, *(min(span) for span in spans))
    high = max(max(span) for span in spans)
    high = high if high > low else low + 1
    room = 0.0 if frame.sheet.is_narrow else widest(texts) * 1.08 + 0.12
    unit = (high - low) / max(frame.inches - room, 0.5)
    frame.ax.set_xlim(low, high + room * unit)


def _bar(frame: Rows, step: Step, span: tuple[float, float], y: float, start: float) -> None:
    if step.is_total:
        frame.bar(y, start, span[1], frame.thick, color=SERIES[0])
        if start:
            # Two slits say that the bar is cut.
            width = frame.ax.get_xlim()[1] - start
            half = frame.thick / 2
            for shift in (0.02, 0.032):
                x = start + shift * width
                frame.ax.plot(
                    [x, x + 0.008 * width], [y + half, y - half], color=PAPER, linewidth=1.8
                )
        return
    frame.bar(
        y, min(span), max(span), frame.thick,
        facecolor=SERIES[1] if step.value >= 0 else "none",
        edgecolor=MUTED,
        linewidth=0 if step.value >= 0 else 1.2,
    )  # fmt: skip


def _signed(format: str) -> str:
    return _SIGNED.get(format, format)


def _key(steps: Sequence[Step], language: Language) -> list[Entry]:
    entries = (
        [Entry("box", SERIES[0], language.text("chart.total"))]
        if any(s.is_total for s in steps)
        else []
    )
    if any(not s.is_total and s.value >= 0 for s in steps):
        entries.append(Entry("box", SERIES[1], language.text("chart.increase")))
    if any(not s.is_total and s.value < 0 for s in steps):
        entries.append(Entry("outline", MUTED, language.text("chart.decrease")))
    return entries
