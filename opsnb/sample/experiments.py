"""Who is enrolled in each experiment, and what its treatment does to their carts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsnb.sample import days, truth
from opsnb.sample.draws import stream
from opsnb.sample.orders import Carts, Effect
from opsnb.sample.sessions import Sessions
from opsnb.sample.users import Users

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Enrolment:
    """Users of one experiment in order of exposure, as arrays of one length.

    `at` is seconds from START; `recorded` is False for users whom the broken split lost.
    """

    id: str
    control: str
    treatment: str
    user: NDArray[np.int64]
    at: NDArray[np.int64]
    treated: NDArray[np.bool_]
    recorded: NDArray[np.bool_]

    def variants(self) -> NDArray[np.str_]:
        return np.where(self.treated, self.treatment, self.control)


def enrol(seed: int, experiment: truth.Experiment, users: Users, sessions: Sessions) -> Enrolment:
    """The share of users exposed within the dates, each put into an arm by a fair coin."""
    rng = stream(seed, f"experiment {experiment.id}")
    exposed = days.between(sessions.day, experiment.start, experiment.end)
    if experiment.exposure == "cart":
        exposed &= sessions.carted
    index = np.flatnonzero(exposed)
    user, first = np.unique(sessions.user[index], return_index=True)
    enrolled = rng.random(len(user)) < experiment.traffic
    user, first = user[enrolled], first[enrolled]
    moment = sessions.cart_at if experiment.exposure == "cart" else sessions.start
    treated = rng.random(len(user)) < 0.5
    recorded = _recorded(rng, experiment.lost_share, users, user, treated)
    return Enrolment(
        experiment.id, "control", "treatment", user, moment[index[first]], treated, recorded
    )


def _recorded(
    rng: np.random.Generator,
    lost_share: float,
    users: Users,
    user: NDArray[np.int64],
    treated: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Loses a share of the treated, all on Android, the half-hearted first: not at random."""
    recorded = np.ones(len(user), dtype=bool)
    lost = round(lost_share * treated.sum())
    if lost:
        android = users.device[user] == truth.DEVICES.index("android")
        weight = treated * android / users.propensity[user] ** 3
        recorded[rng.choice(len(user), lost, replace=False, p=weight / weight.sum())] = False
    return recorded


def exposed(
    enrolment: Enrolment, window_days: int, users: Users, carts: Carts
) -> NDArray[np.bool_]:
    """Which carts fall into their user's window after exposure, whichever the arm."""
    since: NDArray[np.int64] = np.full(len(users), NEVER)
    since[enrolment.user] = enrolment.at
    begin = since[carts.user]
    return (carts.cart_at >= begin) & (carts.cart_at - begin < window_days * days.DAY_SECONDS)


def in_treatment(enrolment: Enrolment, users: Users, carts: Carts) -> NDArray[np.bool_]:
    """Which carts are those of users in the treatment arm."""
    treated = np.zeros(len(users), dtype=bool)
    treated[enrolment.user] = enrolment.treated
    return treated[carts.user]


def effect(experiment: truth.Experiment, on: NDArray[np.bool_]) -> Effect:
    """The treatment's effect on the carts given."""
    return Effect(
        conversion=np.where(on, experiment.conversion, 1.0),
        basket=np.where(on, experiment.basket, 1.0),
        refund=np.where(on, experiment.refund, 1.0),
        order_cost=np.where(on, experiment.order_cost, 0.0),
    )
