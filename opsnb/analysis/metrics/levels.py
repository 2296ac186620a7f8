"""Activity levels: active days in a month, by thresholds that stay fixed, and their moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis

from opsnb.analysis.metrics.actives import active_rows, activity
from opsnb.analysis.metrics.rows import Rows

if TYPE_CHECKING:
    from opsnb.base.periods import Period

LEVELS = ("heavy", "medium", "light")
"""From the most active days to the fewest."""

BEFORE = (*LEVELS, "returning", "new")
"""Where users of a period come from: a level of the period before, an earlier one, or nowhere."""

AFTER = (*LEVELS, "none")


@dataclass(frozen=True)
class Cuts:
    """Active days above which a user is medium, and above which heavy; `day` ends their month."""

    medium: int
    heavy: int
    day: dt.date

    def level(self, days: int) -> str:
        """The level of a user with so many active days, at least one."""
        return "heavy" if days > self.heavy else "medium" if days > self.medium else "light"


def cuts(rows: Rows, period: Period) -> Cuts | None:
    """Thresholds that split a period's active users into thirds, as near as ties allow.

    None where nobody was active. A third may be empty: where two thirds were active on a single
    day, light and medium cannot be told apart and `medium` equals `heavy`.
    """
    inside = activity(rows, period.start, period.end)
    users = inside.group_by("user_id").agg(_days=inside.count())
    frame = users.group_by("_days").agg(n=users.count()).order_by("_days").execute()
    if frame.empty:
        return None
    share = frame["n"].cumsum() / frame["n"].sum()
    medium = int(frame.loc[share >= 1 / 3, "_days"].iloc[0])
    heavy = int(frame.loc[share >= 2 / 3, "_days"].iloc[0])
    return Cuts(medium, heavy, period.end)


def moves(rows: Rows, period: Period, cuts: Cuts) -> Mapping[tuple[str, str], int]:
    """Users by where they came from (`BEFORE`) and their level now (`AFTER`).

    Who was active in neither period is not counted.
    """
    before = period.previous()
    seen = activity(rows, before.start, period.end)
    now = seen._day >= ibis.literal(period.start)
    lately = seen.group_by("user_id").agg(
        _now=now.cast("int64").sum(), _then=(~now).cast("int64").sum()
    )
    earlier = active_rows(rows, None, before.start - dt.timedelta(days=1))
    known = earlier.select("user_id").distinct().mutate(_known=ibis.literal(True))
    joined = lately.left_join(known, "user_id")
    users = joined.mutate(_new=(joined._then == 0) & joined._known.isnull())
    frame = users.group_by(["_now", "_then", "_new"]).agg(n=users.count()).execute()
    found: dict[tuple[str, str], int] = {}
    for row in frame.to_dict("records"):
        start = (
            cuts.level(int(row["_then"])) if row["_then"] else "new" if row["_new"] else "returning"
        )
        end = cuts.level(int(row["_now"])) if row["_now"] else "none"
        found[start, end] = found.get((start, end), 0) + int(row["n"])
    return found
