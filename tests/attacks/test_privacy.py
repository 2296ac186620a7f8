"""Small groups of people: in no table, chart or fact, nor in what totals give back."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from opsnb.analysis.reviews.period import why_changed
from opsnb.analysis.reviews.period.month import Month
from opsnb.analysis.reviews.shared.breakdowns import TOGETHER
from opsnb.analysis.reviews.shared.privacy_scan import exposures
from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace
from opsnb.cli import app
from tests.analysis.reviews.conftest import Played, play
from tests.conftest import MakeWorkspace

from .shop import PLANS, Tables, shop

SMALL = ("press", "fair")
RUNS: dict[str, dict[str, Any]] = {
    "monthly_retrospective": {"cycle": "2026-10"},
    "campaign_review": {"campaign": "sale"},
}
NOT_PEOPLE = ("data.", "kpi.", "campaign.channel.", "change.", "people.", "week.", "ab.")
"""Rows of tables, whole populations, counts of the ad ledger, parts of a change."""


def lopsided() -> Tables:
    """The shop with four channels: two of hundreds of users, two of a handful."""
    tables = shop(600)
    channel = np.where(np.arange(600) < 320, "search", "referral").astype(object)
    channel[::100], channel[50::150] = SMALL
    tables["users"]["channel"] = channel
    of = dict(zip(tables["users"]["user_id"], channel, strict=True))
    tables["events"]["channel"] = tables["events"]["user_id"].map(of)
    tables["assignments"]["channel"] = channel
    spend = tables["spend"].iloc[[0, 0, 0, 0]].assign(channel=["search", "referral", *SMALL])
    tables["spend"] = spend.reset_index(drop=True)
    tables["tickets"]["category"] = ["refund"] * 3 + list(tables["tickets"]["category"][3:])
    return tables


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The playbooks over the lopsided shop, by min_cell; each is played once."""
    from tests.conftest import HEAD

    known: dict[tuple[str, int], Played] = {}

    def get(playbook: str, minimum: int) -> Played:
        if (playbook, minimum) not in known:
            root = tmp_path_factory.mktemp("lopsided")
            lines = [HEAD.format(as_of="2026-11-16", kind="parquet", min_cell=minimum)]
            (root / "data").mkdir()
            for name, frame in lopsided().items():
                frame.to_parquet(root / "data" / f"{name}.parquet", index=False)
                lines.append(f'[tables.{name}]\nsource = "here"\ntable = "{name}"\n')
            (root / "opsnb.toml").write_text("".join(lines), encoding="utf-8")
            for name, text in PLANS.items():
                (root / "plans" / name).parent.mkdir(parents=True, exist_ok=True)
                (root / "plans" / name).write_text(text, encoding="utf-8")
            known[playbook, minimum] = play(Workspace.load(root), playbook, **RUNS[playbook])
        return known[playbook, minimum]

    return get


def small_counts(played: Played, minimum: int = 10) -> list[str]:
    """Facts of a breakdown from which a count of one to nine people can be read."""
    found = []
    for payload in played.payloads.values():
        for fact in payload["facts"]:
            if not fact.get("segment") or fact["id"].startswith(NOT_PEOPLE):
                continue
            counts = [fact["n"]] if fact.get("n") else []
            value = fact["value"]
            if fact["unit"] == "count":
                counts.append(value)
            if fact["unit"] == "share" and fact.get("n"):
                counts.append(round(value * fact["n"], 6))
            if any(0 < count < minimum for count in counts):
                found.append(fact["key"])
    return found


@pytest.mark.survives(
    "breakdowns of people with groups of one to nine in them",
    sees="withheld, with as many others as totals would need, and a note that says so",
)
@pytest.mark.parametrize("playbook", RUNS)
def test_no_fact_tells_a_small_count(make: Any, playbook: str) -> None:
    assert small_counts(make(playbook, 10)) == []


@pytest.mark.parametrize("playbook", ["monthly_retrospective", "campaign_review"])
def test_without_a_minimum_the_same_facts_tell_it(make: Any, playbook: str) -> None:
    assert small_counts(make(playbook, 0))


