"""The records of a workspace's tables: read off their rows, with what the team states of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from weakref import WeakKeyDictionary

from opsnb.analysis.tables.contracts import Contract
from opsnb.analysis.tables.day_counts import Day
from opsnb.analysis.tables.public_holidays import public_holidays
from opsnb.analysis.tables.record import Cause, Gap, Record
from opsnb.analysis.tables.recording import Stated, read_record
from opsnb.analysis.tables.table import Table, open_table
from opsnb.analysis.tables.table_report import Issue
from opsnb.base.messages import Said, Text
from opsnb.base.workspace import TableConfig, Workspace

Opener = Callable[[Workspace, str], Table]

_known: WeakKeyDictionary[Workspace, dict[str, Record]] = WeakKeyDictionary()

_TRACKED = "events"
"""The table whose rows a tracking gap of plans/events.toml is about."""


def record_of(workspace: Workspace, name: str, opener: Opener = open_table) -> Record:
    """What is on record of a table; one query, kept for the session.

    Raises
    ------
    TableError, ContractError, SourceError
        The table cannot be opened or read.
    """
    known = _known.setdefault(workspace, {})
    if name not in known:
        table = opener(workspace, name)
        contract = table.contract
        days = table.days
        beside = contract.witness
        known[name] = read_record(
            name,
            days,
            as_of=workspace.as_of,
            stated=_stated(workspace, workspace.tables[name], contract),
            witness=opener(workspace, beside).days if beside in workspace.tables else None,
            ledger=contract.ledger,
            waves=contract.sampled,
            resting=_resting(workspace, days),
        )
    return known[name]


def _stated(workspace: Workspace, config: TableConfig, contract: Contract) -> Stated:
    """What opsnb.toml and plans/events.toml say of a table's days."""
    events = workspace.events
    gaps: dict[dt.date, tuple[Cause, Said | None]] = {}
    if contract.name == _TRACKED:
        for event in events:
            if event.kind == "tracking":
                gaps |= dict.fromkeys(event.period.dates, ("tracking", event.name))
    for span in config.gaps:
        gaps |= dict.fromkeys(span.days, ("stated", span.name))
    real = {day for span in config.closed for day in span.days}
    real |= {day for event in events if event.kind == "outage" for day in event.period.dates}
    return Stated(config.recorded_from, config.recorded_until, gaps, frozenset(real - gaps.keys()))


def _resting(workspace: Workspace, days: dict[dt.date, Day]) -> frozenset[dt.date]:
    """Public holidays without a row."""
    if workspace.country is None or not days:
        return frozenset()
    first, last = min(days), min(max(days), workspace.as_of)
    if (last - first).days + 1 <= len(days):
        return frozenset()
    return public_holidays(workspace.country, first, last) - days.keys()


# -- what is said of it ------------------------------------------------------------------------


def record_issues(record: Record, contract: Contract) -> Iterator[Issue]:
    """Gaps, strays and days cut short, as the data gate says them."""
    for cause, gaps in _by_cause(record.gaps):
        rows = sum(gap.rows for gap in gaps)
        args = {
            "spans": [span_of(gap.start, gap.end) for gap in gaps],
            "days": sum(1 for gap in gaps for _ in gap.days),
            "rows": rows,
            "usual": sum(gap.usual for gap in gaps),
            "names": [gap.name for gap in gaps if gap.name is not None],
            "table": record.table,
            "witness": contract.witness,
        }
        named = "_named" if args["names"] else ""
        text = Text(f"data.rule.gap_{cause}{named}", args)
        yield Issue(f"gap_{cause}", "warn", rows, text)
    for stray in record.strays:
        if stray.rows and not {stray.start, stray.end} <= record.edges:
            edge = record.first if stray.side == "before" else record.last
            args = {"span": span_of(stray.start, stray.end), "rows": stray.rows, "edge": edge}
            text = Text(f"data.rule.stray_{stray.side}", args)
            yield Issue(f"stray_{stray.side}", "note", stray.rows, text)
    for rule, moment in (("began", record.began), ("ended", record.ended)):
        if moment is not None:
            text = Text(f"data.rule.{rule}", {"day": moment.date(), "at": f"{moment:%H:%M}"})
            yield Issue(rule, "note", record.rows.get(moment.date(), 0), text)


def _by_cause(gaps: Iterable[Gap]) -> list[tuple[Cause, list[Gap]]]:
    found: dict[Cause, list[Gap]] = {}
    for gap in gaps:
        found.setdefault(gap.cause, []).append(gap)
    return list(found.items())


def span_of(start: dt.date, end: dt.date) -> Text:
    """Days in a row, for use inside other texts."""
    key = "data.days.one" if start == end else "data.days.span"
    return Text(key, {"start": start, "end": end})
