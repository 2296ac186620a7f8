"""Values as people write them are read, and said with some of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from opsnb.analysis.tables import open_table
from opsnb.base.messages import Language
from opsnb.base.workspace import Workspace

TIMES = ["2026-10-01 10:00:00", "2026年10月2日", "2026-10-03 10:00:00"]
AMOUNTS = ["20.5", "12 元", "¥1,234.50"]


def of_files(root: Path) -> Workspace:
    (root / "data").mkdir()
    rows = "\n".join(
        f'{n},u{n},"{t}","{a}"' for n, (t, a) in enumerate(zip(TIMES, AMOUNTS, strict=True))
    )
    (root / "data/orders.csv").write_text(
        f"order_id,user_id,ordered_at,amount\n{rows}\n", encoding="utf-8"
    )
    (root / "opsnb.toml").write_text(
        '[workspace]\nname = "x"\ntimezone = "Asia/Shanghai"\ncurrency = "CNY"\n'
        '[sources.d]\nurl = "csv://data"\n[tables.orders]\nsource = "d"\ntable = "orders"\n'
    )
    return Workspace.load(root)


@pytest.mark.parametrize("files", [True, False])
def test_values_of_another_form_are_read_and_said(
    tmp_path: Path, workspace: Callable[..., Workspace], files: bool
) -> None:
    frame = pd.DataFrame(
        {"order_id": ["0", "1", "2"], "user_id": "u", "ordered_at": TIMES, "amount": AMOUNTS}
    )
    table = open_table(of_files(tmp_path) if files else workspace({"orders": frame}), "orders")
    rows = table.expr.execute().sort_values("order_id")
    assert rows.amount.tolist() == [20.5, 12.0, 1234.5]
    assert rows.ordered_at.dt.day.tolist() == [1, 2, 3]
    said = {
        (issue.level, issue.count, Language(code).say(issue.message))
        for issue in table.report.issues
        if issue.rule == "other_form"
        for code in ("en", "zh")
    }
    assert {(level, count) for level, count, _ in said} == {("note", 1), ("note", 2)}
    assert all(
        any(text in message and form in message for _, _, message in said)
        for text, form in (
            ("amount", "12 元"), ("a number", "¥1,234.50"), ("a time", "2026年10月2日"),
            ("已按数字读取", "12 元"), ("已按时间读取", "2026年10月2日"),
        )
    )  # fmt: skip
    shown = [str(i.sample) for i in table.report.issues if i.rule == "other_form"]
    assert any("12 元" in text for text in shown)
    assert {i.fix(Language("en")) for i in table.report.issues if i.rule == "other_form"} == {""}


def test_values_as_programs_write_them_are_no_other_form(
    workspace: Callable[..., Workspace],
) -> None:
    frame = pd.DataFrame(
        {
            "order_id": ["0", "1", "2"],
            "user_id": "u",
            "ordered_at": ["2026-10-01T10:00:00Z", "2026/10/2 8:30", "20261003"],
            "amount": ["1e3", "-2.50", " 7 "],
        }
    )
    report = open_table(workspace({"orders": frame}), "orders").report
    assert [issue for issue in report.issues if issue.rule == "other_form"] == []
