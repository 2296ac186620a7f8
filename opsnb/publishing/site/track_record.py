"""Campaigns side by side, and what became of predictions and actions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from opsnb.base.entries import Entry as Remembered
from opsnb.base.entries import Kind
from opsnb.base.errors import LedgerError
from opsnb.base.ledger import Ledger
from opsnb.base.messages import Label, Language
from opsnb.base.predictions import Score, score, taken_back, tally
from opsnb.publishing.site.kpi_history import as_fact, metric_name
from opsnb.publishing.site.report_entries import Entry

STATES = ("late", "due", "open", "done", "dropped")
DUE_DAYS = 7
"""An open action is due when its date is no further away than this."""
_PROPOSED = {"proposed": "open"}


@dataclass(frozen=True)
class Campaign:
    """What a review says of a campaign and one metric; numbers only where they may be used."""

    entry: Entry
    metric: str | None
    cost: SimpleNamespace | None
    effect: SimpleNamespace | None
    roi: SimpleNamespace | None

    @property
    def roi_note(self) -> str | None:
        """What the report's own card says of the return: an upper bound, break-even open."""
        cards = self.report["cards"] if self.entry.usable else []
        said = [c.get("status") for c in cards if "campaign.roi_incremental" in c["evidence"]]
        return said[0] if said else None

    @property
    def report(self) -> dict[str, Any]:
        assert self.entry.report is not None
        return self.entry.report


@dataclass(frozen=True)
class Prediction:
    """What was expected, and what came; `hit` is None until both are known."""

    what: str
    due: str | None
    expected: SimpleNamespace
    observed: SimpleNamespace | None
    hit: bool | None
    html: str | None
    metric: str | None = None
    gone: str | None = None
    """`superseded` or `withdrawn`, where it does not count any more."""
    note: str | None = None

    @property
    def place(self) -> float | None:
        """Where the outcome lies in its range: 0 at the lower end, 1 at the upper one."""
        if self.hit is None or self.observed is None or self.expected.high == self.expected.low:
            return None
        width = self.expected.high - self.expected.low
        return float((self.observed.value - self.expected.low) / width)


@dataclass(frozen=True)
class Predictions:
    """What was expected, by what became of it; `score` is of `rows` alone.

    Attributes
    ----------
    gone : list of Prediction
        Superseded or withdrawn ones; `counts`: how many of each.
    planned : list of Prediction
        Of plans: not registered by a report, measured by one.
    """

    rows: list[Prediction]
    score: Score
    gone: list[Prediction] = field(default_factory=list)
    counts: tuple[int, int] = (0, 0)
    planned: list[Prediction] = field(default_factory=list)


@dataclass(frozen=True)
class Step:
    """An action or decision as the board shows it; `id` is None outside the ledger."""

    title: str
    owner: str
    due: dt.date | None
    state: str
    cycle: str
    html: str | None
    note: str | None = None
    on_time: bool | None = None
    id: str | None = None

    @property
    def open(self) -> bool:
        return self.state in ("late", "due", "open")


def campaigns(
    listed: list[Entry], language: Language, labels: Mapping[str, Label]
) -> list[Campaign]:
    """A row for each campaign and metric, the newest first; one where it has no numbers."""
    rows = []
    for entry in listed:
        report = entry.report
        if report is None or report["about"] != "campaign" or not report["subject"]:
            continue
        facts = report["facts"] if entry.usable else []
        whole = {f["id"]: as_fact(f) for f in facts if f["key"] == f["id"]}
        effects = _effects(facts, (report["verdict"] or {}).get("evidence") or [])
        for metric, fact in effects.items() or [(None, None)]:
            rows.append(
                Campaign(
                    entry,
                    metric_name(metric, language, labels) if metric else None,
                    whole.get("campaign.cost"),
                    as_fact(fact) if fact else None,
                    whole.get("campaign.roi_incremental"),
                )
            )
    return rows


def _effects(facts: Sequence[Mapping[str, Any]], evidence: Sequence[str]) -> dict[str, Any]:
    """A campaign's effect on each metric: the one that the verdict rests on, else the first."""
    found: dict[str, Any] = {}
    for fact in facts:
        if fact["id"] == "campaign.effect" and fact.get("metric") and not fact.get("segment"):
            known = found.get(fact["metric"])
            if known is None or fact["key"] in evidence:
                found[fact["metric"]] = fact
    return found


def predictions(listed: list[Entry], ledger: list[Remembered], language: Language) -> Predictions:
    """The predictions of the ledger, the latest date first, and how they came out.

    What plans expected, and reports measured, stands apart. Without a ledger that can be read
    the predictions are those that the reports tell of.
    """
    told = _told(listed)
    kept = [entry for entry in ledger if entry.kind == "prediction"]
    if not kept:
        outcomes = [
            (row.observed.value, row.expected.low, row.expected.high)
            for row in told
            if row.observed is not None and row.hit is not None
        ]
        return Predictions(_latest(told), tally(outcomes))
    pages = {entry.folder: entry.html for entry in listed}
    units = _units(listed)
    rows = {
        entry.id: _registered(entry, language, pages, units.get(entry.metric or "", "number"))
        for entry in kept
    }
    superseded, withdrawn = taken_back(kept)
    known = {(e.metric, str(e.due), e.value) for e in kept}
    return Predictions(
        _latest(rows[entry.id] for entry in kept if entry.state == "open"),
        score(kept),
        _latest(rows[entry.id] for entry in [*superseded, *withdrawn]),
        (len(superseded), len(withdrawn)),
        _latest(r for r in told if r.observed and (r.metric, r.due, r.expected.value) not in known),
    )


