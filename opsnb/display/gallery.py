"""Every part and chart type on one page, in each language, over invented data.

    python -m opsnb.display.gallery OUT.html

For those who change a chart: look at the page at full width, at phone width, in the dark,
and on paper. The numbers are invented; no report uses them.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import numpy as np

from opsnb import resources
from opsnb.display import (
    Absent,
    Actions,
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
    charts,
)
from opsnb.findings.records import Action, Card, Check, Decision, Fact, Finding, Verdict
from opsnb.messages import LANGUAGES, Language, Said


def both(en: str, zh: str) -> Said:
    return {"en": en, "zh": zh}


TEXTS = {
    "alt": both(
        "The same as text for a reader who does not see it.", "供看不到图的读者阅读的文字说明。"
    ),
    "source": both("invented data, for illustration", "虚构数据，仅作示意"),
}


def parts() -> list[Part]:
    """The text parts of a first screen."""
    lift = Fact("ab.lift", 0.0412, unit="relative", low=0.0118, high=0.0706)
    return [
        VerdictBox(
            Verdict(
                both("SHIP", "全量上线"),
                both(
                    "One-page checkout raised order conversion by 4.1% without hurting refunds or speed.",
                    "单页结算使下单转化率提升 4.1%，退款率与页面速度未受影响。",
                ),
                "A",
                "good",
                both(
                    "Rule: the interval of the primary metric lies above zero and no guardrail crosses its limit.",
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
                    "6.75%",
                    both("+4.1% against control", "较对照组 +4.1%"),
                    both("+1.2% to +7.1%", "+1.2% 至 +7.1%"),
                    "good",
                    both("on target", "达标"),
                ),
                Card(
                    both("Net revenue", "净收入"),
                    both("¥5.04m", "¥503.72万"),
                    lift,
                    both("¥5.20m", "¥520.00万"),
                    both("−2.1% on last month", "环比 −2.1%"),
                    None,
                    "warn",
                    both("3.1% short", "差 3.1%"),
                ),
                Card(
                    both("First reply within 5 minutes", "5 分钟内首次响应率"),
                    "71.4%",
                    lift,
                    "85%",
                    both("−6.20 pp on last month", "环比 −6.20 个百分点"),
                    None,
                    "bad",
                    both("off target", "未达标"),
                ),
                Card(
                    both("Monthly active users", "月活跃用户"),
                    "182,340",
                    lift,
                    None,
                    both("+0.4% on last month", "环比 +0.4%"),
                    None,
                    "neutral",
                    both("no target", "未设目标"),
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
                    "A",
                    "good",
                    "time",
                ),
                Finding(
                    both(
                        "The gain is smaller on iOS; the difference may be luck.",
                        "iOS 端提升较小，但差异可能出于偶然。",
                    ),
                    (lift,),
                    "E",
                    "neutral",
                ),
                Finding(
                    both(
                        "Refunds of new users rose above last year's level.",
                        "新用户退款率高于去年同期。",
                    ),
                    (lift,),
                    "D",
                    "warn",
                    "refunds",
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
                    "roi": None,
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


def drawings() -> list[Part]:
    """One chart of each type."""
    return [*_over_time(), *_in_rows()]


def _over_time() -> list[Part]:
    rng = np.random.default_rng(7)
    days = [dt.date(2026, 9, 1) + dt.timedelta(days=n) for n in range(61)]
    week = np.array([1.0, 0.97, 0.96, 0.98, 1.08, 1.22, 1.18])
    expected = 150_000 * week[np.arange(61) % 7] * (1 + 0.001 * np.arange(61))
    effect = np.where((np.arange(61) >= 30) & (np.arange(61) < 38), 60_000, 0)
    dip = np.where((np.arange(61) >= 38) & (np.arange(61) < 44), -14_000, 0)
    observed = expected + effect + dip + rng.normal(0, 6000, 61)
    known = np.arange(61) >= 30
    months = [dt.date(2025 + (n + 9) // 12, (n + 9) % 12 + 1, 1) for n in range(13)]
    base = 4.2e6 + 60_000 * np.arange(13) + rng.normal(0, 120_000, 13)
    campaign = charts.Event(
        dt.date(2026, 10, 1), both("Golden Week", "国庆大促"), dt.date(2026, 10, 8)
    )
    warm_up = charts.Event(dt.date(2026, 9, 24), both("warm-up", "预热"), dt.date(2026, 9, 30))
    outage = charts.Event(
        dt.date(2026, 10, 14), both("payment outage", "支付故障"), dt.date(2026, 10, 15)
    )
    release = charts.Event(dt.date(2026, 10, 12), both("release 5.2", "5.2 版发布"))
    return [
        charts.trend(
            [
                charts.Series(both("This month", "本月"), days[30:], list(observed[30:])),
                charts.Series(both("Last year", "去年同期"), days[30:], list(expected[30:] * 0.93)),
            ],
            claim=both("Net revenue ran ahead of last year in all but the outage days", "除支付故障两天外，净收入持续高于去年同期"),
            format="money", events=[campaign, release, outage], **TEXTS,
        ),
        charts.trend(
            charts.Series(both("Net revenue", "净收入"), months, list(base), list(base - 2e5), list(base + 2e5)),
            claim=both("Net revenue has grown for six months and is still short of its target", "净收入连续六个月增长，但仍低于目标"),
            format="money",
            target=charts.Series(both("Target", "目标"), months[6:], [4.9e6 + 5e4 * n for n in range(7)]),
            **TEXTS,
        ),
        charts.counterfactual(
            days, list(observed),
            [float(v) if k else None for v, k in zip(expected, known, strict=True)],
            [float(v) - 13_000 if k else None for v, k in zip(expected, known, strict=True)],
            [float(v) + 13_000 if k else None for v, k in zip(expected, known, strict=True)],
            claim=both("Golden Week brought ¥480,000 more than expected and gave a sixth of it back", "国庆大促带来约 ¥48万 增量，随后回落约六分之一"),
            format="money", events=[warm_up, campaign], **TEXTS,
        ),
    ]  # fmt: skip


def _in_rows() -> list[Part]:
    return [
        charts.forest(
            [
                charts.Effect(both("Order conversion (primary)", "下单转化率（主指标）"), 0.0412, 0.0118, 0.0706, strong=True),
                charts.Effect(both("Revenue per user", "人均收入"), 0.021, -0.018, 0.060),
                charts.Effect(both("Refund rate (guardrail)", "退款率（护栏）"), 0.004, -math_inf(), 0.031, margin=0.05),
                charts.Effect(both("Page load over three seconds (guardrail)", "加载超过三秒占比（护栏）"), -0.034, -0.052, -0.016, margin=0.05),
                charts.Effect(both("New users from paid social in tier-3 cities", "三线城市付费社交渠道新用户"), 0.085, -0.21, 0.38),
            ],
            claim=both("Conversion rose; no guardrail came near its limit", "转化率显著提升，护栏指标均未接近界限"),
            sides=(both("control better", "对照组更好"), both("treatment better", "实验组更好")),
            mde=(0.03, both("smallest effect that matters", "最小可检测效应")),
            **TEXTS,
        ),
        charts.bars(
            [
                charts.Bar(both("App push", "应用推送"), 412_300, 350_000, 470_000),
                charts.Bar(both("WeChat groups", "微信社群"), 288_000, 240_000, 330_000),
                charts.Bar(both("Short-video creators", "短视频达人"), 1_152_000, 900_000, 1_400_000, strong=True),
                charts.Bar(both("Search advertising", "搜索广告"), 96_000),
                charts.Bar(both("Offline", "线下"), -42_000),
            ],
            claim=both("Creators brought more than all other channels together", "达人渠道的增量超过其他渠道之和"),
            format="money", reference=(381_000, both("average", "平均")), **TEXTS,
        ),
        charts.funnel(
            [
                charts.Stage(both("Visit", "访问"), 182_340, 170_000),
                charts.Stage(both("Product page", "商品详情页"), 96_230, 92_000),
                charts.Stage(both("Cart", "加入购物车"), 31_870, 33_500, strong=True),
                charts.Stage(both("Order", "下单"), 12_460, 12_900),
                charts.Stage(both("Paid", "支付"), 11_020, 11_350),
            ],
            claim=both("Fewer visitors put something in the cart than in September", "加购转化低于 9 月"),
            comparison=both("September 2026", "2026年9月"), **TEXTS,
        ),
        charts.funnel(
            [
                charts.Stage(both("Catalogue", "目录"), 1022),
                charts.Stage(both("Cart", "购物车"), 512),
                charts.Stage(both("Payment done", "支付完成"), 173),
            ],
            claim=both("One visit in six ends in a payment", "六分之一的访问最终支付"),
            unit=both("Sessions", "会话数"), **TEXTS,
        ),
        charts.cohort_triangle(
            [
                charts.Cohort(
                    both(f"{_MONTHS[n]} 2026", f"2026年{n + 1}月"), 3200 + 137 * n,
                    [1.0, *(0.44 * 0.86**age + 0.004 * n for age in range(9 - n))],
                )
                for n in range(10)
            ],
            claim=both("Two users in five come back in the month after", "约四成用户在次月回访"),
            **TEXTS,
        ),
        charts.matrix(
            [both("Champions", "高价值"), both("Loyal", "忠诚"), both("At risk", "流失预警"), both("Lost", "已流失")],
            [both("Champions", "高价值"), both("Loyal", "忠诚"), both("At risk", "流失预警"), both("Lost", "已流失")],
            [[0.72, 0.18, 0.08, 0.02], [0.11, 0.64, 0.19, 0.06], [0.02, 0.14, 0.51, 0.33], [0.0, 0.01, 0.07, 0.92]],
            claim=both("A third of the users at risk were lost within a month", "流失预警用户中三分之一在一个月内流失"),
            **TEXTS,
        ),
        charts.bridge(
            [
                charts.Step(both("September", "9 月"), 5_150_000, True),
                charts.Step(both("More active users", "活跃用户增加"), 120_000),
                charts.Step(both("Order conversion", "下单转化率"), -310_000),
                charts.Step(both("Order value", "客单价"), 96_000),
                charts.Step(both("Mix of channels", "渠道结构"), -18_800),
                charts.Step(both("October", "10 月"), 5_037_200, True),
            ],
            claim=both("Lower conversion outweighed the gain in users and order value", "转化率下滑抵消了用户数与客单价的增长"),
            **TEXTS,
        ),
        charts.waterfall(
            [
                charts.Step(both("Incremental gross profit", "增量毛利"), 412_000),
                charts.Step(both("Media", "媒介投放"), -120_000),
                charts.Step(both("Rewards", "奖励补贴"), -185_000),
                charts.Step(both("Labour", "人力"), -40_000),
                charts.Step(both("Profit", "利润"), 67_000, True),
            ],
            claim=both("The campaign earned its cost back by ¥67,000", "活动收回成本并盈余 ¥6.7万"),
            **TEXTS,
        ),
    ]  # fmt: skip


def math_inf() -> float:
    return float("inf")


_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct"]


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
        sys.exit("usage: python -m opsnb.display.gallery OUT.html [LANGUAGE ...]")
    main(Path(sys.argv[1]), sys.argv[2:] or LANGUAGES)
