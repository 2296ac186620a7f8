"""Refunds by status, by refund_amount and as rows of their own: one meaning for all metrics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from opsnb.analysis.metrics import Meter, load_catalogue
from opsnb.analysis.metrics.columns_read import own_columns
from opsnb.analysis.metrics.purchases import purchase_days
from opsnb.analysis.metrics.rfm import customers
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.tables import TableReport, open_table
from opsnb.base.messages import Language
from opsnb.base.periods import parse
from opsnb.base.workspace import Workspace

Make = Callable[..., Workspace]
OCT = parse("2026-10")
HEAD = """
[workspace]
name = "Shop"
timezone = "Asia/Shanghai"
currency = "CNY"
as_of = 2026-11-16
[sources.here]
url = "parquet://data"
[tables.orders]
source = "here"
table = "orders"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Callable[..., Workspace]:
    def made(orders: pd.DataFrame, more: str = "") -> Workspace:
        return opened(tmp_path, orders, more)

    return made


def opened(root: Path, orders: pd.DataFrame, more: str = "") -> Workspace:
    (root / "data").mkdir(exist_ok=True)
    orders.to_parquet(root / "data" / "orders.parquet", index=False)
    (root / "opsnb.toml").write_text(HEAD + more, encoding="utf-8")
    return Workspace.load(root)


def orders(**columns: Any) -> pd.DataFrame:
    """Orders of October, one an hour, of two users."""
    n = len(next(iter(columns.values())))
    frame = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(n)],
            "user_id": [f"u{i % 2}" for i in range(n)],
            "ordered_at": pd.date_range("2026-10-02 09:00", periods=n, freq="1h"),
        }
    )
    return frame.assign(**columns)


def values(made: Workspace, *names: str) -> dict[str, float | None]:
    meter = Meter(Rows(made), load_catalogue(made.metrics))
    return {name: meter.measure(name, [OCT])[0].value for name in names}


def issues(report: TableReport) -> dict[str, tuple[str, int]]:
    return {one.rule: (one.level, one.count) for one in report.issues if one.rule != "old"}


def test_a_part_is_taken_off_and_is_a_refund(shop: Make) -> None:
    frame = orders(
        amount=[100.0, 50.0, 80.0, 70.0, 40.0],
        cost=[60.0, 30.0, 40.0, 35.0, 20.0],
        status=["paid", "partially_refunded", "refunded", "refunded", "cancelled"],
        refund_amount=[None, 20.0, None, 70.0, 40.0],
    )
    made = shop(frame)
    found = values(
        made, "gmv_net", "gmv_gross", "kept_share", "refund_rate", "refund_amount_rate",
        "gross_profit", "orders", "aov",
    )  # fmt: skip
    assert found == pytest.approx(
        {
            "gmv_net": 130.0,  # 100 + 50 - 20; both others are refunded in full
            "gmv_gross": 300.0,
            "kept_share": 130 / 300,
            "refund_rate": 3 / 4,
            "refund_amount_rate": 170 / 300,
            "gross_profit": 100 - 60 + (50 - 30) * 0.6,  # cost counts by the part that is kept
            "orders": 4.0,
            "aov": 130 / 4,
        }
    )
    assert issues(open_table(made, "orders").report) == {}


def test_purchases_and_rfm_are_after_refunds(shop: Make) -> None:
    made = shop(orders(amount=[100.0, 50.0], refund_amount=[30.0, 50.0]))
    rows = Rows(made)
    spent = dict(zip(*purchase_days(rows)[["user_id", "amount"]].T.to_numpy(), strict=True))
    assert spent == {"u0": 70.0}, "an order refunded in full is no purchase"
    frame = customers(rows, OCT.end).execute().set_index("user_id")
    assert frame["monetary"].to_dict() == {"u0": 70.0, "u1": 0.0}


def test_a_team_writes_the_same_as_opsnb(shop: Make) -> None:
    metric = """
[metrics.big]
label = "Net GMV of large orders"
definition = "after refunds"
kind = "sum"
table = "orders"
value = "{net}"
where = "status = 'paid' and amount > 60"
unit = "money"
direction = "up"
materiality = 0.03
"""
    made = shop(orders(amount=[100.0, 50.0], refund_amount=[30.0, 0.0]), metric)
    assert values(made, "big") == {"big": 70.0}
    read = own_columns(load_catalogue(made.metrics)["big"])["orders"]
    assert {"amount", "refund_amount", "status"} <= read


def test_what_contradicts_itself_is_named(shop: Make) -> None:
    frame = orders(
        amount=[100.0, 50.0, 80.0, 60.0],
        status=["paid", "refunded", "partially_refunded", "paid"],
        refund_amount=[120.0, 20.0, None, -5.0],
    )
    made = shop(frame)
    report = open_table(made, "orders").report
    assert issues(report) == {
        "refund_above_amount": ("warn", 1),
        "partial_without_amount": ("warn", 1),
        "below": ("warn", 1),
        "refunded_in_part": ("note", 1),
    }
    shown = next(one.sample for one in report.issues if one.rule == "refund_above_amount")
    assert shown[0]["order_id"] == "o0" and shown[0]["refund_amount"] == "120.0"
    for code in ("en", "zh"):
        assert all(Language(code).say(one.message) for one in report.issues)
    # At most the amount is taken off; a negative refund is none.
    assert values(made, "gmv_net")["gmv_net"] == pytest.approx(0 + 30 + 80 + 60)


