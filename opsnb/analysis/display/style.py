"""The house style of charts: fonts, a palette that reads in greyscale, and text widths.

Colours are written as hex here and leave `svg.py` as CSS variables, so that a page can turn
them for its dark mode; the hex stays in the drawing as the fall-back.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from opsnb.base import resources

__all__ = [
    "BAD", "FAINT", "GOOD", "GRID", "INK", "MUTED", "PALETTE", "PAPER", "SERIES", "SIZE",
    "SMALL", "TONES", "WARN", "covered", "house_style", "text_width",
]  # fmt: skip

PALETTE = {
    "ink": "#1f2933",
    "muted": "#5f6b7a",
    "grid": "#e1e6eb",
    "faint": "#f1f4f7",
    "paper": "#ffffff",
    "series-1": "#164a8a",
    "series-2": "#5a96d1",
    "series-3": "#9ba6b2",
    "series-4": "#c9d1d9",
    "good": "#1a7a4c",
    "warn": "#a86100",
    "bad": "#b3261e",
}
"""Name of the CSS variable (`--ob-NAME`) to its colour on paper."""

INK, MUTED, GRID, FAINT, PAPER = (
    PALETTE[name] for name in ("ink", "muted", "grid", "faint", "paper")
)
SERIES = tuple(PALETTE[f"series-{number}"] for number in (1, 2, 3, 4))
GOOD, WARN, BAD = PALETTE["good"], PALETTE["warn"], PALETTE["bad"]
TONES = {"good": GOOD, "warn": WARN, "bad": BAD, "neutral": SERIES[0]}
"""Status colours; a chart that uses one also says the status in a word or shape."""

SIZE = 8.5
SMALL = 7.5
"""Text sizes in points, on a drawing 7.2 inches wide."""

RARE = "Noto Sans SC Rare"
"""Family of the font with the characters that the others lack."""

_RC: dict[Any, Any] = {
    "font.family": ["Noto Sans SC", RARE, "DejaVu Sans"],
    "font.size": SIZE,
    "axes.unicode_minus": False,
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "opsnb",
    "figure.dpi": 72,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": PALETTE["series-3"],
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "axes.labelcolor": MUTED,
    "axes.labelsize": SMALL,
    "axes.titlesize": SIZE,
    "axes.titlelocation": "left",
    "axes.titley": 1.0,
    "axes.titlecolor": INK,
    "axes.prop_cycle": cycler(color=SERIES[:3]),
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.major.pad": 4,
    "ytick.major.pad": 4,
    "text.color": INK,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "patch.linewidth": 0,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Matplotlib (and seaborn) draw in the house style inside this block."""
    _register_fonts()
    with mpl.rc_context(_RC):
        yield


def text_width(text: str, size: float = SIZE, bold: bool = False) -> float:
    """Width of one line of text in inches, at `size` points."""
    return sum(_advance(char, bold) for char in text) * size / 72


@functools.cache
def covered() -> frozenset[int]:
    """Code points that the fonts of a report can draw."""
    return frozenset().union(*(_font(str(path)).get_charmap() for path in _font_files()))


@functools.cache
def _font_files() -> tuple[Path, ...]:
    """Regular, bold and rare characters; where zhplot is installed, its full Noto Sans SC."""
    names = ("Regular-gb2312", "Bold-gb2312", "Regular-rare")
    own = [resources.fonts() / f"NotoSansSC-{name}.ttf" for name in names]
    spec = importlib.util.find_spec("zhplot")
    folders = spec.submodule_search_locations or [] if spec else []
    full = [path for folder in folders for path in sorted(Path(folder).rglob("NotoSansSC*.ttf"))]
    return (*own, *full)


@functools.cache
def _register_fonts() -> None:
    fonts = font_manager.fontManager
    for path in _font_files():
        fonts.addfont(path)
    # The rare characters have one weight; without this, matplotlib remarks on each bold text.
    rare = [font for font in fonts.ttflist if font.name == RARE and font.weight == 400]
    fonts.ttflist += [dataclasses.replace(font, weight=700) for font in rare]


@functools.cache
def _font(path: str) -> FT2Font:
    font = FT2Font(path)
    font.set_size(100, 72)
    return font


@functools.cache
def _advance(char: str, bold: bool) -> float:
    """Advance of a character in ems."""
    regular, heavy, *others = _font_files()
    fonts = [_font(str(path)) for path in (heavy if bold else regular, *others)]
    font = next((font for font in fonts if font.get_char_index(ord(char))), None)
    if font is None:
        return 1.0
    return font.load_char(ord(char)).linearHoriAdvance / 65536 / 100
