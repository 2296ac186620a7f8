"""Users who bring users: invitations, and those who came by one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from opsnb.analysis.metrics.rows import Rows, on_days, without

INVITE = "invite"


@dataclass(frozen=True)
class Referral:
    """Invitations in a span of days.

    Attributes
    ----------
    inviters, invitations : int
        Users who sent one or more, and how many were sent.
    invited : int
        Users who registered by one in the same days.
    """

    inviters: int
    invitations: int
    invited: int

    @property
    def per_inviter(self) -> float | None:
        return self.invitations / self.inviters if self.inviters else None

    @property
    def conversion(self) -> float | None:
        """Registrations an invitation."""
        return self.invited / self.invitations if self.invitations else None

    @property
    def k(self) -> float | None:
        """New users that one inviter brings: invitations an inviter x conversion."""
        if self.per_inviter is None or self.conversion is None:
            return None
        return self.per_inviter * self.conversion


def referral(rows: Rows, start: dt.date, end: dt.date) -> Referral | None:
    """Invitations and invited users, both ends included; None where neither is recorded.

    Days of a gap in either table count on neither side.
    """
    if not (rows.has("events") and rows.has("users")):
        return None
    records = [rows.record(name) for name in ("events", "users")]
    gaps = {day for one in records for gap in one.gaps_in(start, end) for day in gap.days}
    events = without(rows.expr("events"), gaps, "event_date")
    users = without(rows.expr("users"), gaps, "registered_date")
    if "invited_by" not in users.columns:
        return None
    sent = events.filter((events.event == INVITE) & on_days(events, start, end, "event_date"))
    came = users.filter(users.invited_by.notnull() & on_days(users, start, end, "registered_date"))
    row = sent.agg(inviters=sent.user_id.nunique(), invitations=sent.count()).execute().iloc[0]
    return Referral(int(row["inviters"]), int(row["invitations"]), int(came.count().execute()))
