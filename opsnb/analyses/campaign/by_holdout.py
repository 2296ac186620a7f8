"""A campaign's effect from its randomised holdout: intention to treat."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from opsnb.analyses.campaign.increment import Increment, post_end, scaled
from opsnb.analyses.effects import compare_arms
from opsnb.messages import Text
from opsnb.methods.estimate import Estimate
from opsnb.metrics import arm_aggregates, assigned_users

if TYPE_CHECKING:
    from opsnb.metrics.assigned import Assigned
    from opsnb.plans import CampaignPlan
    from opsnb.session import Session

COVARIATE_DAYS = 28


def by_holdout(ops: Session, plan: CampaignPlan, start: dt.date, end: dt.date) -> Increment | Text:
    """Exposed against held-out users, scaled to all exposed; or why there is no such comparison."""
    assert plan.holdout is not None
    if not ops.rows.has("assignments"):
        return Text("campaign.effect.skip_assignments")
    assigned = assigned_users(ops.rows, plan.holdout.experiment)
    last = post_end(ops, plan, end)
    windows = {"during": (start, end)}
    if last > end:
        windows |= {"after": (end + dt.timedelta(days=1), last), "net": (start, last)}
    users = assigned.counts[plan.holdout.treated]
    estimates: dict[str, Estimate] = {}
    relative = None
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
        estimates[name] = scaled(effect.diff, users)
        if name != "after":
            relative = effect.lift
    return Increment(
        "holdout",
        "A",
        during=estimates["during"],
        after=estimates.get("after"),
        net=estimates.get("net"),
        relative=relative,
        users=users,
        holdout_users=assigned.counts[plan.holdout.control],
        contaminated=_contaminated(ops, plan, assigned),
        srm_counts=assigned.counts,
        after_days=(last - end).days,
        window_days=(end - start).days + 1,
    )


def _contaminated(ops: Session, plan: CampaignPlan, assigned: Assigned) -> int:
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
