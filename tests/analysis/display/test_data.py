"""Parts as data: what the page shows, with units and roles, and nothing that it does not show."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from opsnb.analysis.display import (
    Absent,
    Actions,
    Cards,
    Chart,
    Checks,
    Column,
    Decisions,
    Findings,
    Fold,
    Interval,
    Note,
    Paragraph,
    Part,
    Spark,
    Table,
    Toned,
    VerdictBox,
    Withheld,
    charts,
)
from opsnb.analysis.display.frames import data_frame, framed
from opsnb.analysis.display.gallery_charts import drawings
from opsnb.analysis.findings import Action, Card, Check, Decision, Fact, Finding, Verdict
from opsnb.analysis.findings.words import Speaker
from opsnb.base.messages import Language, Text
from opsnb.base.page_parts import Folded, Grid, Listing, Passage

EN, ZH = Language("en"), Language("zh")
BOTH, ENGLISH = Speaker([EN, ZH]), Speaker([EN])
PARTS = TypeAdapter(list[Grid[str] | Passage[str] | Listing[str] | Folded[str]])
FACT = Fact("ab.diff", 0.0123456789012, "points", low=-0.01, high=math.inf, metric="m")
TEXTS: dict[str, Any] = {"claim": "claim", "alt": "alt", "source": "source"}
DAYS = [dt.date(2026, 10, day) for day in (1, 2, 3)]
DAY_TEXTS = [day.isoformat() for day in DAYS]


def data(part: Part, say: Speaker = ENGLISH) -> dict[str, Any]:
    """The part as JSON gives it back; in one language it has the layout of the seam."""
    row = json.loads(json.dumps(part.data(say), allow_nan=False))
    if say is ENGLISH:
        PARTS.validate_python([row])
    return row


def ids(row: dict[str, Any], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(column.get(name) for name in ("id", *names)) for column in row["columns"]]


TABLE = Table(
    [
        Column("who", Text("chart.people")),
        Column("value", "Value", "points"),
        Column("range", "Range", "points.interval"),
        Column("n", "Users", "integer"),
        Column("day", "Day", "date"),
        Column("said", "Said", "said"),
        Column("line", "Line", "number"),
    ],
    [
        {"who": {"en": "All", "zh": "全部"}, "value": FACT, "range": FACT, "n": np.int64(7),
         "day": DAYS[0], "said": FACT, "line": Spark([1.0, None, 2.0], "rising"), "extra": 99},
        {"who": "web", "value": Toned(0.5, "good", Text("chart.total")), "n": Withheld(5),
         "range": Interval(None, math.inf), "said": 1234.5, "line": math.nan, "day": None},
    ],
    caption="Everything", order="name", note="A remark",
)  # fmt: skip


def test_a_table_keeps_its_numbers_units_and_what_it_withholds() -> None:
    row = data(TABLE)
    assert ids(row, "type", "unit", "format", "role") == [
        ("who", "text", None, None, "category"),
        ("value", "number", "points", "points", "value"),
        ("range", "interval", "points", "points", "interval"),
        ("n", "number", "count", "integer", "value"),
        ("day", "date", None, "date", "date"),
        ("said", "text", None, None, "text"),
        ("line", "number", "number", "number", "value"),
    ]
    first, second = row["rows"]
    key = {"fact": "ab.diff/m"}
    assert first == [
        "All", {"v": 0.0123456789, **key}, {"low": -0.01}, 7, "2026-10-01",
        {"v": 0.0123456789, "format": "points", **key},
        {"line": [1.0, None, 2.0], "word": "rising"},
    ]  # fmt: skip
    assert second == [
        "web", {"v": 0.5, "tone": "good", "word": "Total"}, None, {"withheld": 5}, None,
        {"v": 1234.5, "format": "number"}, None,
    ]  # fmt: skip
    assert row["title"] == "Everything"
    assert row["notes"][:2] == [EN.text("display.sorted_by", order="name"), "A remark"]
    assert "5" in row["notes"][2]
    assert "99" not in json.dumps(row)  # a value that no column shows


def test_words_are_by_language_and_numbers_stand_once() -> None:
    row = data(TABLE, BOTH)
    assert row["rows"][0][0] == {"said": {"en": "All", "zh": "全部"}}
    assert row["rows"][1][0] == "web"
    assert row["columns"][0]["label"] == {"said": {"en": "Users", "zh": "用户数"}}
    assert json.dumps(row).count("0.0123456789") == 2  # two cells, not four


def test_a_table_as_a_data_frame() -> None:
    frame = data_frame(data(TABLE))
    assert list(frame.columns) == [
        "who", "value", "value_status", "range_low", "range_high", "n", "day", "said", "line",
    ]  # fmt: skip
    assert frame["value"].dtype == "float64" and frame["n"].dtype == "Int64"
    assert frame["day"].dtype.kind == "M" and frame["day"][0] == pd.Timestamp("2026-10-01")
    assert frame["n"].isna().tolist() == [False, True]
    assert frame["value_status"].tolist() == [None, "Total"]
    assert frame["range_low"][0] == -0.01 and frame["range_high"].isna().all()
    assert frame["line"][0] == [1.0, None, 2.0]
    assert data_frame(data(Table([Column("a", "A", "money")], []))).empty


def test_texts_and_records_are_data_too() -> None:
    finding = Finding(Text("chart.total"), (FACT,), grade="A", tone="good", section="effect")
    card = Card("Orders", "12", FACT, tone="bad")
    checks = [Check("a", "pass", "fine"), Check("b", "block", "broken", (FACT,))]
    rows = [
        data(part)
        for part in (
            Paragraph("so", "good"), Note("small"), Absent("why"), Cards([card]), Checks(checks),
            Findings([finding]), VerdictBox(Verdict("YES", "so", "A", "good")),
        )
    ]  # fmt: skip
    assert rows[0] == {"is": "text", "kind": "paragraph", "text": "so", "tone": "good"}
    assert [row.get("kind") for row in rows[:3]] == ["paragraph", "note", "absent"]
    assert [row["is"] for row in rows[3:]] == ["cards", "checks", "findings", "verdict"]
    assert [item["id"] for item in rows[4]["items"]] == ["b", "a"]  # the worst first, as shown
    assert rows[5]["items"][0]["evidence"] == ["ab.diff/m"]
    folded = data(Fold("More", [Note("inside"), Fold("Deeper", [TABLE])]))
    assert folded["parts"][0]["text"] == "inside"
    assert [each.data["title"] for each in framed([folded], "table")] == ["Everything"]
    todo = data(Actions([Action("Do", "Li Na", DAYS[0], "open")]))
    assert todo["kind"] == "actions" and todo["rows"][0][:3] == ["Do", "Li Na", "2026-10-01"]
    asked = data(Decisions([Decision("So?", "Li Na")]))
    assert asked["rows"] == [["So?", None, "Li Na", None]]
    assert data_frame(todo)["due"].dtype.kind == "M"


def test_a_part_that_only_draws_itself_is_its_words() -> None:
    class Own(Part):
        def html(self, language: Language) -> str:
            return "<b>x</b>"

        def plain(self, language: Language) -> str:
            return f"x in {language.code}"

    said = {"said": {"en": "x in en", "zh": "x in zh"}}
    assert data(Own(), BOTH) == {"is": "text", "kind": "other", "text": said}


@pytest.mark.parametrize("chart", [c for c in drawings() if isinstance(c, Chart)])
def test_every_chart_has_rows_roles_and_a_frame(chart: Chart) -> None:
    row = data(chart)
    assert row["is"] == "chart" and row["kind"] != "drawing"
    assert row["title"] and row["alt"] and row["source"]
    names = [column["id"] for column in row["columns"]]
    assert len(set(names)) == len(names) and len(row["rows"]) >= 1
    assert {c["role"] for c in row["columns"]} & {"value", "y"}
    assert all(c.get("of", names[0]) in names for c in row["columns"])
    frame = data_frame(row)
    assert len(frame) == len(row["rows"]) and set(names) <= set(frame.columns)
    for column in row["columns"]:
        if column["type"] == "number":
            assert frame[column["id"]].dtype.kind in "fiu", column


def test_a_chart_says_what_it_was_drawn_from() -> None:
    effects = [charts.Effect("a", 0.05, 0.01, math.inf, margin=-0.02), charts.Effect("b", -0.1)]
    row = data(charts.forest(effects, sides=("worse", "better"), mde=(0.03, "matters"), **TEXTS))
    assert ids(row, "role", "of", "unit") == [
        ("label", "category", None, None), ("value", "value", None, "relative"),
        ("low", "low", "value", "relative"), ("margin", "margin", "value", "relative"),
    ]  # fmt: skip
    assert row["rows"] == [["a", 0.05, 0.01, -0.02], ["b", -0.1, None, None]]
    assert [mark["kind"] for mark in row["marks"]] == ["mde", "side", "side"]
    assert row["marks"][0] == {
        "kind": "mde", "label": "matters", "at": 0.03, "axis": "x", "format": "signed_percent",
    }  # fmt: skip


def test_lines_over_time_share_their_dates() -> None:
    first = charts.Series("this", DAYS, [1.0, None, 3.0], [0.5, 1, 2], [1.5, 2, 4])
    other = charts.Series("last", DAYS[1:], [5, 6])
    target = charts.Series("plan", DAYS[:1], [9])
    event = charts.Event(DAYS[0], "sale", DAYS[1])
    row = data(charts.trend([first, other], target=target, events=[event], **TEXTS))
    assert [name for (name,) in ids(row)] == ["date", "value", "low", "high", "value_2", "target"]
    assert row["rows"][0] == [DAY_TEXTS[0], 1.0, 0.5, 1.5, None, 9]
    assert row["rows"][1] == [DAY_TEXTS[1], None, 1, 2, 5, None]
    assert row["level"] == 0.95
    assert row["marks"] == [
        {"kind": "event", "label": "sale", "at": DAY_TEXTS[0], "end": DAY_TEXTS[1], "axis": "x",
         "format": "date"},
    ]  # fmt: skip
    assert "level" not in data(charts.trend(other, **TEXTS))


def test_a_chart_carries_nothing_that_it_does_not_draw() -> None:
    """Counts that a comparison is made of, bounds without the other one."""
    stages = [charts.Stage("seen", 1000, 813), charts.Stage("bought", 100, 17)]
    row = data(charts.funnel(stages, **TEXTS))
    assert "813" not in json.dumps(row["rows"])
    assert row["rows"][1][4] == pytest.approx(0.1 - 17 / 813)
    alone = data(charts.funnel([stages[0], charts.Stage("bought", 100)], **TEXTS))
    assert [name for (name,) in ids(alone)] == ["label", "count", "total_rate", "step_rate"]
    bars = data(charts.bars([charts.Bar("a", 5, low=4.321)], **TEXTS))
    assert bars["rows"] == [["a", 5]]
    forecast = data(charts.calibration([charts.Forecast("a", 100, 120, low=98.765)], **TEXTS))
    assert "98.765" not in json.dumps(forecast)


def test_a_bridge_tells_totals_from_changes() -> None:
    steps = [
        charts.Step("before", 100, True),
        charts.Step("more", 5),
        charts.Step("now", 105, True),
    ]
    row = data(charts.bridge(steps, **TEXTS))
    assert row["rows"] == [
        ["before", 100, True], ["more", {"v": 5, "format": "signed_money"}, False],
        ["now", 105, True],
    ]  # fmt: skip
    assert row["marks"][0]["kind"] == "start"  # the axis is cut, and the drawing says where
    assert data_frame(row)["total"].tolist() == [True, False, True]
