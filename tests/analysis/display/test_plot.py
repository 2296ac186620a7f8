"""Axes of our own against matplotlib's."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from opsnb.analysis.display import Chart
from opsnb.analysis.display.charts._plot import x_axis, y_axis
from opsnb.analysis.display.charts._sheet import Sheet
from opsnb.analysis.display.style import GRID
from opsnb.analysis.display.svg import Drawing
from opsnb.base.errors import PublishError
from opsnb.base.messages import Language

EN = Language("en")
YS, Y_NAMES = [0.0, 50.0, 100.0], ["¥0", "¥50", "¥100万"]
XS, X_NAMES = [0.0, 1.0, 4.0], ["Oct 2025", "11月", "Jan"]
PLACE = (0.1, 0.2, 0.8, 0.7)


def ours(figure: Drawing, language: Language) -> None:
    sheet = Sheet(figure, language)
    wide, high = sheet.width, sheet.height
    ax = sheet.panel(0.1 * wide, 0.1 * high, 0.1 * wide, 0.2 * high)
    y_axis(sheet, ax, YS, Y_NAMES)
    x_axis(sheet, ax, XS, X_NAMES, marked=True)


def theirs(figure: Drawing, _: Language) -> None:
    ax = figure.add_axes(PLACE)
    ax.set_yticks(YS, Y_NAMES)
    ax.set_xticks(XS, X_NAMES)
    ax.tick_params(axis="x", length=2.5)
    ax.set_xlim(0, 4)
    ax.set_ylim(0, 100)
    ax.grid(True, axis="y", color=GRID)


def parsed(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing)


def svg(draw: object) -> str:
    return Chart("claim", draw, "alt", "source").svg(EN)  # type: ignore[arg-type]


def labels(drawing: str) -> list[tuple[str, str, float, float]]:
    return sorted(
        (
            text.text or "",
            re.sub(r".*text-anchor:(\w+).*", r"\1", text.get("style", "")),
            float(text.get("x", "nan")),
            float(text.get("y", "nan")),
        )
        for text in parsed(drawing).iter("text")
    )


def test_labels_stand_where_matplotlib_sets_them() -> None:
    mine, reference = labels(svg(ours)), labels(svg(theirs))
    assert len(mine) == len(YS) + len(XS)
    assert [label[:2] for label in mine] == [label[:2] for label in reference]
    for label, other in zip(mine, reference, strict=True):
        assert label[2:] == pytest.approx(other[2:], abs=1.0), label


def test_rules_lie_where_matplotlib_draws_its_grid() -> None:
    found = []
    for drawing in (svg(ours), svg(theirs)):
        lines = [
            p for p in parsed(drawing).iter("path") if "stroke-width:0.7" in p.get("style", "")
        ]
        numbers = [float(n) for p in lines for n in re.findall(r"-?[\d.]+", p.get("d", ""))]
        found.append(sorted(zip(numbers[::2], numbers[1::2], strict=True)))
    assert len(found[0]) == 2 * len(YS)
    for mine, other in zip(*found, strict=True):
        assert mine == pytest.approx(other, abs=0.02)


def test_a_label_of_two_lines_is_two_texts_one_below_the_other() -> None:
    def draw(figure: Drawing, language: Language) -> None:
        sheet = Sheet(figure, language)
        x_axis(sheet, sheet.panel(0.2, 0.2, 0.2, 0.5), [0.0, 1.0], ["Jan\n2026", "Feb"])

    found = {text: (x, y) for text, _, x, y in labels(svg(draw))}
    assert set(found) == {"Jan", "2026", "Feb"}
    assert found["2026"][0] == found["Jan"][0] and found["2026"][1] - found["Jan"][1] > 6
    assert found["Jan"][1] == found["Feb"][1]


def test_texts_of_a_sheet_are_escaped_and_must_be_drawable() -> None:
    def draw(text: str) -> str:
        return svg(lambda figure, language: Sheet(figure, language).text(1, 1, text, bold=True))

    drawn = draw('<b onclick="x"> a\x00b & 双十一\N{PARTY POPPER}')
    assert [text.text for text in parsed(drawn).iter("text")] == ['<b onclick="x"> ab & 双十一']
    assert "font-weight:700" in drawn and "var(--ob-ink" in drawn and "<b" not in drawn
    with pytest.raises(PublishError, match="no font of the report"):
        draw("name \N{TAMIL LETTER KA}")
