"""Chart types: every text whole and apart from the others, in both languages and widths."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from opsnb.analysis.display import Chart, charts
from opsnb.analysis.display.figures import PHONE_WIDTH
from opsnb.analysis.display.gallery import main, page
from opsnb.analysis.display.gallery_charts import drawings
from opsnb.analysis.findings.words import Speaker
from opsnb.base.errors import PublishError
from opsnb.base.messages import Language

from .text_boxes import boxes, collisions, cut

EN, ZH = Language("en"), Language("zh")
TEXTS = {"claim": "claim", "alt": "alt", "source": "source"}
LONG = "A rather long label of a segment that nobody shortened, from paid social in tier-3 cities"
LABELS = [LONG, "来自三线及以下城市付费社交渠道且注册未满三十天的安卓端新增用户群体", "x" * 60]
START = dt.date(2026, 1, 1)


def days(count: int) -> list[dt.date]:
    return [START + dt.timedelta(days=n) for n in range(count)]


def both_widths(chart: Chart, language: Language) -> list[str]:
    phone = chart.phone_height or chart.height
    return [chart.svg(language), chart.svg(language, width=PHONE_WIDTH, height=phone)]


def labelled(label: str) -> Iterator[Chart]:
    """Each chart type with a hard label, and counts at the edge."""
    numbers = list(range(31))
    event = [charts.Event(days(40)[n], label, days(40)[n + 3]) for n in (0, 5, 20, 28)]
    yield charts.bars([charts.Bar(label, 5, note="note"), charts.Bar(label, -3.2)], **TEXTS)
    yield charts.bars(
        [charts.Bar(label, 5e9, 4e9, 6e9), charts.Bar("b", 3.2)],
        format="money", reference=(4e9, label), **TEXTS,
    )  # fmt: skip
    yield charts.forest(
        [
            charts.Effect(label, 0.05, 0.01, 0.09, margin=-0.02),
            charts.Effect(label, 0.5, -0.01, 0.9, strong=True),
            charts.Effect("b", -0.0001),
        ],
        sides=(label, label), mde=(0.03, label), **TEXTS,
    )  # fmt: skip
    yield charts.funnel(
        [charts.Stage(label, 1000, 900), charts.Stage(label, 0, 0), charts.Stage("z", 0, 0)],
        comparison=label, **TEXTS,
    )  # fmt: skip
    cohorts = [charts.Cohort(label, 10**6, [1] * 13), charts.Cohort(label, 3, [0.5])]
    yield charts.cohort_triangle(cohorts, **TEXTS)
    yield charts.matrix(
        [label, label], [label, label, "c"], [[1, 2, None], [3e6, 4, 5]], format="integer", **TEXTS
    )
    yield charts.bridge(
        [charts.Step(label, 100, True), charts.Step(label, -120), charts.Step(label, -20, True)],
        **TEXTS,
    )
    yield charts.calibration(
        [charts.Forecast(label, 100, 120, 90, 110), charts.Forecast(label, -1, 2)], **TEXTS
    )
    yield charts.quadrant(
        [charts.Point(label, n, n % 3) for n in range(20)], x_label=label, y_label=label, **TEXTS
    )
    yield charts.trend(
        [charts.Series(label, days(31), [n + k for n in numbers]) for k in (0, 1, 2, 3)],
        events=event, **TEXTS,
    )  # fmt: skip
    yield charts.anomaly_timeline(
        days(31), numbers, numbers, numbers, numbers, flagged=days(31)[::3], events=event, **TEXTS
    )
    none = [None] * 10
    yield charts.counterfactual(
        days(31), numbers, none + [5] * 21, none + [4] * 21, none + [6] * 21,
        events=event, expected_label=label, **TEXTS,
    )  # fmt: skip
    months = [dt.date(2026, month, 1) for month in range(1, 13)]
    yield charts.kpi_trend(
        charts.KpiSpan(days(6), [1e9] * 6, [2.0] * 6, [3.0] * 6),
        charts.KpiSpan(months, [0.5] * 11 + [None]),
        boxes=[(label, "1")] * 7, **TEXTS,
    )  # fmt: skip


@pytest.mark.parametrize("language", [EN, ZH], ids=str)
@pytest.mark.parametrize("chart", drawings(), ids=lambda chart: str(chart.claim["en"])[:30])
def test_gallery_texts_are_whole_and_apart(chart: Chart, language: Language) -> None:
    for svg in both_widths(chart, language):
        assert boxes(svg)
        assert cut(svg) == []
        assert collisions(svg) == []


@pytest.mark.parametrize("label", LABELS, ids=["english", "chinese", "one word"])
def test_hard_labels_are_whole_and_apart(label: str) -> None:
    for chart in labelled(label):
        for svg in both_widths(chart, ZH if ord(label[0]) > 255 else EN):
            assert cut(svg) == []
            assert collisions(svg) == []


def test_a_script_in_any_label_is_inert() -> None:
    for chart in labelled("<script>alert(1)</script>"):
        assert "<script" not in chart.html(EN)


@pytest.mark.parametrize("count", [1, 2, 31, 90, 400, 2000])
def test_date_axes_of_any_length(count: int) -> None:
    values = [n / count for n in range(count)]
    for format in ("percent", "money"):
        chart = charts.trend(charts.Series("x", days(count), values), format=format, **TEXTS)
        for svg in [*both_widths(chart, EN), *both_widths(chart, ZH)]:
            assert cut(svg) == []
            assert collisions(svg) == []


@pytest.mark.parametrize(
    "chart",
    [
        charts.trend(charts.Series("x", days(3), [0, 0, 0]), **TEXTS),
        charts.trend(charts.Series("x", days(5), [-5, None, 3, None, 1]), **TEXTS),
        charts.bars([charts.Bar("a", 0), charts.Bar("b", 0)], **TEXTS),
        charts.bars([charts.Bar("a", -7)], **TEXTS),
        charts.forest([charts.Effect("a", 0.0, 0.0, 0.0)], **TEXTS),
        charts.bridge([charts.Step("a", 0, True), charts.Step("b", 0)], **TEXTS),
        charts.cumulative_effect([charts.SeriesPoint(START, 0.1, -math.inf, 0.3)], **TEXTS),
        charts.cohort_triangle([charts.Cohort("a", 0, [0.0])], **TEXTS),
        charts.matrix(["a"], ["b"], [[0]], format="integer", **TEXTS),
        charts.quadrant([charts.Point("a", 0, 0)], x_label="x", y_label="y", **TEXTS),
    ],
)
def test_degenerate_numbers_still_draw(chart: Chart) -> None:
    for svg in both_widths(chart, EN):
        assert cut(svg) == []


REFUSED: list[tuple[Callable[[], Chart], str]] = [
    (lambda: charts.bars([], **TEXTS), "nothing to draw"),
    (lambda: charts.bars([charts.Bar("a", math.nan)], **TEXTS), "a bar has the value nan"),
    (lambda: charts.forest([charts.Effect("a", math.inf)], **TEXTS), "an effect has the value inf"),
    (lambda: charts.funnel([charts.Stage("a", 0)], **TEXTS), "nobody reached the first stage"),
    (lambda: charts.funnel([charts.Stage("a", math.nan)], **TEXTS), "a stage has nan users"),
    (lambda: charts.cohort_triangle([charts.Cohort("a", 1, [None])], **TEXTS), "no cell has a"),
    (
        lambda: charts.cohort_triangle([charts.Cohort("a", 1, [1.0])], ages=["0", "1"], **TEXTS),
        "1 ages and 2 heads",
    ),
    (lambda: charts.matrix(["a"], ["b"], [[1, 2]], **TEXTS), "do not fit the rows"),
    (
        lambda: charts.bridge([charts.Step("a", 5), charts.Step("b", 6, True)], **TEXTS),
        "the steps add up to 5 and the total is 6",
    ),
    (lambda: charts.bridge([charts.Step("a", math.nan)], **TEXTS), "a step has the value nan"),
    (lambda: charts.calibration([charts.Forecast("a", 0, 1)], **TEXTS), "have no ratio"),
    (
        lambda: charts.quadrant([charts.Point("a", math.nan, 0)], x_label="", y_label="", **TEXTS),
        "a point lies at nan, 0",
    ),
    (lambda: charts.trend([], **TEXTS), "nothing to draw"),
    (lambda: charts.trend(charts.Series("a", days(2), [1.0]), **TEXTS), "2 dates and 1 values"),
    (
        lambda: charts.trend(charts.Series("a", days(1), [1.0], [1.0, 2.0]), **TEXTS),
        "1 dates and 2 low",
    ),
    (lambda: charts.trend(charts.Series("a", days(1), [None]), **TEXTS), "a line has no value"),
    (
        lambda: charts.trend([charts.Series("a", days(1), [1.0])] * 5, **TEXTS),
        "5 lines cannot be told apart",
    ),
    (
        lambda: charts.counterfactual(days(2), [1, 2], [1], [1, 2], [1, 2], **TEXTS),
        "2 dates and 1 values of expected",
    ),
    (
        lambda: charts.anomaly_timeline(
            days(2), [1, 2], [1, 2], [1, 2], [1, 2], flagged=[dt.date(2020, 1, 1)], **TEXTS
        ),
        "the flagged day 2020-01-01 has no value",
    ),
    (
        lambda: charts.anomaly_timeline(days(2), [1], [1], [1], [1], flagged=[], **TEXTS),
        "2 dates and 1 values",
    ),
    (
        lambda: charts.cumulative_effect([charts.SeriesPoint(START, math.nan)], **TEXTS),
        "a point has the value nan",
    ),
    (
        lambda: charts.kpi_trend(
            charts.KpiSpan(days(2), [1.0, 2.0], [1.0]), charts.KpiSpan(days(1), [1.0]), **TEXTS
        ),
        "2 dates and 1 values",
    ),
    (
        lambda: charts.kpi_trend(
            charts.KpiSpan(days(1), [None]), charts.KpiSpan(days(1), [None]), **TEXTS
        ),
        "no week or month has a value",
    ),
]


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_cannot_be_drawn_is_said(make: Callable[[], Chart], message: str) -> None:
    with pytest.raises(PublishError, match=message) as caught:
        make()
    assert caught.value.where.endswith("chart") and caught.value.hint


def texts(chart: Chart, language: Language = EN) -> list[str]:
    return [box.text for box in boxes(chart.svg(language))]


def test_a_span_without_a_value_gives_its_place_to_the_other() -> None:
    weeks = charts.KpiSpan(days(6), [None] * 5 + [4.0])
    events = [charts.Event(days(6)[5], "sale"), charts.Event(days(6)[0], "before the record")]
    chart = charts.kpi_trend(weeks, charts.KpiSpan(days(2), [None, None]), events=events, **TEXTS)
    held = chart.data(Speaker([EN]))
    assert len(held["rows"]) == 6
    assert [mark["label"] for mark in held["marks"]] == ["sale", "before the record"]
    said = texts(chart)
    assert {"1", "2", "Last 6 weeks"} <= set(said) and "Last 2 months" not in said


def test_bars_are_ranked_unless_told_otherwise() -> None:
    rows = [charts.Bar("small", 1), charts.Bar("large", 9)]
    by_height = {b.text: b.top for b in boxes(charts.bars(rows, **TEXTS).svg(EN))}
    assert by_height["large"] < by_height["small"]
    given = {b.text: b.top for b in boxes(charts.bars(rows, ranked=False, **TEXTS).svg(EN))}
    assert given["small"] < given["large"]


def test_bar_lengths_are_in_proportion() -> None:
    rows = [charts.Bar("a", 4), charts.Bar("b", 1)]
    svg = charts.bars(rows, **TEXTS).svg(EN)
    widths = sorted(_path_widths(svg))[-2:]
    assert widths[1] / widths[0] == pytest.approx(4, rel=0.01)


def test_forest_prints_intervals_and_marks_those_that_exclude_zero() -> None:
    rows = [charts.Effect("a", 0.04, 0.01, 0.07), charts.Effect("b", 0.02, -math.inf, 0.05)]
    said = texts(charts.forest(rows, **TEXTS))
    assert "+4.00% (+1.00% to +7.00%)" in said
    assert "+2.00% (at most +5.00%)" in said
    assert {"Interval excludes zero", "Interval includes zero"} <= set(said)
    assert [row.excludes_zero for row in rows] == [True, False]
    assert charts.Effect("c", -0.1, -math.inf, -0.05).excludes_zero


def test_funnel_gives_both_rates_and_the_change() -> None:
    stages = [charts.Stage("a", 200, 100), charts.Stage("b", 50, 20), charts.Stage("c", 25, 5)]
    said = texts(charts.funnel(stages, **TEXTS))
    assert {"25.0%", "50.0%", "12.5%", "+5.00 pp", "+25.0 pp"} <= set(said)
    alone = texts(charts.funnel([charts.Stage("a", 200), charts.Stage("b", 50)], **TEXTS))
    assert not any("pp" in text for text in alone)


def test_triangle_says_which_cells_are_not_yet_observable() -> None:
    young = [charts.Cohort("a", 5, [1.0, 0.4]), charts.Cohort("b", 5, [1.0])]
    assert "尚未到期" in texts(charts.cohort_triangle(young, **TEXTS), ZH)
    full = [charts.Cohort("a", 5, [1.0, 0.4]), charts.Cohort("b", 5, [1.0, 0.3])]
    assert "尚未到期" not in texts(charts.cohort_triangle(full, **TEXTS), ZH)


def test_narrow_percent_cells_are_rounded_not_cut() -> None:
    rates = [1.0, *[0.0967] * 17]
    chart = charts.cohort_triangle([charts.Cohort("a", 5, rates)], **TEXTS)
    narrow = [box.text for box in boxes(chart.svg(EN, width=PHONE_WIDTH))]
    assert "10" in narrow and "9" not in narrow[-17:]


def test_bridge_says_when_its_axis_is_cut() -> None:
    near = [charts.Step("a", 1000, True), charts.Step("b", 10), charts.Step("c", 1010, True)]
    assert any("not at zero" in text for text in texts(charts.bridge(near, **TEXTS)))
    far = [charts.Step("a", 1000, True), charts.Step("b", 900), charts.Step("c", 1900, True)]
    assert not any("not at zero" in text for text in texts(charts.bridge(far, **TEXTS)))


def test_the_key_names_the_confidence_of_the_band() -> None:
    points = [charts.SeriesPoint(day, 0.1, 0.0, 0.2) for day in days(3)]
    assert "95% interval" in texts(charts.cumulative_effect(points, **TEXTS))
    assert "90% 区间" in texts(charts.cumulative_effect(points, level=0.9, **TEXTS), ZH)


def test_days_in_a_row_share_a_label() -> None:
    values = [1.0, 1.0, 9.0, 9.0, 1.0]
    chart = charts.anomaly_timeline(
        days(5), values, [1.0] * 5, [0.0] * 5, [2.0] * 5, flagged=days(5)[2:4], **TEXTS
    )
    said = texts(chart)
    assert "3 Jan–4 Jan" in said and "Above expected" in said and "Below expected" not in said


def test_calibration_tells_inside_from_outside() -> None:
    inside = charts.Forecast("a", 100, 105, 90, 110)
    assert inside.holds and inside.share(105) == pytest.approx(0.05)
    assert not charts.Forecast("a", 100, 120, 90, 110).holds
    assert not charts.Forecast("a", 100, 100).holds
    assert charts.Forecast("a", -10, -5).share(-5) == pytest.approx(0.5)


def test_phones_get_a_drawing_of_their_own() -> None:
    html = charts.bars([charts.Bar("a", 1)], **TEXTS).html(EN)
    assert html.count("<svg") == 2 and "ob-wide" in html and "ob-narrow" in html
    scrolled = Chart("c", lambda figure, _: None, "a", "s", phone_height=0).html(EN)
    assert scrolled.count("<svg") == 1 and "ob-scroll" in scrolled


def test_gallery_is_one_file_without_a_script(tmp_path) -> None:
    main(tmp_path / "gallery.html", ["en", "zh"])
    html = (tmp_path / "gallery.html").read_text(encoding="utf-8")
    assert "<script" not in html and "http" not in html
    assert page(EN) in html


def _path_widths(svg: str) -> list[float]:
    """Widths of the filled boxes."""
    import re

    found = []
    for path in re.findall(r'<path d="([^"]+) z"[^>]*fill:var', svg):
        xs = [float(x) for x in re.findall(r"[ML] ([-\d.]+) ", path)]
        found.append(max(xs) - min(xs))
    assert all(a <= b for a, b in pairwise(sorted(found)))
    return found


def test_a_counterfactual_without_a_band_scales_to_the_difference():
    """Synthetic controls have no daily band: the difference sets the axis."""
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=n) for n in range(30)]
    none = [None] * 30
    chart = charts.counterfactual(
        days, [150.0] * 30, [100.0] * 30, none, none, claim="c", alt="a", source="s"
    )
    drawn = chart.html(Language("en"))
    assert "+60" in drawn and "band" not in drawn
