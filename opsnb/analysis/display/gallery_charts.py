"""Charts of the gallery: one of each type, over invented data."""

from __future__ import annotations

import datetime as dt
import math
from typing import TypedDict

import numpy as np

from opsnb.analysis.display import Part, charts
from opsnb.base.messages import Said

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct"]
_RNG_SEED = 7


def both(en: str, zh: str) -> Said:
    """A text in both languages."""
    return {"en": en, "zh": zh}


class _Texts(TypedDict):
    claim: Said
    alt: Said
    source: Said


def _texts(en: str, zh: str) -> _Texts:
    """Claim, alt text and source of an invented chart."""
    return {
        "claim": both(en, zh),
        "alt": both("What the chart shows, as text.", "图表内容的文字说明。"),
        "source": both("invented data, for illustration", "虚构数据，仅作示意"),
    }


def drawings() -> list[Part]:
    """One chart of each type."""
    return [*_over_time(), *_reviews(), *_effects(), *_in_rows(), *_tables(), *_bridges()]


def _daily() -> tuple[list[dt.date], np.ndarray, np.ndarray, np.ndarray]:
    """61 days: dates, expected, observed, and which belong to the campaign and after."""
    rng = np.random.default_rng(_RNG_SEED)
    count = np.arange(61)
    week = np.array([1.0, 0.97, 0.96, 0.98, 1.08, 1.22, 1.18])
    expected = 150_000 * week[count % 7] * (1 + 0.001 * count)
    lift = np.where((count >= 30) & (count < 38), 60_000, 0)
    dip = np.where((count >= 38) & (count < 44), -14_000, 0)
    observed = expected + lift + dip + rng.normal(0, 6000, 61)
    return (
        [dt.date(2026, 9, 1) + dt.timedelta(days=int(n)) for n in count],
        expected,
        observed,
        count >= 30,
    )


def _events() -> dict[str, charts.Event]:
    day = dt.date
    return {
        "warm_up": charts.Event(day(2026, 9, 24), both("warm-up", "预热"), day(2026, 9, 30)),
        "campaign": charts.Event(
            day(2026, 10, 1), both("Golden Week", "国庆大促"), day(2026, 10, 8)
        ),
        "release": charts.Event(day(2026, 10, 12), both("release 5.2", "5.2 版发布")),
        "outage": charts.Event(
            day(2026, 10, 14), both("payment outage", "支付故障"), day(2026, 10, 15)
        ),
    }


def _where(values: np.ndarray, known: np.ndarray) -> list[float | None]:
    return [float(value) if keep else None for value, keep in zip(values, known, strict=True)]


