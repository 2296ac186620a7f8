"""Tickets: volume, first response, resolution, on time, by category."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Column, Fold, Note, Paragraph, Part, Table
from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.proportions import newcombe, wilson
from opsnb.analysis.metrics.tickets import TicketTimes, ticket_times
from opsnb.analysis.reviews.period.missing_days import missing_days, withheld
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence

SMALL = 5
"""Groups with fewer tickets are not shown."""

COLUMNS = ("opened", "before", "response", "resolution", "on_time")


def service_times(evidence: PeriodEvidence) -> list[Part]:
    """Volume and times of the month's tickets beside last month's, and by category."""
    ops = evidence.ops
    if not ops.rows.has("tickets"):
        return [Absent(Text.of("month.absent", table="tickets"))]
    before = evidence.period.previous()
    now = ticket_times(ops.rows, evidence.period.start, evidence.period.end)
    if not now:
        return [Absent(Text("month.voice.no_tickets"))]
    reason = withheld(evidence, "tickets", evidence.period, before)
    then = ticket_times(ops.rows, before.start, before.end) if reason is None else []
    whole = now[0]
    parts: list[Part] = [Paragraph(_line(evidence, whole, then[0] if then else None))]
    total = {"group": Text("month.voice.all"), **_cells(whole)}
    total["before"] = then[0].opened if then else None
    held = [by for by in ("category", "channel") if by in ops.rows.table("tickets").expr.columns]
    groups = {by: _groups(evidence, by) for by in held}
    first = held[0] if held else "category"
    parts.append(_table(evidence, first, [total, *groups.get(first, [])]))
    for by in held[1:]:
        name = Text.of("month.voice.by", dimension=evidence.word("dimension", by))
        parts.append(Fold(name, [_table(evidence, by, groups[by])], printed=False))
    days = (
        [Absent(reason)] if reason else missing_days(evidence, "tickets", before, evidence.period)
    )
    notes = [Note(Text("month.voice.service_note"))]
    if ops.rows.judged_by_flag:
        notes.append(Note(Text("month.voice.by_flag")))
    return [*parts, *days, *notes]


def _groups(evidence: PeriodEvidence, by: str) -> list[dict[str, Any]]:
    """A row a group of the month's tickets, without those too small to show."""
    rows, before = evidence.ops.rows, evidence.period.previous()
    compared = evidence.table_holds("tickets", evidence.period, before)
    then = ticket_times(rows, before.start, before.end, by) if compared else []
    earlier = {one.group: one for one in then}
    found = ticket_times(rows, evidence.period.start, evidence.period.end, by)
    hidden = evidence.ops.groups_to_withhold(
        f"tickets.opened/{by}", {one.group: one.opened for one in found}
    )
    past = evidence.ops.groups_to_withhold(
        f"tickets.opened/{by}/before", {one.group: one.opened for one in earlier.values()}
    )
    out: list[dict[str, Any]] = []
    for one in found:
        label = evidence.word("ticket", one.group or "")
        if one.group in hidden:
            out.append({"group": label, **dict.fromkeys(COLUMNS, evidence.ops.withheld)})
            continue
        if one.opened < SMALL:
            continue
        _facts(evidence, one, by)
        last = earlier.get(one.group)
        opened = (last.opened if last else 0) if compared else None
        was = evidence.ops.withheld if one.group in past else opened
        out.append({"group": label, **_cells(one), "before": was})
    return out


def _table(evidence: PeriodEvidence, by: str, rows: list[dict[str, Any]]) -> Table:
    columns = [
        Column("group", evidence.word("dimension", by), "said"),
        Column("opened", Text("month.voice.opened"), "integer"),
        Column("before", Text("month.voice.before"), "integer"),
        Column("response", Text("month.voice.response"), "said", "right"),
        Column("resolution", Text("month.voice.resolution"), "said", "right"),
        Column("on_time", Text("month.voice.on_time"), "percent"),
    ]
    return Table(columns, rows)


def _facts(evidence: PeriodEvidence, one: TicketTimes, by: str = "category") -> Fact | None:
    """Facts of a group, among them the share on time where any can be judged.

    Categories go by their name, other columns with theirs before it.
    """
    ops = evidence.ops
    segment = one.group if by == "category" or one.group is None else f"{by}:{one.group}"
    ops.fact("tickets.opened", one.opened, "count", segment=segment)
    on_time = None
    if one.judged:
        share = wilson(one.on_time, one.judged)
        on_time = ops.fact(
            "tickets.on_time", share.value, "share", low=share.low, high=share.high,
            segment=segment, n=one.judged, method="wilson",
        )  # fmt: skip
    for name in ("response", "response_p90", "resolution", "resolution_p90"):
        value = getattr(one, name)
        if value is not None:
            ops.fact(f"tickets.{name}", value, "number", segment=segment, n=one.opened)
    return on_time


def _line(evidence: PeriodEvidence, now: TicketTimes, then: TicketTimes | None) -> Text:
    """On time with the change on last month, where both are known."""
    share = _facts(evidence, now)
    if share is None:
        return Text.of("month.voice.line", opened=now.opened)
    if then is None or not then.judged or evidence.partial:
        return Text.of("month.voice.line_on_time", opened=now.opened, share=share, n=now.judged)
    gap = newcombe(then.on_time, then.judged, now.on_time, now.judged)
    change = evidence.ops.fact(
        "tickets.on_time_change", gap.value, "points", low=gap.low, high=gap.high, n=gap.n,
        method="newcombe",
    )  # fmt: skip
    key = "month.voice.line_noise" if not gap.significant else "month.voice.line_change"
    if gap.significant and gap.value < 0:
        evidence.ops.finding(
            Text.of("month.voice.finding_on_time", share=share, change=change),
            share, change, tone="warn", section="voice",
        )  # fmt: skip
    return Text.of(key, opened=now.opened, share=share, n=now.judged, change=change)


def _cells(one: TicketTimes) -> dict[str, Any]:
    return {
        "opened": one.opened,
        "response": _pair(one.response, one.response_p90),
        "resolution": _pair(one.resolution, one.resolution_p90),
        "on_time": one.on_time / one.judged if one.judged else None,
    }


def _pair(median: float | None, p90: float | None) -> Text | None:
    """Median and 90th percentile; "not yet" where too many are open."""
    if median is None:
        return None
    key = "month.voice.hours" if p90 is not None else "month.voice.hours_open"
    return Text.of(key, median=median, p90=p90)
