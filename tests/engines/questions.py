"""Everything that playbooks ask of an engine, as named questions with plain answers.

`docs/engines.md` lists them by feature and engine; `python -m tests.engines.table` writes it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from opsnb.analysis.methods.quantiles import quantile_ranks
from opsnb.analysis.metrics import (
    Meter,
    Panel,
    actives,
    assigned_users,
    cohorts,
    data_range,
    days_since_exposure,
    funnel,
    levels,
    lifespans,
    load_catalogue,
    newcomers,
    purchases,
    referral,
    rfm,
)
from opsnb.analysis.metrics import tickets as ticket_counts
from opsnb.analysis.metrics.daily_totals import DailyCounts
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.metrics.user_panel import ObservationWindow
from opsnb.analysis.tables import CONTRACTS, open_table
from opsnb.base.periods import parse
from opsnb.base.workspace import Workspace

OCT, SEP, NOV = (parse(text) for text in ("2026-10", "2026-09", "2026-11"))
START, END = OCT.start, OCT.end
LAST = dt.date(2026, 10, 31)

METRICS = {
    "minutes": {
        "label": "Minutes", "kind": "mean", "table": "outcomes", "value": "minutes",
        "unit": "number",
    },
    "north_gmv": {
        "label": "GMV", "kind": "sum", "table": "series", "value": "value", "unit": "money",
        "where": "metric = 'gmv' and unit in ('north', 'south')",
    },
    "series_visits": {
        "label": "Visits", "kind": "sum", "table": "series", "value": "value", "unit": "count",
        "where": "metric = 'visits' and unit in ('north', 'south')",
    },
    "all_orders": {
        "label": "Orders so far", "kind": "stock", "table": "orders", "value": "amount",
        "unit": "money",
    },
    "median_order": {
        "label": "Median order", "kind": "quantile", "quantile": 0.5, "table": "orders",
        "value": "amount", "unit": "money",
    },
    "half_hours": {
        "label": "Text functions", "kind": "distinct", "table": "events",
        "value": "lower(channel) || '-' || substr(event, 1, 2)", "unit": "count",
        "where": "extract(hour from event_at) between 8 and 20 and event like '%i%'",
    },
    "sunday_orders": {
        "label": "Sunday orders", "kind": "sum", "table": "orders", "unit": "money",
        "value": "case when dayofweek(ordered_at) = 0 then round(amount, 2) else 0 end",
        "where": "date_trunc('week', ordered_at) >= date '2026-09-28'",
    },
    "halves": {
        "label": "Division", "kind": "sum", "table": "spend", "unit": "number",
        "value": "3 / 2 + floor(amount / conversions)",
    },
}  # fmt: skip


class Asked:
    """A workspace at one engine, and what measures it."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.rows = Rows(workspace)
        self.catalogue = load_catalogue(METRICS)

    @property
    def meter(self) -> Meter:
        """A new one for each question: it would know answers that others have asked for."""
        return Meter(self.rows, self.catalogue)

    def panel(self, *metrics: str, unit: str | None = None, since: str = "") -> Panel:
        assigned = assigned_users(self.rows, "exp", unit=unit)
        data_range = ObservationWindow(
            dt.date(2026, 10, 4), dt.date(2026, 11, 1), covariate_days=14
        )
        return Panel(
            self.rows,
            self.catalogue,
            metrics,
            assigned,
            observed=data_range,
            since=days_since_exposure,
            ranks=quantile_ranks,
        )


Question = Callable[[Asked], Any]
QUESTIONS: dict[str, dict[str, Question]] = {}
"""Questions by feature."""


def _ask(feature: str, **questions: Question) -> None:
    QUESTIONS.setdefault(feature, {}).update(questions)


def _measured(metric: str, by: str | None = None) -> Question:
    return lambda asked: asked.meter.measure(metric, [SEP, OCT, NOV], by)


def _report(table: str) -> Question:
    def ask(asked: Asked) -> Any:
        report = open_table(asked.workspace, table).report.as_dict()
        # What DuckDB hashes, no other engine does alike; which rows are the sample is free.
        report.pop("fingerprint")
        for issue in report["issues"]:
            issue["sample"] = len(issue["sample"])
            issue.pop("places", None)  # only files have lines
            issue["values"] = len(issue["values"])  # engines write times differently
        return report

    return ask


_BUILT_IN = load_catalogue()
_DAILY = [name for name, one in _BUILT_IN.items() if one.kind in ("sum", "distinct", "ratio")]

for _name in CONTRACTS:
    _ask("data gate: contract, types, local times, repeats", **{_name: _report(_name)})
for _name, _metric in {**_BUILT_IN, **load_catalogue(METRICS)}.items():
    _ask("metrics: every kind, in periods", **{_name: _measured(_name)})