def test_rows_beside_amounts_are_taken_off_twice_and_said(shop: Make) -> None:
    frame = orders(amount=[100.0, 50.0, -30.0], refund_amount=[30.0, 0.0, 30.0])
    made = shop(frame)
    assert issues(open_table(made, "orders").report)["refunds_twice"] == ("warn", 1)
    assert values(made, "gmv_net")["gmv_net"] == pytest.approx(70 + 50 - 30)
    alone = shop(frame.assign(refund_amount=[0.0, 0.0, 30.0]))
    assert "refunds_twice" not in issues(open_table(alone, "orders").report)
    assert values(alone, "gmv_net")["gmv_net"] == pytest.approx(120)


def test_lines_are_held_against_their_order(shop: Make) -> None:
    frame = orders(
        amount=[60.0, 40.0, 30.0, 20.0, 10.0, 10.0],
        order_id=["a", "a", "b", "b", "c", "c"],
        refund_amount=[80.0, None, 50.0, None, 5.0, None],  # the order's, on its first line
        status=["partially_refunded"] * 2 + ["refunded"] * 2 + ["paid"] * 2,
    )
    made = shop(frame, 'grain = "line"\n')
    assert issues(open_table(made, "orders").report) == {"partial_without_amount": ("warn", 1)}
    assert values(made, "gmv_net", "gmv_gross") == pytest.approx(
        {"gmv_net": 20 + 0 + 15, "gmv_gross": 170}
    )


def test_an_orders_refund_on_each_line_is_named(shop: Make) -> None:
    frame = orders(amount=[60.0, 40.0], order_id=["a", "a"], refund_amount=[100.0, 100.0])
    made = shop(frame, 'grain = "line"\n')
    assert issues(open_table(made, "orders").report) == {"refund_above_order": ("warn", 1)}
    assert values(made, "gmv_net") == {"gmv_net": 0.0}


def test_a_column_that_is_empty_tells_nothing(shop: Make) -> None:
    empty = pd.Series([None, None], dtype="float64")
    made = shop(orders(amount=[10.0, 20.0], refund_amount=empty))
    assert Meter(Rows(made), load_catalogue(made.metrics)).absent("kept_share") is not None
    assert values(made, "gmv_net") == {"gmv_net": 30.0}
    told = shop(orders(amount=[10.0, 20.0], refund_amount=[0.0, 0.0]))
    assert values(told, "kept_share", "refund_rate") == {"kept_share": 1.0, "refund_rate": 0.0}


cents = st.integers(1, 50_000)
books = st.lists(
    st.tuples(cents, st.sampled_from(["kept", "full", "part"])), min_size=1, max_size=40
)


@settings(
    max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(books)
def test_the_ways_of_booking_agree(
    tmp_path_factory: pytest.TempPathFactory, book: list[tuple[int, str]]
) -> None:
    """Full refunds in three ways, partial ones in two; and pandas by hand."""
    amounts = pd.Series([worth / 100 for worth, _ in book])
    kinds = pd.Series([kind for _, kind in book])
    back = amounts.where(kinds == "full", (amounts / 2).round(2).where(kinds == "part", 0.0))
    back = back.where(back < amounts, amounts.where(back > 0, 0.0))
    full = (back >= amounts) & (back > 0)
    base = orders(amount=amounts)
    rows = base.assign(status="paid")[back > 0]
    rows = rows.assign(amount=-back[back > 0], order_id="r" + rows["order_id"])
    by_amount = base.assign(refund_amount=back)
    ways = {
        "amount": by_amount,
        "status and amount": by_amount.assign(
            status=pd.Series("paid", base.index).mask(back > 0, "partially_refunded")
            .mask(full, "refunded")
        ),
        "rows": pd.concat([base.assign(status="paid"), rows]),
    }  # fmt: skip
    if (full == (back > 0)).all():
        ways["status"] = base.assign(status=pd.Series("paid", base.index).mask(full, "refunded"))
    expected = {
        "gmv_net": (amounts - back).sum(),
        "gmv_gross": amounts.sum(),
        "refund_rate": (back > 0).mean(),
        "refund_amount_rate": back.sum() / amounts.sum(),
        "kept_share": 1 - back.sum() / amounts.sum(),
        "orders": len(book),
    }
    for name, frame in ways.items():
        made = opened(tmp_path_factory.mktemp("shop"), frame)
        tells = name != "rows" or (back > 0).any()  # without a refund, rows tell of none
        names = [n for n in expected if tells or n in ("gmv_net", "orders")]
        found = values(made, *names)
        assert found == pytest.approx({n: expected[n] for n in names}, abs=1e-9), name
