"""What the next cycle is expected to bring, registered as predictions; budgets against plan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from opsnb.analysis.display import Absent, Column, Interval, Note, Part, Table
from opsnb.analysis.findings import Fact, Prediction
from opsnb.analysis.methods.calibration import widening
from opsnb.analysis.methods.forecast import Forecast, next_period
from opsnb.analysis.reviews.shared.number_formats import format_of
from opsnb.analysis.reviews.shared.recall import without_repeats
from opsnb.base.errors import MethodError
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.metrics import Metric
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence

HISTORY = {"month": 36, "week": 104, "quarter": 16, "year": 10}
SEASON = {"month": 12, "week": 52, "quarter": 4, "year": 1000}
LEVEL = 0.8

LEARNS_FROM = 6
"""Periods whose predictions were scored before their misses widen the next ranges: a month's
predictions share its surprises, so that one or two months tell little."""

_POSITIVE = {"money", "count", "number", "factor"}


@dataclass(frozen=True)
class Expectation:
    """What a metric is expected to be in the next period, beside what it is now."""

    metric: Metric
    now: float
    forecast: Forecast
    fact: Fact
    prediction: Prediction


def outlook(evidence: PeriodEvidence, metrics: Sequence[str] = ()) -> list[Part]:
    """Expected values of the next period with intervals, and budgets used."""
    ops = evidence.ops
    if evidence.partial:
        return [Absent(Text("month.outlook.partial"))]
    wider = widening_so_far(evidence)
    expected = expectations(evidence, metrics, wider)
    for one in expected:
        ops.record(one.fact)
        ops.predict(one.prediction)
    parts: list[Part] = []
    if short := _short(evidence, metrics):
        said = Text.of("month.outlook.missing", metrics=[ops.label(name) for name in short])
        parts.append(Absent(said))
    if expected:
        columns = [
            Column("metric", Text("ab.column.metric"), "said"),
            Column("now", Text("month.outlook.now"), "said", "right"),
            Column("expected", Text("month.outlook.expected"), "said", "right"),
            Column("range", Text("month.outlook.range"), "said", "right"),
            Column("method", Text("month.outlook.basis"), "said"),
        ]
        caption = Text.of("month.outlook.caption", period=evidence.period.next().text)
        note = Text("month.outlook.note")
        if wider > 1:
            factor = ops.fact("outlook.widening", wider, "factor")
            note = Text.of("month.outlook.wider", factor=factor)
        parts += [Table(columns, [_row(one) for one in expected], caption=caption), Note(note)]
    elif not short:
        parts.append(Absent(Text("month.outlook.short")))
    return [*parts, *_budgets(evidence)]


def expectations(
    evidence: PeriodEvidence, metrics: Sequence[str], wider: float = 1.0
) -> list[Expectation]:
    """Of each metric (default the leading KPIs) with a history, in ranges `wider` times as wide."""
    ops = evidence.ops
    found = []
    for name in _asked(evidence, metrics):
        metric = ops.catalogue[name]
        history = _history(evidence, metric)
        forecast = _forecast(evidence, metric, history)
        if forecast is not None:
            now = ops.meter.value(name, evidence.period).value or 0.0
            found.append(_expectation(evidence, metric, now, _stretched(forecast, wider)))
    return found


def _asked(evidence: PeriodEvidence, metrics: Sequence[str]) -> list[str]:
    names = metrics or [kpi.metric.id for kpi in evidence.leading]
    return [name for name in names if not evidence.lacking(name)]


def _short(evidence: PeriodEvidence, metrics: Sequence[str]) -> list[str]:
    """Metrics of which too few days of the period are on record to foresee the next one."""
    ops = evidence.ops
    return [
        name
        for name in _asked(evidence, metrics)
        if not evidence.holds(ops.catalogue[name], evidence.period)
    ]


def _history(evidence: PeriodEvidence, metric: Metric) -> np.ndarray:
    """Values of the periods up to this one, the oldest first; empty where there are gaps."""
    periods = [evidence.period]
    while len(periods) < HISTORY.get(evidence.period.kind, 12):
        before = periods[0].previous()
        if not evidence.holds(metric, before):
            break
        periods.insert(0, before)
    y = evidence.values(metric.id, periods)
    while y and y[0] is None:
        y.pop(0)
    return np.array([] if any(value is None for value in y) else y, dtype=float)


def _forecast(evidence: PeriodEvidence, metric: Metric, series: np.ndarray) -> Forecast | None:
    """None where the history is too short."""
    positive = metric.unit in _POSITIVE and bool(len(series)) and bool((series > 0).all())
    season = SEASON.get(evidence.period.kind, 12)
    try:
        return next_period(series, season=season, level=LEVEL, logarithm=positive)
    except MethodError:
        return None


def widening_so_far(evidence: PeriodEvidence) -> float:
    """By how much this playbook's ranges were too narrow so far; 1 until that can be told."""
    measured = {kpi.metric.id: kpi.measured.value for kpi in evidence.kpis}
    scored = []
    ops = evidence.ops
    for entry in without_repeats(ops, ops.workspace.remembered(before=evidence.period)):
        observed = entry.observed
        if observed is None and entry.due == evidence.period.end:
            observed = measured.get(entry.metric or "")
        numbers = (entry.value, entry.low, entry.high, observed)
        if entry.playbook in ops.names and None not in numbers:
            scored.append((entry.due, numbers))
    if len({due for due, _ in scored}) < LEARNS_FROM:
        return 1.0
    value, low, high, seen = zip(*(numbers for _, numbers in scored), strict=True)
    found = widening(value, low, high, seen, level=LEVEL)
    return found if math.isfinite(found) else 1.0


