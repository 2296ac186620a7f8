"""From an executed notebook to report.json: gathers what its cells published, in order."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from typing import Any

from nbformat import NotebookNode

from opsnb.base.errors import PublishError
from opsnb.base.messages import Language
from opsnb.base.seam import MIME, PAYLOADS, SCHEMA, STATUSES
from opsnb.publishing.reports.report_parts import report_parts
from opsnb.publishing.reports.row_changes import moves
from opsnb.publishing.reports.run_record import Run, strip_paths
from opsnb.publishing.reports.schema import check

_LISTS = ("checks", "cards", "findings", "decisions", "actions", "predictions")


def collect(notebook: NotebookNode, run: Run) -> dict[str, dict[str, Any]]:
    """The report of a run by language, each checked against the schema.

    Raises
    ------
    PublishError
        Two outputs give one fact different values, an output is of an unknown version, or
        the records do not have the layout of report.json.
    """
    outputs = list(payloads(notebook))
    facts = _facts(outputs)
    tables = _tables(outputs)
    return {
        code: check(_report(notebook, run, code, outputs, facts, tables)) for code in run.languages
    }


def payloads(notebook: NotebookNode) -> Iterator[tuple[str, dict[str, Any]]]:
    """The opsnb payload of each output that has one, with its cell's id, in order."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            payload = output.get("data", {}).get(MIME)
            if payload is None:
                continue
            if not isinstance(payload, Mapping) or payload.get("v") not in PAYLOADS:
                raise PublishError(
                    "an output is written in a version of opsnb's format that is not known",
                    where=f"cell {cell.get('id', '?')}",
                    hint="run the playbook again with this version of opsnb",
                )
            yield cell.get("id", "?"), dict(payload)