_ask(
    "metrics: broken down",
    column=_measured("gmv_net", "channel"),
    attribute=_measured("orders", "region"),
    head=_measured("revenue_per_user", "region"),
    share=_measured("paying_conversion", "channel"),
    retention=_measured("retention_d7", "channel"),
    daily_users=_measured("dau", "channel"),
)
for _name in _DAILY:
    if _BUILT_IN[_name].table != "spend":
        _ask(
            "metrics: day by day",
            **{_name: lambda asked, name=_name: asked.meter.daily(name, START, END)},
        )


def _cuts(asked: Asked) -> levels.Cuts:
    cuts = levels.cuts(asked.rows, SEP)
    assert cuts is not None
    return cuts


_ask(
    "active users: rolling, growth, levels",
    rolling=lambda asked: actives.rolling_actives(asked.rows, START, END),
    growth=lambda asked: actives.growth(asked.rows, [SEP, OCT]),
    levels=lambda asked: levels.moves(asked.rows, OCT, _cuts(asked)),
)
_ask(
    "cohorts and newcomers",
    cohorts=lambda asked: cohorts.monthly_cohorts(asked.rows, LAST),
    newcomers=lambda asked: newcomers.newcomers(asked.rows, SEP.start, SEP.end, LAST),
)
_STEPS = ("visit", "cart", "order")
_ask(
    "ordered funnels with a window",
    plain=lambda asked: funnel.ordered_funnel(asked.rows, _STEPS, START, NOV.end),
    window=lambda asked: funnel.ordered_funnel(
        asked.rows, _STEPS, SEP.start, NOV.end, within_days=3
    ),
    by=lambda asked: funnel.funnel_by(asked.rows, _STEPS, START, NOV.end, "channel", within_days=7),
)


def _thresholds(asked: Asked) -> rfm.Thresholds:
    cuts = rfm.thresholds(asked.rows, SEP.end)
    assert cuts is not None
    return cuts


_ask(
    "RFM: scores with ties, segments, migration",
    thresholds=_thresholds,
    segments=lambda asked: rfm.segments(asked.rows, LAST, _thresholds(asked)),
    migration=lambda asked: rfm.migration(asked.rows, SEP.end, LAST, _thresholds(asked)),
)
_ask(
    "tickets: quantiles and on time",
    all=lambda asked: ticket_counts.ticket_times(asked.rows, SEP.start, NOV.end),
    by=lambda asked: ticket_counts.ticket_times(asked.rows, SEP.start, NOV.end, "category"),
)
_ask(
    "referral, purchases, contracts",
    lifespans=lambda asked: lifespans.lifespans(asked.rows, LAST, "channel"),
    halves=lambda asked: lifespans.lifespans(asked.rows, LAST, half=0),
    last=lambda asked: data_range.last_day(asked.workspace),
    repurchase=lambda asked: purchases.repurchase_days(asked.rows),
    referral=lambda asked: referral.referral(asked.rows, SEP.start, NOV.end),
    purchases=lambda asked: purchases.purchase_days(asked.rows),
    spread=lambda asked: purchases.purchase_days(asked.rows, most=20),
)


def _assigned(asked: Asked) -> Any:
    found = assigned_users(asked.rows, "exp")
    plain = {name: value for name, value in vars(found).items() if name != "users"}
    return {**plain, "rows": found.users.count().execute()}


_EXPERIMENT = ("revenue_per_user", "order_conversion", "refund_rate", "aov", "orders", "minutes")


def _moments(asked: Asked, by: str | None = None) -> Any:
    panel = asked.panel(*_EXPERIMENT)
    return {metric: panel.moments(metric, by) for metric in _EXPERIMENT}


def _daily_counts(asked: Asked) -> Any:
    counts = DailyCounts(
        asked.rows, asked.catalogue, ["north_gmv", "series_visits"], ["north", "south"],
        population="series_visits", independent=False,
    )  # fmt: skip
    return {"totals": counts.totals("north_gmv"), "moments": counts.moments("north_gmv")}


_ask(
    "experiments: arms, CUPED, ratios, caps, clusters",
    assigned=_assigned,
    moments=_moments,
    segments=lambda asked: _moments(asked, "channel"),
    days=lambda asked: _moments(asked, "assigned_date"),
    clusters=lambda asked: asked.panel("revenue_per_user", unit="store").moments(
        "revenue_per_user"
    ),
    seen=lambda asked: asked.panel("minutes").seen("minutes"),
    quantile=lambda asked: asked.panel("median_order").moments("median_order"),
    quantile_segments=lambda asked: asked.panel("median_order").moments("median_order", "channel"),
    since=lambda asked: days_since_exposure.moments_since(
        asked.panel("order_conversion", since="order_conversion"), "order_conversion"
    ),
    daily_totals=_daily_counts,
)


def plain(value: Any) -> Any:
    """An answer as lists, dicts, numbers and texts; the order of sets does not matter."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, pd.DataFrame):
        return plain(value.reset_index().to_dict("records"))
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, dt.datetime):
        return pd.Timestamp(value).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    number = float(value)
    return None if number != number else number