def figures(part: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    """The numbers of a table as data: the column's id, the format, the number."""
    for row in part["rows"]:
        for column, value in zip(part["columns"], row, strict=True):
            spec = column.get("format", "number")
            spec = value.get("format", spec) if isinstance(value, dict) else spec
            for number in inside(value):
                if isinstance(number, int | float) and not isinstance(number, bool):
                    yield column["id"], spec, number


AD_LEDGER = {"spend", "all_spend", "impressions", "clicks", "ctr", "cpc"}
"""Columns that count money and showings, not people."""


def grids(parts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The tables and charts of a cell as data, those in folds too."""
    for part in parts:
        if part["is"] in ("table", "chart"):
            yield part
        yield from grids(part.get("parts", []))


def numbers_of(played: Played, groups: tuple[str, ...]) -> set[str]:
    """Columns of tables and charts that hold a number of one of the groups."""
    return {
        f"{part['is']} {cell}: {column['id']}"
        for cell, payload in played.payloads.items()
        for part in grids(payload["parts"])
        for row in part["rows"]
        if any(name in json.dumps(row[0]) for name in groups)
        for column, value in zip(part["columns"], row, strict=True)
        if any(isinstance(n, int | float) for n in inside(value)) and column["id"] not in AD_LEDGER
    }


def inside(cell: Any) -> list[Any]:
    """The values of a cell, but for the size below which it is withheld."""
    if not isinstance(cell, dict):
        return [cell]
    return [cell.get(name) for name in ("v", "low", "high")]


@pytest.mark.parametrize("playbook", RUNS)
def test_no_table_or_chart_carries_a_withheld_group_as_data(make: Any, playbook: str) -> None:
    """What a page hides is not in the numbers that travel beside it."""
    told = numbers_of(make(playbook, 10), SMALL)
    assert told <= {"chart channel_table: value"}  # the channels' spend
    assert len(numbers_of(make(playbook, 0), SMALL) - told) >= 10


@pytest.mark.parametrize("playbook", RUNS)
def test_tables_as_data_hold_no_number_that_their_page_lacks(make: Any, playbook: str) -> None:
    played = make(playbook, 10)
    english, seen = played.language("en"), 0
    for cell, payload in played.payloads.items():
        page = html.unescape(played.html(cell))
        for part in grids(payload["parts"]):
            for column, spec, number in figures(part) if part["is"] == "table" else ():
                assert english.format(number, spec).removesuffix(" pp") in page, (cell, column)
                seen += 1
    assert seen > 30


@pytest.mark.parametrize("playbook", ["monthly_retrospective", "campaign_review"])
def test_cells_are_marked_and_explained(make: Any, playbook: str) -> None:
    played = make(playbook, 10)
    for code, mark, why in (("en", "withheld", "fewer than 10"), ("zh", "已隐去", "不足 10 人")):
        pages = [played.html(cell, code) for cell in played.cells]
        marked = [page for page in pages if f'ob-withheld">{mark}<' in page]
        assert marked
        assert all(why in page for page in marked)
    everything = make(playbook, 0)
    assert "ob-withheld" not in "".join(everything.html(cell) for cell in everything.cells)


def test_no_group_is_left_out_alone(make: Any) -> None:
    """Totals are shown: a single hidden channel could be worked out from the others."""
    october = make("monthly_retrospective", 10)
    whole = make("monthly_retrospective", 0)
    for metric in ("new_users", "activation"):
        shown, held = (
            {f["segment"] for f in played.facts("funnel.stage_rate")
             if f["metric"] == metric and f.get("segment")}
            for played in (october, whole)
        )  # fmt: skip
        assert len(held - shown) >= 2


def test_parts_of_a_change_still_make_the_whole(make: Any) -> None:
    """Where parts must add up, small groups stand together as one."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for fact in make("monthly_retrospective", 10).facts("change.group"):
        groups.setdefault(f"{fact['metric']}/{fact['segment'].partition('=')[0]}", []).append(fact)
    pooled = [own for own in groups.values() if any(TOGETHER in f["segment"] for f in own)]
    assert pooled
    for own in pooled:
        assert not any(name in fact["segment"] for fact in own for name in SMALL)
    totals = {f"{f['metric']}/{f['segment']}": f["value"]
              for f in make("monthly_retrospective", 10).facts("change.total")}  # fmt: skip
    for name, own in groups.items():
        assert sum(f["value"] for f in own) == pytest.approx(totals[name])


def test_what_is_left_out_is_counted(make: Any) -> None:
    facts = make("campaign_review", 10).facts("people.withheld")
    assert facts
    assert all(fact["value"] >= 1 and fact["segment"] for fact in facts)
    assert not make("campaign_review", 0).facts("people.withheld")


def test_scores_of_a_few_answers_are_not_told(workspace: MakeWorkspace) -> None:
    tables = shop()
    tables["surveys"] = tables["surveys"].iloc[:8].assign(
        responded_at=pd.Timestamp("2026-10-20"), kind="csat"
    )  # fmt: skip
    ops = Session(
        workspace(tables, min_cell=10, recorded=RECORDED), "monthly_retrospective", cycle="2026-10"
    )
    month = Month(ops, ["csat", "orders"])
    month.scorecard()
    assert [kpi.metric.id for kpi in month.evidence.kpis] == ["orders"]
    assert ops.checks["answers.csat"].status == "warn"
    assert not [fact for fact in ops.facts.values() if fact.metric == "csat"]


# -- rows of nobody, and what stands together ------------------------------------------------


RECORDED = ("2026-07-01", "2026-11-15")


def regions(orders: dict[str, int], nobody: int = 0) -> Tables:
    """Orders a month by region, one of each user of it, and some that have no user."""
    users = [(f"{name}{n}", name) for name, many in orders.items() for n in range(many)]
    rows = [
        (user, day, 20.0 if day.startswith("2026-09") else 30.0)
        for day in ("2026-09-10", "2026-10-10")
        for user in [*(user for user, _ in users), *[None] * nobody]
    ]
    rows.append((users[0][0], "2026-11-05", 10.0))
    return {
        "users": pd.DataFrame(
            {"user_id": [user for user, _ in users], "region": [name for _, name in users],
             "registered_at": pd.Timestamp("2026-07-01")}
        ),
        "orders": pd.DataFrame(
            {"order_id": [f"o{n}" for n in range(len(rows))],
             "user_id": [row[0] for row in rows],
             "ordered_at": pd.to_datetime([row[1] for row in rows]),
             "amount": [row[2] for row in rows]}
        ),
    }  # fmt: skip


def told(made: Workspace, code: str = "en") -> tuple[dict[str, Any], str]:
    """Changes of revenue by region as facts, and the table as a person reads it."""
    ops = Session(made, "monthly_retrospective", cycle="2026-10")
    page = " ".join(
        part.plain(made.speak(code))
        for part in why_changed.why(Month(ops).evidence, "gmv_net", "region")
    )
    changes = {f.segment or "": f.value for f in ops.facts.values() if f.id == "change.group"}
    return changes, page


@pytest.mark.parametrize(("code", "name"), [("en", "not recorded"), ("zh", "未记录")])
def test_orders_without_a_user_hide_no_region(
    workspace: MakeWorkspace, code: str, name: str
) -> None:
    """Three rows of nobody are no group of people, and are shown as what they are."""
    tables = regions({"north": 70, "south": 71, "east": 72, "west": 73}, nobody=3)
    changes, page = told(workspace(tables, min_cell=10, recorded=RECORDED), code)
    assert {key.partition("=")[2] for key in changes} == {
        "north", "south", "east", "west", "(none)",
    }  # fmt: skip
    assert name in page
    assert all(word not in page for word in ("together", "合并"))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("en", "2 groups together: 1 with a count of fewer than 10 people, 1 larger"),
        ("zh", "2 个分组（合并）：1 个人数不足 10 人，另 1 个人数较多"),
    ],
)
def test_a_small_region_takes_the_smallest_other_along(
    workspace: MakeWorkspace, code: str, words: str
) -> None:
    tables = regions({"north": 70, "south": 61, "east": 72, "isle": 4})
    changes, page = told(workspace(tables, min_cell=10, recorded=RECORDED), code)
    assert changes == pytest.approx(
        {"region=north": 700.0, "region=east": 720.0, f"region={TOGETHER}": 650.0}
    )
    assert words in page


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("en", "2 groups with counts of fewer than 10 people, together"),
        ("zh", "2 个人数不足 10 人的分组（合并）"),
    ],
)
def test_small_regions_that_protect_each_other_take_nobody_along(
    workspace: MakeWorkspace, code: str, words: str
) -> None:
    tables = regions({"north": 70, "south": 61, "isle": 4, "cape": 8})
    changes, page = told(workspace(tables, min_cell=10, recorded=RECORDED), code)
    assert set(changes) == {"region=north", "region=south", f"region={TOGETHER}"}
    assert words in page


