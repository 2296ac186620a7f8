"""Addresses and numbers of people are found, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from opsnb.analysis.reviews.period.voice.masking import masked
from opsnb.base.personal_data import counted, is_identity, is_personal_name, without_personal
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
        ("110105 19491231 002X", "identity"),
        ("１３８００１３８０００", "mobile"),
        ("手机：１３８-００１３-８０００", "mobile"),
        ("138.0013.8000", "mobile"),
        ("138 00138000", "mobile"),
        ("＋８６ １３８００１３８０００", "mobile"),
        ("call (415) 555-2671 now", "phone"),
        ("415-555-2671", "phone"),
        ("415.555.2671", "phone"),
        ("010-62781234", "phone"),
        ("(0571) 8888 1234", "phone"),
        ("020 7946 0958", "phone"),
        ("0151 23456789", "phone"),
        ("090-1234-5678", "phone"),
        ("03-1234-5678", "phone"),
        ("06 12 34 56 78", "phone"),
        ("+33.6.12.34.56.78", "phone"),
        ("Tel: 5552671234", "phone"),
        ("电话 62781234", "phone"),
        ("zhang3＠qq.com", "email"),
        ("see https://t.cn/A6xYz12", "link"),
        ("点这里 dwz.cn/abc123", "link"),
        ("bit.ly/3xYz_1", "link"),
        ("https://shop.example/order?no=7&token=ab12cd", "link"),
        ("https://shop.example/u?user_id=8812", "link"),
        ("朝阳区建国路93号3栋502室", "address"),
        ("寄到中山大道 18 号", "address"),
        ("3栋2单元502室", "address"),
        ("I live at 221B Baker Street, London", "address"),
        ("1600 N Main St", "address"),
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
        "113-1234567-1234567", "SO-2026-0031234", "202610311380013800", "2026-10-31 10:20:30",
        "31.10.2026", "01/02/2026", "10.0.0.12", "v1.2.3", "12:30-14:30",
        "3-0 5-1", "0.25 0.5 0.75",
        "415 555 2671", "234 567 8901", "https://example.com/docs/page?lang=en", "example.com/t.cn",
        "at.co/x", "https://shop.example/p?sku=7&utm_source=mail", "渠道 3 号", "第 12 号活动",
        "3 campaigns drive growth", "5 Orders Street-level", "2 New Campaigns Drive Sales",
        "大促期间满 300 减 40", "第 3 栋", "net 2,345.67 (415)", "tel aviv 2026", "mobile 35%",
        "phone 12,345", "手机 1,234 单", "0001-0002-0003", "20,262.5", "Q4 2026/2027", "24/7",
        "ISBN 978-7-111-54742-6", "000-000-0000", "0-100-200", "1-2-3-4-5",
    ],
)  # fmt: skip
def test_other_numbers_stay(text: str) -> None:
    assert without_personal(text) == text


@pytest.mark.parametrize(
    "name",
    [
        "customer_name", "CustomerName", "Customer Name", "buyer_email", "Phone", "shipping_name",
        "Shipping Phone", "receiverMobile", "consignee", "first_name",
        "收货人", "收货人姓名", "买家昵称",
        "手机号", "身份证号", "收货地址 ", "联系电话", "openid", "id_card", "date_of_birth", "zip",
        "Billing Street", "nick_name", "ip_address", "postal_code", "user_name", "会员名",
    ],
)  # fmt: skip
def test_columns_of_people_are_known_by_their_names(name: str) -> None:
    assert is_personal_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "name", "user_id", "customer_id", "campaign_name", "product_name", "event_name", "channel",
        "region", "sku_name", "store_name", "file_name", "cell", "variant", "city", "status",
        "handsets", "telemetry", "emailing", "display_name", "account_name",
        "渠道", "商品名称", "店铺名", "地区", "活动名", "客户编号", "description",
        "equipment", "zipped",
    ],
)  # fmt: skip
def test_other_columns_are_not(name: str) -> None:
    assert not is_personal_name(name)


def test_a_column_of_many_different_names_is_one_of_people() -> None:
    for name in ("name", "customer", "Buyer", "客户", "contact"):
        assert is_personal_name(name, 8_469)
        assert not is_personal_name(name, 6), "six shops, or plans"
    for name in ("campaign_name", "customer_id", "member_level", "sku", "客户编号"):
        assert not is_personal_name(name, 8_469)


def test_what_is_found_twice_is_masked_once() -> None:
    text = "mail zhang@qq.com or ＋８６ 138 0013 8000, 朝阳区建国路93号"
    assert without_personal(text) == "mail *** or ***, ***"


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
