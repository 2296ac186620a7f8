"""Visits, what each leads to up to the cart, and the invitations sent during them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opsnb.sample import days, truth
from opsnb.sample.draws import stream
from opsnb.sample.users import Users, people

_FRESH_LIFT, _FRESH_DAYS = 2.0, 4.0  # newcomers look around more in their first days
_HOURS = np.array(
    [2, 1, 1, 1, 1, 1, 2, 4, 5, 5, 5, 6, 8, 6, 5, 5, 5, 5, 6, 8, 10, 11, 9, 5], dtype=float
)
_LAST_START = days.DAY_SECONDS - 1_900  # a visit never runs past midnight
_SHARE_RATE = 0.02
_INVITE_DELAY_DAYS = 6


@dataclass(frozen=True)
class Sessions:
    """Arrays of one length, one entry a visit, in order of time.

    `user` indexes the users, `day` is a day index; `start`, `view_at`, `cart_at` and
    `order_at` are seconds from START (of what happens, if it happens); `invites` is the
    number of invitations sent.
    """

    user: NDArray[np.int64]
    day: NDArray[np.int64]
    start: NDArray[np.int64]
    view_at: NDArray[np.int64]
    cart_at: NDArray[np.int64]
    order_at: NDArray[np.int64]
    viewed: NDArray[np.bool_]
    carted: NDArray[np.bool_]
    shared: NDArray[np.bool_]
    invites: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.user)


def visit(seed: int, purpose: str, users: Users) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(user, day) of every visit; a user who joins within the data visits that day."""
    rng = stream(seed, purpose)
    demand = days.ambient(seed)
    found_user, found_day = [], []
    for day in range(days.DAYS):
        here = np.flatnonzero((users.joined <= day) & (day < users.left))
        age = day - users.joined[here]
        rate = users.visit_rate[here] * demand[day]
        visits = rng.poisson(rate * (1 + _FRESH_LIFT * np.exp(-age / _FRESH_DAYS)))
        visits[age == 0] = np.maximum(visits[age == 0], 1)
        found_user.append(np.repeat(here, visits))
        found_day.append(np.full(visits.sum(), day))
    return np.concatenate(found_user), np.concatenate(found_day)


def invite(
    seed: int, users: Users, user: NDArray[np.int64], day: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Users]:
    """Invitations sent in each visit, and the users who registered because of one.

    Nobody registers across the campaign's first or last day, so that September's
    invitations and September's invited users are the same story.
    """
    rng = stream(seed, "invitations")
    campaign = truth.INVITE_FRIENDS
    inside = days.between(day, campaign.start, campaign.end)
    share = np.where(inside, campaign.invite_share, campaign.usual_invite_share)
    extra = np.where(inside, campaign.extra_invites, campaign.usual_extra_invites)
    invites = (1 + rng.poisson(extra)) * (rng.random(len(user)) < share)
    sender, sent = np.repeat(user, invites), np.repeat(day, invites)
    acceptance = np.where(
        np.repeat(inside, invites), campaign.acceptance, campaign.usual_acceptance
    )
    registers = sent + rng.integers(1, _INVITE_DELAY_DAYS + 1, len(sent))
    limit = np.select(
        [sent < days.index(campaign.start), sent <= days.index(campaign.end)],
        [days.index(campaign.start) - 1, days.index(campaign.end)],
        days.DAYS - 1,
    )
    registers = np.minimum(registers, limit)
    accepted = (rng.random(len(sent)) < acceptance) & (registers > sent)
    channel = np.full(accepted.sum(), truth.CHANNELS.index("referral"))
    return invites, people(rng, registers[accepted], channel, sender[accepted])


def browse(
    seed: int,
    users: Users,
    user: NDArray[np.int64],
    day: NDArray[np.int64],
    invites: NDArray[np.int64],
) -> Sessions:
    """Visits with their hour and funnel up to the cart, sorted by time."""
    rng = stream(seed, "browsing")
    n = len(user)
    hour = rng.choice(24, n, p=_HOURS / _HOURS.sum())
    second = np.minimum(hour * 3600 + rng.integers(0, 3600, n), _LAST_START)
    viewed = rng.random(n) < truth.VIEW_RATE
    appeal = np.array(truth.CHANNEL_CONVERSION)[users.channel[user]] * users.propensity[user]
    carted = viewed & (rng.random(n) < np.minimum(truth.CART_RATE * appeal, 0.95))
    shared = rng.random(n) < _SHARE_RATE
    start = day * days.DAY_SECONDS + second
    view_at = start + rng.integers(10, 90, n)
    cart_at = view_at + rng.integers(30, 400, n)
    order_at = cart_at + rng.integers(40, 500, n)
    found = Sessions(user, day, start, view_at, cart_at, order_at, viewed, carted, shared, invites)
    by_time = np.lexsort((user, start))
    return replace(found, **{name: array[by_time] for name, array in vars(found).items()})


def simulate(seed: int, users: Users) -> tuple[Users, Sessions]:
    """All visits, and the users with the invited ones added."""
    user, day = visit(seed, "visits", users)
    invites, invited = invite(seed, users, user, day)
    their_user, their_day = visit(seed, "visits of the invited", invited)
    everyone = users.join(invited)
    sessions = browse(
        seed,
        everyone,
        np.concatenate([user, their_user + len(users)]),
        np.concatenate([day, their_day]),
        np.concatenate([invites, np.zeros(len(their_user), dtype=np.int64)]),
    )
    return everyone, sessions
