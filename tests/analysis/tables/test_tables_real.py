"""Published data sets through the contract: the totals are the published ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from opsnb.analysis.tables import open_table
from opsnb.base.messages import Language
from opsnb.base.workspace import Workspace

SHARED = Path(os.environ.get("OPSNB_SHARED_DATA") or Path(__file__).parents[4] / "shared" / "data")
Mapped = Callable[[str, str], Workspace]


@pytest.fixture
def mapped(tmp_path: Path) -> Mapped:
    """A workspace on a data set, with the tables given in TOML."""

    def made(url: str, tables: str) -> Workspace:
        scheme, _, path = url.partition("://")
        if not (SHARED / path).exists():
            pytest.skip(f"{path} is not in OPSNB_SHARED_DATA")
        (tmp_path / "opsnb.toml").write_text(
            '[workspace]\nname = "Real"\ntimezone = "Europe/London"\ncurrency = "GBP"\n'
            f'[sources.data]\nurl = "{scheme}://{SHARED / path}"\n{tables}',
            encoding="utf-8",
        )
        return Workspace.load(tmp_path)

    return made


def test_uci_online_retail(mapped: Mapped) -> None:
    """Lines of orders: UCI counts 541,909 lines of 4,372 customers."""
    workspace = mapped(
        "parquet://online_retail",
        """
[tables.orders]
source = "data"
grain = "line"
sql = '''
select InvoiceNo as order_id, CustomerID as user_id, InvoiceDate as ordered_at,
       Quantity * UnitPrice as amount, Country as region, InvoiceNo like 'C%' as cancelled
from online_retail'''
[[tables.orders.checks]]
id = "cancellation_lines"
where = "cancelled"
label = {en = "cancellation lines", zh = "取消行"}
""",
    )
    table = open_table(workspace, "orders")
    report = table.report
    assert (report.rows, report.quarantined) == (541_909, 0)
    assert report.total_amount == pytest.approx(9_747_747.93, abs=0.01)
    assert report.nulls == {"user_id": 135_080}
    counts = {issue.rule: issue.count for issue in report.issues if issue.rule != "old"}
    # Bad debt is written off in two invoices without a C; lines mapped without their product
    # repeat each other, which is no news of lines.
    assert counts.pop("repeated_rows") == pytest.approx(240_000, rel=0.1)
    assert counts == {"empty": 135_080, "cancellation_lines": 9_288, "refund_lines": 9_290}
    assert report.level == "warn" and not any(i.rule == "repeated_rows" and i.level != "note"
                                              for i in report.issues)  # fmt: skip
    assert report.last is not None and report.last.isoformat() == "2011-12-09T12:50:00"
    said = [Language("zh").say(issue.message) for issue in report.issues]
    assert "取消行：9,288 行（1.71%）" in said
    found = table.expr.aggregate(
        users=table.expr.user_id.nunique(), orders=table.expr.order_id.nunique()
    )
    assert found.to_pyarrow().to_pylist() == [{"users": 4_372, "orders": 25_900}]


def test_cookie_cats(mapped: Mapped) -> None:
    """Players of an A/B test without dates, flags as TRUE and FALSE in text."""
    workspace = mapped(
        "csv://cookie_cats",
        """
[tables.assignments]
source = "data"
sql = "select 'gate' as experiment_id, userid as user_id, version as variant from cookie_cats"
[tables.outcomes]
source = "data"
sql = "select userid as user_id, version as variant, * exclude (userid, version) from cookie_cats"
""",
    )
    outcomes = open_table(workspace, "outcomes")
    assert (outcomes.report.rows, outcomes.report.issues) == (90_189, ())
    by_variant = outcomes.expr.group_by("variant").aggregate(
        users=lambda t: t.count(), kept=lambda t: t.retention_7.sum()
    )
    found = {row["variant"]: row for row in by_variant.to_pyarrow().to_pylist()}
    assert (found["gate_30"]["users"], found["gate_30"]["kept"]) == (44_700, 8_502)
    assert (found["gate_40"]["users"], found["gate_40"]["kept"]) == (45_489, 8_279)
    assignments = open_table(workspace, "assignments")
    assert (assignments.report.rows, assignments.report.issues) == (90_189, ())


def test_facebook_ads_without_dates(mapped: Mapped) -> None:
    """A team that has only totals: spend without dates is counted, not lost."""
    workspace = mapped(
        "csv://kag_facebook_ads",
        """
[tables.spend]
source = "data"
sql = '''
select xyz_campaign_id as campaign_id, null as date, 'facebook' as channel, 'media' as kind,
       Spent as amount, Impressions as impressions, Clicks as clicks,
       Approved_Conversion as conversions
from KAG_conversion_data'''
""",
    )
    table = open_table(workspace, "spend")
    assert (table.report.rows, table.report.quarantined) == (1_143, 0)
    first = table.report.issues[0]
    assert (first.rule, first.level, first.count) == ("empty", "note", 1_143)
    totals = table.expr.aggregate(
        spent=table.expr.amount.sum(), clicks=table.expr.clicks.sum(), n=table.expr.count()
    )
    row = totals.to_pyarrow().to_pylist()[0]
    assert row["spent"] == pytest.approx(58_705.23, abs=0.01)
    assert (row["clicks"], row["n"]) == (38_165, 1_143)


def test_tmall_orders(mapped: Mapped) -> None:
    """Chinese names, some with blanks at their end; unpaid orders have no time of payment."""
    workspace = mapped(
        "csv://tmall_orders/tmall_order_report.csv",
        """
[tables.orders]
source = "data"
sql = '''
select "订单编号" as order_id, null as user_id, "订单创建时间" as ordered_at,
       "买家实际支付金额" as amount, "收货地址" as region, "订单付款时间" as paid_at,
       case when "退款金额" > 0 then 'refunded' when "订单付款时间" is null then 'cancelled'
            else 'paid' end as status
from tmall_order_report'''
""",
    )
    table = open_table(workspace, "orders")
    report = table.report
    assert (report.rows, report.quarantined) == (28_010, 0)
    assert report.total_amount == pytest.approx(1_902_487.15, abs=0.01)
    assert report.nulls == {"user_id": 28_010, "paid_at": 3_923}
    refunded = table.expr.filter(table.expr.status == "refunded").count()
    assert refunded.to_pyarrow().as_py() == 5_646