def _over_time() -> list[Part]:
    dates, expected, observed, known = _daily()
    events = _events()
    months = [dt.date(2025 + (n + 9) // 12, (n + 9) % 12 + 1, 1) for n in range(13)]
    base = 4.2e6 + 60_000 * np.arange(13) + np.random.default_rng(3).normal(0, 120_000, 13)
    flagged = [dates[9], dates[22], dates[23], dates[52]]
    odd = observed.copy()
    odd[30:44] = expected[30:44]
    odd[[9, 22, 23, 52]] += [70_000, -62_000, -51_000, 80_000]
    return [
        charts.trend(
            [
                charts.Series(both("This month", "本月"), dates[30:], list(observed[30:])),
                charts.Series(
                    both("Last year", "去年同期"), dates[30:], list(expected[30:] * 0.93)
                ),
            ],
            format="money",
            events=[events["campaign"], events["release"], events["outage"]],
            **_texts(
                "Net revenue ran ahead of last year in all but the outage days",
                "除支付故障两天外，净收入持续高于去年同期",
            ),
        ),
        charts.trend(
            charts.Series(
                both("Net revenue", "净收入"),
                months,
                list(base),
                list(base - 2e5),
                list(base + 2e5),
            ),
            format="money",
            target=charts.Series(
                both("Target", "目标"), months[6:], [4.9e6 + 5e4 * n for n in range(7)]
            ),
            **_texts(
                "Net revenue grows and is still short of its target", "净收入增长，但仍低于目标"
            ),
        ),
        charts.counterfactual(
            dates,
            list(observed),
            _where(expected, known),
            _where(expected - 13_000, known),
            _where(expected + 13_000, known),
            format="money",
            events=[events["warm_up"], events["campaign"]],
            **_texts(
                "Golden Week brought ¥480,000 more than expected and gave a sixth of it back",
                "国庆大促带来约 ¥48万 增量，随后回落约六分之一",
            ),
        ),
        charts.anomaly_timeline(
            dates,
            list(odd),
            list(expected),
            list(expected - 22_000),
            list(expected + 22_000),
            flagged=flagged,
            format="money",
            events=[events["outage"]],
            **_texts("Four days left the expected range", "四天超出预期范围"),
        ),
    ]


def _reviews() -> list[Part]:
    weeks = [dt.date(2026, 9, 21) + dt.timedelta(days=7 * n) for n in range(6)]
    months = [dt.date(2025 + (n + 10) // 12, (n + 10) % 12 + 1, 1) for n in range(12)]
    wave = 4.4e6 + 7e4 * np.arange(12) + 2e5 * np.sin(np.arange(12))
    ages, newer, before = (
        range(1, 7),
        [0.46, 0.4, 0.35, 0.31, 0.28, 0.26],
        [0.44, 0.37, 0.31, 0.27, 0.24, 0.21],
    )
    return [
        charts.kpi_trend(
            charts.KpiSpan(
                weeks,
                [1.12e6, 1.61e6, 1.22e6, 1.15e6, 1.18e6, 1.21e6],
                [1.05e6, 1.42e6, 1.18e6, 1.09e6, 1.11e6, 1.10e6],
                [None, None, None, None, None, 1.25e6],
            ),
            charts.KpiSpan(
                months, list(wave), list(wave * 0.91), [None] * 9 + [5.1e6, 5.15e6, 5.2e6]
            ),
            format="money",
            boxes=[
                (both("Last week", "上周"), both("¥1.21m", "¥121.00万")),
                (both("Week on week", "周环比"), "+2.5%"),
                (both("Year on year", "同比"), "+10.0%"),
                (both("Month to date", "本月累计"), both("¥5.04m", "¥503.72万")),
                (both("Quarter to date", "本季累计"), both("¥5.04m", "¥503.72万")),
                (both("Year to date", "本年累计"), both("¥48.1m", "¥4812万")),
            ],
            **_texts("Net revenue is 10% above last year", "净收入同比 +10%"),
        ),
        charts.calibration(
            [
                charts.Forecast(
                    both("Golden Week, incremental revenue", "国庆大促增量收入"),
                    300_000, 412_000, 150_000, 450_000, "money",
                ),
                charts.Forecast(
                    both("October, net revenue", "10 月净收入"),
                    5_200_000, 5_037_200, 5_060_000, 5_340_000, "money",
                ),
                charts.Forecast(
                    both("Checkout, conversion", "结算改版转化率"), 0.07, 0.0683, format="percent"
                ),
            ],
            **_texts("One of two ranges held what came", "两个预测区间中，一个涵盖了实际结果"),
        ),
        charts.quadrant(
            [
                charts.Point(both("App push", "应用推送"), 0.09, 0.42),
                charts.Point(both("WeChat groups", "微信社群"), 0.13, 0.36),
                charts.Point(both("Creators", "短视频达人"), 0.44, 0.12),
                charts.Point(both("Search", "搜索广告"), 0.24, -0.18),
                charts.Point(both("Offline", "线下"), 0.10, -0.31),
            ],
            x_format="percent",
            x_line=0.2,
            x_label=both("Share of spend", "费用占比"),
            y_label=both("Incremental ROI", "增量 ROI"),
            **_texts("The two cheapest online channels paid back best", "两个小渠道回报最高"),
        ),
        charts.curves(
            [
                charts.Curve(both("Arrived Apr to Jun", "4 月至 6 月新增"), ages, newer),
                charts.Curve(both("Arrived Jan to Mar", "1 月至 3 月新增"), ages, before),
            ],
            x_label=both("Months after arrival", "新增后第几个月"),
            y_label=both("Share of users who were active", "活跃用户占比"),
            **_texts("Newer users return more often", "近期新增用户回访更多"),
        ),
    ]  # fmt: skip


def _effects() -> list[Part]:
    days = range(1, 29)
    points = [
        charts.SeriesPoint(
            dt.date(2026, 9, 14) + dt.timedelta(days=n),
            0.041 + 0.09 * math.cos(n) / n,
            0.041 + 0.09 * math.cos(n) / n - 0.155 / math.sqrt(n),
            0.041 + 0.09 * math.cos(n) / n + 0.155 / math.sqrt(n),
        )
        for n in days
    ]
    return [
        charts.cumulative_effect(
            points,
            reference=(0.03, both("smallest effect that matters", "最小可检测效应")),
            **_texts("The effect settled near +4% after two weeks", "两周后效应稳定在 +4% 附近"),
        ),
        charts.forest(
            [
                charts.Effect(
                    both("Order conversion (primary)", "下单转化率（主指标）"),
                    0.0412, 0.0118, 0.0706, strong=True,
                ),
                charts.Effect(both("Revenue per user", "人均收入"), 0.021, -0.018, 0.060),
                charts.Effect(
                    both("Refund rate (guardrail)", "退款率（护栏）"),
                    0.004, -math.inf, 0.031, margin=0.05,
                ),
                charts.Effect(
                    both("Page load over three seconds (guardrail)", "加载超过三秒占比（护栏）"),
                    -0.034, -0.052, -0.016, margin=0.05,
                ),
                charts.Effect(
                    both("New users from paid social in tier-3 cities", "三线城市付费社交新用户"),
                    0.085, -0.21, 0.38,
                ),
            ],
            sides=(both("control better", "对照组更好"), both("treatment better", "实验组更好")),
            mde=(0.03, both("smallest effect that matters", "最小可检测效应")),
            **_texts("Conversion rose; no guardrail came near its limit", "转化率提升，护栏正常"),
        ),
    ]  # fmt: skip


def _in_rows() -> list[Part]:
    channels = [
        charts.Bar(both("App push", "应用推送"), 412_300, 350_000, 470_000),
        charts.Bar(both("WeChat groups", "微信社群"), 288_000, 240_000, 330_000),
        charts.Bar(
            both("Short-video creators", "短视频达人"), 1_152_000, 900_000, 1_400_000, strong=True
        ),
        charts.Bar(both("Search advertising", "搜索广告"), 96_000),
        charts.Bar(both("Offline", "线下"), -42_000),
    ]
    claim = ("Creators brought more than all other channels", "达人渠道的增量超过其他渠道之和")
    return [
        charts.bars(channels, format="money", **_texts(*claim)),
        charts.bars(
            channels, format="money", reference=(381_000, both("average", "平均")), **_texts(*claim)
        ),
        charts.funnel(
            [
                charts.Stage(both("Visit", "访问"), 182_340, 170_000),
                charts.Stage(both("Product page", "商品详情页"), 96_230, 92_000),
                charts.Stage(both("Cart", "加入购物车"), 31_870, 33_500, strong=True),
                charts.Stage(both("Order", "下单"), 12_460, 12_900),
                charts.Stage(both("Paid", "支付"), 11_020, 11_350),
            ],
            comparison=both("September 2026", "2026年9月"),
            **_texts("Fewer visitors fill a cart than in September", "加购转化低于 9 月"),
        ),
        charts.funnel(
            [
                charts.Stage(both("Catalogue", "目录"), 1022),
                charts.Stage(both("Cart", "购物车"), 512),
                charts.Stage(both("Payment done", "支付完成"), 173),
            ],
            unit=both("Sessions", "会话数"),
            **_texts("One visit in six ends in a payment", "六分之一的访问最终支付"),
        ),
    ]


def _tables() -> list[Part]:
    segments = [
        both("Champions", "高价值"),
        both("Loyal", "忠诚"),
        both("At risk", "流失预警"),
        both("Lost", "已流失"),
    ]
    return [
        charts.cohort_triangle(
            [
                charts.Cohort(
                    both(f"{_MONTHS[n]} 2026", f"2026年{n + 1}月"),
                    3200 + 137 * n,
                    [1.0, *(0.44 * 0.86**age + 0.004 * n for age in range(9 - n))],
                )
                for n in range(10)
            ],
            **_texts("Two users in five come back in the month after", "约四成用户在次月回访"),
        ),
        charts.matrix(
            segments,
            segments,
            [
                [0.72, 0.18, 0.08, 0.02],
                [0.11, 0.64, 0.19, 0.06],
                [0.02, 0.14, 0.51, 0.33],
                [0.0, 0.01, 0.07, 0.92],
            ],
            **_texts("A third of the users at risk were lost", "流失预警用户中三分之一已流失"),
        ),
    ]


def _bridges() -> list[Part]:
    return [
        charts.bridge(
            [
                charts.Step(both("September", "9 月"), 5_150_000, True),
                charts.Step(both("More active users", "活跃用户增加"), 120_000),
                charts.Step(both("Order conversion", "下单转化率"), -310_000),
                charts.Step(both("Order value", "客单价"), 96_000),
                charts.Step(both("Mix of channels", "渠道结构"), -18_800),
                charts.Step(both("October", "10 月"), 5_037_200, True),
            ],
            **_texts("Lower conversion outweighed the other gains", "转化率下滑抵消了其他增长"),
        ),
        charts.waterfall(
            [
                charts.Step(both("Incremental gross profit", "增量毛利"), 412_000),
                charts.Step(both("Media", "媒介投放"), -220_000),
                charts.Step(both("Rewards", "奖励补贴"), -285_000),
                charts.Step(both("Labour", "人力"), -40_000),
                charts.Step(both("Profit", "利润"), -133_000, True),
            ],
            **_texts("The campaign cost ¥133,000 more than it earned", "活动净亏损 ¥13.3万"),
        ),
    ]
