"""Rows of the tables that visits leave behind: users, events, orders, assignments, series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from opsnb.sample import days, truth
from opsnb.sample.draws import stream
from opsnb.sample.experiments import Enrolment
from opsnb.sample.orders import Carts, World
from opsnb.sample.sessions import Sessions
from opsnb.sample.users import NOBODY, Users

EVENTS = ("visit", "view", "cart", "order", "share", "invite")
STATUSES = ("paid", "refunded", "cancelled")
_FIRST_USER_ID, _FIRST_ORDER_ID = 100_001, 5_000_001
_REGISTERED_BEFORE = 20  # seconds before the first visit


def labels(codes: NDArray[np.integer], names: Sequence[str]) -> pa.Array:
    """Codes as a dictionary of names; negative codes are null."""
    mask = codes < 0
    return pa.DictionaryArray.from_arrays(
        pa.array(np.where(mask, 0, codes).astype(np.int8), mask=mask), pa.array(list(names))
    )


def registered_at(seed: int, users: Users, sessions: Sessions) -> NDArray[np.int64]:
    """Seconds from START: just before the first visit, or sometime on a day before the data."""
    second = stream(seed, "registration").integers(8 * 3600, 23 * 3600, len(users))
    at = users.joined * days.DAY_SECONDS + second
    user, first = np.unique(sessions.user, return_index=True)
    begun = users.joined[user] >= 0
    at[user[begun]] = sessions.start[first[begun]] - _REGISTERED_BEFORE
    return at


def user_ids(registered: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ids in order of registration."""
    rank = np.empty(len(registered), dtype=np.int64)
    rank[np.argsort(registered, kind="stable")] = np.arange(len(registered))
    return rank + _FIRST_USER_ID


def users_table(users: Users, ids: NDArray[np.int64], registered: NDArray[np.int64]) -> pa.Table:
    inviter = pa.array(ids[users.invited_by], mask=users.invited_by == NOBODY)
    table = pa.table(
        {
            "user_id": ids,
            "registered_at": days.timestamps(registered),
            "channel": labels(users.channel, truth.CHANNELS),
            "region": labels(users.region, truth.REGIONS),
            "device": labels(users.device, truth.DEVICES),
            "invited_by": inviter,
        }
    )
    return table.take(pa.array(np.argsort(ids)))


def events_table(
    seed: int,
    users: Users,
    ids: NDArray[np.int64],
    sessions: Sessions,
    tags: NDArray[np.int8],
    carts: Carts,
    actual: World,
) -> pa.Table:
    """One row an event in order of time; most of the tracking gap's rows never arrived."""
    rng = stream(seed, "events")
    every = np.arange(len(sessions))
    ordered = carts.session[actual.placed]
    inviting = np.repeat(every, sessions.invites)
    parts = [
        (every, sessions.start),
        (every[sessions.viewed], sessions.view_at),
        (every[sessions.carted], sessions.cart_at),
        (ordered, sessions.order_at),
        (every[sessions.shared], sessions.view_at + 7),
        (inviting, sessions.start + 600),
    ]
    session = np.concatenate([index for index, _ in parts])
    at = np.concatenate([moment[index] for index, moment in parts])
    kind = np.repeat(np.arange(len(EVENTS)), [len(index) for index, _ in parts])
    value = np.full(len(session), np.nan)
    value[kind == EVENTS.index("order")] = actual.amount[actual.placed]

    gap = truth.TRACKING_GAP
    lost = days.between(sessions.day[session], gap.start, gap.end)
    arrived = np.flatnonzero(~lost | (rng.random(len(session)) < gap.kept))
    rows = arrived[np.lexsort((kind[arrived], session[arrived], at[arrived]))]
    session, user = session[rows], sessions.user[session[rows]]
    return pa.table(
        {
            "user_id": ids[user],
            "event_at": days.timestamps(at[rows]),
            "event": labels(kind[rows], EVENTS),
            "session_id": session + 1,
            "channel": labels(users.channel[user], truth.CHANNELS),
            "device": labels(users.device[user], truth.DEVICES),
            "campaign_id": campaign_ids(tags[session]),
            "value": pa.array(value[rows], mask=np.isnan(value[rows])),
        }
    )


def campaign_ids(tags: NDArray[np.int8]) -> pa.Array:
    """Names of the campaigns; null where a visit carries no tag."""
    return labels(tags, [campaign.id for campaign in truth.CAMPAIGNS])


