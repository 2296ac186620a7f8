"""What earlier cycles left behind: actions, decisions, and predictions scored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Column, Fold, Note, Paragraph, Part, Table, Toned, charts
from opsnb.analysis.findings import Prediction, Tone
from opsnb.analysis.methods.calibration import hit_rate
from opsnb.analysis.reviews.shared.data_gate import blocks_of
from opsnb.analysis.reviews.shared.number_formats import format_of
from opsnb.base import predictions
from opsnb.base.entries import Entry
from opsnb.base.errors import PeriodError
from opsnb.base.messages import Said, Text
from opsnb.base.periods import Period

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder

MOST_ROWS = 12
"""Rows shown of each table; the rest stays behind a line that opens it."""

_TONE: dict[str, Tone] = {"done": "good", "open": "neutral", "late": "bad", "dropped": "neutral"}
_ORDER = ("late", "open", "done", "dropped")


@dataclass(frozen=True)
class ScoredPrediction:
    """A prediction, what came out, and how its metric is written."""

    entry: Entry
    observed: float
    number_format: str


def recall(ops: Recorder, *, related: bool, subject: str | None = None) -> list[Part]:
    """Entries of earlier cycles as parts; where there are none, a part that says so.

    Parameters
    ----------
    related : bool
        Only what an earlier cycle's run of this playbook left, and what any other playbook or
        person, in whatever cycle, said about `subject`.
    """
    found = ops.workspace.remembered(before=ops.period)
    if related:
        found = [entry for entry in found if entry.playbook in ops.names]
        others = ops.workspace.remembered(subject=subject) if subject else []
        found += [entry for entry in others if entry.playbook not in ops.names]
        found.sort(key=lambda entry: entry.added)
    parts = _actions(ops, [e for e in found if e.kind == "action"])
    parts += _decisions(ops, [e for e in found if e.kind == "decision"])
    parts += _predictions(ops, without_repeats(ops, found), found)
    parts += _taken_back(ops, related)
    return parts or [Absent(Text("ledger.none"))]


def open_actions(ops: Recorder, days: int) -> list[Part]:
    """Actions of any cycle that are late or fall due within the next days."""
    as_of = ops.workspace.as_of
    last = as_of + dt.timedelta(days=days)
    found = [
        entry
        for entry in ops.workspace.remembered()
        if entry.kind == "action"
        and entry.due is not None
        and entry.due <= last
        and entry.status(as_of) in ("late", "open")
    ]
    late = sum(entry.status(as_of) == "late" for entry in found)
    ops.fact("actions.late", late, "count", n=len(found))
    if not found:
        return [Absent(Text.of("ledger.nothing_due", days=days))]
    line = Text.of("ledger.due", n=len(found), late=late, days=days)
    return [Paragraph(line), *_listed(ops, found, Text("ledger.action"), None)]


def _period(ops: Recorder, key: str) -> Period | None:
    try:
        return ops.workspace.period(key)
    except PeriodError:  # the undated reports' file
        return None


# -- actions and decisions -----------------------------------------------------------------


def _actions(ops: Recorder, entries: list[Entry]) -> list[Part]:
    if not entries:
        return []
    as_of = ops.workspace.as_of
    counts = {
        status: ops.fact(f"actions.{status}", sum(e.status(as_of) == status for e in entries),
                         "count", n=len(entries))
        for status in _ORDER
    }  # fmt: skip
    settled = [e for e in entries if e.status(as_of) != "open"]
    line: Said = Text.of("ledger.actions", n=len(entries), **counts)
    parts: list[Part] = [Paragraph(line)]
    if settled:
        carried = counts["done"].value / len(settled)
        rate = ops.fact("actions.carried_out", carried, "share", n=len(settled))
        parts.append(Paragraph(Text.of("ledger.carried_out", rate=rate, n=len(settled))))
    dated = [e for e in entries if e.on_time is not None]
    if dated:
        on_time = sum(bool(e.on_time) for e in dated) / len(dated)
        kept = ops.fact("actions.closed_on_time", on_time, "share", n=len(dated))
        parts.append(Paragraph(Text.of("ledger.on_time", rate=kept, n=len(dated))))
    if counts["late"].value:
        ops.finding(
            Text.of("ledger.late", n=counts["late"]), counts["late"], tone="warn",
            section="actions",
        )  # fmt: skip
    return [*parts, *_listed(ops, entries, Text("ledger.action"), Text("ledger.caption_actions"))]


def _decisions(ops: Recorder, entries: list[Entry]) -> list[Part]:
    if not entries:
        return []
    as_of = ops.workspace.as_of
    made = sum(entry.status(as_of) == "done" for entry in entries)
    fact = ops.fact("decisions.made", made, "count", n=len(entries))
    line = Paragraph(Text.of("ledger.decisions", n=len(entries), made=fact))
    return [line, *_listed(ops, entries, Text("ledger.decision"), Text("ledger.caption_decisions"))]


def _listed(ops: Recorder, entries: list[Entry], head: Said, caption: Said | None) -> list[Part]:
    """A table, what is late first; what does not fit is folded."""
    as_of = ops.workspace.as_of
    entries = sorted(
        entries, key=lambda e: (_ORDER.index(e.status(as_of)), e.due or dt.date.max, e.added)
    )
    rows = [_row(ops, entry) for entry in entries]
    columns = [
        Column("title", head, "said"),
        Column("owner", Text("display.owner"), "said"),
        Column("due", Text("display.due"), "date"),
        Column("state", Text("display.state"), "said"),
        Column("cycle", Text("ledger.from"), "said"),
    ]
    order = Text("ledger.order")
    shown = Table(columns, rows[:MOST_ROWS], caption=caption, order=order, stacked=True)
    if len(rows) <= MOST_ROWS:
        return [shown]
    rest = Table(columns, rows[MOST_ROWS:], stacked=True)
    return [shown, Fold(Text.of("ledger.more", n=len(rows) - MOST_ROWS), [rest])]


def _row(ops: Recorder, entry: Entry) -> dict[str, Any]:
    status = entry.status(ops.workspace.as_of)
    word: Said = Text(f"display.action_status.{status}")
    if entry.on_time is False:
        word = Text.of("ledger.done_late", day=entry.closed)
    if entry.note:
        word = Text.of("ledger.with_note", status=word, note=entry.note)
    cycle = _period(ops, entry.cycle)
    tone: Tone = "warn" if entry.on_time is False else _TONE[status]
    return {
        "title": entry.title,
        "owner": entry.owner,
        "due": entry.due,
        "state": Toned(None, tone, word),
        "cycle": cycle.text if cycle else entry.cycle,
    }


# -- predictions -----------------------------------------------------------------------------


def without_repeats(ops: Recorder, entries: Sequence[Entry]) -> list[Entry]:
    """The predictions, without those of the playbook that this one is a copy of where both
    foretold one metric for one day."""
    found = [entry for entry in entries if entry.kind == "prediction"]
    own = {(e.metric, e.due) for e in found if e.playbook == ops.playbook}
    others = ops.names - {ops.playbook}
    return [e for e in found if e.playbook not in others or (e.metric, e.due) not in own]


def _predictions(ops: Recorder, entries: list[Entry], everybody: Sequence[Entry]) -> list[Part]:
    """This period's outcomes of `entries`, and the score of all that `everybody` foretold."""
    now = [scored for entry in entries if (scored := _scored(ops, entry)) is not None]
    if not now:
        return []
    for scored in now:
        _record(ops, scored)
    known = {scored.entry.id: scored.observed for scored in now}
    all_scored = predictions.scored(
        replace(e, observed=known[e.id]) if e.id in known else e for e in everybody
    )
    parts = [_chart(ops, now)]
    if all_scored:
        parts.append(Paragraph(_calibration(ops, all_scored)))
    return [*parts, Note(Text("ledger.predictions_note"))]


