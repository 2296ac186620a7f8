"""The campaigns: the holdout, the borrowed lift, the tagged visits and the cost ledger."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opsnb.sample import days, truth
from opsnb.sample.draws import stream
from opsnb.sample.experiments import Enrolment
from opsnb.sample.orders import Carts, Effect
from opsnb.sample.sessions import Sessions
from opsnb.sample.users import Users

UNTAGGED = -1
ALWAYS_ON = "always_on"
_ALWAYS_ON_DAILY = {"app_store": 620.0, "douyin": 380.0, "search": 450.0, "wechat": 240.0}
_ALWAYS_ON_SURGE = 10.0  # douyin's daily budget while its newcomers flood in
_ALWAYS_ON_GROWTH = 1.30  # a year
_LEDGER = (
    "campaign_id", "date", "channel", "kind", "amount", "impressions", "clicks", "conversions",
)  # fmt: skip
_Reach: TypeAlias = tuple[int | None, int | None, int | None]
_Row: TypeAlias = tuple[str, dt.date, str, str, float, int | None, int | None, int | None]


def hold_out(seed: int, sessions: Sessions) -> Enrolment:
    """Splits the users active before Golden Week; the exposed are the treated."""
    campaign = truth.GOLDEN_WEEK
    since = campaign.start - dt.timedelta(days=campaign.active_days)
    active = days.between(sessions.day, since, campaign.start - dt.timedelta(days=1))
    user = np.unique(sessions.user[active])
    rng = stream(seed, campaign.holdout)
    return Enrolment(
        campaign.holdout,
        "holdout",
        "exposed",
        user,
        np.full(len(user), days.start_of(campaign.start)),
        rng.random(len(user)) >= campaign.holdout_share,
        np.ones(len(user), dtype=bool),
    )


def golden_week(carts: Carts, on: NDArray[np.bool_]) -> Effect:
    """Lift within the campaign, then a dip that fades: part of the lift was only borrowed."""
    campaign = truth.GOLDEN_WEEK
    inside = on & days.between(carts.day, campaign.start, campaign.end)
    since = carts.day - days.index(campaign.end)
    after = on & (since >= 1) & (since <= campaign.post_days)
    dip = 1 - campaign.dip * np.exp(-(np.maximum(since, 1) - 1) / campaign.dip_decay_days)
    return Effect(
        conversion=np.where(inside, campaign.conversion, np.where(after, dip, 1.0)),
        basket=np.where(inside, campaign.basket, 1.0),
    )


def tag(seed: int, users: Users, sessions: Sessions, holdout: Enrolment) -> NDArray[np.int8]:
    """For each visit, the campaign it is attributed to (index of CAMPAIGNS) or UNTAGGED.

    A tag says only that the visit came through the campaign's link; it causes nothing.
    """
    rng = stream(seed, "tags")
    held = np.zeros(len(users), dtype=bool)
    held[holdout.user[~holdout.treated]] = True
    tags = np.full(len(sessions), UNTAGGED, dtype=np.int8)
    for number, campaign in enumerate(truth.CAMPAIGNS):
        inside = days.between(sessions.day, campaign.start, campaign.end)
        through = rng.random(len(sessions)) < campaign.tagged_share
        if campaign is truth.GOLDEN_WEEK:
            through &= ~held[sessions.user]
        if campaign is truth.INVITE_FRIENDS:
            through |= sessions.invites > 0
        tags[inside & through] = number
    return tags


def spend(seed: int) -> dict[str, list[Any]]:
    """The ledger's columns: campaigns by kind, and the always-on media that buys newcomers."""
    rng = stream(seed, "spend")
    rows = [row for campaign in truth.CAMPAIGNS for row in _campaign_rows(rng, campaign)]
    rows += _always_on_rows(rng)
    rows.sort(key=lambda row: (row[1], row[0], row[2], row[3]))
    return dict(zip(_LEDGER, (list(column) for column in zip(*rows, strict=True)), strict=True))


def _campaign_rows(rng: np.random.Generator, campaign: truth.Campaign) -> list[_Row]:
    length = (campaign.end - campaign.start).days + 1
    running = [campaign.start + dt.timedelta(days=day) for day in range(length)]
    when = {
        "production": [campaign.warm_up],
        "creator": [campaign.warm_up, campaign.start],
        "labour": [campaign.end],
    }
    rows = []
    for kind, total in campaign.actual.items():
        places = [(d, c) for d in when.get(kind, running) for c in campaign.channels]
        if kind in ("production", "labour"):
            places = [(d, campaign.channels[0]) for d in when[kind]]
        for (day, channel), amount in zip(places, _parts(rng, total, len(places)), strict=True):
            rows.append((campaign.id, day, channel, kind, amount, *_reach(rng, kind, amount)))
    return rows


def _always_on_rows(rng: np.random.Generator) -> list[_Row]:
    shift, rows = truth.MIX_SHIFT, []
    for number in range(days.DAYS):
        day, growth = days.date_of(number), _ALWAYS_ON_GROWTH ** (number / 365)
        for channel, base in _ALWAYS_ON_DAILY.items():
            surge = channel == shift.channel and shift.start <= day <= shift.end
            level = base * growth * (_ALWAYS_ON_SURGE if surge else 1.0)
            amount = round(level * float(rng.lognormal(0, 0.08)), 2)
            rows.append((ALWAYS_ON, day, channel, "media", amount, *_reach(rng, "media", amount)))
    return rows


def _parts(rng: np.random.Generator, total: float, parts: int) -> list[float]:
    """The total in uneven parts, to the cent."""
    weights = rng.uniform(0.6, 1.4, parts)
    cents = np.floor(total * 100 * weights / weights.sum()).astype(int)
    cents[-1] += round(total * 100) - cents.sum()
    return [int(c) / 100 for c in cents]


def _reach(rng: np.random.Generator, kind: str, amount: float) -> _Reach:
    """Impressions, clicks and conversions as the media platform claims them."""
    if kind != "media":
        return None, None, None
    impressions = int(amount / 30 * 1000 * rng.uniform(0.85, 1.15))  # about CNY 30 a thousand
    clicks = int(impressions * rng.uniform(0.018, 0.026))
    return impressions, clicks, int(clicks * rng.uniform(0.05, 0.08))
