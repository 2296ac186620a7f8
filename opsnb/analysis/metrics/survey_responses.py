"""Surveys sent in a span of days, and how many were answered."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import ibis

from opsnb.analysis.metrics.rows import Rows


@dataclass(frozen=True)
class Answered:
    """Surveys of a kind (and channel) sent in a span of days, and those answered so far."""

    kind: str
    channel: str | None
    sent: int
    answered: int


def answered(
    rows: Rows, start: dt.date, end: dt.date, *, by_channel: bool = False
) -> list[Answered]:
    """Response by the day of sending, the most sent first; empty where none is on record."""
    surveys = rows.expr("surveys")
    if "sent_at" not in surveys.columns:
        return []
    inside = surveys.filter(surveys.sent_date.between(ibis.literal(start), ibis.literal(end)))
    channel: Any = ibis.literal("")
    if by_channel and "channel" in surveys.columns:
        channel = inside.channel.cast("string").coalesce("(none)")
    named = inside.mutate(_channel=channel)
    totals = {"sent": named.count(), "answered": named.score.count()}
    frame = named.group_by(["kind", "_channel"]).agg(**totals).execute()
    found = [
        Answered(
            str(row["kind"]), str(row["_channel"]) or None, int(row["sent"]), int(row["answered"])
        )
        for row in frame.to_dict("records")
    ]
    return sorted(found, key=lambda one: (-one.sent, one.kind, one.channel or ""))
