"""What a published report adds to the ledger: its actions, decisions and predictions.

Making a report again adds nothing twice and takes nothing away that a person has touched: an
entry is known by its report and its title (a prediction by its metric and date). What a new run
no longer proposes, and nobody has touched, is withdrawn; predictions stay as first registered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from opsnb.base.ledger import Entry, Kind, Ledger, entry_id

_TITLE: dict[Kind, str] = {"action": "title", "decision": "question", "prediction": "what"}
_OWNER: dict[Kind, str] = {"action": "owner", "decision": "by"}

Reports = Mapping[str, Mapping[str, Any]]
"""report.json by language code, the primary language first."""


def record(ledger: Ledger, reports: Reports, report: str) -> int:
    """Adds a report's actions, decisions and predictions to the ledger of its cycle.

    Parameters
    ----------
    reports : dict
        report.json by language code.
    report : str
        Where the report is: `CYCLE/SLUG`.

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
        lines = list(_lines(known, reports, report))
        write(primary["cycle"], lines)
        observed = list(_observed(known, primary, report))
        for cycle, line in observed:
            write(cycle, [line])
    return len(lines) + len(observed)


def _lines(known: list[Entry], reports: Reports, report: str) -> Iterator[dict[str, Any]]:
    own = [entry for entry in known if entry.report == report]
    said = set()
    for line in _proposed(reports, report):
        same = next((entry for entry in own if _same(entry, line)), None)
        said.add(same.id if same else line["id"])
        if same is None:
            yield line
    for entry in own:
        if entry.id not in said and not entry.touched and entry.kind != "prediction":
            yield {"event": "withdraw", "id": entry.id}


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
                line |= {key: row.get(key) for key in ("metric", "value", "low", "high")}
            yield line


def _id(kind: Kind, row: Any, spoken: Mapping[str, Any], report: str) -> str:
    if kind == "prediction":
        return entry_id(kind, report, row["metric"], str(row.get("due")))
    said = spoken.get("en", row)[_TITLE[kind]]
    return entry_id(kind, report, said)


def _same(entry: Entry, line: Mapping[str, Any]) -> bool:
    """The same id, or the same words in a language that both have."""
    if entry.id == line["id"]:
        return True
    both = _words(entry.title) & _words(line["title"])
    return entry.kind == line["kind"] != "prediction" and bool(both)


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
