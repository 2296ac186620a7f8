"""From a playbook and what was asked of it to a run that can start, or to all that is wrong.

No kernel starts here, and neither papermill's engine nor the publisher is imported.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from opsnb.base import periods
from opsnb.base.errors import PublishError, did_you_mean
from opsnb.base.messages import known_languages
from opsnb.base.periods import Kind
from opsnb.base.traits import SUBJECTS
from opsnb.base.workspace import Workspace
from opsnb.publishing.playbooks.parameters import Known, Problem, parameter_error
from opsnb.publishing.playbooks.playbook import Playbook

LATEST = "latest"
Reach = Callable[[], dt.date | None]
"""Asks the analysis half for the last day that the data hold; only `latest` needs to know."""

UNDATED = "undated"
"""Where reports go whose plan has no dates."""


@dataclass(frozen=True)
class PlannedRun:
    """A playbook with all that it needs to start.

    Attributes
    ----------
    playbook : Playbook
    parameters : dict
        Bound values; cycles are concrete.
    cycle : str
        The period whose folder the report goes to: `2026-10`; `undated` for a plan without
        dates.
    subject : str or None
        Campaign or experiment id.
    """

    playbook: Playbook
    parameters: dict[str, Any]
    cycle: str
    subject: str | None = None

    @cached_property
    def slug(self) -> str:
        """The report's folder within its cycle."""
        from opsnb.publishing.execution.folder_names import safe_name

        name = self.playbook.name.replace("_", "-")
        return safe_name(f"{name}-{self.subject}" if self.subject else name)

    def __str__(self) -> str:
        return f"{self.playbook.name} {self.subject}" if self.subject else self.playbook.name


def known_ids(workspace: Workspace, more: Known | None = None) -> dict[str, Callable[[], Any]]:
    """Ids of experiments and campaigns: those of plans/, then those that callables add.

    The callables (the analysis half's, by subject type) may ask the data; they are called
    only when the plans do not know an id.
    """

    def ids(kind: str) -> Iterator[str]:
        plans = workspace.experiments if kind == "experiment" else workspace.campaigns
        yield from (*plans, *plans.broken)  # who asks for a broken one is told what is wrong
        if more is not None and kind in more:
            yield from more[kind]()

    return {kind: functools.partial(ids, kind) for kind in SUBJECTS}


def plan(
    playbook: Playbook,
    params: Mapping[str, Any],
    workspace: Workspace,
    *,
    cycle: str | None = None,
    known: Known | None = None,
    reach: Reach | None = None,
) -> PlannedRun:
    """A run with its parameters checked and its cycle settled; no kernel starts.

    Parameters
    ----------
    cycle : str, optional
        `2026-10`, `latest`, ...; default the playbook's cycle parameter, else the cycle in
        which the campaign or experiment ends, else the latest complete one.
    known : mapping, optional
        More known ids by subject type; see `known_ids`.
    reach : callable, optional
        The last day that the data hold: `latest` does not go beyond it.

    Raises
    ------
    ParameterError
        Everything that is wrong with the parameters, at once.
    PeriodError
        `cycle` is no cycle.
    PlanError
        The file of the experiment or campaign cannot be used.
    """
    parameter = playbook.parameter_of_type("cycle")
    given = dict(params)
    if cycle is not None:
        cycle = settled(cycle, playbook.period, workspace, reach)
        if parameter is not None:
            stated = given.setdefault(parameter.name, cycle)
            if stated != LATEST and str(stated) != cycle:
                what = f'is "{stated}", but the cycle asked for is {cycle}'
                raise parameter_error(
                    [Problem(parameter.name, what, "give the cycle only once")], playbook.name
                )
    bound = playbook.bind(given, known_ids(workspace, known))
    subject = bound.get(playbook.subject_parameter.name) if playbook.subject_parameter else None
    for each in playbook.parameters:
        if each.type in SUBJECTS and bound[each.name]:
            _require_sound(workspace, each.type, bound[each.name])
    if cycle is None:
        cycle = _own_cycle(playbook, bound, given, subject, workspace, reach)
    for each in playbook.parameters:
        if each.type == "cycle" and bound[each.name] == LATEST:
            latest = settled(LATEST, playbook.period, workspace, reach)
            bound[each.name] = latest if cycle == UNDATED else cycle
    return PlannedRun(playbook, bound, cycle, subject or None)


def _require_sound(workspace: Workspace, kind: str, id: str) -> None:
    plans = workspace.experiments if kind == "experiment" else workspace.campaigns
    if id in plans.broken:
        raise plans.broken[id]


def settled(cycle: str, kind: Kind, workspace: Workspace, reach: Reach | None = None) -> str:
    """The key of the cycle that a text names; `latest` is the last one that the data hold."""
    reached = reach() if reach is not None and cycle.strip().lower() == LATEST else None
    return workspace.period(cycle, kind, reached=reached).key


def _own_cycle(
    playbook: Playbook,
    bound: Mapping[str, Any],
    given: Mapping[str, Any],
    subject: str | None,
    workspace: Workspace,
    reach: Reach | None,
) -> str:
    parameter = playbook.parameter_of_type("cycle")
    stated = bound[parameter.name] if parameter is not None else LATEST
    if stated not in (LATEST, ""):
        return stated
    asked = parameter is not None and parameter.name in given
    plans = {**workspace.campaigns, **workspace.experiments}
    if subject not in plans or asked:
        return settled(LATEST, playbook.period, workspace, reach)
    end = plans[subject].end
    if end is None:
        return UNDATED
    day = min(end, workspace.as_of)
    return periods.containing(playbook.period, day, workspace.calendar).key


def chosen_languages(workspace: Workspace, asked: Iterable[str] | None) -> tuple[str, ...]:
    """The languages of a report, the primary one first; default the workspace's.

    Raises
    ------
    PublishError
        A language is not known.
    """
    codes = tuple(dict.fromkeys(asked or workspace.languages))
    for code in codes:
        if code not in known_languages():
            raise PublishError(
                f'no language "{code}"',
                where="language",
                hint=did_you_mean(code, known_languages(), kind="languages"),
            )
    return codes