def _registered(
    entry: Remembered, language: Language, pages: Mapping[str, str | None], unit: str
) -> Prediction:
    """An entry of the ledger as the page shows it."""
    numbers = {"value": entry.value, "low": entry.low, "high": entry.high, "unit": unit}
    observed = entry.observed
    return Prediction(
        language.say(entry.title),
        str(entry.due) if entry.due else None,
        as_fact(numbers),
        SimpleNamespace(value=observed, unit=unit) if observed is not None else None,
        entry.hit,
        pages.get(entry.report or ""),
        entry.metric,
        ("superseded" if entry.superseded_by else "withdrawn") if entry.state != "open" else None,
        language.say(entry.note) if entry.note else None,
    )


def _latest(rows: Iterable[Prediction]) -> list[Prediction]:
    return sorted(rows, key=lambda row: row.due or "", reverse=True)


def _told(listed: list[Entry]) -> list[Prediction]:
    """Each prediction of the reports once, scored where the outcome is known."""
    found: dict[tuple[Any, ...], Prediction] = {}
    for entry in listed:
        report = entry.report if entry.usable else None
        for row in report["predictions"] if report else []:
            unit = _unit(report["facts"] if report else [], row["metric"])
            expected = as_fact({**row, "unit": unit})
            observed = row.get("observed")
            known = SimpleNamespace(value=observed, unit=unit) if observed is not None else None
            held = None
            if observed is not None and None not in (expected.low, expected.high):
                held = expected.low <= observed <= expected.high
            key = (row["metric"], row["what"], row.get("due"), row["value"])
            if key not in found or found[key].observed is None:
                found[key] = Prediction(
                    row["what"], row.get("due"), expected, known, held, entry.html, row["metric"]
                )
    return list(found.values())


def _units(listed: list[Entry]) -> dict[str, str]:
    """The unit of each metric that a report gives a value of."""
    reports = [entry.report for entry in listed if entry.usable and entry.report]
    return {
        fact["metric"]: fact["unit"]
        for report in reports
        for fact in report["facts"]
        if fact.get("metric") and fact["id"] in _IN_ITS_UNIT
    }


def _unit(facts: Sequence[Mapping[str, Any]], metric: str) -> str:
    """The unit that a report gives a metric's own values."""
    own = [f["unit"] for f in facts if f.get("metric") == metric and f["id"] in _IN_ITS_UNIT]
    return own[0] if own else "number"


_IN_ITS_UNIT = ("kpi.value", "campaign.effect", "campaign.window", "ab.value")


def remembered(ledger: Path) -> list[Remembered]:
    """The ledger's entries, those taken back too; none where it cannot be read."""
    try:
        return Ledger(ledger).entries(taken_back=True)
    except LedgerError:
        return []


def steps(
    listed: list[Entry], ledger: list[Remembered], language: Language, as_of: dt.date
) -> tuple[list[Step], bool]:
    """The actions of all cycles, and whether they come from the ledger.

    Without a ledger that can be read they are those that the reports propose.
    """
    board = _kept(listed, ledger, "action", language, as_of)
    return (board or _proposed(listed, as_of)), bool(board)


def questions(
    listed: list[Entry], ledger: list[Remembered], language: Language, as_of: dt.date
) -> list[Step]:
    """The decisions of the ledger: what reports ask for, and what was decided."""
    return _kept(listed, ledger, "decision", language, as_of)


def _kept(
    listed: list[Entry],
    ledger: list[Remembered],
    kind: Kind,
    language: Language,
    as_of: dt.date,
) -> list[Step]:
    """The ledger's entries of a kind, the most urgent first."""
    pages = {entry.folder: entry.html for entry in listed}
    board = [
        Step(
            language.say(entry.title),
            language.say(entry.owner) if entry.owner else "",
            entry.due,
            _state(entry.status(as_of), entry.due, as_of),
            entry.cycle,
            pages.get(entry.report or ""),
            language.say(entry.note) if entry.note else None,
            entry.on_time,
            entry.id,
        )
        for entry in ledger
        if entry.kind == kind and entry.state != "withdrawn"
    ]
    return sorted(board, key=_urgency)


def _state(status: str, due: dt.date | None, as_of: dt.date) -> str:
    """The ledger's status; an open one is late or due by its date."""
    if status not in ("open", "late") or due is None:
        return status
    days = (due - as_of).days
    return "late" if days < 0 else "due" if days <= DUE_DAYS else "open"


def _proposed(listed: list[Entry], as_of: dt.date) -> list[Step]:
    found: dict[tuple[str, str], Step] = {}
    for entry in listed:
        if entry.report is None or entry.report["status"] in ("failed", "invalid", "skipped"):
            continue
        for row in entry.report["actions"]:
            due = dt.date.fromisoformat(row["due"]) if row.get("due") else None
            state = _state(_PROPOSED.get(row["status"], row["status"]), due, as_of)
            step = Step(row["title"], row["owner"], due, state, entry.cycle, entry.html)
            found.setdefault((step.title, step.owner), step)
    return sorted(found.values(), key=_urgency)


def _urgency(step: Step) -> tuple[int, dt.date]:
    return STATES.index(step.state), step.due or dt.date.max


def by_owner(board: list[Step]) -> list[tuple[str, dict[str, int], int, int]]:
    """For each owner: how many steps of each state; of those done with a date, how many in time."""
    steps_of: dict[str, list[Step]] = {}
    for step in board:
        steps_of.setdefault(step.owner, []).append(step)
    rows = []
    for owner, own in sorted(steps_of.items()):
        counts = {state: sum(step.state == state for step in own) for state in STATES}
        dated = [step.on_time for step in own if step.on_time is not None]
        rows.append((owner, counts, sum(dated), len(dated)))
    return rows
