"""A campaign's effect from a daily series and control series that it did not touch."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from opsnb.analysis.methods.estimate import Estimate
from opsnb.analysis.methods.structural import campaign_effect, placebo_in_time
from opsnb.analysis.reviews.campaign.increment import (
    MIN_PRE_DAYS,
    PRE_TIMES_POST,
    DailyPath,
    Increment,
    Scrutiny,
    Week,
    post_end,
    weeks_after,
)
from opsnb.analysis.reviews.campaign.special_days import special_days
from opsnb.base.errors import MethodError
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.plans import CampaignPlan

PRIORS = (0.01, 0.05, 0.1)
"""Standard deviations of the level's daily step that the effect is held against."""

LEAST_SPECIAL = 2
"""Special days before the campaign from which a kind of day can be learned."""


def by_series(ops: Recorder, plan: CampaignPlan, start: dt.date, end: dt.date) -> Increment | Text:
    """The metric's days against what its controls led to expect; or why that cannot be said."""
    if not ops.rows.has("series"):
        return Text("campaign.effect.skip_series")
    last = post_end(ops, plan, end)
    needed = PRE_TIMES_POST * ((last - start).days + 1)
    first = start - dt.timedelta(days=max(MIN_PRE_DAYS, needed))
    target = ops.meter.daily(plan.metric, first, last)
    recorded = target.loc[target["value"] > 0, "day"]
    if not recorded.empty:
        first = max(first, recorded.iloc[0].date())
        target = target[target["day"] >= pd.Timestamp(first)].reset_index(drop=True)
    n_pre, stop = (start - first).days, (end - first).days + 1
    y = masked(ops, plan, target["value"].to_numpy(dtype=float), first, n_pre)
    controls = control_series(ops, plan, first, last)
    special, unseen = _special(ops, y, first, last, n_pre)
    inputs = np.hstack([controls, special])
    try:
        during = campaign_effect(y[:stop], n_pre, inputs[:stop])
        whole = campaign_effect(y, n_pre, inputs) if last > end else during
        after = None
        if last > end:
            after = _later(y, n_pre, inputs, stop, len(y))
        weeks = tuple(
            Week(a, b, _later(y, n_pre, inputs, (a - first).days, (b - first).days + 1))
            for a, b in weeks_after(end, last)
        )
    except MethodError:
        return Text.of("campaign.effect.skip_fit", days=int(np.isfinite(y[:n_pre]).sum()))
    placebos = placebo_in_time(y[:stop], n_pre, inputs[:stop], windows=3, length=stop - n_pre)
    sensitivity = {
        sd: campaign_effect(y, n_pre, inputs, level_sd=sd).cumulative for sd in PRIORS[1:]
    }
    return Increment(
        "series",
        "D",
        during=during.cumulative,
        after=after,
        net=whole.cumulative if after else None,
        weeks=weeks,
        relative=whole.relative,
        after_days=(last - end).days,
        window_days=stop - n_pre,
        pre_days=n_pre,
        impact=whole,
        path=DailyPath(
            tuple(stamp.date() for stamp in target["day"]),
            tuple(target["value"]),
            tuple(whole.expected),
            (*[None] * n_pre, *whole.low[n_pre:]),
            (*[None] * n_pre, *whole.high[n_pre:]),
        ),
        scrutiny=Scrutiny(
            r2=whole.r2,
            pre_days=whole.n_before,
            pre_needed=needed,
            placebos=tuple(placebo.effect.average for placebo in placebos),
            sensitivity={PRIORS[0]: whole.cumulative, **sensitivity},
            touched=_touched(plan, controls[:stop], n_pre),
            unseen=unseen,
        ),
    )


def _later(y: np.ndarray, n_pre: int, inputs: np.ndarray, start: int, stop: int) -> Estimate:
    """The effect on some of the days after the campaign began, by their positions in y."""
    y = y.copy()
    y[n_pre:start] = y[stop:] = np.nan
    return campaign_effect(y, n_pre, inputs).cumulative


def control_series(ops: Recorder, plan: CampaignPlan, first: dt.date, last: dt.date) -> np.ndarray:
    """Control series as columns, shape (days, controls); NaN on a day without one."""
    series = ops.rows.table("series").expr
    wanted = series.filter(
        series.metric.isin(plan.controls)
        & (series.unit == "all")
        & series.date.cast("date").between(first, last)
    )
    frame = wanted.group_by(["date", "metric"]).agg(value=wanted.value.sum()).execute()
    wide = frame.pivot(index="date", columns="metric", values="value")
    wide.index = pd.to_datetime(wide.index)
    by_day = wide.reindex(pd.date_range(first, last), columns=plan.controls)
    columns: np.ndarray = by_day.to_numpy(dtype=float)
    return columns


def masked(
    ops: Recorder, plan: CampaignPlan, y: np.ndarray, first: dt.date, n_pre: int
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
        if high > low:
            y[low:high] = np.nan
    return y


def _special(
    ops: Recorder, y: np.ndarray, first: dt.date, last: dt.date, n_pre: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Kinds of special days as inputs, and those in the window that no day before can teach."""
    learned, unseen = [], []
    ordinary = np.isfinite(y[:n_pre])
    for kind, days in special_days(ops.workspace.country, first, last).items():
        if (days[:n_pre] & ordinary).sum() >= LEAST_SPECIAL:
            learned.append(days.astype(float))
        elif days[n_pre:].any():
            unseen.append(kind)
    table = np.column_stack(learned) if learned else np.empty((len(y), 0))
    return table, tuple(unseen)


def _touched(plan: CampaignPlan, controls: np.ndarray, n_pre: int) -> dict[str, Estimate]:
    """The campaign's effect on each control series, judged by the other ones.

    Controls may drift by themselves, so their level moves freely: a jump is looked for.
    """
    found = {}
    for number, name in enumerate(plan.controls):
        others = np.delete(controls, number, axis=1)
        try:
            effect = campaign_effect(
                controls[:, number], n_pre, others if others.size else None, level_sd=PRIORS[-1]
            )
        except MethodError:
            continue
        found[name] = effect.relative
    return found
