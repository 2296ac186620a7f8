"""Presets on real exports and on exports in the platforms' own shape: their known figures."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from opsnb.analysis.mapping import preset as presets
from opsnb.analysis.mapping.preset import PresetTable
from opsnb.base.workspace import Workspace
from tests.analysis.mapping.test_presets import counted, frame, mapped

SHARED = Path(os.environ.get("OPSNB_SHARED_DATA") or Path(__file__).parents[4] / "shared" / "data")


def made(
    root: Path, preset: str, path: str, timezone: str = "UTC"
) -> tuple[Workspace, dict[str, PresetTable]]:
    """A workspace on an export of the shared data, as the preset has it."""
    if not (SHARED / path).exists():
        pytest.skip(f"{path} is not in OPSNB_SHARED_DATA")
    url, given = f"csv://{SHARED / path}", {"timezone": timezone}
    return mapped(root, url, given, presets.get(preset))


def total(rows: pd.DataFrame, column: str) -> float:
    return round(float(rows[column].sum()), 2)


def test_shopify(tmp_path: Path) -> None:
    """400 orders in 720 lines; 50,405.88, of it 6,014.26 refunded; 231 e-mails."""
    workspace, tables = made(tmp_path, "shopify", "exports/shopify_orders", "America/New_York")
    rows = frame(workspace, "orders")
    assert len(rows) == 400
    assert (total(rows, "amount"), total(rows, "refund_amount")) == (50405.88, 6014.26)
    assert rows.user_id.nunique() == 231
    assert rows.status.value_counts().to_dict() == {"paid": 370, "refunded": 30}
    assert counted(workspace, tables["orders"]) == {"item_lines": 320}


def test_stripe(tmp_path: Path) -> None:
    """All 16 charges failed, and no refund is of one of them; 12 customers."""
    workspace, tables = made(tmp_path, "stripe", "exports/stripe")
    assert len(frame(workspace, "orders")) == 0
    assert counted(workspace, tables["orders"]) == {"failed": 16}
    assert len(frame(workspace, "users")) == 12


def test_zendesk(tmp_path: Path) -> None:
    """10 tickets, 2 of them deleted; one was solved, on the last of its changes; one agent."""
    workspace, tables = made(tmp_path, "zendesk", "exports/zendesk")
    rows = frame(workspace, "tickets").set_index("ticket_id")
    assert len(rows) == 8
    assert counted(workspace, tables["tickets"]) == {"deleted": 2}
    resolved = rows.resolved_at.dropna()
    assert resolved.astype(str).to_dict() == {"11071": "2020-11-14 11:01:27"}
    assert counted(workspace, tables["users"]) == {"staff": 1}


def test_douyin(tmp_path: Path) -> None:
    """160 orders in 246 lines."""
    workspace, _ = made(tmp_path, "douyin", "exports/douyin_order_export", "Asia/Shanghai")
    rows = frame(workspace, "orders")
    assert (len(rows), rows.order_id.nunique()) == (246, 160)
    assert not rows.order_id.str.contains("\t").any()
    assert rows.status.value_counts().to_dict() == {"paid": 177, "cancelled": 44, "refunded": 25}
    assert str(rows.ordered_at.min()) == "2026-06-01 12:18:00"


def test_ads(tmp_path: Path) -> None:
    """10 rows of Meta, 643.63; 16 of Google, 231.33 from millionths."""
    workspace, _ = made(tmp_path, "meta_ads", "exports/ads_reports")
    rows = frame(workspace, "spend")
    assert (len(rows), total(rows, "amount"), total(rows, "clicks")) == (10, 643.63, 149.0)
    workspace, _ = made(tmp_path, "google_ads_warehouse", "exports/ads_reports")
    rows = frame(workspace, "spend")
    assert (len(rows), total(rows, "amount"), total(rows, "clicks")) == (16, 231.33, 280.0)


def test_ga4_flattened(tmp_path: Path) -> None:
    """500 cookies are 500 people, where login or cookie by event would count 588."""
    workspace, tables = made(tmp_path, "ga4", "exports/attribution_sandbox")
    rows = frame(workspace, "events")
    assert (len(rows), rows.user_id.nunique()) == (2189, 500)
    assert list(tables) == ["events"]
    assert str(rows.event_at.min()) == "2026-03-01 13:34:38"


def test_meta_insights(tmp_path: Path) -> None:
    workspace, _ = made(tmp_path, "meta_ads", "exports/attribution_sandbox")
    rows = frame(workspace, "spend")
    assert (len(rows), total(rows, "amount")) == (91, 7994.08)


def test_jaffle_shop(tmp_path: Path) -> None:
    """99 orders; 113 payments in cents come to 1,672.00."""
    workspace, _ = made(tmp_path, "jaffle_shop", "exports/jaffle_shop")
    rows = frame(workspace, "orders")
    assert (len(rows), total(rows, "amount")) == (99, 1672.0)


def test_tianchi(tmp_path: Path) -> None:
    workspace, _ = made(tmp_path, "tianchi", "exports/tianchi_mobile", "Asia/Shanghai")
    rows = frame(workspace, "events")
    assert len(rows) == 1999
    assert set(rows.event) == {"view", "favourite", "cart", "order"}
    assert str(rows.event_at.min()) == "2014-11-18 10:00:00"


def test_superstore(tmp_path: Path) -> None:
    """10,194 lines, 2019 to 2022."""
    workspace, _ = made(tmp_path, "superstore", "exports/superstore")
    rows = frame(workspace, "orders")
    assert len(rows) == 10194
    assert (str(rows.ordered_at.min())[:10], str(rows.ordered_at.max())[:10]) == (
        "2019-01-03", "2022-12-30",
    )  # fmt: skip


def test_tmall(tmp_path: Path) -> None:
    """28,010 orders, 3,923 never paid; what was kept, 1,902,487.15, is another column's total."""
    workspace, _ = made(tmp_path, "taobao", "tmall_orders", "Asia/Shanghai")
    rows = frame(workspace, "orders")
    assert (len(rows), total(rows, "refund_amount")) == (28010, 572335.92)
    assert rows.status.value_counts()["cancelled"] == 3923
    kept = rows[rows.status == "paid"]
    assert total(kept, "amount") - total(kept, "refund_amount") == pytest.approx(1902487.15)