def test_many_rows_of_a_few_people_are_a_small_group(workspace: MakeWorkspace) -> None:
    """Forty orders of two users are two people."""
    tables = regions({"north": 70, "south": 61, "isle": 2})
    again = [tables["orders"][tables["orders"]["user_id"].isin(["isle0", "isle1"])]] * 20
    orders = pd.concat([tables["orders"], *again], ignore_index=True)
    tables["orders"] = orders.assign(order_id=[f"o{n}" for n in range(len(orders))])
    changes, _ = told(workspace(tables, min_cell=10, recorded=RECORDED))
    assert set(changes) == {"region=north", f"region={TOGETHER}"}


# -- the rule of the session -----------------------------------------------------------------


@pytest.fixture
def ops(workspace: MakeWorkspace) -> Session:
    return Session(workspace(shop(), min_cell=10), "monthly_retrospective", cycle="2026-10")


def test_denominators_and_numerators_are_both_people(ops: Session) -> None:
    of = {"a": 500, "b": 400, "c": 300}
    assert ops.groups_to_withhold("x", of) == frozenset()
    assert ops.groups_to_withhold("x", of, {"a": 90, "b": 3, "c": 40}) == {"b", "c"}
    fact = ops.facts["people.withheld///x"]
    assert (fact.value, fact.n) == (2, 3)


