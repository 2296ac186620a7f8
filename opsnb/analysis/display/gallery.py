"""Every part and chart type on one page, in each language, over invented data.

    python -m opsnb.analysis.display.gallery OUT.html

For those who change a chart: look at the page at full width, at phone width, in the dark,
and on paper. The numbers are invented; no report uses them.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

from opsnb.analysis.display import (
    Absent,
    Cards,
    Checks,
    Column,
    Decisions,
    Findings,
    Fold,
    Interval,
    Note,
    Paragraph,
    Part,
    Table,
    Toned,
    VerdictBox,
)
from opsnb.analysis.display.gallery_charts import both, drawings
from opsnb.analysis.findings import Card, Check, Decision, Fact, Finding, Verdict
from opsnb.base import resources
from opsnb.base.messages import LANGUAGES, Language


def parts() -> list[Part]:
    """The text parts of a first screen."""
    lift = Fact("ab.lift", 0.0412, unit="relative", low=0.0118, high=0.0706)
    return [
        VerdictBox(
            Verdict(
                both("SHIP", "全量上线"),
                both(
                    "One-page checkout raised conversion by 4.1% without hurting refunds or speed.",
                    "单页结算使下单转化率提升 4.1%，退款率与页面速度未受影响。",
                ),
                "A",
                "good",
                both(
                    "Rule: the primary interval lies above zero; no guardrail crosses its limit.",
                    "判定规则：主指标区间整体大于零，且护栏指标均未越过可接受界限。",
                ),
            )
        ),
        Cards(
            [
                Card(
                    both("Order conversion", "下单转化率"),
                    "6.83%",
                    lift,
                    target="6.75%",
                    change=both("+4.1% against control", "较对照组 +4.1%"),
                    interval=both("+1.2% to +7.1%", "+1.2% 至 +7.1%"),
                    tone="good",
                    status=both("on target", "达标"),
                ),
                Card(
                    both("Net revenue", "净收入"),
                    both("¥5.04m", "¥503.72万"),
                    lift,
                    target=both("¥5.20m", "¥520.00万"),
                    change=both("−2.1% on last month", "环比 −2.1%"),
                    tone="warn",
                    status=both("3.1% short", "差 3.1%"),
                ),
                Card(
                    both("First reply within 5 minutes", "5 分钟内首次响应率"),
                    "71.4%",
                    lift,
                    target="85%",
                    change=both("−6.20 pp on last month", "环比 −6.20 个百分点"),
                    tone="bad",
                    status=both("off target", "未达标"),
                ),
                Card(
                    both("Monthly active users", "月活跃用户"),
                    "182,340",
                    lift,
                    change=both("+0.4% on last month", "环比 +0.4%"),
                    tone="neutral",
                    status=both("no target", "未设目标"),
                ),
            ]
        ),
        Decisions(
            [
                Decision(
                    both("Ship the one-page checkout to all users?", "单页结算是否全量上线？"),
                    both("Wang Lei", "王磊"),
                    both("Yes, from 20 October", "是，10 月 20 日起"),
                    dt.date(2026, 10, 18),
                ),
                Decision(
                    both("Add two agents to the evening shift?", "晚班是否增加两名客服？"),
                    both("Li Na", "李娜"),
                    None,
                    None,
                ),
            ]
        ),
        Findings(
            [
                Finding(
                    both("Checkout time fell by 11 seconds.", "结算用时缩短 11 秒。"),
                    (lift,),
                    grade="A",
                    tone="good",
                    section="time",
                ),
                Finding(
                    both(
                        "The gain is smaller on iOS; the difference may be luck.",
                        "iOS 端提升较小，但差异可能出于偶然。",
                    ),
                    (lift,),
                    grade="E",
                    tone="neutral",
                ),
                Finding(
                    both(
                        "Refunds of new users rose above last year's level.",
                        "新用户退款率高于去年同期。",
                    ),
                    (lift,),
                    grade="D",
                    tone="warn",
                    section="refunds",
                ),
            ]
        ),
        Checks(
            [
                Check(
                    "srm",
                    "pass",
                    both("Users split as planned (p = 0.412).", "分流比例符合计划（p = 0.412）。"),
                ),
                Check(
                    "late",
                    "warn",
                    both(
                        "1.2% of events came in after the cut-off.", "1.2% 的事件晚于截止时间到达。"
                    ),
                ),
                Check(
                    "cost", "block", both("The cost ledger lacks labour.", "成本台账缺少人力成本。")
                ),
            ]
        ),
        Table(
            [
                Column("channel", both("Channel", "渠道")),
                Column("spend", both("Spend", "投放"), "money"),
                Column("orders", both("Orders", "订单数"), "integer"),
                Column("lift", both("Lift", "提升"), "signed_percent"),
                Column("range", both("95% interval", "95% 区间"), "signed_percent"),
                Column("roi", both("Incremental ROI", "增量 ROI"), "signed_percent"),
            ],
            [
                {
                    "channel": both("App push", "应用推送"),
                    "spend": 82_000,
                    "orders": 10_423,
                    "lift": lift,
                    "range": Interval(0.0118, 0.0706),
                    "roi": Toned(0.42, "good", both("above line", "高于标准")),
                },
                {
                    "channel": both("WeChat groups", "微信社群"),
                    "spend": 1_240_500.5,
                    "orders": 3_890,
                    "lift": 0.012,
                    "range": Interval(None, 0.05),
                    "roi": Toned(-0.18, "bad", both("loss", "亏损")),
                },
                {
                    "channel": "<script>alert(1)</script>",
                    "spend": None,
                    "orders": 12,
                    "lift": -0.003,
                    "range": None,
                    "roi": Toned(None, "neutral", both("too few", "样本太少")),
                },
            ],
            caption=both("What each channel brought in", "各渠道带来的增量"),
            order=both("orders, the most first", "按订单数降序"),
            note=both("Spend includes rewards.", "投放含奖励成本。"),
        ),
        Paragraph(both("A plain paragraph.", "普通段落。")),
        Paragraph(both("A paragraph with a status.", "带状态的段落。"), "warn"),
        Note(both("A remark in small print.", "小字备注。")),
        Absent(
            both("Section left out: table surveys is not mapped.", "本节略去：未接入 surveys 表。")
        ),
        Fold(
            both("How it was computed", "计算方法"),
            [Paragraph(both("By difference in means.", "均值之差。"))],
        ),
    ]


def page(language: Language) -> str:
    """The parts and charts in one language."""
    return "\n".join(part.html(language) for part in [*parts(), *drawings()])


def main(path: Path, codes: list[str]) -> None:
    """Writes the page."""
    css = (resources.templates() / "report" / "fragments.css").read_text(encoding="utf-8")
    body = "\n".join(f'<section lang="{code}">{page(Language(code))}</section>' for code in codes)
    faces = "".join(
        f'@font-face{{font-family:"Noto Sans SC";font-weight:{weight};'
        f'src:url("{(resources.fonts() / name).as_uri()}")}}'
        for weight, name in (
            (400, "NotoSansSC-Regular-gb2312.ttf"),
            (700, "NotoSansSC-Bold-gb2312.ttf"),
        )
    )
    path.write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>Gallery</title>'
        f"<style>{faces}{css}\nbody{{max-width:50rem;margin:0 auto;padding:1rem;line-height:1.6;"
        "background:var(--ob-paper);color:var(--ob-ink);font-family:var(--ob-font)}</style></head>"
        f"<body>{body}</body></html>",
        encoding="utf-8",
    )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m opsnb.analysis.display.gallery OUT.html [LANGUAGE ...]")
    main(Path(sys.argv[1]), sys.argv[2:] or LANGUAGES)
