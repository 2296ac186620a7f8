"""Who joins, by which channel, how keen they are and when they leave for good."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from opsnb.sample import days, truth
from opsnb.sample.draws import stream

FIRST_USERS = 11_500  # already registered when the data begin
FIRST_USERS_DAYS = 540
ARRIVALS = 38_500
GROWTH_A_YEAR = 0.30
_CHANNEL_SHARES = (0.27, 0.22, 0.16, 0.15, 0.20, 0.0)  # referral users come by invitation

# Lifetimes: passers-by, occasional and loyal users, as (share, mean days).
_LIVES = ((0.26, 4.0), (0.38, 260.0), (0.36, 1500.0))
_NEWCOMER_LIVES = ((0.62, 5.0), (0.30, 60.0), (0.08, 400.0))  # the flood of the mix shift
_VISITS_A_DAY = 0.128
_VISITS_SHAPE = 0.9
_PROPENSITY_SIGMA = 0.35
NOBODY = -1


@dataclass(frozen=True)
class Users:
    """Arrays of one length, one entry a user; channel, region and device are codes of truth.py.

    `joined` and `left` are day indices (left is the first day without them), `visit_rate` is
    visits a day, `propensity` multiplies the chance of a cart and has mean 1, `invited_by` is
    an index of users or NOBODY.
    """

    joined: NDArray[np.int64]
    left: NDArray[np.int64]
    channel: NDArray[np.int8]
    region: NDArray[np.int8]
    device: NDArray[np.int8]
    visit_rate: NDArray[np.float64]
    propensity: NDArray[np.float64]
    invited_by: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.joined)

    def join(self, other: Users) -> Users:
        """These users followed by others."""
        return Users(
            *(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self))
        )


def arrivals(seed: int) -> Users:
    """Everyone who comes without an invitation, the newcomers of the mix shift included."""
    rng = stream(seed, "arrivals")
    early = -1 - np.sort(rng.integers(0, FIRST_USERS_DAYS, FIRST_USERS))[::-1]
    pull = np.sqrt(days.ambient(seed)) * (1 + GROWTH_A_YEAR) ** (np.arange(days.DAYS) / 365)
    joined = np.concatenate([early, rng.choice(days.DAYS, ARRIVALS, p=pull / pull.sum())])
    usual = people(rng, joined, rng.choice(6, len(joined), p=_CHANNEL_SHARES))
    return usual.join(_newcomers(stream(seed, "mix shift")))


def _newcomers(rng: np.random.Generator) -> Users:
    shift = truth.MIX_SHIFT
    joined = rng.integers(days.index(shift.start), days.index(shift.end) + 1, shift.newcomers)
    channel = np.full(shift.newcomers, truth.CHANNELS.index(shift.channel))
    return people(rng, joined, channel, lives=_NEWCOMER_LIVES)


def people(
    rng: np.random.Generator,
    joined: NDArray[np.int64],
    channel: NDArray[np.int64],
    invited_by: NDArray[np.int64] | None = None,
    lives: tuple[tuple[float, float], ...] = _LIVES,
) -> Users:
    """Users who joined on the days given, their traits drawn independently of the channel."""
    n = len(joined)
    shares, means = (np.array(column) for column in zip(*lives, strict=True))
    life = rng.exponential(means[rng.choice(len(means), n, p=shares)])
    sigma = _PROPENSITY_SIGMA
    return Users(
        joined=joined.astype(np.int64),
        left=joined + 1 + life.astype(np.int64),
        channel=channel.astype(np.int8),
        region=rng.choice(8, n, p=truth.REGION_SHARES).astype(np.int8),
        device=rng.choice(3, n, p=truth.DEVICE_SHARES).astype(np.int8),
        visit_rate=rng.gamma(_VISITS_SHAPE, _VISITS_A_DAY / _VISITS_SHAPE, n),
        propensity=rng.lognormal(-(sigma**2) / 2, sigma, n),
        invited_by=np.full(n, NOBODY) if invited_by is None else invited_by,
    )
