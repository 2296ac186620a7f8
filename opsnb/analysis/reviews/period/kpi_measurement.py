"""Measures KPIs: value and interval, change on the period before and on last year, status."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from opsnb.analysis.findings import Check, Fact
from opsnb.analysis.methods.estimate import Estimate
from opsnb.analysis.methods.proportions import Votes, newcombe, nps, nps_difference, wilson
from opsnb.analysis.metrics import Metric
from opsnb.analysis.metrics.by_period import Measured
from opsnb.analysis.reviews.period.calendar_year import base_period, project
from opsnb.analysis.reviews.period.kpi import CHANGE, CHANGE_YEAR, Change, Kpi, KpiStatus
from opsnb.analysis.tables import tables_where
from opsnb.base.errors import PlanError, did_you_mean
from opsnb.base.messages import Text
from opsnb.base.plans import Target

if TYPE_CHECKING:
    from opsnb.analysis.metrics.series_record import SeriesRecord
    from opsnb.analysis.reviews.period.coverage import PeriodCoverage
    from opsnb.base.periods import Period

SAMPLED = frozenset(tables_where(lambda contract: contract.sampled))
"""Tables whose rows are a sample: their KPIs carry an interval. The others are complete counts."""

FEW_ANSWERS = 30

LEAST_COVERED = 0.5
"""Part of a period's steps of `series` that must be on record for it to be compared."""


@dataclass(frozen=True)
class MeasuredKpis:
    """The KPIs that have a value, and the warnings about answers too few to score."""

    kpis: tuple[Kpi, ...] = ()
    withheld: tuple[Check, ...] = ()

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(fact for kpi in self.kpis for fact in kpi.facts)

    @property
    def checks(self) -> tuple[Check, ...]:
        return (*(kpi.check for kpi in self.kpis if kpi.check is not None), *self.withheld)


def measure_kpis(period: PeriodCoverage, names: Sequence[str]) -> MeasuredKpis:
    """Every KPI of these that the workspace can measure, in their order.

    Raises
    ------
    PlanError
        The targets file names a metric that does not exist.
    """
    ops = period.ops
    unknown = [name for name in period.targets if name not in ops.catalogue]
    if unknown:
        raise PlanError(
            f'unknown metric "{unknown[0]}"',
            where=f"plans/targets/{period.period.key}.toml",
            hint=did_you_mean(unknown[0], ops.catalogue, kind="metrics"),
        )
    found = [measure_kpi(period, name) for name in names if ops.meter.absent(name) is None]
    return MeasuredKpis(
        tuple(kpi for kpi in found if isinstance(kpi, Kpi)),
        tuple(check for check in found if isinstance(check, Check)),
    )


def measure_kpi(period: PeriodCoverage, name: str) -> Kpi | Check | None:
    """A KPI of the period; None where it has no value, a check where too few answered."""
    ops, span = period.ops, period.period
    metric = ops.catalogue[name]
    base, _ = base_period(span, ops.workspace.country)
    before = span.previous()
    values = {m.period: m for m in ops.meter.measure(name, [base, before, span])}
    now = values[span.key]
    if now.value is None or not period.covers(metric):
        return None
    basis = _basis(metric, span, now)
    if (withheld := _too_few(period, metric, now)) is not None:
        return withheld
    previous = _recorded(period, metric, values[before.key], before)
    last_year = _recorded(period, metric, values[base.key], base)
    record = ops.meter.record(name)
    if record is not None:
        previous = on_as_many_steps(metric, record, previous, before, span)
        last_year = on_as_many_steps(metric, record, last_year, base, span)
    own = period.targets.get(name)
    target = own or _usual_target(period, metric)
    goal = target_of(target, previous)
    status = _status(period, metric, now, goal)
    change = None if period.partial else _change(period, metric, previous, now, values[before.key])
    year = None if period.partial else _year(period, metric, last_year, now)
    facts = (
        Fact("kpi.target", goal, _unit(metric), metric=name) if goal is not None else None,
        Fact("kpi.status", status, "text", metric=name) if status else None,
        _change_fact(metric, CHANGE, change),
        _change_fact(metric, CHANGE_YEAR, year),
    )
    return Kpi(
        metric, now, previous, change, year, target, goal, status,
        fact=_value_fact(metric, now),
        more=tuple(fact for fact in facts if fact is not None),
        check=_few_answers(metric, now) or _part(metric, record, span),
        usual=target is not None and own is None,
        basis=basis,
    )  # fmt: skip


