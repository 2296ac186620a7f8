"""What a campaign added: the best evidence that the workspace can give, and nothing less.

Order of evidence: a randomised holdout; a structural time series with control series; else
no counterfactual, and then nothing causal is said.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from opsnb.analyses.effects import compare_arms
from opsnb.analyses.gate import data_end
from opsnb.methods.estimate import Estimate
from opsnb.methods.structural import Effect, Placebo, campaign_effect, placebo_in_time
from opsnb.metrics import arm_aggregates, assigned_users

if TYPE_CHECKING:
    from opsnb.plans import CampaignPlan
    from opsnb.session import Session

Evidence = Literal["holdout", "series", "none"]

COVARIATE_DAYS = 28
PRE_TIMES_POST = 3
MIN_PRE_DAYS = 120
"""The pre-period is at least three times the window, and never under four months: days of
other campaigns and outages are taken out of it."""


@dataclass(frozen=True)
class Increment:
    """A campaign's incremental effect, in the metric's unit.

    Attributes
    ----------
    during, after, net : Estimate or None
        In the campaign's window, in the days after it, and both together. `after` and
        `net` are None where no day after the campaign is on record.
    users : int
        Exposed users (holdout only).
    after_days : int
        Days after the campaign that are planned and on record.
    impact, placebos
        For the time series: the fit over all days, and the effects found before the start.
    """

    evidence: Evidence
    grade: Literal["A", "D", "E"]
    during: Estimate | None = None
    after: Estimate | None = None
    net: Estimate | None = None
    users: int = 0
    holdout_users: int = 0
    per_user: Estimate | None = None
    srm_counts: dict[str, int] | None = None
    after_days: int = 0
    impact: Effect | None = None
    dates: tuple[dt.date, ...] = ()
    observed: tuple[float, ...] = ()
    placebos: tuple[Placebo, ...] = ()
    pre_days: int = 0
    window_days: int = 0

    @property
    def headline(self) -> Estimate | None:
        """Net of what came after, where that is on record."""
        return self.net or self.during


def measure_increment(ops: Session, plan: CampaignPlan) -> Increment:
    """The effect by the best evidence that the plan and the data allow."""
    if plan.start is None or plan.end is None:
        return Increment("none", "E")
    if plan.holdout and ops.rows.has("assignments"):
        return _by_holdout(ops, plan, plan.start, plan.end)
    if plan.controls and ops.rows.has("series"):
        return _by_series(ops, plan, plan.start, plan.end)
    return Increment("none", "E")


def _post_end(ops: Session, plan: CampaignPlan, end: dt.date) -> dt.date:
    """The last day after the campaign that is both planned and on record."""
    table = ops.catalogue[plan.metric].table or "orders"
    recorded = data_end(ops, table) or end
    return min(end + dt.timedelta(days=plan.post_days), recorded)


def _by_holdout(ops: Session, plan: CampaignPlan, start: dt.date, end: dt.date) -> Increment:
    """Exposed against held-out users, intention to treat, scaled to all exposed users."""
    assert plan.holdout is not None
    assigned = assigned_users(ops.rows, plan.holdout.experiment)
    last = _post_end(ops, plan, end)
    windows = {"during": (start, end)}
    if last > end:
        windows |= {"after": (end + dt.timedelta(days=1), last), "net": (start, last)}
    users = assigned.counts[plan.holdout.treated]
    estimates: dict[str, Estimate] = {}
    per_user = None
    for name, (first, final) in windows.items():
        arms = {
            arm.variant: arm
            for arm in arm_aggregates(
                ops.rows, ops.catalogue, plan.metric, assigned,
                start=first, end=final, covariate_days=COVARIATE_DAYS, capped=False,
            )
        }  # fmt: skip
        effect = compare_arms(
            ops.catalogue[plan.metric], arms[plan.holdout.control], arms[plan.holdout.treated]
        )
        estimates[name] = _scaled(effect.diff, users)
        if name == "during":
            per_user = effect.diff
    return Increment(
        "holdout",
        "A",
        **estimates,
        users=users,
        holdout_users=assigned.counts[plan.holdout.control],
        per_user=per_user,
        srm_counts=assigned.counts,
        after_days=(last - end).days,
        window_days=(end - start).days + 1,
    )


def _scaled(estimate: Estimate, users: int) -> Estimate:
    """A difference a user, times the users exposed."""
    return Estimate(
        estimate.value * users, estimate.low * users, estimate.high * users, estimate.se * users,
        estimate.p_value, estimate.n, estimate.method, estimate.alpha,
    )  # fmt: skip


def _by_series(ops: Session, plan: CampaignPlan, start: dt.date, end: dt.date) -> Increment:
    """The metric's daily series against what its controls led to expect."""
    last = _post_end(ops, plan, end)
    window = (end - start).days + 1
    pre = max(MIN_PRE_DAYS, PRE_TIMES_POST * ((last - start).days + 1))
    first = start - dt.timedelta(days=pre)
    target = ops.meter.daily(plan.metric, first, last)
    recorded = target.loc[target["value"] > 0, "day"]
    if not recorded.empty:
        first = max(first, recorded.iloc[0].date())
        target = target[target["day"] >= pd.Timestamp(first)].reset_index(drop=True)
    controls = _controls(ops, plan, first, last)
    y = target["value"].to_numpy(dtype=float)
    n_pre = (start - first).days
    y = _masked(ops, plan, y, first, n_pre)
    stop = n_pre + window
    during = campaign_effect(y[:stop], n_pre, controls[:stop])
    whole, after = during, None
    if last > end:
        whole = campaign_effect(y, n_pre, controls)
        y_after = y.copy()
        y_after[n_pre:stop] = np.nan
        after = campaign_effect(y_after, n_pre, controls).cumulative
    placebos = placebo_in_time(y[:stop], n_pre, controls[:stop], windows=3, length=window)
    return Increment(
        "series",
        "D",
        during=during.cumulative,
        after=after,
        net=whole.cumulative if after else None,
        after_days=(last - end).days,
        impact=whole,
        dates=tuple(stamp.date() for stamp in target["day"]),
        observed=tuple(target["value"]),
        placebos=tuple(placebos),
        pre_days=n_pre,
        window_days=window,
    )


