"""Rolling active users and growth accounting: who came, stayed, returned, left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from opsnb.analysis.metrics.rows import Rows, on_days

if TYPE_CHECKING:
    from opsnb.base.periods import Period


def activity(rows: Rows, first: dt.date | None = None, last: dt.date | None = None) -> ibis.Table:
    """Days on which each user was active, from `first` to `last`: distinct (user_id, _day)."""
    return active_rows(rows, first, last).distinct()


def active_rows(
    rows: Rows, first: dt.date | None = None, last: dt.date | None = None
) -> ibis.Table:
    """A row (user_id, _day) for each sign of life of a user, from `first` to `last`.

    Activity is an event; where events are not mapped, an order that was not cancelled (no refund).
    """
    name = "events" if rows.has("events") else "orders"
    table = rows.sold if name == "orders" else rows.expr(name)
    if name == "orders":
        table = table.filter(table.status.coalesce("paid") != "cancelled")
    day = rows.day(name)
    known = table.filter(table.user_id.notnull() & on_days(table, first, last, day))
    return known.select("user_id", _day=known[day].cast("date"))


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
    seen = activity(rows, first, end)
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
    """Growth accounting of periods, in their order; one query for all."""
    if not periods:
        return []
    spans = {span: f"_in_{span.start:%Y%m%d}_{span.end:%Y%m%d}"
             for period in periods for span in (period, period.previous())}  # fmt: skip
    seen = active_rows(rows, None, max(period.end for period in periods))

    def within(span: Period) -> ibis.expr.types.BooleanScalar:
        return seen._day.between(ibis.literal(span.start), ibis.literal(span.end)).any()

    users = seen.group_by("user_id").agg(
        _first=seen._day.min(), **{name: within(span) for span, name in spans.items()}
    )
    sums: dict[str, Any] = {}
    for number, period in enumerate(periods):
        now, then = users[spans[period]], users[spans[period.previous()]]
        is_new = users._first >= ibis.literal(period.start)
        kinds = {
            "new": now & is_new,
            "retained": now & then,
            "resurrected": now & ~then & ~is_new,
            "lost": ~now & then,
        }
        sums |= {f"{name}_{number}": held.sum() for name, held in kinds.items()}
    row = users.agg(**sums).execute().fillna(0).iloc[0]
    return [
        Growth(**{field.name: int(row[f"{field.name}_{number}"]) for field in fields(Growth)})
        for number in range(len(periods))
    ]
