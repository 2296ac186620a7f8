"""Figures as inline SVG."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from opsnb.analysis.display import Chart
from opsnb.analysis.display.style import INK, PALETTE, SERIES, house_style, text_width
from opsnb.base import resources
from opsnb.base.errors import PublishError
from opsnb.base.messages import Language

EN = Language("en")


def svg(draw: Callable[[Figure], object], alt: str = "alt") -> str:
    return Chart("claim", lambda figure, _: draw(figure), alt, "source").svg(EN)


def line(figure: Figure) -> None:
    ax = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    ax.plot([0, 1, 2], [1, 3, 2], color=SERIES[0], marker="o")
    ax.fill_between([0, 1, 2], [0, 1, 1], [2, 4, 3], color=SERIES[1], alpha=0.2)


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert svg(line) == svg(line)


def test_nothing_external_and_no_fixed_size() -> None:
    drawn = svg(line)
    for banned in ("<!", "<?", "http", "<script", "<style", "<metadata", "xlink", "xmlns"):
        assert banned not in drawn
    root = ElementTree.fromstring(drawn)
    assert "width" not in root.attrib and "height" not in root.attrib
    assert root.attrib["viewBox"] == "0 0 518.4 230.4"
    assert (root.attrib["role"], root.attrib["aria-label"]) == ("img", "alt")


def test_ids_are_used_and_differ_between_charts() -> None:
    first = svg(line)
    second = svg(lambda figure: (line(figure), figure.text(0.1, 0.1, "more")))
    ids = [set(re.findall(r' id="([^"]+)"', drawn)) for drawn in (first, second)]
    assert ids[0] and not ids[0] & ids[1]
    used = set(re.findall(r"url\(#([^)]+)\)", first)) | set(re.findall(r'href="#([^"]+)"', first))
    assert used == ids[0]


def test_colours_are_variables_with_a_fall_back() -> None:
    drawn = svg(line)
    assert f"var(--ob-series-1, {SERIES[0]})" in drawn
    assert not re.search(r"(?<!, )#[0-9a-f]{6}", drawn)


def test_opacity_is_of_fill_and_stroke_and_never_of_a_group() -> None:
    drawn = svg(line)
    assert "fill-opacity:0.2" in drawn
    assert not re.search(r"(?<![a-z-])opacity:", drawn)


def test_text_is_text_escaped_and_without_mathematics() -> None:
    drawn = svg(lambda figure: figure.text(0.5, 0.5, 'US$5 & US$6 <b onclick="x">', color=INK))
    texts = [element.text for element in ElementTree.fromstring(drawn).iter("text")]
    assert texts == ['US$5 & US$6 <b onclick="x">']
    assert "<b" not in drawn
    assert "font-family" not in drawn.replace("--", "")


def test_alt_cannot_leave_its_attribute() -> None:
    assert '"><script' not in svg(line, alt='"><script>')


def test_control_characters_are_dropped() -> None:
    drawn = svg(lambda figure: figure.text(0.5, 0.5, "a\x00b\x1bc"))
    assert [element.text for element in ElementTree.fromstring(drawn).iter("text")] == ["abc"]


def test_pictographs_without_a_glyph_are_left_out() -> None:
    drawn = svg(lambda figure: figure.text(0.5, 0.5, "双十一\N{PARTY POPPER}大促"))
    assert ">双十一大促<" in drawn


def test_rare_characters_of_names_are_drawn() -> None:
    assert ">王喆 陶镕 李堃<" in svg(lambda figure: figure.text(0.5, 0.5, "王喆 陶镕 李堃"))


def test_a_letter_without_a_glyph_is_an_error() -> None:
    with pytest.raises(PublishError, match=r'can draw "\u0b95" \(U\+0B95\).*zhplot'):
        svg(lambda figure: figure.text(0.5, 0.5, "name \N{TAMIL LETTER KA}"))


def test_many_marks_become_one_small_picture() -> None:
    def scatter(figure: Figure, count: int) -> None:
        ax = figure.add_axes((0.1, 0.1, 0.8, 0.8))
        x = np.random.default_rng(1).normal(size=(2, count))
        ax.scatter(*x, color=SERIES[0], s=4)
        ax.set_xlabel("still text")

    many = svg(lambda figure: scatter(figure, 20_000))
    assert many.count('href="data:image/png;base64,') == 1
    assert len(many) < 200_000
    assert ">still text<" in many
    assert "data:image" not in svg(lambda figure: scatter(figure, 500))


def test_seaborn_draws_in_the_house_style() -> None:
    seaborn = pytest.importorskip("seaborn")
    drawn = svg(lambda f: seaborn.lineplot(x=[1, 2], y=[3, 4], ax=f.add_axes((0.1, 0.1, 0.8, 0.8))))
    assert f"stroke:var(--ob-series-1, {SERIES[0]})" in drawn


def test_text_width_is_the_drawn_width() -> None:
    figure = Figure()
    with house_style():
        text = figure.text(0, 0, "Order conversion 下单转化率 +4.12%", fontsize=20, weight="bold")
        drawn = text.get_window_extent(FigureCanvasAgg(figure).get_renderer()).width / figure.dpi
    assert text_width(text.get_text(), 20, bold=True) == pytest.approx(drawn, rel=0.02)


def test_palette_reads_in_greyscale_and_on_paper() -> None:
    grey = [_luminance(colour) for colour in SERIES[:3]]
    assert all(b - a > 0.08 for a, b in pairwise(grey))
    for name in ("ink", "muted", "good", "warn", "bad"):
        assert 1.05 / (_luminance(PALETTE[name]) + 0.05) >= 4.5, f"{name} is too pale for text"


def test_the_page_defines_each_colour_for_light_and_dark() -> None:
    css = (resources.templates() / "report" / "fragments.css").read_text(encoding="utf-8")
    light, _, dark = css.partition("prefers-color-scheme: dark")
    for name, colour in PALETTE.items():
        assert f"--ob-{name}: {colour};" in light
        assert f"--ob-{name}: #" in dark


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
