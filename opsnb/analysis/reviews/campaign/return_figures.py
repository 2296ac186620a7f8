"""A campaign's returns as facts: what is credited to it over its cost, and what it added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opsnb.analysis.findings import Fact

if TYPE_CHECKING:
    from opsnb.analysis.findings.records import Unit
    from opsnb.analysis.methods.estimate import Estimate
    from opsnb.analysis.reviews.campaign.costs import Attributed
    from opsnb.analysis.reviews.campaign.increment import Increment
    from opsnb.analysis.reviews.campaign.worth import Worth
    from opsnb.base.plans import CampaignPlan


@dataclass(frozen=True)
class CreditedReturn:
    """ROAS and classic ROI: of all that is credited to a campaign, whatever caused it.

    Attributes
    ----------
    revenue, roas : Fact or None
        None where the plan's totals name no revenue.
    profit, classic : Fact or None
        None without a margin.
    values : dict of str to Fact
        "direct", "indirect" and "brand" value, where the plan states totals.
    """

    revenue: Fact | None = None
    roas: Fact | None = None
    profit: Fact | None = None
    classic: Fact | None = None
    values: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def facts(self) -> tuple[Fact, ...]:
        known = (*self.values.values(), self.revenue, self.roas, self.profit, self.classic)
        return tuple(fact for fact in known if fact is not None)


def credited_return(
    plan: CampaignPlan, tagged: Attributed | None, margin: float | None, cost: float
) -> CreditedReturn | None:
    """From the plan's totals, else from orders with the campaign's tag; None without a cost."""
    if not cost:
        return None
    if plan.totals is not None:
        return _from_totals(plan, margin, cost)
    if tagged is None or not tagged.orders:
        return None
    roas = Fact("campaign.roas", tagged.revenue / cost, "factor")
    if margin is None:
        return CreditedReturn(tagged.fact, roas)
    profit = tagged.revenue * margin
    return CreditedReturn(
        tagged.fact,
        roas,
        Fact("campaign.gross_profit", profit, "money"),
        Fact("campaign.roi_classic", (profit - cost) / cost, "relative"),
    )


def _from_totals(plan: CampaignPlan, margin: float | None, cost: float) -> CreditedReturn:
    """As teams write it: profit of all revenue, value of all new users, worth of exposure."""
    totals = plan.totals
    assert totals is not None
    amounts = {
        "direct": (totals.gmv or 0.0) * margin if margin else 0.0,
        "indirect": (totals.new_users or 0) * plan.ltv.value if plan.ltv else 0.0,
        "brand": (totals.impressions or 0) * (plan.cpm or 0.0) / 1000,
    }
    gmv = totals.gmv
    return CreditedReturn(
        revenue=None if gmv is None else Fact("campaign.net_revenue", gmv, "money"),
        roas=None if gmv is None else Fact("campaign.roas", gmv / cost, "factor"),
        classic=Fact("campaign.roi_classic", (sum(amounts.values()) - cost) / cost, "relative"),
        values={
            name: Fact(f"campaign.value.{name}", amount, "money", method="counted")
            for name, amount in amounts.items()
        },
    )


@dataclass(frozen=True)
class IncrementalReturn:
    """What a campaign added, in money, against its cost; intervals carried through.

    Attributes
    ----------
    gain : Estimate
        Worth of the increment.
    value, roi, left : Fact
        That worth, over the cost less one, and less the cost.
    break_even : Fact or None
        Increment that earns the cost, in the metric's unit; None where a unit is worth nothing.
    """

    worth: Worth
    gain: Estimate
    value: Fact
    roi: Fact
    left: Fact
    break_even: Fact | None

    @property
    def kind(self) -> str:
        """Whether the gain is earned already ("direct") or expected ("indirect")."""
        return "indirect" if self.worth.assumed else "direct"

    @property
    def facts(self) -> tuple[Fact, ...]:
        known = (self.value, self.roi, self.left, self.break_even)
        return tuple(fact for fact in known if fact is not None)


def incremental_return(
    found: Increment, worth: Worth | None, cost: float, unit: Unit
) -> IncrementalReturn | None:
    """None without a counterfactual, a cost, or a worth of the metric's unit."""
    if found.headline is None or worth is None or not cost:
        return None
    gain, method = worth.of(found.headline), found.method
    low, value, high = (x / cost - 1 for x in (gain.low, gain.value, gain.high))
    return IncrementalReturn(
        worth,
        gain,
        value=Fact(
            f"campaign.value.{'indirect' if worth.assumed else 'direct'}", gain.value, "money",
            low=gain.low, high=gain.high, method=method,
        ),
        roi=Fact(
            "campaign.roi_incremental", value, "relative", low=low, high=high, method=method
        ),
        left=Fact(
            "campaign.net_value", gain.value - cost, "money", low=gain.low - cost,
            high=gain.high - cost,
        ),
        break_even=Fact("campaign.break_even", cost / worth.of_one, unit)
        if worth.of_one > 0
        else None,
    )  # fmt: skip
