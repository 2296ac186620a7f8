"""What the command line shows of a run or a cycle: files on stdout, the rest on stderr."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from opsnb.base.workspace import Workspace
from opsnb.cli.output import note, shown, table, warn
from opsnb.publishing.playbooks.parameters import Known
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.runs.cycle import CycleResult, Entry, plan_entry
from opsnb.publishing.runs.run import Result


def say_run(result: Result, index: Path | None) -> None:
    seconds = f"{result.seconds:.1f} s"
    note(f"{result.planned}, cycle {result.planned.cycle}: {result.status} ({seconds})")
    if result.reason:
        note(f"  {result.reason}")
    for text in result.moved:
        note(f"  {text}")
    for path in result.files():
        print(shown(path))
    if index is not None:
        print(shown(index))


def say_cycle(rolled: CycleResult, period: str) -> None:
    if not rolled.outcomes:
        note(f"Cycle {period}: nothing to report; no campaign or experiment ends in it.")
    rows = []
    for outcome in rolled.outcomes:
        pages = outcome.result.files("html") if outcome.result is not None else []
        page = shown(pages[0]) if pages else "-"
        rows.append([str(outcome.entry), outcome.status, how_made(outcome.result), page])
    if rows:
        table(["report", "status", "made", "page"], rows)
    for outcome in rolled.outcomes:
        if outcome.reason and outcome.status != "ready":
            note(f"{outcome.entry}: {outcome.reason}")
        for text in outcome.result.moved if outcome.result is not None else ():
            note(f"{outcome.entry}: {text}")
        for text in outcome.result.warnings if outcome.result is not None else []:
            warn(f"{outcome.entry}: {text}")
    for text in rolled.warnings:
        warn(text)
    if rolled.resumed is not None:
        note(
            f"The cycle that was begun on {rolled.resumed:%Y-%m-%d at %H:%M} UTC had not come to "
            f"its end: {rolled.finished_before} of {len(rolled.outcomes)} reports were finished."
        )
    counts = ", ".join(f"{count} {status}" for status, count in sorted(rolled.counts.items()))
    note(f"Cycle {period}: {counts or 'no reports'} ({rolled.seconds:.1f} s)")
    if rolled.index is not None:
        print(shown(rolled.index))


def how_made(result: Result | None) -> str:
    """Whether a report ran, and why: the part of what it rests on that changed."""
    if result is None:
        return "-"
    why = ", ".join(result.changed[:3]) + (", ..." if len(result.changed) > 3 else "")
    return f"{result.made}: {why}" if why else result.made


def mapped(name: str, workspace: Workspace | None) -> str:
    if workspace is None or name in workspace.tables:
        return name
    return f"{name} (not mapped)"


def run_json(result: Result, workspace: Workspace, index: Path | None) -> dict[str, Any]:
    def path(file: Path) -> str:
        return file.relative_to(workspace.root).as_posix()

    error, names = result.error, [each.name for each in result.formats]
    return {
        "playbook": result.planned.playbook.name,
        "subject": result.planned.subject,
        "cycle": result.planned.cycle,
        "status": result.status,
        "reason": result.reason,
        "error": {"cell": error.cell_id, "name": error.name, "message": error.message}
        if error is not None
        else None,
        "parameters": result.planned.parameters,
        "folder": path(result.folder),
        "files": [path(file) for file in result.files(*names, "json")],
        "index": path(index) if index is not None else None,
        "made": result.made,
        "changed": list(result.changed),
        "moved": list(result.moved),
        "seconds": round(result.seconds, 2),
        "warnings": result.warnings,
    }


def cycle_json(rolled: CycleResult, workspace: Workspace, period: str) -> dict[str, Any]:
    reports = []
    for outcome in rolled.outcomes:
        if outcome.result is not None:
            reports.append(run_json(outcome.result, workspace, None))
        else:
            error = {"name": type(outcome.error).__name__, "message": outcome.reason}
            reports.append(
                {
                    "playbook": outcome.entry.playbook,
                    "subject": outcome.entry.subject,
                    "cycle": outcome.entry.cycle,
                    "status": outcome.status,
                    "reason": outcome.reason,
                    "error": {"cell": None, **error},
                }
            )
    index = rolled.index.relative_to(workspace.root).as_posix() if rolled.index else None
    return {
        "cycle": period,
        "counts": rolled.counts,
        "reports": reports,
        "index": index,
        "resumed": rolled.resumed.isoformat() if rolled.resumed else None,
        "seconds": round(rolled.seconds, 2),
        "warnings": rolled.warnings,
    }


def plan_json(
    entries: list[Entry], workspace: Workspace, period: str, known: Known
) -> dict[str, Any]:
    """The runs of a cycle for a scheduler: each has an id and the command that makes it."""
    runs = []
    for entry in entries:
        planned = plan_entry(entry, workspace, known)
        given = dict(entry.parameters)
        subject = planned.playbook.subject_parameter
        if entry.subject is not None and subject is not None:
            given[subject.name] = entry.subject
        command = ["opsnb", "--workspace", ".", "run", entry.playbook, "--cycle", entry.cycle]
        for name, value in given.items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            command += ["--parameter", f"{name}={text}"]
        runs.append(
            {
                "id": planned.slug,
                "playbook": entry.playbook,
                "subject": entry.subject,
                "cycle": planned.cycle,
                "parameters": planned.parameters,
                "report": f"reports/{planned.cycle}/{planned.slug}/report.html",
                "command": command,
            }
        )
    return {"cycle": period, "runs": runs, "after": ["opsnb", "--workspace", ".", "index"]}


def playbook_json(playbook: Playbook) -> dict[str, Any]:
    return {
        "name": playbook.name,
        "title": playbook.title,
        "purpose": playbook.purpose,
        "subject": playbook.subject,
        "period": playbook.period,
        "needs": playbook.needs,
        "optional": playbook.optional,
    }


def parameters_json(playbook: Playbook) -> list[dict[str, Any]]:
    return [
        {
            "name": p.name,
            "type": p.type,
            "choices": list(p.choices),
            "default": p.default,
            "required": p.required,
            "help": p.help,
        }
        for p in playbook.parameters
    ]