def _taken_back(ops: Recorder, related: bool) -> list[Part]:
    """How many predictions of earlier cycles do not count any more, and why."""
    superseded, withdrawn = (
        [entry for entry in found if not related or entry.playbook in ops.names]
        for found in predictions.taken_back(
            ops.workspace.remembered(before=ops.period, taken_back=True)
        )
    )
    if not superseded and not withdrawn:
        return []
    replaced = ops.fact("predictions.superseded", len(superseded), "count")
    gone = ops.fact("predictions.withdrawn", len(withdrawn), "count")
    return [Note(Text.of("ledger.taken_back", superseded=replaced, withdrawn=gone))]


def _scored(ops: Recorder, entry: Entry) -> ScoredPrediction | None:
    """The outcome of a playbook's own prediction for this period, once the period is over."""
    named = entry.metric in ops.catalogue and entry.playbook in ops.names
    if not named or entry.due != ops.period.end or entry.value is None:
        return None
    assert entry.metric is not None
    if ops.meter.absent(entry.metric) or ops.period.end >= ops.workspace.as_of:
        return None
    if blocks_of(ops, entry.metric):  # what came true is not known
        return None
    observed = ops.meter.value(entry.metric, ops.period).value
    number_format = format_of(ops.catalogue[entry.metric])
    return ScoredPrediction(entry, observed, number_format) if observed is not None else None


def _record(ops: Recorder, scored: ScoredPrediction) -> None:
    entry, metric = scored.entry, scored.entry.metric
    assert metric is not None and entry.value is not None
    unit: Any = ops.catalogue[metric].unit
    ops.fact("prediction.value", entry.value, unit, low=entry.low, high=entry.high, metric=metric)
    ops.fact("prediction.observed", scored.observed, unit, metric=metric)
    ops.predict(
        Prediction(
            entry.title, metric, entry.value, entry.low, entry.high, entry.due, scored.observed
        )
    )


def _calibration(ops: Recorder, scored: Sequence[Entry]) -> Text:
    """Hit rate with its interval, and the mean relative error, of all scored so far."""
    observed = [entry.observed or 0.0 for entry in scored]
    rate = hit_rate([e.low or 0.0 for e in scored], [e.high or 0.0 for e in scored], observed)
    hits = ops.fact(
        "predictions.hit_rate", rate.value, "share", low=rate.low, high=rate.high, n=rate.n,
        method="wilson",
    )  # fmt: skip
    gaps = [
        (seen - e.value) / abs(e.value) for e, seen in zip(scored, observed, strict=True) if e.value
    ]
    bias = ops.fact("predictions.bias", sum(gaps) / len(gaps) if gaps else None, "relative",
                    n=len(gaps))  # fmt: skip
    return Text.of("ledger.calibration", n=rate.n, hits=hits, bias=bias)


def _chart(ops: Recorder, now: Sequence[ScoredPrediction]) -> Part:
    rows = [
        charts.Forecast(
            ops.label(s.entry.metric or ""), s.entry.value or 0.0, s.observed, s.entry.low,
            s.entry.high, s.number_format,
        )
        for s in now
        if s.entry.value
    ]  # fmt: skip
    if not rows:
        return Absent(Text("ledger.no_ratio"))
    inside = sum(row.holds for row in rows)
    return charts.calibration(
        rows,
        claim=Text.of("ledger.predictions", inside=inside, n=len(rows)),
        alt=Text.of("ledger.predictions_alt", n=len(rows)),
        source=Text.of("month.source", start=ops.period.start, end=ops.period.end),
    )
