"""What the next cycle is expected to bring, registered as predictions; budgets against plan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from opsnb.analysis.display import Absent, Column, Interval, Note, Part, Table
from opsnb.analysis.findings import Prediction
from opsnb.analysis.methods.calibration import widening
from opsnb.analysis.methods.forecast import Forecast, next_period
from opsnb.analysis.reviews.shared.recall import SPEC, without_repeats
from opsnb.base.errors import MethodError
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.metrics import Metric
    from opsnb.analysis.reviews.period.month import Month

HISTORY = {"month": 36, "week": 104, "quarter": 16, "year": 10}
SEASON = {"month": 12, "week": 52, "quarter": 4, "year": 1000}
LEVEL = 0.8

LEARNS_FROM = 6
"""Periods whose predictions were scored before their misses widen the next ranges: a month's
predictions share its surprises, so that one or two months tell little."""

_POSITIVE = {"money", "count", "number", "factor"}


def outlook(month: Month, metrics: Sequence[str] = ()) -> list[Part]:
    """Expected values of the next period with intervals, and budgets used."""
    ops = month.ops
    if month.partial:
        return [Absent(Text("month.outlook.partial"))]
    following = month.period.next()
    wider = _widening(month)
    rows = []
    for name in metrics or [kpi.metric.id for kpi in month.leading]:
        found = None if ops.meter.absent(name) else _expected(month, ops.catalogue[name])
        if found is not None:
            rows.append(_record(month, ops.catalogue[name], _stretched(found, wider)))
    parts: list[Part] = []
    if rows:
        columns = [
            Column("metric", Text("ab.column.metric"), "said"),
            Column("now", Text("month.outlook.now"), "said", "right"),
            Column("expected", Text("month.outlook.expected"), "said", "right"),
            Column("range", Text("month.outlook.range"), "said", "right"),
            Column("method", Text("month.outlook.basis"), "said"),
        ]
        caption = Text.of("month.outlook.caption", period=following.text)
        note = Text("month.outlook.note")
        if wider > 1:
            factor = ops.fact("outlook.widening", wider, "factor")
            note = Text.of("month.outlook.wider", factor=factor)
        parts += [Table(columns, rows, caption=caption), Note(note)]
    else:
        parts.append(Absent(Text("month.outlook.short")))
    return [*parts, *_budgets(month)]


def _expected(month: Month, metric: Metric) -> Forecast | None:
    """None where the history is too short or has gaps."""
    ops, kind = month.ops, month.period.kind
    first = month.first_recorded_of(metric)
    periods = [month.period]
    while len(periods) < HISTORY.get(kind, 12):
        before = periods[0].previous()
        if first is not None and before.start < first:
            break
        periods.insert(0, before)
    values = {m.period: m.value for m in ops.meter.measure(metric.id, periods)}
    y = [values[period.key] for period in periods]
    while y and y[0] is None:
        y.pop(0)
    if any(value is None for value in y):
        return None
    series = np.array(y, dtype=float)
    positive = metric.unit in _POSITIVE and bool(len(series)) and bool((series > 0).all())
    try:
        return next_period(series, season=SEASON.get(kind, 12), level=LEVEL, logarithm=positive)
    except MethodError:
        return None


def _widening(month: Month) -> float:
    """By how much this playbook's ranges were too narrow so far; 1 until that can be told."""
    measured = {kpi.metric.id: kpi.measured.value for kpi in month.kpis}
    scored = []
    ops = month.ops
    for entry in without_repeats(ops, ops.workspace.remembered(before=month.period)):
        observed = entry.observed
        if observed is None and entry.due == month.period.end:
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


def _record(month: Month, metric: Metric, found: Forecast) -> dict[str, Any]:
    ops, following = month.ops, month.period.next()
    low = max(found.low, 0.0) if metric.unit != "score" else found.low
    high = min(found.high, 1.0) if metric.unit == "share" else found.high
    unit: Any = metric.unit
    ops.fact(
        "outlook.expected", found.value, unit, low=low, high=high, metric=metric.id,
        period=following.key, n=found.errors, method=found.method,
    )  # fmt: skip
    what = Text.of("month.outlook.what", metric=metric.label, period=following.text)
    ops.predict(Prediction(what, metric.id, found.value, low, high, following.end))
    spec = SPEC.get(metric.unit, "number")
    now = next(f.value for f in ops.facts.values() if f.key == f"kpi.value/{metric.id}")
    bounds = Interval(low, high)
    return {
        "metric": metric.label,
        "now": Text.of(f"common.{spec}", value=now),
        "expected": Text.of(f"common.{spec}", value=found.value),
        "range": Text.of(f"month.outlook.{spec}", bounds=bounds),
        "method": Text(f"month.outlook.{found.method}"),
    }


def _budgets(month: Month) -> list[Part]:
    """Booked costs against the budgets of campaigns that ran in the period."""
    ops = month.ops
    running = [
        plan
        for plan in ops.workspace.campaigns.values()
        if plan.budget.total
        and plan.start is not None
        and plan.end is not None
        and plan.start <= month.period.end
        and plan.end >= month.period.start
    ]
    if not running or not ops.rows.has("spend"):
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