def test_a_crossed_table_hides_rectangles(ops: Session) -> None:
    counts = {(r, c): 50 for r in "ab" for c in "xyz"} | {("a", "x"): 4}
    hidden = ops.groups_to_withhold("x", counts, crossed=True)
    assert ("a", "x") in hidden
    assert len(hidden) == 4
    assert all(sum(cell[axis] == line for cell in hidden) in (0, 2)
               for axis, lines in ((0, "ab"), (1, "xyz")) for line in lines)  # fmt: skip


# -- what a report would expose --------------------------------------------------------------


def test_exposures_name_columns_texts_cells_and_populations(workspace: MakeWorkspace) -> None:
    tables = lopsided()
    tables["users"]["phone_number"] = "13800138000"
    tables["users"]["nickname"] = "x"
    tables["users"]["birthday"] = "1990-01-01"
    tables["surveys"]["comment"] = "write to a.b@example.com"
    tables["outcomes"] = pd.DataFrame({"user_id": ["u1", "u2"], "amount": [1.0, 2.0]})
    tables["assignments"]["variant"] = ["control"] * 596 + ["treatment"] * 4
    made = workspace(tables, min_cell=10, recorded=RECORDED)
    found = {(one.kind, one.table, one.column): one for one in exposures(made)}
    assert found["column", "users", "phone_number"].counts["mobile"] == 600
    assert ("column", "users", "birthday") in found
    assert found["text", "surveys", "comment"].counts == {"read": 200, "email": 200}
    assert found["cells", "users", "channel"].counts["small"] == 2
    assert found["population", "outcomes", None].counts == {"people": 2}
    assert found["arms", "assignments", "variant"].counts == {"arms": 1}
    for code in ("en", "zh"):
        language = made.speak(code)
        assert all(json.dumps(one.as_dict(language)) for one in found.values())


def test_a_healthy_shop_exposes_nothing(workspace: MakeWorkspace) -> None:
    assert [one for one in exposures(workspace(shop(), min_cell=10))
            if one.kind not in ("cells", "population")] == []  # fmt: skip


def test_the_command_says_it_in_both_languages(
    workspace: MakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = workspace({"users": lopsided()["users"]}, min_cell=10)
    monkeypatch.setenv("OPSNB_WORKSPACE", str(made.root))

    def said(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["check", "--privacy", *arguments])

    told = said("--language", "en,zh").stdout
    assert "users.channel: 2 of 4 groups with fewer than 10 people" in told
    assert "users.channel：4 个分组中有 2 个不足 10 人" in told
    tree = json.loads(said("monthly_retrospective", "--json").stdout)
    assert tree["min_cell"] == 10
    assert [(one["kind"], one["column"]) for one in tree["exposures"]] == [("cells", "channel")]
    assert 'no playbook "monthly"' in said("monthly").output