def _facts(outputs: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """All facts in order. One shown twice counts once; two values for one key are an error."""
    kept: dict[str, tuple[str, dict[str, Any]]] = {}
    for cell, payload in outputs:
        for fact in payload.get("facts", []):
            key = str(fact.get("key"))
            first = kept.setdefault(key, (cell, fact))
            if first[1] != fact:
                raise PublishError(
                    f'two results for one fact, "{key}": {first[1].get("value")} in cell '
                    f"{first[0]} and {fact.get('value')} in cell {cell}",
                    where="facts",
                    hint="set the two apart by metric, variant, segment or period",
                )
    return [plain(fact) for _, fact in kept.values()]


def _tables(outputs: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for _, payload in outputs:
        tables |= payload.get("tables") or {}
    clean: dict[str, Any] = plain(tables)
    return clean


def _report(
    notebook: NotebookNode,
    run: Run,
    code: str,
    outputs: list[tuple[str, dict[str, Any]]],
    facts: list[dict[str, Any]],
    tables: dict[str, Any],
) -> dict[str, Any]:
    language = run.language(code)
    spoken = [(payload, _in_language(payload, code, run)) for _, payload in outputs]
    status, reason = _status(run, spoken)
    verdicts = [said["verdict"] for _, said in spoken if said.get("verdict")]
    blocks = unanswered(spoken, status)
    if blocks:
        status, reason = "invalid", run.scrub(blocks[0]["message"])
        verdicts.append(_refusal(language, blocks[0]))
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "playbook": run.playbook,
        "title": language.say(run.title),
        "subject": run.subject,
        "subject_label": language.say(run.subject_label) if run.subject_label else None,
        "cycle": run.cycle,
        "language": code,
        "languages": list(run.languages),
        "status": status,
        "reason": reason,
        "parameters": _scrubbed(run.parameters, run),
        "provenance": _provenance(run, tables),
        "tables": tables,
        "facts": facts,
        "verdict": verdicts[-1] if verdicts else None,
    }
    for name in _LISTS:
        report[name] = _unique([row for _, said in spoken for row in said.get(name) or []])
    if status == "invalid":  # no number of it is news; the parts of its page still hold them
        report |= {"cards": [], "findings": []}
    if blocks:  # what follows from a verdict that does not stand
        report |= {"decisions": [], "actions": [], "predictions": []}
    report["cells"] = {
        "n": len(notebook.cells),
        "failed": run.error.cell_id if run.error else None,
        "error": error_text(run),
    }
    return {**plain(report), "parts": report_parts(notebook, run, code)}


def _in_language(payload: dict[str, Any], code: str, run: Run) -> dict[str, Any]:
    """The payload's records in a language; in the primary one where it was not drawn."""
    spoken = payload.get("languages") or {}
    return spoken.get(code) or spoken.get(run.languages[0]) or {}


def _status(
    run: Run, spoken: list[tuple[dict[str, Any], dict[str, Any]]]
) -> tuple[str, str | None]:
    """The worst status of all outputs, and the reasons given for it."""
    found = [
        ((payload.get("status") or {}).get("status", "ready"), said.get("status_reason"))
        for payload, said in spoken
    ]
    unknown = {status for status, _ in found} - set(STATUSES)
    if unknown:
        raise PublishError(
            f'unknown status "{sorted(unknown)[0]}"',
            where="an output of the notebook",
            hint=f"a status is one of {', '.join(STATUSES)}",
        )
    if run.error:
        found.append(("failed", error_text(run)))
    worst = max((status for status, _ in found), key=STATUSES.index, default="ready")
    said = [reason for status, reason in found if status == worst and reason]
    reasons = _unique([line for reason in said for line in reason.split("\n")])
    return worst, run.scrub(" ".join(reasons)) if reasons else None


def unanswered(
    spoken: list[tuple[dict[str, Any], dict[str, Any]]], status: str
) -> list[dict[str, Any]]:
    """Checks that block, as they last came out, and that neither verdict nor status heeds.

    A first screen heeds those that were recorded before it; no report with one is ready.
    """
    if status in ("invalid", "failed"):
        return []
    last = {check["id"]: check for _, said in spoken for check in said.get("checks") or []}
    blocks = [check for check in last.values() if check["status"] == "block"]
    told = [payload["answered"] for payload, _ in spoken if payload.get("answered") is not None]
    heeded = {id for ids in told for id in ids}
    if status == "ready":
        return blocks
    return [check for check in blocks if told and check["id"] not in heeded]


def _refusal(language: Language, check: dict[str, Any]) -> dict[str, Any]:
    """The verdict of a report that a check blocks which its own verdict knows nothing of."""
    return {
        "word": language.text("blocked.word"),
        "sentence": language.text("blocked.verdict", reason=check["message"]),
        "grade": "E",
        "tone": "bad",
        "rule": language.text("blocked.rule"),
        "evidence": check["evidence"],
    }


def error_text(run: Run) -> str | None:
    """Why the run stopped, in one line and without local paths."""
    if run.error is None:
        return None
    message = strip_paths(run.scrub(run.error.message)).strip()
    return f"{run.error.name}: {message}" if message else run.error.name


def _provenance(run: Run, tables: Mapping[str, Any]) -> dict[str, Any]:
    seconds = max(0.0, (run.ended - run.started).total_seconds())
    moved = moves(run.before, tables)
    return {
        **_scrubbed(run.provenance, run),
        **({"moved": moved} if moved else {}),
        "started": run.started.isoformat(timespec="seconds"),
        "ended": run.ended.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
    }


def _scrubbed(value: Any, run: Run) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _scrubbed(item, run) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_scrubbed(item, run) for item in value]
    return run.scrub(str(value)) if isinstance(value, str) or hasattr(value, "parts") else value


def _unique(rows: list[Any]) -> list[Any]:
    """Rows without repeats: a check or finding shown in two cells counts once."""
    kept: list[Any] = []
    for row in rows:
        if row not in kept:
            kept.append(row)
    return kept


def plain(value: Any) -> Any:
    """The value as JSON holds it: dates as ISO text, no NaN or infinity, lists for tuples."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)
