"""What a published report adds to the ledger: its actions, decisions and predictions.

Making a report again adds nothing twice and takes nothing away that a person has touched: an
entry is known by its report and its title (a prediction by its metric and date). What a new run
no longer proposes, and nobody has touched, is withdrawn. A prediction stands as it was first
registered, unless other inputs give another one in time (`opsnb.base.predictions`): then the new
one is registered beside it and supersedes it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opsnb.base.entries import Entry, Kind, entry_id
from opsnb.base.errors import PeriodError
from opsnb.base.ledger import Ledger
from opsnb.base.predictions import may_be_replaced
from opsnb.base.workspace import Workspace
from opsnb.publishing.runs.hashes import hash_of

_TITLE: dict[Kind, str] = {"action": "title", "decision": "question", "prediction": "what"}
_OWNER: dict[Kind, str] = {"action": "owner", "decision": "by"}
_NUMBERS = ("value", "low", "high")

Reports = Mapping[str, Mapping[str, Any]]
"""report.json by language code, the primary language first."""


@dataclass(frozen=True)
class Making:
    """What a report's predictions belong to.

    Attributes
    ----------
    as_of : date
        The day of the data.
    begins : date or None
        The first day after the report's cycle, which predictions are about; None where the
        report has no cycle.
    inputs : str
        A hash of the data, their mapping and the metrics.
    """

    as_of: dt.date
    begins: dt.date | None
    inputs: str


def making_of(workspace: Workspace, report: Mapping[str, Any]) -> Making:
    """What the predictions of a report (its report.json) that has just been made belong to."""
    mapped = {**workspace.sources, **{f"table {n}": t for n, t in workspace.tables.items()}}
    inputs = [
        {name: table.get("fingerprint") for name, table in report.get("tables", {}).items()},
        {name: each.model_dump(mode="json") for name, each in mapped.items()},
        [str(workspace.zone), workspace.gross_margin],
        workspace.metrics,
    ]
    try:
        begins = workspace.period(report["cycle"]).end + dt.timedelta(days=1)
    except PeriodError:  # the undated reports' file
        begins = None
    return Making(workspace.as_of, begins, hash_of(inputs)[:16])


def record(ledger: Ledger, reports: Reports, report: str, made: Making | None = None) -> int:
    """Adds a report's actions, decisions and predictions to the ledger of its cycle.

    Parameters
    ----------
    reports : dict
        report.json by language code.
    report : str
        Where the report is: `CYCLE/SLUG`.
    made : Making, optional
        What its predictions belong to; without it none supersedes an earlier one.

    Returns
    -------
    int
        Lines written; 0 when the ledger knew everything, or the report failed or is invalid.
    """
    primary = next(iter(reports.values()))
    if primary["status"] in ("failed", "invalid", "skipped"):
        return 0
    with ledger.locked() as write:
        known = ledger.entries()
        before = [e for e in ledger.entries("prediction", taken_back=True) if e.report == report]
        proposed = list(_proposed(reports, report))
        lines = [*_lines(known, proposed, report), *_predictions(before, proposed, report, made)]
        write(primary["cycle"], lines)
        observed = list(_observed(known, primary, report))
        for cycle, line in observed:
            write(cycle, [line])
    return len(lines) + len(observed)


def standing(ledger: Ledger, reports: Reports, report: str) -> list[Entry]:
    """Predictions of a report that stand in the ledger with other numbers than it now gives."""
    now = {line["id"]: line for line in _proposed(reports, report) if line["kind"] == "prediction"}
    return [
        entry
        for entry in ledger.entries("prediction")
        if entry.report == report
        and (line := now.get(_first_id(entry))) is not None
        and not _alike(entry, line)
    ]


def _lines(
    known: list[Entry], proposed: list[dict[str, Any]], report: str
) -> Iterator[dict[str, Any]]:
    """What is new of a report's actions and decisions, and what it no longer proposes."""
    own = [entry for entry in known if entry.report == report and entry.kind != "prediction"]
    said = set()
    for line in proposed:
        if line["kind"] == "prediction":
            continue
        same = next((entry for entry in own if _same(entry, line)), None)
        said.add(same.id if same else line["id"])
        if same is None:
            yield line
    for entry in own:
        if entry.id not in said and not entry.touched:
            yield {"event": "withdraw", "id": entry.id}


