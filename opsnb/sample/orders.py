"""What becomes of each cart, in the world as it was and in worlds that might have been.

Every cart carries its own random draws, made once. A world is a set of effects laid over
them: leaving one effect out and reading the same draws again gives the exact counterfactual.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsnb.sample import days, truth
from opsnb.sample.draws import stream
from opsnb.sample.sessions import Sessions
from opsnb.sample.users import Users

Numbers = NDArray[np.float64]
_REFUND_SHAPE, _REFUND_MEAN_DAYS, _REFUND_LATEST_DAYS = 2.0, 7.0, 40.0


@dataclass(frozen=True)
class Effect:
    """What one cause does to carts: factors and a cost an order, scalar or one a cart."""

    conversion: Numbers | float = 1.0
    basket: Numbers | float = 1.0
    refund: Numbers | float = 1.0
    order_cost: Numbers | float = 0.0


@dataclass(frozen=True)
class Carts:
    """Arrays of one length, one entry a cart, in order of time; the draws are uniform on (0, 1).

    `session` and `user` are indices, `cart_at` and `order_at` seconds from START, `amount` CNY
    before any effect, `refund_after` seconds from the order.
    """

    session: NDArray[np.int64]
    user: NDArray[np.int64]
    day: NDArray[np.int64]
    cart_at: NDArray[np.int64]
    order_at: NDArray[np.int64]
    amount: Numbers
    margin: Numbers
    order_draw: Numbers
    cancel_draw: Numbers
    refund_draw: Numbers
    refund_after: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.session)


@dataclass(frozen=True)
class World:
    """Arrays aligned with the carts: `chance` of an order, and what the draws made of it.

    `placed` includes cancelled orders; `kept` leaves those out; `paid` leaves out refunds
    known by AS_OF as well.
    """

    chance: Numbers
    amount: Numbers
    cost: Numbers
    placed: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    refunded: NDArray[np.bool_]

    @property
    def paid(self) -> NDArray[np.bool_]:
        return self.kept & ~self.refunded

    @property
    def gross(self) -> Numbers:
        """CNY of orders not cancelled, one entry a cart."""
        return self.amount * self.kept

    @property
    def net(self) -> Numbers:
        """CNY of orders neither cancelled nor refunded, one entry a cart."""
        return self.amount * self.paid

    @property
    def margin(self) -> Numbers:
        """CNY of net revenue less its cost, one entry a cart."""
        return (self.amount - self.cost) * self.paid

    @property
    def expected_gross(self) -> Numbers:
        """What `gross` would be on average over the draws of order and cancellation."""
        return self.amount * self.chance * (1 - truth.CANCEL_RATE)


def fill(seed: int, users: Users, sessions: Sessions) -> Carts:
    """The carts of all visits, with their draws."""
    rng = stream(seed, "carts")
    index = np.flatnonzero(sessions.carted)
    n, user = len(index), sessions.user[index]
    basket = np.array(truth.CHANNEL_BASKET)[users.channel[user]] * truth.BASKET_MEAN
    sigma = truth.BASKET_SIGMA
    after = rng.gamma(_REFUND_SHAPE, _REFUND_MEAN_DAYS / _REFUND_SHAPE, n)
    return Carts(
        session=index,
        user=user,
        day=sessions.day[index],
        cart_at=sessions.cart_at[index],
        order_at=sessions.order_at[index],
        amount=basket * rng.lognormal(-(sigma**2) / 2, sigma, n),
        margin=rng.normal(truth.GROSS_MARGIN, truth.GROSS_MARGIN_SD, n),
        order_draw=rng.random(n),
        cancel_draw=rng.random(n),
        refund_draw=rng.random(n),
        refund_after=(np.clip(after, 0.2, _REFUND_LATEST_DAYS) * days.DAY_SECONDS).astype(np.int64),
    )


def world(carts: Carts, effects: Mapping[str, Effect]) -> World:
    """The orders under these effects."""
    chance = np.full(len(carts), truth.ORDER_RATE)
    amount = carts.amount.copy()
    refund_chance = np.full(len(carts), truth.REFUND_RATE)
    order_cost = np.zeros(len(carts))
    for effect in effects.values():
        chance = chance * effect.conversion
        amount = amount * effect.basket
        refund_chance = refund_chance * effect.refund
        order_cost = order_cost + effect.order_cost
    chance = np.minimum(chance, 0.98)
    amount = np.round(amount, 2)
    placed = carts.order_draw < chance
    kept = placed & (carts.cancel_draw >= truth.CANCEL_RATE)
    known = carts.order_at + carts.refund_after < days.end_of(truth.AS_OF)
    return World(
        chance=chance,
        amount=amount,
        cost=np.round(amount * (1 - carts.margin) + order_cost, 2),
        placed=placed,
        kept=kept,
        refunded=kept & (carts.refund_draw < refund_chance) & known,
    )


def without(effects: Mapping[str, Effect], name: str) -> dict[str, Effect]:
    """The effects but one."""
    return {key: effect for key, effect in effects.items() if key != name}


def outage(carts: Carts) -> Effect:
    """Payment fails: almost no cart becomes an order."""
    hit = days.between(carts.day, truth.OUTAGE.start, truth.OUTAGE.end)
    return Effect(conversion=np.where(hit, truth.OUTAGE.kept, 1.0))
