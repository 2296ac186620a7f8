"""What a domain expert asks before looking at any result: is the comparison fair?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from opsnb.analysis.findings import Check, Fact
from opsnb.analysis.reviews.campaign.before_after import window_before
from opsnb.analysis.reviews.campaign.recording_gaps import gap_checks
from opsnb.analysis.reviews.campaign.special_days import Clash, Span, clashes
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.reviews.campaign.costs import Attributed
    from opsnb.base.plans import CampaignPlan


def fairness_checks(
    ops: Recorder,
    plan: CampaignPlan,
    tagged: Attributed | None,
    claimed: float,
    *,
    is_compared: Callable[[], bool],
) -> tuple[Check, ...]:
    """Calendar, refunds, selection, attribution and double counting, as far as they apply.

    Parameters
    ----------
    tagged : Attributed or None
        Orders that carry the campaign's tag.
    claimed : float
        Conversions that the channels count for themselves.
    is_compared : callable
        Whether the metric is held against other regions or series; asked where it matters.
    """
    table = ops.catalogue[plan.metric].table
    timeless = [*_selection(ops, plan, is_compared), *_stated(plan, tagged, claimed),
                *_double_counting(plan, table)]  # fmt: skip
    if plan.start is None or plan.end is None:
        return tuple(timeless)
    window = plan.start, plan.end
    checks = [*_calendar(ops, plan, window), *gap_checks(ops, plan)]
    if table == "orders":
        checks.append(_refunds(ops, plan, plan.end))
    if claimed and ops.rows.has("orders"):
        checks.append(_attribution(ops, window, claimed))
    return (*checks, *timeless)


def _calendar(ops: Recorder, plan: CampaignPlan, window: Span) -> list[Check]:
    found = clashes(ops, plan, window, window_before(*window))
    if not found:
        return [Check("calendar", "pass", Text("campaign.fair.calendar_clear"))]
    checks = []
    for where in ("window", "before"):
        here = [clash for clash in found if clash.where == where]
        if here:
            message = Text.of(f"campaign.fair.calendar_{where}", what=_names(here))
            checks.append(Check(f"calendar.{where}", "warn", message))
    broken = [clash for clash in found if clash.serious and clash.where == "window"]
    if broken:
        message = Text.of("campaign.fair.broken", what=_names(broken))
        checks.append(Check("calendar.data", "warn", message))
    return checks


def _names(found: list[Clash]) -> list[object]:
    return [clash.what for clash in found]


def _refunds(ops: Recorder, plan: CampaignPlan, end: dt.date) -> Check:
    """Net revenue counts once the days for returns have passed."""
    days = ops.workspace.refund_window_days
    ripe = end + dt.timedelta(days=plan.post_days + days)
    if ops.workspace.as_of > ripe:
        return Check("refunds", "pass", Text.of("campaign.fair.refunds_ripe", days=days))
    return Check("refunds", "warn", Text.of("campaign.fair.refunds_open", days=days, ripe=ripe))


def _selection(ops: Recorder, plan: CampaignPlan, is_compared: Callable[[], bool]) -> list[Check]:
    """Users picked for low or high activity return to the average by themselves.

    Held-out users return alike; in a metric of everybody, picked or not, it cancels out; before
    and after are never compared.
    """
    if plan.audience == "all":
        return []
    message = f"campaign.fair.selection_{plan.audience}"
    if plan.holdout is not None and ops.rows.has("assignments"):
        return [Check("selection", "pass", Text(f"{message}_held"))]
    if not is_compared():
        return [Check("selection", "warn", Text(message))]
    return [Check("selection", "warn", Text.of(f"{message}_whole", metric=ops.label(plan.metric)))]


def _attribution(ops: Recorder, window: Span, claimed: float) -> Check:
    """Channels cannot claim more conversions than there were orders."""
    counted = ops.meter.daily("orders", *window)["value"].sum()
    fact = Fact("campaign.claimed", claimed, "count", n=int(counted))
    state = "over" if claimed > counted else "within"
    message = Text.of(f"campaign.fair.credits_{state}", claimed=fact, counted=int(counted))
    return Check("attribution", "warn" if state == "over" else "pass", message, (fact,))


def _stated(plan: CampaignPlan, tagged: Attributed | None, claimed: float) -> list[Check]:
    """Credits mean something only with the rule that gave them: the model and its window."""
    if not claimed and (tagged is None or not tagged.orders):
        return []
    rule = plan.attribution
    if rule is None:
        return [Check("attribution_rule", "warn", Text("campaign.fair.attribution_unstated"))]
    key = "attribution_stated" if rule.window_days else "attribution_visit"
    message = Text.of(f"campaign.fair.{key}", model=rule.model, days=rule.window_days)
    return [Check("attribution_rule", "pass", message)]


def _double_counting(plan: CampaignPlan, table: str | None) -> list[Check]:
    """Orders of the window and lifetime value never count the same money."""
    totals = plan.totals
    if plan.ltv is None:
        return []
    if totals is not None and totals.gmv and totals.new_users:
        return [Check("double_counting", "warn", Text("campaign.fair.ltv_overlaps"))]
    days = (plan.end - plan.start).days + 1 if plan.start and plan.end else 0
    if plan.ltv.horizon_days <= days:
        message = Text.of("campaign.fair.ltv_inside", days=plan.ltv.horizon_days, window=days)
        return [Check("double_counting", "warn", message)]
    key = "campaign.fair.ltv_users" if table == "users" else "campaign.fair.ltv_left_out"
    return [Check("double_counting", "pass", Text(key))]