def _predictions(
    before: list[Entry], proposed: list[dict[str, Any]], report: str, made: Making | None
) -> Iterator[dict[str, Any]]:
    """A report's new predictions, and those that they, or their absence, supersede."""
    now = {line["id"]: line for line in proposed if line["kind"] == "prediction"}
    for first, line in now.items():
        earlier = [entry for entry in before if _first_id(entry) == first]
        stands = next((entry for entry in earlier if entry.state != "withdrawn"), None)
        if earlier and made is not None:
            line |= {"id": entry_id("prediction", first, made.inputs)}
        if made is not None:
            line |= {"as_of": made.as_of, "inputs": made.inputs}
        if stands is None:
            if not any(_was_withdrawn(entry, line, made) for entry in earlier):
                yield line
        elif _can_go(stands, made) and not _alike(stands, line):
            yield line
            yield {"event": "withdraw", "id": stands.id, "superseded_by": line["id"]}
    for entry in before:
        if _first_id(entry) not in now and entry.state != "withdrawn" and _can_go(entry, made):
            yield {"event": "withdraw", "id": entry.id, "superseded_by": report}


def _was_withdrawn(entry: Entry, line: Mapping[str, Any], made: Making | None) -> bool:
    """Whether a person took this very prediction back: it is not registered again."""
    same = made is None or entry.inputs == made.inputs or _alike(entry, line)
    return same and entry.state == "withdrawn" and entry.superseded_by is None


def _can_go(entry: Entry, made: Making | None) -> bool:
    """Whether a prediction may go for one that other inputs make."""
    if made is None or entry.inputs == made.inputs:
        return False
    return may_be_replaced(entry, made.as_of, made.begins)


def _alike(entry: Entry, line: Mapping[str, Any]) -> bool:
    """The same numbers, but for the last digits of a sum."""
    return all(
        (was := getattr(entry, name)) == (now := line.get(name))
        or (was is not None and now is not None and math.isclose(was, now, rel_tol=1e-9))
        for name in _NUMBERS
    )


def _proposed(reports: Reports, report: str) -> Iterator[dict[str, Any]]:
    """The report's own entries as `add` lines, their texts in all of its languages."""
    primary = next(iter(reports.values()))
    head = {"event": "add", "report": report, "playbook": primary["playbook"]}
    if primary["subject"]:
        head["subject"] = primary["subject"]
    for kind, field in _TITLE.items():
        for index, row in enumerate(primary[f"{kind}s"]):
            if kind == "prediction" and row.get("observed") is not None:
                continue  # an earlier one, scored
            spoken = {code: made[f"{kind}s"][index] for code, made in reports.items()}
            line = {
                **head,
                "id": _id(kind, row, spoken, report),
                "kind": kind,
                "title": _label({code: one[field] for code, one in spoken.items()}),
                "due": row.get("due"),
                "evidence": row.get("evidence") or None,
            }
            if kind in _OWNER:
                owners = {code: one[_OWNER[kind]] for code, one in spoken.items()}
                line["owner"] = _label(owners)
            else:
                line |= {key: row.get(key) for key in ("metric", *_NUMBERS)}
            yield line


def _id(kind: Kind, row: Any, spoken: Mapping[str, Any], report: str) -> str:
    if kind == "prediction":
        return entry_id(kind, report, row["metric"], str(row.get("due")))
    said = spoken.get("en", row)[_TITLE[kind]]
    return entry_id(kind, report, said)


def _first_id(entry: Entry) -> str:
    """The id of the first prediction that its report made of this metric and date."""
    return entry_id("prediction", entry.report or "", entry.metric or "", str(entry.due))


def _same(entry: Entry, line: Mapping[str, Any]) -> bool:
    """The same id, or the same words in a language that both have."""
    if entry.id == line["id"]:
        return True
    both = _words(entry.title) & _words(line["title"])
    return entry.kind == line["kind"] and bool(both)


def _words(title: Any) -> set[str]:
    return set(title.values()) if isinstance(title, Mapping) else {title}


def _label(spoken: Mapping[str, str]) -> str | dict[str, str]:
    """One string where all languages say the same."""
    return next(iter(spoken.values())) if len(set(spoken.values())) == 1 else dict(spoken)


def _observed(
    known: list[Entry], primary: Mapping[str, Any], report: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Outcomes of earlier predictions that this report has measured."""
    for row in primary["predictions"]:
        for entry in known if row.get("observed") is not None else ():
            named = (entry.kind, entry.metric, str(entry.due), entry.value)
            same = named == ("prediction", row["metric"], str(row.get("due")), row["value"])
            if same and entry.observed != row.get("observed") and entry.report != report:
                line = {"event": "observe", "id": entry.id, "value": row.get("observed")}
                yield entry.cycle, {**line, "by": report}
