"""What a new customer goes on to buy: fitted to half of the orders, held against the other half."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from opsnb.analyses.gate import data_end
from opsnb.display import Absent, Checks, Note, Paragraph, Part, charts
from opsnb.errors import MethodError
from opsnb.messages import Text
from opsnb.methods.ltv import BgNbd, GammaGamma, fit_bg_nbd, fit_gamma_gamma
from opsnb.metrics.purchases import Histories, histories, purchase_days

if TYPE_CHECKING:
    from opsnb.analyses.campaign.review import Campaign
    from opsnb.session import Session

LEAST_CUSTOMERS = 300
LEAST_WEEKS = 20
"""Customers and weeks of orders below which no model is fitted."""

GOOD_ERROR = 0.25
"""Relative error of the repeat purchases predicted that a value may still rest on."""

DISCOUNT = 0.10
"""A year's discount of what customers buy later."""

MATURE_DAYS = 90
"""Days after registering by which most of those who ever buy have bought."""


@dataclass(frozen=True)
class Lifetime:
    """Models of purchases and their value, and how they did on orders that they never saw.

    Attributes
    ----------
    cutoff, last : date
        The models know the orders until the cutoff; they are scored on those until `last`.
    weeks : tuple of int
        Weeks since the start of the data, of the cumulative `predicted` and `actual` repeats.
    """

    purchases: BgNbd
    value: GammaGamma
    customers: int
    cutoff: dt.date
    last: dt.date
    days: tuple[dt.date, ...]
    predicted: tuple[float, ...]
    actual: tuple[float, ...]

    @property
    def error(self) -> float:
        """Repeat purchases predicted over actual ones of the second half, less one."""
        return self.predicted[-1] / self.actual[-1] - 1

    @property
    def good(self) -> bool:
        return abs(self.error) <= GOOD_ERROR

    @cached_property
    def mean_value(self) -> float:
        """Mean amount of a purchase over the population."""
        return float(self.value.expected_given(np.zeros(1), np.zeros(1))[0])

    def repeats_worth(self, after_days: int, horizon_days: int) -> float:
        """Discounted amount of a customer's repeats between two ages, before any margin."""
        steps = np.arange(after_days, horizon_days + 1, 7) / 7
        bought = np.diff([self.purchases.expected(float(t)) for t in steps])
        middle = (steps[1:] + steps[:-1]) / 2
        return float((bought * (1 + DISCOUNT) ** (-middle / 52.18)).sum() * self.mean_value)


def fit_lifetime(ops: Session) -> Lifetime | Text:
    """Fit to the first half of the orders and predict the second; or why that is not possible."""
    if not ops.rows.has("orders"):
        return Text("campaign.lifetime.no_orders")
    days = purchase_days(ops.rows)
    last = data_end(ops, "orders")
    if last is None or days.empty:
        return Text("campaign.lifetime.no_customers")
    first = days["day"].min().date()
    cutoff = first + (last - first) // 2
    past = histories(days, cutoff)
    if len(past) < LEAST_CUSTOMERS or (last - first).days < 7 * LEAST_WEEKS:
        return Text.of(
            "campaign.lifetime.too_little", customers=len(past), weeks=(last - first).days // 7
        )
    try:
        purchases = fit_bg_nbd(past.frequency, past.recency, past.age)
        value = fit_gamma_gamma(past.frequency, past.value)
    except MethodError:
        return Text("campaign.lifetime.no_fit")
    ends, predicted, actual = _second_half(days, past, purchases, cutoff, last)
    if not actual[-1]:
        return Text("campaign.lifetime.no_fit")
    return Lifetime(purchases, value, len(past), cutoff, last, ends, predicted, actual)


def _second_half(
    days: pd.DataFrame, past: Histories, model: BgNbd, cutoff: dt.date, last: dt.date
) -> tuple[tuple[dt.date, ...], tuple[float, ...], tuple[float, ...]]:
    """Cumulative repeats after the cutoff, week by week, of the customers known at the cutoff."""
    known = days.loc[days["day"] <= pd.Timestamp(cutoff), "user_id"].unique()
    later = days[(days["day"] > pd.Timestamp(cutoff)) & days["user_id"].isin(known)]
    weeks = range(1, (last - cutoff).days // 7 + 1)
    ends = tuple(cutoff + dt.timedelta(days=7 * week) for week in weeks)
    predicted = tuple(
        float(model.expected_given(float(w), past.frequency, past.recency, past.age).sum())
        for w in weeks
    )
    actual = tuple(float((later["day"] <= pd.Timestamp(end)).sum()) for end in ends)
    return ends, predicted, actual


def buyer_share(ops: Session) -> float | None:
    """Share of the users registered long enough ago who have a paid order."""
    if not (ops.rows.has("users") and ops.rows.has("orders")):
        return None
    users, orders = ops.rows.table("users").expr, ops.rows.table("orders").expr
    last = data_end(ops, "orders")
    if last is None:
        return None
    ripe = users.filter(
        (users.registered_date > orders.order_date.min().as_scalar())
        & (users.registered_date <= last - dt.timedelta(days=MATURE_DAYS))
    )
    total = int(ripe.count().execute())
    buyers = int(ripe.semi_join(orders.filter(orders.amount > 0), "user_id").count().execute())
    return buyers / total if total else None


def lifetime_parts(campaign: Campaign) -> list[Part]:
    """The model's score on orders it never saw, and what it says a customer is worth."""
    found, ops = campaign.lifetime, campaign.ops
    if isinstance(found, Text):
        return [Absent(found)]
    error = ops.fact("campaign.ltv_error", found.error, "relative", n=found.customers)
    ops.fact("campaign.ltv_predicted", found.predicted[-1], "count", period=str(found.last))
    ops.fact("campaign.ltv_actual", found.actual[-1], "count", period=str(found.last))
    for name in ("r", "alpha", "a", "b"):
        ops.fact("campaign.ltv_model", getattr(found.purchases, name), "number", segment=name)
    dates = [found.cutoff, *found.days]
    chart = charts.trend(
        [
            charts.Series(Text("campaign.lifetime.actual"), dates, [0.0, *found.actual]),
            charts.Series(Text("campaign.lifetime.predicted"), dates, [0.0, *found.predicted]),
        ],
        claim=Text.of(
            "campaign.lifetime.claim", predicted=found.predicted[-1], actual=found.actual[-1]
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
        worth = found.repeats_worth(0, 365)
        fact = ops.fact("campaign.ltv_repeats", worth, "money", n=found.customers)
        parts.append(Paragraph(Text.of("campaign.lifetime.worth", worth=fact, rate=DISCOUNT)))
    parts.append(Note(Text("campaign.lifetime.note")))
    return parts