def _basis(metric: Metric, span: Period, now: Measured) -> Text | None:
    """Which days a value is of, where days of the period are not on record."""
    if now.until is not None:
        return Text.of("month.basis.until", days=metric.day, last=now.until)
    if now.days is None or now.days == span.days:
        return None
    return Text.of("month.basis.days", days=now.days, of=span.days)


# -- targets -------------------------------------------------------------------------------


def _usual_target(period: PeriodCoverage, metric: Metric) -> Target | None:
    """What the catalogue asks of a month where the team has agreed on nothing."""
    if period.period.kind != "month" or (metric.target is None and metric.growth is None):
        return None
    return Target(target=metric.target, growth=metric.growth)


def target_of(target: Target | None, previous: Measured | None) -> float | None:
    """The value to reach; a growth target needs the period before."""
    if target is None or target.growth is None:
        return target.target if target else None
    if previous is None or previous.value is None:
        return None
    return previous.value * (1 + target.growth)


def judge(metric: Metric, value: float, target: float) -> KpiStatus:
    """Hit; near, when it misses by less than what anybody would care about; or missed."""
    if value == target or metric.better(value - target):
        return "hit"
    return "near" if abs(value - target) < metric.materiality * abs(target) else "missed"


def _status(
    period: PeriodCoverage, metric: Metric, now: Measured, goal: float | None
) -> KpiStatus | None:
    """Against the target; None where the missing days could make up for what it lacks."""
    if goal is None or now.value is None or period.partial:
        return None
    found = judge(metric, now.value, goal)
    if not _grows_with_days(metric) or now.days in (None, period.period.days):
        return found
    certain = found == "hit" if metric.direction == "up" else found == "missed"
    return found if certain else None


def _grows_with_days(metric: Metric) -> bool:
    """Whether more days can only make the value larger."""
    return metric.kind.is_additive or (metric.kind.is_distinct and metric.kind.over_days != "mean")


# -- changes -------------------------------------------------------------------------------


def change_between(
    metric: Metric, before: Measured | None, now: Measured, *, short: bool = False
) -> Change | None:
    """A KPI's change, with an interval where both values are samples.

    short: it adds up and days are missing on either side: it is compared by the recorded day.
    """
    if before is None or before.value is None or now.value is None:
        return None
    if short and before.days and now.days:
        earlier, later = before.value / before.days, now.value / now.days
        return Change(later - earlier, _relative(earlier, later), per_day=True)
    gap = now.value - before.value
    return Change(gap, _relative(before.value, now.value), _difference(metric, before, now))


def _relative(before: float, now: float) -> float | None:
    return (now - before) / abs(before) if before else None


def _difference(metric: Metric, before: Measured, now: Measured) -> Estimate | None:
    if metric.table not in SAMPLED or not before.n or not now.n:
        return None
    if now.plus is not None and before.plus is not None:
        found = nps_difference(_votes(before), _votes(now))
        return replace(found, value=100 * found.value, low=100 * found.low, high=100 * found.high)
    if now.binary and now.numerator is not None and before.numerator is not None:
        return newcombe(round(before.numerator), before.n, round(now.numerator), now.n)
    return None


