"""Rows with a label, a graphic, and numbers at the right; a phone stacks them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.patches import Rectangle

from opsnb.analysis.display.charts._axes import widest
from opsnb.analysis.display.charts._sheet import LINE, Sheet, wrapped
from opsnb.analysis.display.style import INK, MUTED, SIZE, SMALL, text_width

ROW = 0.31
PHONE_ROW = 0.47
"""Height of a row in inches."""

_GAP = 0.16


def rows_height(count: int, *, above: float, below: float, phone: bool) -> float:
    """Inches that so many rows take."""
    return above + count * (PHONE_ROW if phone else ROW) + below


class Rows:
    """The frame of a chart of rows.

    Attributes
    ----------
    ax : Axes
        One unit of y a row, the first on top.
    y : list of float
        Where the graphic of each row is centred.
    thick : float
        Height of a bar, in units of y.
    """

    def __init__(
        self,
        sheet: Sheet,
        labels: Sequence[str],
        cells: Sequence[Sequence[str]],
        *,
        heads: Sequence[str] = (),
        top: float,
        bottom: float,
        strong: Sequence[bool] = (),
        axis: bool = False,
    ) -> None:
        self.sheet = sheet
        self.strong = list(strong) or [False] * len(labels)
        heads = list(heads)
        head_room = LINE + 0.05 if any(heads) else 0.0
        count = len(labels)
        if sheet.is_narrow:
            # The outer labels of an axis are centred on its ends.
            side = 0.2 if axis else 0.04
            head_room = head_room if cells else 0.0
            self.ax = sheet.panel(side, top + head_room, side, bottom)
            self.y = [index + 0.2 for index in range(count)]
            self.thick = 0.34
            self._stack(labels, cells, heads, top + head_room, bottom)
        else:
            columns = self._columns(cells, heads)
            right = sum(columns) + _GAP * len(columns)
            wide = max(text_width(t, SIZE, b) for t, b in zip(labels, self.strong, strict=True))
            self.label_width = min(wide + 0.05, 0.34 * sheet.width)
            self.ax = sheet.panel(self.label_width + 0.12, top + head_room, right + 0.08, bottom)
            self.y = [float(index) for index in range(count)]
            self.thick = 0.6
            self._side_by_side(labels, cells, heads, columns, top + head_room, bottom)
        self.ax.set_ylim(count - 0.5, -0.5)

    @property
    def inches(self) -> float:
        """Width of the graphic."""
        return float(self.ax.get_position().width) * self.sheet.width

    def line(self, x: float, **style: Any) -> None:
        """A line down at x; on a phone it leaves the labels free."""
        if not self.sheet.is_narrow:
            self.ax.axvline(x, **style)
            return
        half = self.thick * 0.8
        for y in self.y:
            self.ax.plot([x, x], [y - half, y + half], **style)

    def bar(self, y: float, low: float, high: float, thick: float, **style: Any) -> None:
        """A bar from low to high, centred on y."""
        self.ax.add_artist(Rectangle((low, y - thick / 2), high - low, thick, **style))

    def beside(self, x: float, row: int, text: str) -> None:
        """Text right of x in a row."""
        across, down = self.sheet.place(self.ax, x, self.y[row])
        self.sheet.text(across + 0.06, down, text, bold=self.strong[row])

    def before(self, x: float, row: int, text: str) -> None:
        """Text left of x in a row."""
        across, down = self.sheet.place(self.ax, x, self.y[row])
        self.sheet.text(across - 0.06, down, text, bold=self.strong[row], align="right")

    def _columns(self, cells: Sequence[Sequence[str]], heads: Sequence[str]) -> list[float]:
        if not cells or not cells[0]:
            return []
        lists = zip(*cells, strict=True)
        widths = [
            max(
                text_width(text, SMALL, bold) for text, bold in zip(texts, self.strong, strict=True)
            )
            for texts in lists
        ]
        if not heads:
            return widths
        return [max(width, widest([head])) for width, head in zip(widths, heads, strict=True)]

    def _side_by_side(
        self,
        labels: Sequence[str],
        cells: Sequence[Sequence[str]],
        heads: Sequence[str],
        columns: Sequence[float],
        top: float,
        bottom: float,
    ) -> None:
        sheet = self.sheet
        step = (sheet.height - top - bottom) / len(labels)
        for index, label in enumerate(labels):
            y = top + (index + 0.5) * step
            sheet.text(
                0.02,
                y,
                wrapped(label, self.label_width, bold=self.strong[index]),
                size=SIZE,
                bold=self.strong[index],
            )
            self._cells_at(y, cells[index] if cells else (), columns, self.strong[index], INK)
        if heads:
            self._cells_at(top - LINE / 2 - 0.02, heads, columns, False, MUTED)

    def _cells_at(
        self, y: float, texts: Sequence[str], columns: Sequence[float], bold: bool, colour: str
    ) -> None:
        x = self.sheet.width - 0.02
        for text, width in zip(reversed(texts), reversed(columns), strict=True):
            self.sheet.text(x, y, text, align="right", bold=bold, colour=colour)
            x -= width + _GAP

    def _stack(
        self,
        labels: Sequence[str],
        cells: Sequence[Sequence[str]],
        heads: Sequence[str],
        top: float,
        bottom: float,
    ) -> None:
        sheet = self.sheet
        step = (sheet.height - top - bottom) / len(labels)
        if heads and cells:
            text = " · ".join(heads)
            sheet.text(sheet.width - 0.04, top - LINE / 2, text, colour=MUTED, align="right")
        for index, label in enumerate(labels):
            y = top + (index + 0.24) * step
            value = " · ".join(text for text in (cells[index] if cells else ()) if text)
            room = sheet.width - text_width(value, SMALL, True) - 0.2
            bold = self.strong[index]
            fits = text_width(label, SIZE, bold) <= room
            size = SIZE if fits else SMALL - 0.5
            sheet.text(0.04, y, wrapped(label, room, size=size, bold=bold), size=size, bold=bold)
            sheet.text(sheet.width - 0.04, y, value, align="right", bold=bold)
