"""The files of plans/ as objects; whatever is wrong in them is told at once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, TypeVar

from opsnb.base.errors import PlanError
from opsnb.base.plans.calendar import Event, Events, Target, Targets
from opsnb.base.plans.campaigns import CampaignNotes
from opsnb.base.plans.common_keys import Plan
from opsnb.base.toml_model import read_toml, validate

P = TypeVar("P", bound=Plan)


def read_plans(
    folder: Path, model: type[P], root: Path
) -> tuple[dict[str, P], dict[str, PlanError]]:
    """The plans of a folder by id, earliest first, and what is wrong with those that cannot be
    read: one team's mistake is no other team's."""
    plans: dict[str, P] = {}
    broken: dict[str, PlanError] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            plan = validate(model, read_toml(path, PlanError), _place(path, root), PlanError)
        except PlanError as mistake:
            mistake.file = _place(path, root)
            broken[path.stem] = mistake
            continue
        plan._id = path.stem
        plans[path.stem] = plan
    ordered = sorted(plans.items(), key=lambda row: (row[1].start or dt.date.min, row[0]))
    return dict(ordered), broken


def read_notes(path: Path, root: Path) -> CampaignNotes | None:
    """What the team noted on a campaign; None when the file does not exist."""
    if not path.exists():
        return None
    return validate(CampaignNotes, read_toml(path, PlanError), _place(path, root), PlanError)


def read_targets(path: Path, root: Path) -> dict[str, Target]:
    """The targets of a cycle by metric; empty when the file does not exist."""
    tree = _tree(path)
    return validate(Targets, tree, _place(path, root), PlanError).root if tree else {}


def read_events(path: Path, root: Path) -> list[Event]:
    """The events of plans/events.toml, earliest first; empty when the file does not exist."""
    events = validate(Events, _tree(path), _place(path, root), PlanError).event
    return sorted(events, key=lambda event: event.start)


def _tree(path: Path) -> dict[str, Any]:
    return read_toml(path, PlanError) if path.exists() else {}


def _place(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
