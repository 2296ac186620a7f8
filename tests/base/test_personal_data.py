"""Addresses and numbers of people are found, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from opsnb.analysis.reviews.period.voice.masking import masked
from opsnb.base.personal_data import counted, is_identity, without_personal
from opsnb.publishing.execution.redaction import Scrubber


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to a.b+c@mail.example.com.", "email"),
        ("邮箱zhang@qq.com。", "email"),
        ("13800138000", "mobile"),
        ("手机13800138000谢谢", "mobile"),
        ("138 0013 8000", "mobile"),
        ("138-0013-8000", "mobile"),
        ("+86 13800138000", "mobile"),
        ("0086-13800138000", "mobile"),
        ("+1 (415) 555-2671", "phone"),
        ("+44 20 7946 0958", "phone"),
        ("0044 20 7946 0958", "phone"),
        ("身份证11010519491231002X号", "identity"),
        ("440524188001010014", "identity"),
    ],
)
def test_what_is_personal_is_found_and_masked(text: str, kind: str) -> None:
    assert kind in counted(text)
    shown = without_personal(text)
    assert "***" in shown
    assert not any(char.isdigit() for char in shown)
    assert "@" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-10-31", "20261031", "¥12,345,678,901", "+12,345,678", "+1.2345678", "−12.5%",
        "order 2026103112345678901", "110105194912310021", "sha 13800138000ab", "0.13800138000",
        "12800138000", "checkout_one_page", "3f2a13800138000c", "me@", "@team", "1 380 013 800",
        'd="M138.12 1234.5 L567.8 901.2"', "users: 6,000", "1,380,013,8000",
    ],
)  # fmt: skip
def test_other_numbers_stay(text: str) -> None:
    assert without_personal(text) == text


def test_the_check_digit_decides() -> None:
    """GB 11643-1999's own example, and the same with each other last digit."""
    body = "11010519491231002"
    assert [last for last in "0123456789X" if is_identity(body + last)] == ["X"]


def test_what_the_team_wrote_stays(tmp_path: Path) -> None:
    (tmp_path / "opsnb.toml").write_text('owner = "li.na@example.com"\n', "utf-8")
    (tmp_path / "plans/campaigns").mkdir(parents=True)
    (tmp_path / "plans/campaigns/x.toml").write_text('owner = "+44 20 7946 0958"\n', "utf-8")
    text = "li.na@example.com, +44 20 7946 0958, somebody@example.com"
    scrubber = Scrubber(tmp_path, environ={})
    assert scrubber.text(text) == "li.na@example.com, +44 20 7946 0958, ***"


def test_a_published_notebook_names_nobody(tmp_path: Path) -> None:
    data = {
        "text/plain": "13800138000",
        "text/html": "<td>zhang@qq.com</td>",
        "application/vnd.opsnb.v1+json": {"facts": [{"segment": "13800138000", "value": 13}]},
    }
    cell = new_code_cell("x", outputs=[new_output("display_data", data=data)])
    cell.outputs.append(new_output("error", ename="E", evalue="11010519491231002X", traceback=[]))
    notebook = new_notebook(cells=[cell], metadata={"papermill": {"parameters": {"a": "a@b.cn"}}})
    Scrubber(tmp_path, environ={}).notebook(notebook)
    text = nbformat.writes(notebook)
    assert not counted(text)
    assert text.count("***") == 5


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("user id u_1042 was slow", "user id *** was slow"),
        ("会员号：88213 的订单", "会员号：*** 的订单"),
        ("客户12345投诉", "客户***投诉"),
        ("账号 abc123", "账号 ***"),
        ("用户7天没收到", "用户7天没收到"),
        ("the user 2 times", "the user 2 times"),
        ("customer service is slow", "customer service is slow"),
    ],
)
def test_comments_lose_the_shop_s_own_ids(text: str, shown: str) -> None:
    assert masked(text) == shown