def _change(
    period: PeriodCoverage,
    metric: Metric,
    previous: Measured | None,
    now: Measured,
    earlier: Measured,
) -> Change | None:
    """On the period before; of a week, where days are missing, over the weekdays of both.

    `earlier` is what the period before came to, however much of it is on record.
    """
    span, before = period.period, period.period.previous()
    short = not (_is_whole(now, span) and _is_whole(earlier, before))
    if short and span.kind == "week" and now.days is not None and period.covers(metric, before):
        return _same_weekdays(period, metric)
    if not period.holds(metric, span):
        return None
    return change_between(
        metric, previous, now, short=short and metric.kind.adds_up(metric, period.ops.rows)
    )


def _same_weekdays(period: PeriodCoverage, metric: Metric) -> Change | None:
    """The days on record in both weeks against each other, where they are most of a week."""
    span, meter = period.period, period.ops.meter
    before, week = span.previous(), dt.timedelta(days=7)
    lacks = meter.on_record.lacks(metric, before.start, span.end)
    without = frozenset(
        day for missing in lacks for day in (missing - week, missing, missing + week)
    )
    then, now = meter.measure(metric.id, [before, span], without=without)
    if now.days is None or now.days <= span.days / 2:
        return None
    found = change_between(metric, then, now)
    return replace(found, days=now.days, without=without) if found is not None else None


def _is_whole(measured: Measured, span: Period) -> bool:
    return measured.days in (None, span.days) and measured.until is None


def _recorded(
    period: PeriodCoverage, metric: Metric, measured: Measured, span: Period
) -> Measured | None:
    """None for a period of which too little is on record: its value is none of a period."""
    record = period.ops.meter.record(metric.id)
    if record is not None:
        return measured if record.coverage(span)[0] else None
    return measured if period.holds(metric, span) else None


def on_as_many_steps(
    metric: Metric, record: SeriesRecord, measured: Measured | None, span: Period, now: Period
) -> Measured | None:
    """A sum of `series` at its average a recorded step, over as many steps as `now` holds.

    Weekly rows make months of four and of five, and a day that is not on record is none of zero.
    None where less than half of either period is on record. What is no sum is left as it is.
    """
    held, of = record.coverage(span)
    own, own_of = record.coverage(now)
    if measured is None or measured.value is None or min(held / of, own / own_of) < LEAST_COVERED:
        return None
    is_daily_and_whole = record.every == "day" and held == of and own == own_of
    if not metric.kind.is_additive or is_daily_and_whole:
        return measured
    return replace(measured, value=measured.value * own / held)


def _part(metric: Metric, record: SeriesRecord | None, span: Period) -> Check | None:
    """A KPI of `series` of which some steps of the period are not on record."""
    if record is None:
        return None
    held, of = record.coverage(span)
    if held == of:
        return None
    text = Text.of(
        "month.series_part", metric=metric.label, held=held,
        of=Text.of(f"step.many.{record.every}", n=of), unit=Text(f"step.unit.{record.every}"),
    )  # fmt: skip
    return Check(f"record.{metric.id}", "warn", text)


def _year(
    period: PeriodCoverage, metric: Metric, before: Measured | None, now: Measured
) -> Change | None:
    """The change on last year; what adds up day by day is laid on this year's calendar."""
    aligned = aligned_year(period, metric, now) if before is not None else None
    if aligned is None:
        base, _ = base_period(period.period, period.ops.workspace.country)
        if not period.holds(metric, period.period):
            return None
        whole = (before is None or _is_whole(before, base)) and _is_whole(now, period.period)
        short = not whole and metric.kind.adds_up(metric, period.ops.rows)
        return change_between(metric, before, now, short=short)
    gap = (now.value or 0.0) - aligned
    return Change(gap, gap / abs(aligned) if aligned else None, aligned=True)


