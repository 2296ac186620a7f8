"""Spots of charts: each point says its numbers, without a script and in both languages."""

from __future__ import annotations

import datetime as dt
import itertools
from xml.etree import ElementTree

import pytest

from opsnb.analysis.display import Chart, charts
from opsnb.base.messages import Language

EN, ZH = Language("en"), Language("zh")
TEXTS = {"claim": "claim", "alt": "alt", "source": "source"}
DAYS = [dt.date(2026, 10, 1) + dt.timedelta(days=n) for n in range(4)]


def spots(chart: Chart, language: Language = EN) -> list[tuple[list[float], str]]:
    """Box and text of each spot, from left to right."""
    root = ElementTree.fromstring(chart.svg(language))
    group = next((g for g in root.iter("g") if g.get("class") == "ob-tips"), None)
    found = []
    for rect in group if group is not None else []:
        box = [float(rect.get(name, "nan")) for name in ("x", "y", "width", "height")]
        found.append((box, rect.find("title").text))
    return sorted(found, key=lambda spot: spot[0][0])


def test_a_day_names_every_line_and_its_interval() -> None:
    chart = charts.trend(
        [
            charts.Series("This month", DAYS, [0.1, None, 0.3, 0.4], [0.05] * 4, [0.5] * 4),
            charts.Series("Last month", DAYS, [0.2, 0.2, None, 0.2]),
        ],
        format="percent", **TEXTS,
    )  # fmt: skip
    said = [text for _, text in spots(chart)]
    assert said[0] == "1 Oct 2026\nThis month: 10.0% (5.00% to 50.0%)\nLast month: 20.0%"
    assert said[1] == "2 Oct 2026\nLast month: 20.0%"
    assert spots(chart, ZH)[2][1] == "2026年10月3日\nThis month：30.0%（5.00% 至 50.0%）"


def test_spots_tile_the_plot_and_lie_over_their_day() -> None:
    chart = charts.trend(charts.Series("x", DAYS, [1, 2, 3, 4]), **TEXTS)
    found = [box for box, _ in spots(chart)]
    assert len(found) == 4
    for (left, _, width, _), (after, *_) in itertools.pairwise(found):
        assert left + width == pytest.approx(after, abs=0.2)
    assert len({(top, height) for _, top, _, height in found}) == 1


def test_a_day_without_a_value_has_no_spot() -> None:
    chart = charts.trend(charts.Series("x", DAYS, [1, None, 3, 4]), **TEXTS)
    assert [text.splitlines()[0] for _, text in spots(chart)] == [
        "1 Oct 2026", "3 Oct 2026", "4 Oct 2026"
    ]  # fmt: skip


def test_years_of_days_are_too_thin_to_hit() -> None:
    days = [DAYS[0] + dt.timedelta(days=n) for n in range(1500)]
    assert spots(charts.trend(charts.Series("x", days, list(range(1500))), **TEXTS)) == []


def test_months_go_by_their_name() -> None:
    months = [dt.date(2026, month, 1) for month in (7, 8, 9)]
    chart = charts.trend(charts.Series("x", months, [1, 2, 3]), **TEXTS)
    assert spots(chart, ZH)[0][1].startswith("2026年7月\n")


def test_observed_and_expected_stand_side_by_side() -> None:
    for chart in (
        charts.counterfactual(DAYS, [9, 9, 9, 12], [None, 8, 8, 8], [7] * 4, [10] * 4, **TEXTS),
        charts.anomaly_timeline(
            DAYS, [9, 9, 9, 12], [None, 8, 8, 8], [7] * 4, [10] * 4, flagged=[DAYS[3]], **TEXTS
        ),
    ):
        said = [text for _, text in spots(chart)]
        assert said[0].count("\n") == 1
        assert said[3].startswith("4 Oct 2026\nObserved: 12\n")
        assert said[3].endswith(": 8 (7 to 10)")


def test_an_effect_so_far_has_its_interval() -> None:
    points = [charts.SeriesPoint(day, 0.04, 0.01, 0.07) for day in DAYS]
    said = [text for _, text in spots(charts.cumulative_effect(points, **TEXTS))]
    assert said[0] == "1 Oct 2026\nEstimate so far: +4.00% (+1.00% to +7.00%)"


def test_a_channel_says_both_its_measures() -> None:
    chart = charts.quadrant(
        [charts.Point("App <push>", 0.4, -0.1), charts.Point("Search", 0.6, 0.2)],
        x_label="Share", y_label="ROI", x_format="percent", **TEXTS,
    )  # fmt: skip
    assert spots(chart)[0][1] == "App <push>\nShare: 40.0%\nROI: −10.0%"


def test_curves_with_the_same_steps_are_read_together() -> None:
    together = [charts.Curve("a", [1, 2], [0.5, 0.4]), charts.Curve("b", [1, 2], [0.6, 0.3])]
    options = {"x_label": "Month", "y_label": "y", **TEXTS}
    assert spots(charts.curves(together, **options))[1][1] == "Month: 2\na: 40.0%\nb: 30.0%"
    apart = [together[0], charts.Curve("b", [1, 3], [0.6, 0.3])]
    assert spots(charts.curves(apart, **options)) == []


def test_a_week_says_target_and_last_year() -> None:
    span = charts.KpiSpan(DAYS[:2], [1.0, 2.0], [3.0, 4.0], [None, 5.0])
    said = [text for _, text in spots(charts.kpi_trend(span, span, **TEXTS))]
    assert "2 Oct\nThis year: 2\nLast year: 4\nTarget: 5" in said
