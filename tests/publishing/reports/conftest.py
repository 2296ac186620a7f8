"""A made-up campaign review, as the session would leave it in an executed notebook."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from opsnb.publishing.reports import MIME, Run

BARS = [("7", 96, 102), ("8", 99, 108), ("9", 104, 111), ("10", 103, 148), ("11", 101, 109)]


def words(en: Any, zh: Any) -> dict[str, Any]:
    return {"en": en, "zh": zh}


def payload(html: dict[str, str], **records: Any) -> dict[str, Any]:
    """A MIME bundle with the seam's payload; records are given by language or once for both."""
    shared = {name: records.pop(name) for name in ("facts", "status", "tables") if name in records}
    spoken: dict[str, dict[str, Any]] = {}
    for code in ("en", "zh"):
        spoken[code] = {
            name: [{**row, **row.get(code, {})} for row in rows]
            if isinstance(rows, list)
            else rows[code]
            for name, rows in records.items()
        }
        for rows in spoken[code].values():
            for row in rows if isinstance(rows, list) else []:
                row.pop("en", None)
                row.pop("zh", None)
    spoken["zh"]["html"] = html["zh"]
    return {
        "text/plain": "shown in the report",
        "text/html": html["en"],
        MIME: {"v": 1, "facts": [], "status": None, "tables": {}, **shared, "languages": spoken},
    }


def fact(key: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"key": key, "id": key.split("/")[0], "value": value, "unit": "money", **more}


def shown(bundle: dict[str, Any]) -> NotebookNode:
    return new_output("display_data", data=bundle)


def code(cell_id: str, *bundles: dict[str, Any], tags: tuple[str, ...] = ()) -> NotebookNode:
    cell = new_code_cell(
        f"secret_source_of('{cell_id}')",
        id=cell_id,
        outputs=[
            new_output("stream", name="stderr", text="/home/me/x.py: UserWarning: noise"),
            *map(shown, bundles),
        ],
        execution_count=1,
    )
    cell.metadata["tags"] = list(tags)
    return cell


def text(cell_id: str, source: str, *tags: str) -> NotebookNode:
    cell = new_markdown_cell(source, id=cell_id)
    cell.metadata["tags"] = list(tags)
    return cell


def verdict_html(word: str, sentence: str, rule: str, grade: str) -> str:
    return (
        f'<div class="ob-verdict ob-good"><span class="ob-word">{word}</span> '
        f'<span class="ob-grade" title="{grade}">B</span>'
        f'<p class="ob-sentence">{sentence}</p><p class="ob-rule">{rule}</p></div>'
    )


def cards_html(rows: list[tuple[str, str, str, str, str]]) -> str:
    cards = "".join(
        f'<div class="ob-card ob-{tone}"><p class="ob-label">{label}</p>'
        f'<p class="ob-value">{value}</p>'
        f'<p class="ob-status">{status}</p><p class="ob-meta">{meta}</p></div>'
        for label, value, status, meta, tone in rows
    )
    return f'<div class="ob-cards">{cards}</div>'


