"""Whether a workspace is ready for its reports: all that can fail later, found beforehand.

    for concern in concerns(workspace):
        print(concern.level, concern.where, concern.what, concern.fix)

Definitions and plans are read and compiled without touching rows; only where a plan names values
(arms, regions, steps of a funnel) is the column that holds them asked once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from opsnb.analysis.readiness import ledger_lines, metrics, people, plan_files, plans
from opsnb.analysis.readiness.known import Known
from opsnb.base.concerns import Concern, worst_first
from opsnb.base.workspace import Workspace

__all__ = ["SUBJECTS", "Known", "concerns"]


def _plans(known: Known) -> Iterator[Concern]:
    yield from plan_files.concerns(known)
    yield from plans.concerns(known)


SUBJECTS: dict[str, Callable[[Known], Iterator[Concern]]] = {
    "metrics": metrics.concerns,
    "plans": _plans,
    "ledger": ledger_lines.concerns,
    "people": people.concerns,
}
"""What is looked at, by name."""


def concerns(workspace: Workspace, subjects: Iterable[str] = tuple(SUBJECTS)) -> list[Concern]:
    """What stands in the way of a workspace's reports, the worst first; nothing is raised.

    Parameters
    ----------
    subjects : iterable of str
        Names of `SUBJECTS`; default all.
    """
    known = Known(workspace)
    return worst_first(one for name in subjects for one in SUBJECTS[name](known))