def orders_table(
    users: Users, ids: NDArray[np.int64], tags: NDArray[np.int8], carts: Carts, actual: World
) -> pa.Table:
    """One row an order in order of time, with what is known of it by AS_OF."""
    rows = np.flatnonzero(actual.placed)
    rows = rows[np.lexsort((carts.user[rows], carts.order_at[rows]))]
    user, refunded = carts.user[rows], actual.refunded[rows]
    status = np.select([~actual.kept[rows], refunded], [2, 1], 0)
    refund_at = days.timestamps(carts.order_at[rows] + carts.refund_after[rows])
    return pa.table(
        {
            "order_id": _FIRST_ORDER_ID + np.arange(len(rows)),
            "user_id": ids[user],
            "ordered_at": days.timestamps(carts.order_at[rows]),
            "amount": actual.amount[rows],
            "cost": actual.cost[rows],
            "status": labels(status, STATUSES),
            "refunded_at": pa.array(refund_at, mask=~refunded),
            "channel": labels(users.channel[user], truth.CHANNELS),
            "device": labels(users.device[user], truth.DEVICES),
            "region": labels(users.region[user], truth.REGIONS),
            "campaign_id": campaign_ids(tags[carts.session[rows]]),
        }
    )


def assignments_table(
    users: Users, ids: NDArray[np.int64], enrolments: Sequence[Enrolment]
) -> pa.Table:
    """One row a recorded enrolment, with traits known before exposure."""
    tables = []
    for enrolment in enrolments:
        kept = enrolment.recorded
        user = enrolment.user[kept]
        order = np.lexsort((user, enrolment.at[kept]))
        user = user[order]
        tables.append(
            pa.table(
                {
                    "experiment_id": [enrolment.id] * len(user),
                    "user_id": ids[user],
                    "variant": enrolment.variants()[kept][order].tolist(),
                    "assigned_at": days.timestamps(enrolment.at[kept][order]),
                    "channel": labels(users.channel[user], truth.CHANNELS),
                    "device": labels(users.device[user], truth.DEVICES),
                    "region": labels(users.region[user], truth.REGIONS),
                }
            )
        )
    return pa.concat_tables(tables)


def series_table(seed: int, users: Users, carts: Carts, actual: World) -> pa.Table:
    """Daily series: two market indices that no campaign touches, and net GMV by region.

    The indices follow the market's demand and grow as the company's usual audience does, so
    they carry seasons, weekdays and growth, and neither campaigns nor the mix shift.
    """
    rng = stream(seed, "series")
    demand, audience = days.ambient(seed), _usual_audience(users)
    noise = rng.normal(0, 1, (2, days.DAYS))
    market = {
        "search_index": 150 * demand * audience * np.exp(0.012 * noise[0]),
        "market_visits": 65_000 * (demand * audience) ** 0.9 * np.exp(0.018 * noise[1]),
    }
    columns: dict[str, list[Any]] = {"date": [], "unit": [], "metric": [], "value": []}
    region = users.region[carts.user]
    regional = {
        name: np.bincount(carts.day, actual.net * (region == code), minlength=days.DAYS)
        for code, name in enumerate(truth.REGIONS)
    }
    rows = [("all", metric, values) for metric, values in market.items()]
    rows += [(unit, "gmv_net", values) for unit, values in regional.items()]
    for unit, metric, values in rows:
        columns["date"] += days.dates().tolist()
        columns["unit"] += [unit] * days.DAYS
        columns["metric"] += [metric] * days.DAYS
        columns["value"] += np.round(values, 2).tolist()
    return pa.table(columns)


def _usual_audience(users: Users) -> NDArray[np.float64]:
    """Visits a day to be expected of those present, 1 on the last day; no newcomer of the shift."""
    shift = truth.MIX_SHIFT
    newcomer = (users.channel == truth.CHANNELS.index(shift.channel)) & days.between(
        users.joined, shift.start, shift.end
    )
    rate = users.visit_rate * ~newcomer
    first, last = np.clip(users.joined, 0, days.DAYS), np.clip(users.left, 0, days.DAYS)
    steps = np.bincount(first, rate, minlength=days.DAYS + 1)
    steps -= np.bincount(last, rate, minlength=days.DAYS + 1)
    present = np.cumsum(steps)[: days.DAYS]
    share: NDArray[np.float64] = present / present[-1]
    return share
