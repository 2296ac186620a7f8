"""What a new user costs and brings: CAC, gross profit by age, and when it is earned back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Column, Fold, Note, Paragraph, Part, Table
from opsnb.analysis.metrics.cohort_profit import Worth, early_worth
from opsnb.analysis.reviews.period.missing_days import missing_days
from opsnb.analysis.reviews.shared.breakdowns import group_name, measured_by
from opsnb.base.errors import MetricError
from opsnb.base.messages import Text
from opsnb.base.periods import between

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence
    from opsnb.base.periods import Period

AGES = (30, 90, 180, 365)
MONTHS = 13
SHOWN = 6
"""Newest months of the table; the one of a year before is added."""

MOST_CHANNELS = 8


def unit_economics(evidence: PeriodEvidence) -> list[Part]:
    """CAC and what the users of each month have brought so far, and CAC by channel."""
    ops = evidence.ops
    lacking = ops.meter.absent("cac") or ops.meter.absent("ltv_90")
    if lacking:
        return [Absent(Text.of("month.economics.absent", lacking=lacking))]
    periods = _months(evidence)
    last = min(evidence.recorded_until or evidence.period.end, _yesterday(evidence))
    cac = ops.catalogue["cac"]
    costs = {
        m.period: m.value if evidence.holds(cac, period) else None
        for period, m in zip(periods, ops.meter.measure("cac", periods), strict=True)
    }
    worth = [_recorded(evidence, one) for one in early_worth(ops.rows, periods, AGES, last)]
    least = max(ops.workspace.min_cell, 1)
    known = [one for one in worth if one.users >= least and costs[one.period.key] is not None]
    if not known:
        return [Absent(Text("month.economics.none"))]
    line = _line(evidence, known, costs)
    rows = [_row(evidence, one, costs[one.period.key]) for one in reversed(known)]
    shown = rows[:SHOWN] + rows[-1:] * (len(rows) > SHOWN)
    columns = [
        Column("month", Text("month.economics.month"), "said"),
        Column("users", ops.label("new_users"), "integer"),
        Column("cac", ops.label("cac"), "money"),
        *(Column(f"age_{age}", Text.of("month.economics.age", days=age), "money") for age in AGES),
        Column("ratio", Text("month.economics.ratio"), "number"),
        Column("by", Text("month.economics.by"), "integer"),
    ]
    note = Text("month.economics.note")
    lived = between(known[0].period.start, last)
    days = missing_days(evidence, "orders", lived)
    return [*line, Table(columns, shown), *_by_channel(evidence), *days, Note(note)]


def _recorded(evidence: PeriodEvidence, one: Worth) -> Worth:
    """Without the ages up to which too little of the orders is on record."""
    first = one.period.start
    reach = [between(first, one.period.end + dt.timedelta(days=age - 1)) for age in AGES]
    known = [
        value if evidence.table_holds("orders", span) else None
        for value, span in zip(one.by_age, reach, strict=True)
    ]
    return replace(one, by_age=tuple(known))


def _yesterday(evidence: PeriodEvidence) -> dt.date:
    return evidence.ops.workspace.as_of - dt.timedelta(days=1)


def _months(evidence: PeriodEvidence) -> list[Period]:
    """The last months with users on record from their first day on."""
    first = evidence.first_recorded("users")
    periods = [evidence.period]
    while len(periods) < MONTHS:
        before = periods[0].previous()
        if first is None or before.start < first:
            break
        periods.insert(0, before)
    return periods


def _ripe(one: Worth, cost: float | None) -> tuple[int, float] | None:
    """The greatest age that all users have reached, and what they brought by it over CAC."""
    reached = [(age, v) for age, v in zip(AGES, one.by_age, strict=True) if v is not None]
    if not reached or not cost:
        return None
    age, value = reached[-1]
    return age, value / cost


def _row(evidence: PeriodEvidence, one: Worth, cost: float | None) -> dict[str, Any]:
    key = one.period.key
    evidence.ops.fact("acquisition.cac", cost, "money", period=key, n=one.users)
    row: dict[str, Any] = {
        "month": Text.of("month.cohorts.label", month=one.period.start),
        "users": one.users,
        "cac": cost,
    }
    for age, value in zip(AGES, one.by_age, strict=True):
        row[f"age_{age}"] = value
        if value is not None:
            evidence.ops.fact("acquisition.profit", value, "money", segment=str(age), period=key,
                           n=one.users)  # fmt: skip
    ripe = _ripe(one, cost)
    if ripe:
        evidence.ops.fact("acquisition.ratio", ripe[1], "number", segment=str(ripe[0]), period=key)
    return {**row, "ratio": ripe[1] if ripe else None, "by": ripe[0] if ripe else None}


def _line(
    evidence: PeriodEvidence, known: list[Worth], costs: dict[str, float | None]
) -> list[Part]:
    """Whether the newest users with 90 days behind them have earned back what they cost."""
    mature = [one for one in known if one.by_age[1] is not None]
    if not mature:
        return []
    newest = mature[-1]
    cost = costs[newest.period.key]
    profit = newest.by_age[1]
    assert profit is not None
    if not cost:
        return []
    ratio = evidence.ops.fact(
        "acquisition.ltv_cac", profit / cost, "number", period=newest.period.key, n=newest.users
    )
    key = "month.economics.earned" if profit >= cost else "month.economics.not_earned"
    line = Text.of(
        key, month=newest.period.text, profit=profit, cost=cost, ratio=ratio, days=AGES[1]
    )
    tone: Any = "neutral" if profit >= cost else "warn"
    evidence.ops.finding(line, ratio, tone=tone, section="acquisition")
    return [Paragraph(line)]


def _by_channel(evidence: PeriodEvidence) -> list[Part]:
    """CAC where spend and users name the same channels; the others are counted, not guessed."""
    ops = evidence.ops
    try:
        spent = {m.group: m.value for m in measured_by(ops, "spend", [evidence.period], "channel")}
        came = {m.group: m for m in measured_by(ops, "new_users", [evidence.period], "channel")}
    except MetricError:  # no channels
        return []
    known = {g for g in spent if g in came and (came[g].value or came[g].withheld)}
    both = {g: (spent[g] or 0.0, came[g].value or 0.0) for g in known}
    if not both:
        return []
    rows: list[dict[str, Any]] = []
    for group, (cost, users) in sorted(both.items(), key=lambda one: -one[1][0])[:MOST_CHANNELS]:
        if came[group].withheld:
            hidden = dict.fromkeys(("users", "cac"), ops.withheld)
            rows.append({"group": group_name(group or ""), "spend": cost, **hidden})
            continue
        ops.fact("acquisition.cac", cost / users, "money", segment=group, n=int(users))
        each = {"users": users, "cac": cost / users}
        rows.append({"group": group_name(group or ""), "spend": cost, **each})
    matched = sum(cost for cost, _ in both.values())
    total = sum(value or 0.0 for value in spent.values())
    columns = [
        Column("group", evidence.word("dimension", "channel"), "said"),
        Column("spend", ops.label("spend"), "money"),
        Column("users", ops.label("new_users"), "integer"),
        Column("cac", ops.label("cac"), "money"),
    ]
    note = Text.of("month.economics.matched", share=matched / total if total else 0.0)
    fold = Fold(Text("month.economics.channels"), [Table(columns, rows, note=note)], printed=False)
    return [fold]
