"""A sheet to draw on: margins and texts in inches, so that nothing is cut or overlaps.

Matplotlib's own layout engines cost more than the drawing; measuring the few texts that
need room is cheap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from opsnb.analysis.display.charts._bare_axes import Plot
from opsnb.analysis.display.style import INK, MUTED, SIZE, SMALL, text_width
from opsnb.analysis.display.svg import Drawing, Line
from opsnb.base.messages import Language

LINE = 0.155
"""Height of a line of text in inches."""

Sign = Literal[
    "line", "dashed", "dotted", "band", "box", "outline", "hatch",
    "dot", "hollow", "triangle", "up", "down", "diamond", "bar",
]  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """An entry of a chart's key."""

    sign: Sign
    colour: str
    text: str


class Sheet:
    """A figure measured in inches from its top left corner."""

    def __init__(self, figure: Drawing, language: Language) -> None:
        self.figure = figure
        self.language = language
        self.width = float(figure.get_figwidth())
        self.height = float(figure.get_figheight())

    @property
    def is_narrow(self) -> bool:
        """Whether this is the drawing for a phone."""
        return self.width < 5

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = SMALL,
        colour: str = INK,
        align: Literal["left", "center", "right"] = "left",
        valign: Literal["center", "bottom"] = "center",
        bold: bool = False,
    ) -> None:
        """Text at x inches from the left and y inches from the top.

        Each line is set on a baseline of its own: matplotlib's alignments follow the letters'
        outlines, so that words with and without a "g" would not line up.
        """
        lines = text.split("\n")
        step = size * 1.28 / 72
        first = {"center": -(len(lines) - 1) / 2 * step, "bottom": -(len(lines) - 0.5) * step}[
            valign
        ]
        for index, line in enumerate(lines):
            baseline = y + first + index * step + 0.36 * size / 72
            self.write(x, baseline, line, size=size, colour=colour, align=align, bold=bold)

    def write(
        self,
        x: float,
        baseline: float,
        text: str,
        *,
        size: float = SMALL,
        colour: str = INK,
        align: Literal["left", "center", "right"] = "left",
        bold: bool = False,
    ) -> None:
        """One line of text, its baseline so many inches from the top."""
        line = Line(x, baseline, text, size, colour, align, bold)
        self.figure.lines_of_text.append(line)

    def place(self, ax: Axes, x: float, y: float) -> tuple[float, float]:
        """Where a point of the axes lies, in inches from the left and the top."""
        box = ax.get_position()
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        across = box.x0 + box.width * (x - left) / (right - left)
        up = box.y0 + box.height * (y - bottom) / (top - bottom)
        return across * self.width, (1 - up) * self.height

    def panel(self, left: float, top: float, right: float, bottom: float) -> Axes:
        """Axes with these margins in inches."""
        place = (
            left / self.width,
            bottom / self.height,
            (self.width - left - right) / self.width,
            (self.height - top - bottom) / self.height,
        )
        return self.figure.add_axes(place, axes_class=Plot)

    def key(self, entries: Sequence[Entry], y: float = 0.09, left: float = 0.02) -> float:
        """A key from y inches down, in as many lines as it takes; returns where it ends."""
        x = left
        for entry in entries:
            text = wrapped(entry.text, self.width - left - 0.34, size=SMALL, lines=1)
            wide = 0.3 + text_width(text, SMALL) + 0.2
            if x > left and x + wide - 0.2 > self.width:
                x, y = left, y + LINE + 0.03
            self._sign(entry, x, y)
            self.text(x + 0.3, y, text, colour=MUTED)
            x += wide
        return y + LINE / 2 + 0.06 if entries else y - 0.09

    def _sign(self, entry: Entry, x: float, y: float) -> None:
        inches = self.figure.dpi_scale_trans
        up = self.height - y
        if entry.sign in ("band", "box", "outline", "hatch"):
            self.figure.add_artist(
                Rectangle(
                    (x, up - 0.05),
                    0.23,
                    0.1,
                    transform=inches,
                    facecolor="none" if entry.sign in ("outline", "hatch") else entry.colour,
                    alpha=0.2 if entry.sign == "band" else None,
                    edgecolor=entry.colour,
                    linewidth={"outline": 1.2, "hatch": 0.6}.get(entry.sign, 0),
                    linestyle=(0, (2, 2)) if entry.sign == "hatch" else "-",
                )
            )
            return
        style: dict[str, Any]
        if entry.sign in LINES:
            xs, style = [x, x + 0.23], {"linestyle": LINES[entry.sign], "linewidth": 1.8}
        else:
            thin = entry.sign in ("hollow", "triangle", "diamond", "bar")
            xs, style = (
                [x + 0.14],
                {
                    "linestyle": "none",
                    "marker": _MARKERS[entry.sign],
                    "markersize": 8 if entry.sign == "bar" else 5,
                    "markerfacecolor": "none" if thin else entry.colour,
                    "markeredgewidth": 1.4 if thin else 0,
                },
            )
        self.figure.add_artist(
            Line2D(xs, [up] * len(xs), transform=inches, color=entry.colour, **style)
        )


