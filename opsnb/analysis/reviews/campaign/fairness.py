"""Is the comparison fair? What a domain expert asks before looking at any result."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from opsnb.analysis.display import Absent, Checks, Part
from opsnb.analysis.findings import Check
from opsnb.analysis.reviews.campaign import costs
from opsnb.analysis.reviews.campaign.recording_gaps import gap_checks
from opsnb.analysis.reviews.campaign.special_days import Clash, clashes
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.review import Campaign


def fairness_parts(campaign: Campaign) -> list[Part]:
    """Calendar, refunds, selection, attribution and double counting as checks."""
    timeless = [*_selection(campaign), *_stated(campaign), *_double_counting(campaign)]
    if not campaign.dated:
        said: list[Part] = [Absent(Text("campaign.fair.undated"))]
        return [*said, Checks(timeless)] if timeless else said
    checks = [*_calendar(campaign), *gap_checks(campaign), *_refunds(campaign)]
    return [Checks([*checks, *_attribution(campaign), *timeless])]


def _calendar(campaign: Campaign) -> list[Check]:
    plan = campaign.plan
    assert plan.start and plan.end
    before = costs.window_before(plan.start, plan.end)
    found = clashes(campaign.ops, plan, (plan.start, plan.end), before)
    if not found:
        return [campaign.ops.check("calendar", "pass", Text("campaign.fair.calendar_clear"))]
    checks = []
    for where in ("window", "before"):
        here = [clash for clash in found if clash.where == where]
        if here:
            message = Text.of(f"campaign.fair.calendar_{where}", what=_names(here))
            checks.append(campaign.ops.check(f"calendar.{where}", "warn", message))
    broken = [clash for clash in found if clash.serious and clash.where == "window"]
    if broken:
        message = Text.of("campaign.fair.broken", what=_names(broken))
        checks.append(campaign.ops.check("calendar.data", "warn", message))
    return checks


def _names(found: list[Clash]) -> list[object]:
    return [clash.what for clash in found]


def _refunds(campaign: Campaign) -> list[Check]:
    """Net revenue counts once the days for returns have passed."""
    ops, plan = campaign.ops, campaign.plan
    metric = campaign.metric
    assert plan.end is not None
    if metric.table != "orders":
        return []
    days = ops.workspace.refund_window_days
    ripe = plan.end + dt.timedelta(days=plan.post_days + days)
    if ops.workspace.as_of > ripe:
        return [ops.check("refunds", "pass", Text.of("campaign.fair.refunds_ripe", days=days))]
    reason = Text.of("campaign.fair.refunds_open", days=days, ripe=ripe)
    ops.status("provisional", reason)
    return [ops.check("refunds", "warn", reason)]


def _selection(campaign: Campaign) -> list[Check]:
    """Users picked for low or high activity return to the average by themselves."""
    plan = campaign.plan
    if plan.audience == "all":
        return []
    if plan.holdout is not None and campaign.ops.rows.has("assignments"):
        message = Text(f"campaign.fair.selection_{plan.audience}_held")
        return [campaign.ops.check("selection", "pass", message)]
    message = Text(f"campaign.fair.selection_{plan.audience}")
    return [campaign.ops.check("selection", "block", message)]


def _attribution(campaign: Campaign) -> list[Check]:
    """Channels cannot claim more conversions than there were orders."""
    ops, plan = campaign.ops, campaign.plan
    if not (ops.rows.has("orders") and campaign.has_spend):
        return []
    claimed = sum(row.conversions or 0 for row in campaign.channel_rows)
    if not claimed:
        return []
    assert plan.start and plan.end
    counted = ops.meter.daily("orders", plan.start, plan.end)["value"].sum()
    fact = ops.fact("campaign.claimed", claimed, "count", n=int(counted))
    state = "over" if claimed > counted else "within"
    message = Text.of(f"campaign.fair.credits_{state}", claimed=fact, counted=int(counted))
    return [ops.check("attribution", "warn" if state == "over" else "pass", message, fact)]


def _stated(campaign: Campaign) -> list[Check]:
    """Credits mean something only with the rule that gave them: the model and its window."""
    credited, plan = campaign.attributed, campaign.plan
    claimed = any(row.conversions for row in campaign.channel_rows)
    if not claimed and (credited is None or not credited.orders):
        return []
    rule = plan.attribution
    if rule is None:
        message = Text("campaign.fair.attribution_unstated")
        return [campaign.ops.check("attribution_rule", "warn", message)]
    key = "attribution_stated" if rule.window_days else "attribution_visit"
    message = Text.of(f"campaign.fair.{key}", model=rule.model, days=rule.window_days)
    return [campaign.ops.check("attribution_rule", "pass", message)]


def _double_counting(campaign: Campaign) -> list[Check]:
    """Orders of the window and lifetime value never count the same money."""
    plan, totals = campaign.plan, campaign.plan.totals
    if plan.ltv is None:
        return []
    if totals is not None and totals.gmv and totals.new_users:
        message = Text("campaign.fair.ltv_overlaps")
        return [campaign.ops.check("double_counting", "warn", message)]
    days = (plan.end - plan.start).days + 1 if plan.start and plan.end else 0
    if plan.ltv.horizon_days <= days:
        message = Text.of("campaign.fair.ltv_inside", days=plan.ltv.horizon_days, window=days)
        return [campaign.ops.check("double_counting", "warn", message)]
    users = campaign.metric.table == "users"
    key = "campaign.fair.ltv_users" if users else "campaign.fair.ltv_left_out"
    return [campaign.ops.check("double_counting", "pass", Text(key))]
