"""Whether what `[[cycles.*]]` asks for can run: playbooks, parameters, the tables they need."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from opsnb.base.concerns import Concern
from opsnb.base.errors import OpsnbError, ParameterError
from opsnb.base.traits import SUBJECTS
from opsnb.base.workspace import FILE, CycleConfig, Workspace
from opsnb.publishing.playbooks.parameters import Problem
from opsnb.publishing.playbooks.playbook import Playbook

_ANY = "any"
"""Stands for an experiment or campaign of the plans, whichever it will be."""


def cycle_concerns(workspace: Workspace) -> Iterator[Concern]:
    """What keeps the reports of cycles from being made; nothing is run."""
    for kind, entries in workspace.cycles.items():
        for number, entry in enumerate(entries, 1):
            key = f"cycles.{kind}[{number}]"
            try:
                playbook = Playbook.load(entry.playbook, workspace)
                yield from _parameters(entry, playbook, workspace, key)
            except OpsnbError as error:
                place = f"{key}.playbook"
                yield Concern("cycles", "playbook", "block", FILE, place, error.what, error.hint)
                continue
            yield from _tables(entry, playbook, workspace, key)


def _parameters(
    entry: CycleConfig, playbook: Playbook, workspace: Workspace, key: str
) -> Iterator[Concern]:
    """Parameters that the playbook does not know, or that are of another type."""
    given: dict[str, Any] = dict(entry.parameters)
    known = {kind: functools.partial(_ids, workspace, kind) for kind in SUBJECTS}
    if entry.for_each is not None:
        subject = playbook.parameter_of_type(entry.for_each)
        if subject is None:
            what = f'"{playbook.name}" is not about one {entry.for_each}: it has no such parameter'
            fits = [p.name for p in Playbook.all(workspace) if p.subject == entry.for_each]
            hint = f"remove for_each, or take {' or '.join(fits)}"
            yield Concern("cycles", "for_each", "block", FILE, f"{key}.for_each", what, hint)
            return
        given[subject.name] = _ANY
    try:
        playbook.bind(given, known | ({entry.for_each: lambda: [_ANY]} if entry.for_each else {}))
    except ParameterError as error:
        for problem in error.problems:
            assert isinstance(problem, Problem)
            place = f"{key}.parameters.{problem.name}"
            yield Concern("cycles", "parameter", "block", FILE, place, problem.what, problem.hint)


def _tables(
    entry: CycleConfig, playbook: Playbook, workspace: Workspace, key: str
) -> Iterator[Concern]:
    """Tables that it cannot do without, where there is something for it to report on."""
    if entry.for_each is not None and not _ids(workspace, entry.for_each):
        return
    lacking = [name for name in playbook.needs if name not in workspace.tables]
    if lacking:
        what = f'"{playbook.name}" cannot run: {_and(lacking)} not mapped'
        hint = f"map {', '.join(f'[tables.{name}]' for name in lacking)}, or remove the entry"
        yield Concern("cycles", "needs", "warn", FILE, key, what, hint)


def _ids(workspace: Workspace, kind: str) -> list[str]:
    return list(workspace.experiments if kind == "experiment" else workspace.campaigns)


def _and(names: list[str]) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"
