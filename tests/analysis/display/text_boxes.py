"""Where the texts of a drawing lie, computed from the fonts."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from xml.etree import ElementTree

from opsnb.analysis.display.style import text_width


@dataclass(frozen=True)
class Box:
    text: str
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box, slack: float = 0.7) -> bool:
        return (
            self.left + slack < other.right
            and other.left + slack < self.right
            and self.top + slack < other.bottom
            and other.top + slack < self.bottom
        )


def view(svg: str) -> tuple[float, float]:
    """Width and height of the drawing in points."""
    _, _, width, height = ElementTree.fromstring(svg).attrib["viewBox"].split()
    return float(width), float(height)


def boxes(svg: str) -> list[Box]:
    """The box of each text that is seen, from cap height to baseline, in points."""
    found = []
    for element in ElementTree.fromstring(svg).iter("text"):
        if not (element.text or "").strip():
            continue
        style = dict(item.split(":", 1) for item in element.get("style", "").split(";") if item)
        size = float(style["font-size"].removesuffix("px"))
        wide = 72 * text_width(element.text, size, "700" in style.get("font-weight", ""))
        shift = {"middle": 0.5, "end": 1.0}.get(style.get("text-anchor", "start"), 0.0)
        x, y = _origin(element)
        left = x - shift * wide
        found.append(Box(element.text, left, y - 0.73 * size, left + wide, y))
    return found


def _origin(element: ElementTree.Element) -> tuple[float, float]:
    if "x" in element.attrib:
        return float(element.attrib["x"]), float(element.attrib["y"])
    x, y = re.search(r"translate\(([-\d.]+) ([-\d.]+)\)", element.get("transform", "")).groups()
    return float(x), float(y)


def cut(svg: str) -> list[Box]:
    """Texts that leave the drawing."""
    width, height = view(svg)
    return [
        box
        for box in boxes(svg)
        if box.left < -0.5 or box.right > width + 0.5 or box.top < -0.5 or box.bottom > height + 0.5
    ]


def collisions(svg: str) -> list[tuple[str, str]]:
    """Pairs of texts that lie on each other."""
    return [(a.text, b.text) for a, b in itertools.combinations(boxes(svg), 2) if a.overlaps(b)]
