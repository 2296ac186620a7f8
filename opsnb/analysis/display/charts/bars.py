"""Ranked horizontal bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsnb.analysis.display.charts._axes import widest
from opsnb.analysis.display.charts._check import is_number, need, need_rows
from opsnb.analysis.display.charts._rows import Rows, rows_height
from opsnb.analysis.display.charts._sheet import DASHES, Entry, Sheet
from opsnb.analysis.display.figures import Chart
from opsnb.analysis.display.grid import LABEL, STRONG, Field, Plotted, bounds_of
from opsnb.analysis.display.style import INK, MUTED, PAPER, SERIES, TONES
from opsnb.analysis.display.svg import Drawing
from opsnb.base.messages import Language, Said, Text
from opsnb.base.page_parts import Mark, Value
from opsnb.base.seam import Tone


@dataclass(frozen=True)
class Bar:
    """One bar; `strong` sets it off from the others, a tone is said in `note`."""

    label: Said
    value: float
    low: float | None = None
    high: float | None = None
    strong: bool = False
    tone: Tone | None = None
    note: Said = ""

    @property
    def has_interval(self) -> bool:
        return is_number(self.low) and is_number(self.high)


def bars(
    rows: Sequence[Bar],
    *,
    claim: Said,
    alt: Said,
    source: Said,
    format: str = "number",
    ranked: bool = True,
    reference: tuple[float, Said] | None = None,
) -> Chart:
    """Bars with their values beside them, the largest first.

    Parameters
    ----------
    rows : sequence of Bar
    format : str
        A name of `FORMATS` for the values.
    ranked : bool
        Sort by value; else in the order given.
    reference : (value, label), optional
        A line to read the bars against, such as the average.

    Raises
    ------
    PublishError
        When there are no bars, or a value is not finite.
    """
    need_rows(rows, "bars")
    for row in rows:
        need(is_number(row.value), f"a bar has the value {row.value}", "bars", "leave it out")
    shown = sorted(rows, key=lambda row: -row.value) if ranked else list(rows)
    above = 0.3 if reference else 0.04

    def draw(figure: Drawing, language: Language) -> None:
        sheet = Sheet(figure, language)
        top = 0.02
        if reference:
            text = f"{language.say(reference[1])} {language.format(reference[0], format)}"
            top = sheet.key([Entry("dashed", MUTED, text)])
        texts = [_value(row, format, language) for row in shown]
        labels = [language.say(row.label) for row in shown]
        strong = [row.strong for row in shown]
        aligned = sheet.is_narrow or reference is not None
        cells = [[text] for text in texts] if aligned else []
        frame = Rows(sheet, labels, cells, top=top, bottom=0.02, strong=strong)
        _scale(frame, shown, [] if aligned else texts, reference)
        any_strong = any(strong)
        for index, (row, y) in enumerate(zip(shown, frame.y, strict=True)):
            colour = (
                TONES[row.tone] if row.tone else SERIES[1 if any_strong and not row.strong else 0]
            )
            frame.bar(y, 0, row.value, frame.thick, color=colour)
            if is_number(row.low) and is_number(row.high):
                _interval(frame, row.low, row.high, y)
            if not aligned:
                _beside(frame, row, index, texts[index])
        frame.line(0, color=MUTED, linewidth=0.9)
        if reference:
            frame.line(reference[0], color=MUTED, linewidth=1.2, linestyle=DASHES)

    return Chart(
        claim=claim,
        draw=draw,
        alt=alt,
        source=source,
        height=rows_height(len(shown), above=above, below=0.04, phone=False),
        phone_height=rows_height(len(shown), above=above, below=0.04, phone=True),
        plotted=_plotted(shown, format, reference),
    )


def _plotted(rows: Sequence[Bar], format: str, reference: tuple[float, Said] | None) -> Plotted:
    value = Field("value", Text("chart.value"), "value", format)
    note = Field("note", Text("chart.note"), "text")
    return Plotted(
        "bars",
        [LABEL, value, *bounds_of("value", format), note, STRONG],
        [
            (
                row.label,
                Value(v=row.value, tone=row.tone) if row.tone else row.value,
                *((row.low, row.high) if row.has_interval else (None, None)),
                row.note,
                row.strong,
            )
            for row in rows
        ],
        [Mark("reference", reference[1], reference[0], axis="x", format=format)]
        if reference
        else (),
    )


def _value(row: Bar, format: str, language: Language) -> str:
    note = language.say(row.note)
    return language.format(row.value, format) + (f" {note}" if note else "")


def _ends(row: Bar) -> tuple[float, float]:
    """The bar's extent with its interval and zero."""
    numbers = [number for number in (row.value, row.low, row.high, 0.0) if is_number(number)]
    return min(numbers), max(numbers)


def _scale(
    frame: Rows, rows: Sequence[Bar], texts: Sequence[str], reference: tuple[float, Said] | None
) -> None:
    """Limits that leave room for the numbers beside the bars."""
    level = reference[0] if reference else 0.0
    low = min(level, *(_ends(row)[0] for row in rows))
    high = max(level, *(_ends(row)[1] for row in rows)) or (0.0 if low < 0 else 1.0)
    if not texts:
        frame.ax.set_xlim(low, high + 0.004 * (high - low))
        return
    right = widest([t for t, row in zip(texts, rows, strict=True) if row.value >= 0]) + 0.1
    left = widest([t for t, row in zip(texts, rows, strict=True) if row.value < 0])
    left += 0.1 if left else 0.0
    unit = (high - low) / max(frame.inches - left - right, 0.5)
    frame.ax.set_xlim(low - left * unit, high + right * unit)


def _beside(frame: Rows, row: Bar, index: int, text: str) -> None:
    low, high = _ends(row)
    if row.value < 0:
        frame.before(low, index, text)
    else:
        frame.beside(high, index, text)


def _interval(frame: Rows, low: float, high: float, y: float) -> None:
    """A line with an edge, so that it shows on the bar and beside it."""
    frame.ax.plot([low, high], [y, y], color=PAPER, linewidth=3.0, solid_capstyle="butt")
    frame.ax.plot([low, high], [y, y], color=INK, linewidth=1.2, solid_capstyle="butt")