def table_html(head: list[str], rows: list[list[str]], caption: str, kind: str = "") -> str:
    head_row = "".join(
        f'<th class="{"ob-num" if i else ""}">{cell}</th>' for i, cell in enumerate(head)
    )
    body = "".join(
        "<tr>"
        + "".join(f'<td class="{"ob-num" if i else ""}">{cell}</td>' for i, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="ob-table-wrap"><table class="ob-table {kind}"><caption>{caption}</caption>'
        f"<thead><tr>{head_row}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def figure_html(claim: str, alt: str, source: str, label: str) -> str:
    bars = "".join(
        f'<rect x="{60 + 130 * i}" y="{260 - height}" width="40" height="{height}" fill="#b9bec6"/>'
        f'<rect x="{104 + 130 * i}" y="{260 - now}" width="40" height="{now}" fill="#1f4f82"/>'
        f'<text x="{102 + 130 * i}" y="282" text-anchor="middle">{month}{label}</text>'
        for i, (month, height, now) in enumerate(BARS)
    )
    return (
        f'<figure class="ob-figure"><p class="ob-claim">{claim}</p>'
        f'<svg role="img" aria-label="{alt}" viewBox="0 0 720 300" font-family="Noto Sans SC">'
        f'<line x1="40" x2="700" y1="260" y2="260" stroke="#888"/>{bars}</svg>'
        f'<figcaption class="ob-source">{source}</figcaption></figure>'
    )


DECISION = words(
    {
        "question": "Repeat the campaign in January?",
        "by": "Li Na",
        "recommendation": "Yes, without the creator budget",
    },
    {"question": "一月是否再办一次？", "by": "李娜", "recommendation": "是，但不含达人预算"},
)
CLAIM = words(
    "The campaign brought ¥312,000 that would not have come otherwise.",
    "活动带来了 31.2 万元的净增收入。",
)
SUMMARY = words(
    {
        "verdict": (
            "REPEAT",
            "Golden week paid: ¥312,000 of extra revenue (¥205,000 to ¥418,000) on ¥255,000.",
            "Repeat when the whole interval is above zero and gross profit covers the cost.",
            "B: comparison of regions or synthetic control",
        ),
        "cards": [
            ("Incremental revenue", "¥312k", "▲ above the line", "line ¥250k", "good"),
            ("Cost", "¥255k", "▼ over budget", "budget ¥245k", "warn"),
            ("Incremental ROI", "0.22", "● close to the line", "−0.20 to 0.64", "neutral"),
            ("Refund rate", "4.1%", "▼ worse", "+0.90 pp", "bad"),
        ],
        "heads": ["Decision", "By", "Proposal", "Due"],
        "due": "20 Nov 2026",
        "caption": "To decide",
        "more": "Refunds rose by 0.90 pp; most come from one product.",
        "evidence": "evidence",
    },
    {
        "verdict": (
            "再办",
            "国庆活动回本：净增收入 31.2 万元（20.5 万至 41.8 万元），成本 25.5 万元。",
            "整个区间高于零、毛利覆盖成本时再办。",
            "B：区域对照或合成控制",
        ),
        "cards": [
            ("净增收入", "31.2万", "▲ 高于成功线", "成功线 25 万", "good"),
            ("成本", "25.5万", "▼ 超预算", "预算 24.5 万", "warn"),
            ("增量 ROI", "0.22", "● 接近目标", "−0.20 至 0.64", "neutral"),
            ("退款率", "4.1%", "▼ 变差", "+0.90 个百分点", "bad"),
        ],
        "heads": ["待决事项", "决策人", "建议", "期限"],
        "due": "2026年11月20日",
        "caption": "需要决定",
        "more": "退款率上升 0.90 个百分点，多数来自一款商品。",
        "evidence": "证据",
    },
)


def _summary_html(code_: str) -> str:
    said, decision = SUMMARY[code_], DECISION[code_]
    row = [decision["question"], decision["by"], decision["recommendation"], said["due"]]
    return (
        verdict_html(*said["verdict"])
        + cards_html(said["cards"])
        + table_html(said["heads"], [row], said["caption"], "ob-decisions")
        + '<ul class="ob-findings"><li class="ob-good"><span class="ob-grade" title="B">B</span> '
        + f'{CLAIM[code_]} <a href="#effect">{said["evidence"]}</a></li>'
        + '<li class="ob-warn"><span class="ob-grade" title="E">E</span> '
        + f'{said["more"]} <a href="#nowhere">{said["evidence"]}</a></li></ul>'
    )


def _summary() -> dict[str, Any]:
    carried = {"evidence": ["campaign.effect"]}
    graded = {"grade": "B", "tone": "good", **carried}
    return payload(
        words(_summary_html("en"), _summary_html("zh")),
        facts=[fact("campaign.verdict", "repeat", unit="text")],
        verdict=words(
            {"word": "REPEAT", "sentence": "Golden week paid for itself.", "rule": None, **graded},
            {"word": "再办", "sentence": "国庆活动回本。", "rule": None, **graded},
        ),
        cards=[
            {
                "tone": "good",
                **carried,
                "en": {"label": "Incremental revenue", "value": "¥312k"},
                "zh": {"label": "净增收入", "value": "31.2万"},
            }
        ],
        decisions=[{"due": "2026-11-20", **carried, **DECISION}],
        findings=[
            {
                **graded,
                "section": "effect",
                "en": {"claim": CLAIM["en"]},
                "zh": {"claim": CLAIM["zh"]},
            }
        ],
    )


def checks_html(passed: str, warned: str) -> str:
    return (
        f'<ul class="ob-checks"><li class="ob-pass"><b>✓</b> {passed}</li>'
        f'<li class="ob-warn"><b>◆</b> {warned}</li></ul>'
    )


def _trust() -> dict[str, Any]:
    html = {
        "en": checks_html("Orders are complete up to 31 October.", "0.4% have no channel."),
        "zh": checks_html("订单数据完整至 10 月 31 日。", "0.4% 的订单没有渠道。"),
    }
    return payload(
        html,
        status=None,
        tables={
            "orders": {
                "fingerprint": "9f2c55aa01bb77",
                "rows": 128456,
                "quarantined": 12,
                "from": "2026-07-01",
                "to": "2026-10-31",
            }
        },
        checks=[
            {
                "id": "orders.complete",
                "status": "pass",
                "evidence": [],
                "en": {"message": "Orders are complete up to 31 October."},
                "zh": {"message": "订单数据完整至 10 月 31 日。"},
            },
            {
                "id": "orders.channel",
                "status": "warn",
                "evidence": [],
                "en": {"message": "0.4% of the orders have no channel."},
                "zh": {"message": "0.4% 的订单没有渠道。"},
            },
        ],
    )


def _effect() -> dict[str, Any]:
    return payload(
        words(
            figure_html(
                "October stands out from the four months around it",
                "Bars of five months, October highest",
                "Source: orders, thousand yuan a day",
                "",
            ),
            figure_html(
                "十月明显高于前后四个月",
                "五个月的柱状图，十月最高",
                "来源：订单，单位千元/日",
                "月",
            ),
        ),
        facts=[
            fact(
                "campaign.effect", 312000.0, low=205000.0, high=418000.0, method="synthetic control"
            )
        ],
    )


def _long_table() -> dict[str, Any]:
    rows = [
        [f"U{i:04d} 张喆㛃", f"{i * 37 % 900}", f"¥{i * 1371:,}", f"{i % 17 / 100:.2%}"]
        for i in range(1, 61)
    ]
    return payload(
        words(
            table_html(["User", "Orders", "Revenue", "Refund rate"], rows, "Sixty users by revenue")
            + '<p class="ob-note">Sorted by revenue.</p>',
            table_html(["用户", "订单", "收入", "退款率"], rows, "收入前 60 名用户")
            + '<p class="ob-note">按收入排序。</p>',
        )
    )


def _wide_table() -> dict[str, Any]:
    head = ["Channel", *[f"Week {i}" for i in range(1, 12)]]
    rows = [
        [name, *[f"{(i + 3) * (j + 7) * 13.7:,.0f}" for j in range(11)]]
        for i, name in enumerate(["App push", "WeChat", "SMS", "Search", "微信小程序"])
    ]
    zh = ["渠道", *[f"第{i}周" for i in range(1, 12)]]
    return payload(
        words(
            table_html(head, rows, "Revenue by channel and week, yuan"),
            table_html(zh, rows, "各渠道每周收入，元"),
        )
    )


@pytest.fixture
def notebook() -> NotebookNode:
    built = new_notebook(
        metadata={
            "opsnb": {"name": "made_up_review"},
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
        },
        cells=[
            text("title", "# Campaign review\n\nDid the campaign pay, and should it be repeated?"),
            code("setup", payload(words("<p>SETUP OUTPUT</p>", "<p>SETUP</p>")), tags=("setup",)),
            code("params", tags=("parameters",)),
            code("injected", tags=("injected-parameters",)),
            text(
                "trust",
                "## Can the data be trusted?\n\nChecks come first.",
            ),
            code("gate", _trust()),
            text(
                "effect",
                "## What the campaign added\n\nThe region’s own history says what to expect.",
            ),
            code("effect_chart", _effect()),
            text(
                "method",
                "### How the effect was worked out\n\nWeights fitted before 1 October.",
                "details",
            ),
            code("method_table", _wide_table(), tags=("details",)),
            text("users", "## Who bought\n\n### The sixty largest"),
            code("users_table", _long_table()),
            text("decide", "## Verdict"),
            code("verdict", _summary(), tags=("summary",)),
        ],
    )
    nbformat.validate(built)
    return built


@pytest.fixture
def run(tmp_path: Path) -> Run:
    zone = dt.timezone(dt.timedelta(hours=8))
    messages = tmp_path / "workspace" / "messages"
    messages.mkdir(parents=True)
    (messages / "zh.toml").write_text(
        "[playbook.made_up_review]\n"
        'title = "# 活动复盘\\n\\n活动是否值得，要不要再办？"\n'
        'trust = "## 数据可信吗？\\n\\n先看检查：结论不会比数据更可靠。"\n'
        'effect = "## 活动带来了什么\\n\\n用未参与活动的地区推算没有活动时的水平。"\n'
        'method = "### 效果的计算方法\\n\\n权重由 10 月 1 日之前的数据拟合。"\n'
        'users = "## 谁在购买\\n\\n### 收入最高的 60 人"\n'
        'decide = "## 结论"\n',
        encoding="utf-8",
    )
    return Run(
        playbook="made_up_review",
        title=words("Campaign review", "活动复盘"),
        subject="golden_week",
        subject_label=words("Golden week", "国庆黄金周"),
        cycle="2026-10",
        slug="made_up_review-golden_week",
        languages=("en", "zh"),
        currency="CNY",
        workspace_name=words("Lantern Market", "灯笼集市"),
        root=tmp_path / "workspace",
        parameters={
            "campaign": "golden_week",
            "cycle": "2026-10",
            "controls": ["search_index"],
            "day": dt.date(2026, 10, 1),
        },
        provenance={
            "git": {"commit": "75c4b1b0123456789", "dirty": False},
            "playbook": {"name": "made_up_review", "sha256": "a1b2c3d4e5f6a7b8"},
            "opsnb": "0.1.0",
            "python": "3.11.9",
            "packages": {"ibis": "12.0.0", "duckdb": "1.5.6"},
        },
        started=dt.datetime(2026, 11, 16, 9, 30, tzinfo=zone),
        ended=dt.datetime(2026, 11, 16, 9, 30, 42, tzinfo=zone),
        message_folders=(messages,),
    )
