"""Rolling active users and growth accounting: who came, stayed, returned, left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from opsnb.metrics.rows import DAY_COLUMN, Rows

if TYPE_CHECKING:
    from opsnb.periods import Period


def activity(rows: Rows) -> ibis.Table:
    """Days on which each user was active: distinct (user_id, _day).

    Activity is an event; where events are not mapped, an order that was not cancelled.
    """
    name = "events" if rows.has("events") else "orders"
    table = rows.table(name).expr
    if name == "orders" and "status" in table.columns:
        table = table.filter(table.status.coalesce("paid") != "cancelled")
    known = table.filter(table.user_id.notnull())
    return known.select("user_id", _day=known[DAY_COLUMN[name]].cast("date")).distinct()


def rolling_actives(
    rows: Rows, start: dt.date, end: dt.date, windows: Sequence[int] = (1, 7, 30)
) -> pd.DataFrame:
    """Distinct users active within the last days, for each day and window.

    Returns
    -------
    pandas.DataFrame
        Column day (datetime64) and an int64 column for each window: `1` is DAU, `7` WAU, `30`
        MAU of a day.

    Notes
    -----
    A user counts at day t when an active day d has d <= t < d + window; to count once, d only
    counts up to the user's next active day. So one aggregate of (day, gap to the next active
    day) holds all that is needed: some thousand rows, whatever the number of users.
    """
    longest = max(windows)
    first = start - dt.timedelta(days=longest - 1)
    seen = activity(rows)
    seen = seen.filter(seen._day.between(ibis.literal(first), ibis.literal(end)))
    following = seen._day.lead().over(ibis.window(group_by="user_id", order_by="_day"))
    gap = following.delta(seen._day, unit="day").coalesce(longest)
    gaps = seen.mutate(_gap=ibis.least(gap, longest))
    frame = gaps.group_by(["_day", "_gap"]).agg(n=gaps.count()).execute()
    days = pd.date_range(start, end)
    out = pd.DataFrame({"day": days})
    offset = (pd.to_datetime(frame["_day"]) - pd.Timestamp(first)).dt.days.to_numpy()
    counts = frame["n"].to_numpy()
    for window in windows:
        reach = np.minimum(frame["_gap"].to_numpy(), window)
        steps = np.zeros((end - first).days + 2 + longest, dtype=np.int64)
        np.add.at(steps, offset, counts)
        np.add.at(steps, offset + reach, -counts)
        levels = np.cumsum(steps)[longest - 1 : longest - 1 + len(days)]
        out[str(window)] = levels
    return out


@dataclass(frozen=True)
class Growth:
    """Active users of a period against the period before.

    new: first active ever; resurrected: active before, but not in the period before; retained:
    active in both; lost: active in the period before only.
    """

    new: int
    retained: int
    resurrected: int
    lost: int

    @property
    def active(self) -> int:
        """Active users of the period."""
        return self.new + self.retained + self.resurrected

    @property
    def quick_ratio(self) -> float | None:
        """Users won for each one lost; None when nobody was lost."""
        return (self.new + self.resurrected) / self.lost if self.lost else None


def growth(rows: Rows, periods: Sequence[Period]) -> list[Growth]:
    """Growth accounting of periods, in their order; one query each."""
    return [_growth(rows, period) for period in periods]


def _growth(rows: Rows, period: Period) -> Growth:
    before = period.previous()
    seen = activity(rows)
    seen = seen.filter(seen._day <= ibis.literal(period.end))

    def within(span: Period) -> ibis.expr.types.IntegerScalar:
        inside = seen._day.between(ibis.literal(span.start), ibis.literal(span.end))
        return inside.cast("int64").max()

    users = seen.group_by("user_id").agg(
        _now=within(period), _before=within(before), _first=seen._day.min()
    )
    now, then = users._now == 1, users._before == 1
    is_new = users._first >= ibis.literal(period.start)
    row = users.agg(
        new=(now & is_new).sum(),
        retained=(now & then).sum(),
        resurrected=(now & ~then & ~is_new).sum(),
        lost=(~now & then).sum(),
    ).execute()
    return Growth(**{name: int(row[name].fillna(0).iloc[0]) for name in row.columns})