def _controls(ops: Session, plan: CampaignPlan, first: dt.date, last: dt.date) -> np.ndarray:
    """Control series as columns, a row a day; shape (days, controls)."""
    series = ops.rows.table("series").expr
    wanted = series.filter(
        series.metric.isin(plan.controls)
        & (series.unit == "all")
        & series.date.cast("date").between(first, last)
    )
    frame = wanted.group_by(["date", "metric"]).agg(value=wanted.value.sum()).execute()
    wide = frame.pivot(index="date", columns="metric", values="value")
    wide.index = pd.to_datetime(wide.index)
    return wide.reindex(pd.date_range(first, last), columns=plan.controls).to_numpy(dtype=float)


def _masked(
    ops: Session, plan: CampaignPlan, y: np.ndarray, first: dt.date, n_pre: int
) -> np.ndarray:
    """Days before the campaign that were not ordinary do not teach the model: outages,
    tracking gaps, other campaigns of the plans and the dips after them."""
    y = y.copy()
    spans = [
        (event.start, event.end or event.start)
        for event in ops.workspace.events
        if event.kind in {"outage", "tracking", "campaign"}
    ]
    spans += [
        (other.start, other.end + dt.timedelta(days=other.post_days))
        for other in ops.workspace.campaigns.values()
        if other.id != plan.id and other.start and other.end
    ]
    for begin, finish in spans:
        low = max((begin - first).days, 0)
        high = min((finish - first).days + 1, n_pre)
        y[low:high] = np.nan
    return y
