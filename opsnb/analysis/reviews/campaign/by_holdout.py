"""A campaign's effect from its randomised holdout: intention to treat."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsnb.analysis.metrics import ObservationWindow, arm_aggregates, assigned_users
from opsnb.analysis.reviews.campaign.increment import (
    Increment,
    Judged,
    Lacking,
    Scrutiny,
    Week,
    scaled,
    weeks_after,
)
from opsnb.analysis.reviews.campaign.recording_gaps import post_end, unrecorded_days
from opsnb.analysis.reviews.campaign.timeline import PRE_TIMES_POST
from opsnb.analysis.reviews.experiment.effects import Effect, compare_arms
from opsnb.base.messages import Text
from opsnb.base.periods import containing

if TYPE_CHECKING:
    from opsnb.analysis.metrics.assignments import Assigned
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.plans import CampaignPlan


def by_holdout(ops: Recorder, plan: CampaignPlan, start: dt.date, end: dt.date) -> Increment | Text:
    """Exposed against held-out users, scaled to all exposed; or why there is no such comparison."""
    assert plan.holdout is not None
    if not ops.rows.has("assignments"):
        return Text("campaign.effect.skip_assignments")
    assigned = assigned_users(ops.rows, plan.holdout.experiment)
    last = post_end(ops, plan, end)
    pre_days = _days_before(ops, plan, start, PRE_TIMES_POST * ((last - start).days + 1))
    users = assigned.counts[plan.holdout.treated]

    def effect(first: dt.date, final: dt.date) -> Effect:
        return _compared(ops, plan, assigned, (first, final), pre_days)

    during = whole = effect(start, end)
    after = net = None
    weeks: list[Week] = []
    if last > end:
        whole = effect(start, last)
        after = scaled(effect(end + dt.timedelta(days=1), last).diff, users)
        net = scaled(whole.diff, users)
        weeks = [Week(*span, scaled(effect(*span).diff, users)) for span in weeks_after(end, last)]
    gaps = sorted(unrecorded_days(ops, plan.metric, start, last, inside=True))
    judged = _judged(ops, plan, (start, end, last), gaps)
    balance = whole.adjustment.balance if whole.adjustment else None
    return Increment(
        "holdout",
        "A",
        during=scaled(during.diff, users),
        after=after,
        net=net,
        weeks=tuple(weeks),
        relative=whole.lift,
        users=users,
        holdout_users=assigned.counts[plan.holdout.control],
        contaminated=_contaminated(ops, plan, assigned),
        srm_counts=assigned.counts,
        after_days=judged.after,
        window_days=judged.window,
        pre_days=pre_days if whole.adjusted else 0,
        scrutiny=Scrutiny(pre_days=pre_days, balance=scaled(balance, users) if balance else None),
        judged=judged,
    )


def _judged(
    ops: Recorder,
    plan: CampaignPlan,
    days: tuple[dt.date, dt.date, dt.date],
    gaps: Sequence[dt.date],
) -> Judged:
    """Days of the campaign and after it; both arms lack those that are not on record."""
    start, end, last = days
    window, after = (end - start).days + 1, (last - end).days
    during = sum(day <= end for day in gaps)
    periods = tuple(containing("day", day) for day in gaps)
    return Judged(
        "day", window - during, window, after - (len(gaps) - during), after, plan.post_days,
        (Lacking(ops.label(plan.metric), periods),) if gaps else (),
    )  # fmt: skip


def _days_before(ops: Recorder, plan: CampaignPlan, start: dt.date, days: int) -> int:
    """Of the days before a campaign, the last ones that reach back to the start of the record."""
    first = ops.meter.on_record.first(ops.catalogue[plan.metric])
    return days if first is None else max(0, min(days, (start - first).days))


def _compared(
    ops: Recorder,
    plan: CampaignPlan,
    assigned: Assigned,
    span: tuple[dt.date, dt.date],
    pre_days: int,
) -> Effect:
    """Exposed against held-out users over some days, adjusted for what each did before."""
    assert plan.holdout is not None
    found = arm_aggregates(
        ops.rows, ops.catalogue, plan.metric, assigned,
        observed=ObservationWindow(*span, covariate_days=pre_days), capped=False,
    )  # fmt: skip
    arms = {arm.variant: arm for arm in found}
    return compare_arms(
        ops.catalogue[plan.metric], arms[plan.holdout.control], arms[plan.holdout.treated]
    )


def _contaminated(ops: Recorder, plan: CampaignPlan, assigned: Assigned) -> int:
    """Held-out users with an order that carries the campaign's tag."""
    assert plan.holdout is not None
    if not ops.rows.has("orders"):
        return 0
    orders = ops.rows.table("orders").expr
    if "campaign_id" not in orders.columns:
        return 0
    tagged = orders.filter(orders.campaign_id == plan.id).select("user_id").distinct()
    held = assigned.users.filter(assigned.users.variant == plan.holdout.control).select("user_id")
    return int(held.inner_join(tagged, "user_id").count().execute())