DASHES = (0, (3.2, 1.8))
"""The dash of a comparison, so that greyscale keeps it apart from the main line."""

LINES: dict[str, Any] = {"line": "-", "dashed": DASHES, "dotted": (0, (1, 1.6))}
_MARKERS = {
    "dot": "o",
    "hollow": "o",
    "triangle": "^",
    "up": "^",
    "down": "v",
    "diamond": "D",
    "bar": "|",
}


def wrapped(
    text: str, width: float, *, size: float = SIZE, lines: int = 2, bold: bool = False
) -> str:
    """Text broken to fit `width` inches, with an ellipsis when `lines` do not hold it."""
    rows: list[str] = []
    row = ""
    for word in _words(text):
        if row and text_width(row + word.rstrip(), size, bold) > width:
            rows.append(row.rstrip())
            row = ""
        row += word
    rows.append(row.rstrip())
    rows = [_cut(row, width, size, bold) for row in rows]
    if len(rows) <= lines:
        return "\n".join(rows)
    return "\n".join([*rows[: lines - 1], _cut(rows[lines - 1] + "……", width, size, bold)])


def _words(text: str) -> list[str]:
    """Where a line may break: after a space, and after each Chinese character."""
    words: list[str] = []
    open_word = ""
    for char in text:
        if ord(char) >= 0x2E80:
            if char in "，。、；：！？）】」》％…" and (open_word or words):
                if open_word:
                    open_word += char
                else:
                    words[-1] += char
                continue
            words += [open_word] if open_word else []
            words.append(char)
            open_word = ""
        else:
            open_word += char
            if char in " /-_":
                words.append(open_word)
                open_word = ""
    return [*words, open_word] if open_word else words


def _cut(row: str, width: float, size: float, bold: bool) -> str:
    if text_width(row, size, bold) <= width and not row.endswith("……"):
        return row
    row = row.removesuffix("……")
    while row and text_width(row + "…", size, bold) > width:
        row = row[:-1]
    return row.rstrip() + "…"


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions near the wanted ones, at least `gap` apart and within low to high."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed = [wanted[index] for index in order]
    for _ in range(60):
        for index in range(1, len(placed)):
            short = gap - (placed[index] - placed[index - 1])
            if short > 1e-9:
                placed[index - 1] -= short / 2
                placed[index] += short / 2
        placed = [min(max(value, low), high) for value in placed]
    result = [0.0] * len(wanted)
    for index, value in zip(order, placed, strict=True):
        result[index] = value
    return result


def lanes(spans: Sequence[tuple[float, float]], gap: float = 0.08) -> list[int]:
    """The lane of each span, so that spans in one lane do not overlap; lane 0 first."""
    ends: list[float] = []
    chosen = [0] * len(spans)
    for index in sorted(range(len(spans)), key=lambda index: spans[index][0]):
        start, end = spans[index]
        lane = next((n for n, last in enumerate(ends) if start >= last + gap), len(ends))
        ends[lane:] = [end, *ends[lane + 1 :]]
        chosen[index] = lane
    return chosen


Box = tuple[float, float, float, float]
"""Left, top, right and bottom in inches."""


def text_box(x: float, y: float, text: str) -> Box:
    """The box of a small text that starts at x and is centred on y."""
    return x, y - 0.065, x + text_width(text, SMALL), y + 0.065


def is_free(box: Box, taken: Sequence[Box]) -> bool:
    """Whether a box touches none of the taken ones."""
    left, top, right, bottom = box
    return not any(left < r and x < right and top < b and y < bottom for x, y, r, b in taken)


def zero_line(ax: Axes, which: Literal["x", "y"] = "y") -> None:
    """The line that values are read against."""
    (ax.axhline if which == "y" else ax.axvline)(0, color=MUTED, linewidth=0.9, zorder=1)
