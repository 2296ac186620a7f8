"""What a new customer goes on to buy: fitted to half of the orders, held against the other half."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import pandas as pd

from opsnb.analysis.methods.ltv import (
    BgNbd,
    GammaGamma,
    ShiftedBetaGeometric,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_leaving,
)
from opsnb.analysis.metrics.purchases import Histories, histories, purchase_days
from opsnb.analysis.metrics.renewals import Contracts, contracts
from opsnb.analysis.reviews.shared.data_gate import data_end
from opsnb.base.errors import MethodError
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder

LEAST_CUSTOMERS = 300
LEAST_WEEKS = 20
"""Customers and weeks of orders below which no model is fitted."""

GOOD_ERROR = 0.25
"""Relative error of the repeat purchases predicted that a value may still rest on."""

DISCOUNT = 0.10
"""A year's discount of what customers buy later."""

MATURE_DAYS = 90
"""Days after registering by which most of those who ever buy have bought."""


DRAWS = 1000
"""Draws of what else the models could be, for the interval of a value."""


class Purchases(Protocol):
    """Mean repeat purchases of a new customer, by the weeks since the first."""

    def expected_at(self, t: np.ndarray) -> np.ndarray: ...

    def draws(self, n: int, rng: np.random.Generator) -> Sequence[Purchases]: ...


@dataclass(frozen=True)
class Renewals:
    """Renewals of a contract as purchases: sBG, one chance to leave every `weeks`."""

    model: ShiftedBetaGeometric
    weeks: float

    def expected_at(self, t: np.ndarray) -> np.ndarray:
        """Renewals until each time, those of a whole period only."""
        made = np.floor(np.asarray(t) / self.weeks + 1e-9).astype(int)
        renewals: np.ndarray = np.cumsum(self.model.survival(int(made.max(initial=0))))[made] - 1
        return renewals

    def draws(self, n: int, rng: np.random.Generator) -> list[Renewals]:
        """Models that the data would allow as well."""
        return [Renewals(model, self.weeks) for model in self.model.draws(n, rng)]


@dataclass(frozen=True)
class Lifetime:
    """A model of purchases and their value, and how it did on orders that it never saw.

    Attributes
    ----------
    kind : {"bg_nbd", "sbg"}
        Purchases at any time, by customers who leave unseen; or renewals of a contract.
    mean_value : float
        Mean amount of a repeat purchase over the population.
    cutoff, last : date
        The model knows the orders until the cutoff; it is scored on those until `last`.
    days : tuple of date
        Ends of the weeks after the cutoff, for the cumulative `predicted` and `actual` repeats.
    """

    kind: Literal["bg_nbd", "sbg"]
    purchases: BgNbd | Renewals
    mean_value: float
    values: GammaGamma | None
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

    @property
    def parameters(self) -> dict[str, float]:
        one = self.purchases.model if isinstance(self.purchases, Renewals) else self.purchases
        names = ("alpha", "beta") if self.kind == "sbg" else ("r", "alpha", "a", "b")
        return {name: getattr(one, name) for name in names}

    def repeats_worth(self, after_days: int, horizon_days: int) -> float:
        """Discounted amount of a customer's repeats between two ages, before any margin."""
        return _discounted(self.purchases, after_days, horizon_days) * self.mean_value

    def worth_draws(self, after_days: int, horizon_days: int) -> np.ndarray | None:
        """Other values that `repeats_worth` could as well have, shape (draws,).

        They differ by the parameters that the data would allow, and by as much as the model was
        off on the half that it never saw. None where the data do not pin the parameters down.
        """
        rng = np.random.default_rng(0)
        try:
            models = self.purchases.draws(DRAWS, rng)
            prices = [one.mean for one in self.values.draws(DRAWS, rng)] if self.values else None
        except MethodError:
            return None
        bought = np.array([_discounted(one, after_days, horizon_days) for one in models])
        price = np.full(DRAWS, self.mean_value) if prices is None else np.array(prices)
        worth = bought * price * (1 + self.error * rng.normal(size=DRAWS))
        return worth if np.isfinite(worth).all() else None


def _discounted(purchases: Purchases, after_days: int, horizon_days: int) -> float:
    """Purchases between two ages, each counted for less the later it comes."""
    steps = np.arange(after_days, horizon_days + 1, 7) / 7
    bought = np.diff(purchases.expected_at(steps))
    middle = (steps[1:] + steps[:-1]) / 2
    return float((bought * (1 + DISCOUNT) ** (-middle / 52.18)).sum())


def fit_lifetime(ops: Recorder, renewal_days: int | None = None) -> Lifetime | Text:
    """Fit to the first half of the orders and predict the second; or why that is not possible.

    Parameters
    ----------
    renewal_days : int, optional
        Days of a contract, where customers subscribe: then renewals are modelled (sBG), not
        purchases at any time (BG/NBD).
    """
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
        if renewal_days:
            found = _renewals(contracts(days, renewal_days), past, cutoff, last)
        else:
            found = _at_any_time(days, past, cutoff, last)
    except MethodError:
        return Text("campaign.lifetime.no_fit")
    return found if found.actual[-1] else Text("campaign.lifetime.no_fit")


def _weeks(cutoff: dt.date, last: dt.date) -> tuple[dt.date, ...]:
    count = (last - cutoff).days // 7
    return tuple(cutoff + dt.timedelta(days=7 * week) for week in range(1, count + 1))


def _at_any_time(days: pd.DataFrame, past: Histories, cutoff: dt.date, last: dt.date) -> Lifetime:
    """BG/NBD and Gamma-Gamma; repeats of the customers known at the cutoff, week by week."""
    model = fit_bg_nbd(past.frequency, past.recency, past.age)
    value = fit_gamma_gamma(past.frequency, past.value)
    known = days.loc[days["day"] <= pd.Timestamp(cutoff), "user_id"].unique()
    later = days[(days["day"] > pd.Timestamp(cutoff)) & days["user_id"].isin(known)]
    ends = _weeks(cutoff, last)
    predicted = tuple(
        float(model.expected_given(float(w), past.frequency, past.recency, past.age).sum())
        for w in range(1, len(ends) + 1)
    )
    actual = tuple(float((later["day"] <= pd.Timestamp(end)).sum()) for end in ends)
    return Lifetime(
        "bg_nbd", model, value.mean, value, len(past), cutoff, last, ends, predicted, actual
    )


def _renewals(every: Contracts, past: Histories, cutoff: dt.date, last: dt.date) -> Lifetime:
    """sBG; renewals of those who were still under contract at the cutoff, week by week."""
    known = every.known(cutoff)
    model = fit_leaving(*known.table(cutoff))
    due = known.due(cutoff)
    active = known.kept >= due
    ends = _weeks(cutoff, last)
    share = model.survival(int(known.due(last).max()))
    reached = np.cumsum(share)
    predicted, actual = [], []
    for end in ends:
        then = known.due(end)
        ahead = (reached[then] - reached[due]) / share[due]
        predicted.append(float(ahead[active].sum()))
        actual.append(float((np.minimum(known.kept, then) - due)[active].sum()))
    value = float(past.value[past.frequency > 0].mean())
    return Lifetime(
        "sbg", Renewals(model, known.period / 7), value, None, len(past), cutoff, last, ends,
        tuple(predicted), tuple(actual),
    )  # fmt: skip


def buyer_share(ops: Recorder) -> tuple[int, int] | None:
    """Of the users registered long enough ago, those with a paid order, and all."""
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
    return (buyers, total) if buyers else None
