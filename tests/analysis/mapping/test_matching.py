"""Which column is which: names, forms of values, and what speaks against a match."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from opsnb.analysis.mapping.names import best_name, column_names, common_prefix, sound_of, words
from opsnb.analysis.mapping.places import look_at, sources_at
from opsnb.analysis.mapping.profile import TableProfile
from opsnb.analysis.mapping.score import GUESSED, WRITTEN, read_as, read_table
from opsnb.analysis.tables import CONTRACTS

Profile = Callable[..., TableProfile]


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """The profile of a CSV text, as a table of some name."""

    def make(text: str, name: str = "export") -> TableProfile:
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        look = look_at(sources_at(str(tmp_path / f"{name}.csv"), tmp_path, {}), tmp_path)
        assert not look.unread
        return look.tables[0]

    return make


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("orderCreatedAt", "order created at"),
        ("Spend [USD]", "spend"),
        ("收货地址 ", "收货地址"),
        ("ＯrderＩＤ", "order id"),
        ("实付金额（元）", "实付金额"),
        ("# of Impressions", "of impressions"),
        ("[USD]", "usd"),
    ],
)
def test_names_are_compared_plain(name: str, plain: str) -> None:
    assert words(name) == plain


@pytest.mark.parametrize(
    ("name", "column", "how"),
    [
        ("OrderNo", "orders.order_id", "named"),
        ("f_user_id", "orders.user_id", "behind a prefix"),
        ("xiadanshijian", "orders.ordered_at", "in pinyin"),
        ("ddbh", "orders.order_id", "in pinyin"),
        ("cstmr_id", "orders.user_id", "named without vowels"),
        ("客户注册时间", "users.registered_at", "in part"),
        ("declared_monthly_revenue", "orders.amount", "in part"),
        ("impresions", "spend.impressions", "named nearly"),
    ],
)
def test_names_are_known_in_many_forms(name: str, column: str, how: str) -> None:
    found = best_name(name, column, ("f",))
    assert found.how == how and found.weight > 0.4


def test_every_column_of_the_contract_has_synonyms() -> None:
    known = {
        f"{name}.{one.name}" for name, contract in CONTRACTS.items() for one in contract.columns
    }
    assert set(column_names()) == known


def test_sounds_and_prefixes() -> None:
    assert sound_of("订单编号") == "dingdanbianhao"
    assert sound_of("order_id") == ""
    assert common_prefix(["t_id", "t_date", "t_total", "note"]) == ""
    assert common_prefix(["erp_id", "erp_date", "erp_total", "erp_state"]) == "erp"


@pytest.mark.parametrize(
    ("value", "moment", "zoned"),
    [
        ("1790000{k:03d}", "seconds", True),
        ("1790000{k:03d}123", "milliseconds", True),
        ("1790000{k:03d}123456", "microseconds", True),
        ("202610{d:02d}", "yyyymmdd", False),
        ("2026-10-{d:02d} 04:32:30 -0500", "time", True),
        ("2026-10-{d:02d} 04:32:30", "time", False),
        ("2026-10-{d:02d}", "day", False),
        ("{d:02d}/10/26", "%d/%m/%y", False),
        ("10/{d:02d}/26", "%m/%d/%y", False),
        ("0{n}/0{n}/26", "ambiguous", False),
        ("{d:02d}-Oct-26", "%d-%b-%y", False),
        ("2026-10-{d:02d} 07", "%Y-%m-%d %H", False),
        ("2026年10月{d}日", "%Y年%m月%d日", False),
        ("Oct {d:02d}", "yearless", False),
        ("A-{k}", "", False),
        ("{k}", "", False),
    ],
)
def test_forms_of_times_are_told(profile: Profile, value: str, moment: str, zoned: bool) -> None:
    rows = "".join(value.format(k=k, d=1 + k % 28, n=1 + k % 9) + ",x\n" for k in range(100, 200))
    one = profile("when,other\n" + rows).columns["when"]
    assert (one.moment, one.zoned) == (moment, zoned)


def test_values_overrule_names(profile: Profile) -> None:
    """A column called order_date that holds words is no time; an id of a bank is no person."""
    rows = "".join(f"{k},soon,{k}.5,xx,,2026-03-0{1 + k % 9}\n" for k in range(60))
    table = profile("id,order_date,amount,bank_account_id,due_at,updated_at\n" + rows)
    reading = read_as(table, "orders")
    assert (
        "ordered_at" not in reading.columns
        or reading.columns["ordered_at"].column.name != "order_date"
    )
    assert reading.columns["order_id"].column.name == "id"
    tasks = read_as(table, "tasks")
    due = tasks.columns.get("due_on")
    assert due is None or due.score < GUESSED  # `updated_at` does not fill an empty `due_at`


def test_a_name_that_is_nearly_known_counts_only_with_fitting_values(profile: Profile) -> None:
    numbers = "".join(f"2026-03-{1 + k % 28:02d},{k * 37 % 900},{k * 3}\n" for k in range(60))
    texts = "".join(f"2026-03-{1 + k % 28:02d},many {k},{k * 3}\n" for k in range(60))
    head = "date,impresions,clicks\n"
    found = read_as(profile(head + numbers, "a"), "spend").columns["impressions"]
    assert found.column.name == "impresions" and found.score >= GUESSED
    other = read_as(profile(head + texts, "b"), "spend").columns.get("impressions")
    assert other is None or other.column.name != "impresions"


def test_the_persons_column_is_the_one_that_repeats(profile: Profile) -> None:
    rows = "".join(f"{k},{k % 9},2026-03-{1 + k % 28:02d},9.5\n" for k in range(60))
    found = read_table(profile("id,customer,created,price\n" + rows, "shop_orders")).best
    assert found is not None and found.contract == "orders"
    assert found.columns["order_id"].column.name == "id"
    assert found.columns["user_id"].column.name == "customer"


MADE_UP = {
    "events": (
        "tm_user_key,tm_action,tm_occurred_at,tm_sessionKey",
        "u{k},view,2026-01-01 10:{m:02d}:00,s{h}",
    ),
    "spend": (
        "投放日期,推广计划,消耗(元),展现量,点击量",
        "2026-01-{d:02d},计划{h},{k}.20,{k}00,{k}",
    ),
    "tickets": (
        "caseNumber,createdDate,closedDate,severity,contactReason",
        "C{k},2026-01-{d:02d} 08:00,2026-01-{d:02d} 09:00,high,refund",
    ),
    "surveys": (
        "Respondent ID,Date Submitted,How likely,Verbatim",
        "r{k},2026-01-{d:02d} 08:00,{s},I like it very much {k}",
    ),
    "tasks": (
        "任务编号,负责人,计划完成时间,实际完成时间,任务名称",
        "T{k},李娜,2026-01-{d:02d},2026-01-{d:02d},整理报表{k}",
    ),
    "assignments": (
        "flagKey,memberNo,variationName,firstExposureAt",
        "new_cart,m{k},control,2026-01-{d:02d} 08:00",
    ),
    "users": ("hyid,zhuceshijian,laiyuan", "h{k},2025-01-{d:02d} 08:00,抖音"),
    "series": ("stat_date,market,indicator,value", "2026-01-{d:02d},north,visits{h},{k}"),
}
LACKING = {"spend": {"channel"}}


@pytest.mark.parametrize("contract", MADE_UP)
def test_exports_that_nobody_has_seen(profile: Profile, contract: str) -> None:
    """Names of other systems; file names that say nothing."""
    head, row = MADE_UP[contract]
    rows = [
        row.format(k=k, d=1 + k % 28, m=k % 60, h=k % 6, s=k % 11)
        .replace("control", ("control", "treatment")[k % 2])
        .replace("view", ("view", "cart", "buy")[k % 3])
        for k in range(120)
    ]
    found = read_table(profile("\n".join([head, *rows]), "t1")).best
    assert found is not None and found.contract == contract
    required = [c.name for c in CONTRACTS[contract].columns if c.required and c.name != "kind"]
    sure = [c for c in required if c in found.columns and found.columns[c].score >= GUESSED]
    assert set(required) - set(sure) == LACKING.get(contract, set())


def test_scores_are_apart(profile: Profile) -> None:
    """What only its type speaks for is never written, and hardly ever first among names."""
    rows = "".join(f"a{k},2026-03-{1 + k % 28:02d},{k}.5,{k % 7}\n" for k in range(60))
    reading = read_as(profile("q1,q2,q3,q4\n" + rows), "orders")
    assert all(match.score < GUESSED < WRITTEN for match in reading.columns.values())
    assert read_table(reading.table).best is None
