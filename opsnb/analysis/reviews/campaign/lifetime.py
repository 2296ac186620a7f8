"""How well the team's orders foretell what customers buy, and what that is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from opsnb.analysis.display import Absent, Checks, Note, Paragraph, Part, charts
from opsnb.analysis.reviews.campaign.lifetime_model import DISCOUNT, Lifetime
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.case import CampaignCase


def lifetime_parts(case: CampaignCase) -> list[Part]:
    """The model's score on orders it never saw, and what it says a customer is worth."""
    found, ops = case.lifetime, case.ops
    if isinstance(found, Text):
        return [Absent(found)]
    error = ops.fact("campaign.ltv_error", found.error, "relative", n=found.customers)
    ops.fact("campaign.ltv_predicted", found.predicted[-1], "count", period=str(found.last))
    ops.fact("campaign.ltv_actual", found.actual[-1], "count", period=str(found.last))
    for name, value in found.parameters.items():
        ops.fact("campaign.ltv_model", value, "number", segment=name, method=found.kind)
    dates = [found.cutoff, *found.days]
    chart = charts.trend(
        [
            charts.Series(Text("campaign.lifetime.actual"), dates, [0.0, *found.actual]),
            charts.Series(Text("campaign.lifetime.predicted"), dates, [0.0, *found.predicted]),
        ],
        claim=Text.of(
            f"campaign.lifetime.claim_{found.kind}",
            predicted=found.predicted[-1],
            actual=found.actual[-1],
        ),
        alt=Text.of("campaign.lifetime.alt", weeks=len(found.days)),
        source=Text.of(
            "campaign.lifetime.source", customers=found.customers, cutoff=found.cutoff,
            last=found.last,
        ),
        format="integer",
        from_zero=True,
    )  # fmt: skip
    state = "good" if found.good else "poor"
    check = ops.check(
        "lifetime",
        "pass" if found.good else "warn",
        Text.of(f"campaign.lifetime.{state}", error=error),
        error,
    )
    parts: list[Part] = [chart, Checks([check])]
    if found.good:
        horizon = case.plan.ltv.horizon_days if case.plan.ltv else 365
        parts.append(Paragraph(_worth(case, found, horizon)))
    parts.append(Note(Text(f"campaign.lifetime.note_{found.kind}")))
    return parts


def _worth(case: CampaignCase, found: Lifetime, horizon: int) -> Text:
    draws = found.worth_draws(0, horizon)
    low, high = (None, None) if draws is None else np.quantile(draws, [0.025, 0.975]).tolist()
    fact = case.ops.fact(
        "campaign.ltv_repeats", found.repeats_worth(0, horizon), "money", low=low, high=high,
        n=found.customers, method=found.kind,
    )  # fmt: skip
    key = "worth" if draws is None else "worth_interval"
    return Text.of(f"campaign.lifetime.{key}", worth=fact, days=horizon, rate=DISCOUNT)