def aligned_year(period: PeriodCoverage, metric: Metric, now: Measured) -> float | None:
    """Last year's value at this year's mix of weekdays and holidays; None for what is no sum.

    A metric is a sum when its days add up to the period's value; a quotient of two that can be
    aligned is that of their aligned values, and a mean of days that of theirs.
    """
    ops, span = period.ops, period.period
    if metric.parts:
        parts = [ops.catalogue[name] for name in metric.parts]
        over, under = (aligned_year(period, p, ops.meter.value(p.id, span)) for p in parts)
        return over / under if over is not None and under else None
    if metric.kind.over_days is None or now.value is None:
        return None
    base, _ = base_period(span, ops.workspace.country)
    if not (_is_whole(now, span) and _is_whole(ops.meter.value(metric.id, base), base)):
        return None
    record = ops.meter.record(metric.id)
    if record is not None and not _is_daily(record, base, span):
        return None
    daily = ops.meter.daily(metric.id, span.start, span.end)["value"].sum()
    length = span.days if metric.kind.over_days == "mean" else 1
    if abs(daily / length - now.value) > 1e-9 * max(abs(now.value), 1.0):
        return None
    frame = ops.meter.daily(metric.id, base.start, base.end)
    days = {stamp.date(): float(v) for stamp, v in zip(frame["day"], frame["value"], strict=True)}
    laid = project(days, span.dates, ops.workspace.country)
    return None if laid is None else laid / length


def _is_daily(record: SeriesRecord, *spans: Period) -> bool:
    """Whether every day of some periods is on record, so that days can be laid on a calendar."""
    covered = [record.coverage(span) for span in spans]
    return record.every == "day" and all(held == of for held, of in covered)


# -- facts and checks ------------------------------------------------------------------------


def _unit(metric: Metric) -> Any:
    return metric.unit if metric.unit != "days" else "number"


def _value_fact(metric: Metric, now: Measured) -> Fact:
    low, high = interval(metric, now)
    return Fact(
        "kpi.value", now.value, _unit(metric), low=low, high=high, metric=metric.id, n=now.n
    )


def _change_fact(metric: Metric, id: str, change: Change | None) -> Fact | None:
    """Points for shares and scores, relative else; the interval is of the same unit."""
    if change is None:
        return None
    method = "calendar_aligned" if change.aligned else None
    bounds: dict[str, Any] = {}
    if change.interval is not None:
        method = change.interval.method
        bounds = {"low": change.interval.low, "high": change.interval.high}
    if metric.unit in ("share", "score"):
        unit: Any = "points" if metric.unit == "share" else "score"
        return Fact(id, change.gap, unit, metric=metric.id, method=method, **bounds)
    if change.relative is None:
        return None
    return Fact(id, change.relative, "relative", metric=metric.id, method=method)


def interval(metric: Metric, measured: Measured) -> tuple[float | None, float | None]:
    """Bounds at 95 % where the rows are a sample; (None, None) for complete counts."""
    if metric.table not in SAMPLED or not measured.n:
        return None, None
    if measured.plus is not None and measured.minus is not None:
        estimate = nps(_votes(measured))
        return 100 * estimate.low, 100 * estimate.high
    if measured.binary and measured.numerator is not None:
        estimate = wilson(round(measured.numerator), measured.n)
        return estimate.low, estimate.high
    return None, None


def _votes(measured: Measured) -> Votes:
    plus, minus = measured.plus or 0, measured.minus or 0
    return Votes(plus, measured.n - plus - minus, minus)


def _too_few(period: PeriodCoverage, metric: Metric, now: Measured) -> Check | None:
    """A survey with so few answers that its score would tell what somebody said."""
    least = period.ops.workspace.min_cell
    if metric.table not in SAMPLED or not 0 < now.n < least:
        return None
    text = Text.of("month.answers_withheld", metric=metric.label, minimum=least)
    return Check(f"answers.{metric.id}", "warn", text)


def _few_answers(metric: Metric, now: Measured) -> Check | None:
    """A score that rests on few answers."""
    if metric.table not in SAMPLED or now.n >= FEW_ANSWERS:
        return None
    text = Text.of("month.few_answers", metric=metric.label, n=now.n)
    return Check(f"answers.{metric.id}", "warn", text)
