"""A drawn figure as inline SVG: small, selectable, stylable by the page, the same every time."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from opsnb.analysis.display.style import PALETTE, covered
from opsnb.base.errors import PublishError

MANY_MARKS = 2000
"""Above this many marks the marks become a picture; the text stays text."""

_VARIABLES = {colour: f"var(--ob-{name}, {colour})" for name, colour in PALETTE.items()}
_COLOUR = re.compile("|".join(PALETTE.values()))
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_NO_ROTATION = re.compile(r"rotate\(-?0(\.0+)? [^)]*\)")
_FONT_FAMILY = re.compile(r"\s*font-family:[^;]*;?")
_OPACITY = re.compile(r"(?<![a-z-])opacity:([0-9.]+)")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_XLINK = "{http://www.w3.org/1999/xlink}href"
_DECORATION = {"So", "Sk", "Mn", "Me", "Cf", "Cc", "Co", "Cn"}
_IN_A_FLOW = "width:100%;height:auto"


@dataclass(frozen=True)
class Spot:
    """A rectangle of a drawing, in inches from its top left corner, and what it says."""

    left: float
    top: float
    width: float
    height: float
    text: str


@dataclass(frozen=True)
class Line:
    """A line of text on its baseline, in inches from the top left corner of a drawing."""

    x: float
    baseline: float
    text: str
    size: float
    colour: str
    align: Literal["left", "center", "right"] = "left"
    bold: bool = False


class Drawing(Figure):
    """A figure that remembers its spots, and its texts, which lie above all else.

    They are written as they are: matplotlib would look up fonts for each and measure it first,
    which takes longer than the rest of a chart.
    """

    def __init__(self, figsize: tuple[float, float]) -> None:
        super().__init__(figsize=figsize)
        self.spots: list[Spot] = []
        self.lines_of_text: list[Line] = []


def to_svg(figure: Figure, label: str, *, css_class: str = "ob-chart") -> str:
    """The figure as an `<svg>` element for a page.

    Its colours are CSS variables (`--ob-ink`, ...), its ids are unique to its content, and it
    has no width of its own, script, external address or date.

    Raises
    ------
    PublishError
        When a text holds a letter, digit or sign that no font of the report can draw.
    """
    _picture_of_many_marks(figure)
    root = ElementTree.fromstring(_NOT_XML.sub("", _draw(figure)))
    if isinstance(figure, Drawing):
        root.extend(_written(line) for line in figure.lines_of_text if line.text)
    _tidy(root)
    _name_ids(root)
    if isinstance(figure, Drawing) and figure.spots:
        root.append(_spots(figure.spots))
    root.attrib = {
        "class": css_class,
        "role": "img",
        "aria-label": label,
        "viewBox": root.get("viewBox", ""),
        "style": _IN_A_FLOW,
    }
    return ElementTree.tostring(root, encoding="unicode")


def _draw(figure: Figure) -> str:
    stream = io.StringIO()
    with warnings.catch_warnings():
        # Every text is checked in `_legible`, also those that matplotlib never measures.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        FigureCanvasSVG(figure).print_svg(
            stream, metadata={"Date": None, "Creator": None, "Type": None, "Format": None}
        )
    return stream.getvalue()


def _written(line: Line) -> ElementTree.Element:
    weight = "font-weight: 700; " if line.bold else ""
    anchor = {"left": "start", "center": "middle", "right": "end"}[line.align]
    style = f"{weight}font-size: {line.size:g}px; text-anchor: {anchor}; fill: {line.colour}"
    place = {"x": f"{72 * line.x:.6f}", "y": f"{72 * line.baseline:.6f}"}
    element = ElementTree.Element("text", {"style": style, **place})
    element.text = _NOT_XML.sub("", line.text)
    return element


def _spots(spots: Sequence[Spot]) -> ElementTree.Element:
    """Unseen rectangles with a `<title>`, which a browser shows without any script."""
    group = ElementTree.Element("g", {"class": "ob-tips", "fill-opacity": "0"})
    for spot in spots:
        numbers = (spot.left, spot.top, spot.width, spot.height)
        names = ("x", "y", "width", "height")
        box = {name: f"{72 * n:.1f}" for name, n in zip(names, numbers, strict=True)}
        title = ElementTree.SubElement(ElementTree.SubElement(group, "rect", box), "title")
        title.text = _NOT_XML.sub("", spot.text)
    return group


def _picture_of_many_marks(figure: Figure) -> None:
    marks = [(artist, _marks(artist)) for artist in figure.findobj(_is_marks)]
    if sum(count for _, count in marks) <= MANY_MARKS:
        return
    figure.set_dpi(144)
    for artist, count in marks:
        if count > MANY_MARKS / 10:
            artist.set_rasterized(True)


def _is_marks(artist: Artist) -> bool:
    return isinstance(artist, PathCollection) or (
        isinstance(artist, Line2D) and artist.get_marker() not in (None, "None", "", " ")
    )


def _marks(artist: Artist) -> int:
    if isinstance(artist, PathCollection):
        return int(np.shape(artist.get_offsets())[0])
    return int(np.shape(artist.get_xdata())[0]) if isinstance(artist, Line2D) else 0


def _tidy(element: ElementTree.Element) -> None:
    """Drops what a page does not need; turns colours into variables and shortens numbers."""
    kept: list[ElementTree.Element] = []
    for child in element:
        child.tag = _local(child.tag)
        if child.tag in ("metadata", "style"):
            continue
        _tidy(child)
        _tidy_attributes(child)
        if (child.tag == "defs" and len(child) == 0) or child.get("style") == "fill:none":
            continue
        # A group only for its id says nothing: its children take its place.
        hoisted = child.tag == "g" and not (child.attrib.keys() - {"id"})
        kept += list(child) if hoisted else [child]
    element[:] = kept
    element.tag = _local(element.tag)
    element.tail = None
    if element.tag == "text":
        element.text = _legible(element.text or "")
    else:
        element.text = None


def _tidy_attributes(element: ElementTree.Element) -> None:
    attributes = element.attrib
    if _XLINK in attributes:
        attributes["href"] = attributes.pop(_XLINK)
    for name, value in attributes.items():
        if name == "href" and value.startswith("data:"):
            data = _in_256_colours(base64.b64decode(value.partition(",")[2]))
            attributes[name] = "data:image/png;base64," + base64.b64encode(data).decode("ascii")
            continue
        value = _LONG_NUMBER.sub(lambda match: f"{float(match[0]):.2f}", value)
        if name == "style":
            value = _COLOUR.sub(lambda match: _VARIABLES[match[0]], _FONT_FAMILY.sub("", value))
            value = value.replace(": ", ":").replace("; ", ";").strip("; ")
            # Opacity of the whole shape makes a group of its own in a PDF, which viewers blur.
            value = _OPACITY.sub(r"fill-opacity:\1;stroke-opacity:\1", value)
        if name == "d":
            value = " ".join(value.split())
        attributes[name] = value
    if _NO_ROTATION.fullmatch(attributes.get("transform", "")):
        del attributes["transform"]


def _name_ids(root: ElementTree.Element) -> None:
    """Keeps the ids that are used, with a prefix of this drawing's own."""
    text = ElementTree.tostring(root, encoding="unicode")
    used = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'href="#([^"]+)"', text))
    prefix = "ob" + hashlib.sha256(text.encode()).hexdigest()[:8]
    short = {name: f"{prefix}-{number}" for number, name in enumerate(sorted(used))}
    for element in root.iter():
        attributes = element.attrib
        if (name := attributes.pop("id", None)) in short:
            attributes["id"] = short[name]
        for key, value in attributes.items():
            if key == "href" and value.startswith("#"):
                attributes[key] = "#" + short[value[1:]]
            elif "url(#" in value:
                attributes[key] = re.sub(
                    r"url\(#([^)]+)\)", lambda match: f"url(#{short[match[1]]})", value
                )


def _legible(text: str) -> str:
    """The text without pictographs that the fonts lack; a missing letter is an error."""
    missing = [char for char in text if ord(char) not in covered() and not char.isspace()]
    meaning = [char for char in missing if unicodedata.category(char) not in _DECORATION]
    if meaning:
        char = meaning[0]
        raise PublishError(
            f'no font of the report can draw "{char}" (U+{ord(char):04X})',
            where=f'chart text "{text}"',
            hint="install zhplot, whose full Noto Sans SC is then used, or reword the text",
        )
    return "".join(char for char in text if char not in missing)


def _in_256_colours(data: bytes) -> bytes:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        stream = io.BytesIO()
        image.quantize(256).save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