def _stretched(found: Forecast, factor: float) -> Forecast:
    below, above = found.value - found.low, found.high - found.value
    return replace(found, low=found.value - factor * below, high=found.value + factor * above)


def _expectation(
    evidence: PeriodEvidence, metric: Metric, now: float, found: Forecast
) -> Expectation:
    """The forecast within what the metric can be, as a fact and as a prediction to be scored."""
    following = evidence.period.next()
    low = max(found.low, 0.0) if metric.unit != "score" else found.low
    high = min(found.high, 1.0) if metric.unit == "share" else found.high
    unit: Any = metric.unit
    fact = Fact(
        "outlook.expected", found.value, unit, low=low, high=high, metric=metric.id,
        period=following.key, n=found.errors, method=found.method,
    )  # fmt: skip
    what = Text.of("month.outlook.what", metric=metric.label, period=following.text)
    prediction = Prediction(what, metric.id, found.value, low, high, following.end)
    return Expectation(metric, now, found, fact, prediction)


def _row(one: Expectation) -> dict[str, Any]:
    number_format = format_of(one.metric)
    bounds = Interval(one.prediction.low, one.prediction.high)
    return {
        "metric": one.metric.label,
        "now": Text.of(f"common.{number_format}", value=one.now),
        "expected": Text.of(f"common.{number_format}", value=one.forecast.value),
        "range": Text.of(f"month.outlook.{number_format}", bounds=bounds),
        "method": Text(f"month.outlook.{one.forecast.method}"),
    }


def _budgets(evidence: PeriodEvidence) -> list[Part]:
    """Booked costs against the budgets of campaigns that ran in the period."""
    ops = evidence.ops
    running = [
        plan
        for plan in ops.workspace.campaigns.values()
        if plan.budget.total
        and plan.start is not None
        and plan.end is not None
        and plan.start <= evidence.period.end
        and plan.end >= evidence.period.start
    ]
    if not running or evidence.lacks("spend"):
        return []
    spend = ops.rows.table("spend").expr
    booked = spend.filter(spend.date.cast("date") <= ibis.literal(ops.workspace.as_of))
    totals = booked.group_by("campaign_id").agg(total=booked.amount.sum()).execute()
    spent = dict(zip(totals["campaign_id"].astype(str), totals["total"], strict=True))
    rows = []
    for plan in running:
        used = float(spent.get(plan.id, 0.0))
        fact = ops.fact("budget.used", used / plan.budget.total, "share", segment=plan.id)
        rows.append(
            {"campaign": plan.name, "budget": plan.budget.total, "spent": used, "used": fact}
        )
    columns = [
        Column("campaign", Text("month.outlook.campaign"), "said"),
        Column("budget", Text("month.outlook.budget"), "money"),
        Column("spent", Text("month.outlook.spent"), "money"),
        Column("used", Text("month.outlook.used"), "percent"),
    ]
    return [Table(columns, rows, caption=Text("month.outlook.budgets"))]
