"""Files of plans/: what cannot be read, and what belongs to nothing. All files, all mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from opsnb.analysis.readiness.known import Known
from opsnb.base.concerns import Concern, of_error
from opsnb.base.errors import OpsnbError, did_you_mean
from opsnb.base.plans import (
    CampaignPlan,
    ExperimentPlan,
    read_events,
    read_notes,
    read_plans,
    read_targets,
)

_FOLDERS = ("experiments", "campaigns", "targets", "notes")
_FILES = ("events.toml",)


def concerns(known: Known) -> Iterator[Concern]:
    """Plans that cannot be read, files that nothing reads, notes and targets of nothing."""
    folder = known.workspace.root / "plans"
    yield from unreadable(known.workspace.root)
    for path in sorted(folder.glob("targets/*.toml")):
        yield from _cycle(known, path)
    for path in sorted(folder.glob("notes/*.toml")):
        yield from _campaign(known, path)
    yield from _strays(known, folder)


def unreadable(root: Path) -> Iterator[Concern]:
    """Everything that is wrong with each file of plans/ by itself; needs no workspace."""
    folder = root / "plans"
    for inner, model in (("experiments", ExperimentPlan), ("campaigns", CampaignPlan)):
        _, broken = read_plans(folder / inner, model, root)
        for error in broken.values():
            yield from of_error(error, "plans")
    yield from _read(folder / "events.toml", root, read_events)
    for path in sorted(folder.glob("targets/*.toml")):
        yield from _read(path, root, read_targets)
    for path in sorted(folder.glob("notes/*.toml")):
        yield from _read(path, root, read_notes)


def _read(path: Path, root: Path, reader: Callable[[Path, Path], Any]) -> Iterator[Concern]:
    try:
        reader(path, root)
    except OpsnbError as error:
        yield from of_error(error, "plans", file=_place(path, root))


def _cycle(known: Known, path: Path) -> Iterator[Concern]:
    """Targets are of the cycle that their file is named after."""
    file = _place(path, known.workspace.root)
    try:
        key = known.workspace.period(path.stem).key
    except OpsnbError as error:
        hint = f"name it after its cycle: {error.hint}" if error.hint else "name it 2026-10.toml"
        yield Concern("plans", "no_cycle", "block", file, "", error.what, hint)
        return
    if key != path.stem:
        what = f"is not read: targets of {key} are looked for in {key}.toml"
        yield Concern("plans", "no_cycle", "block", file, "", what, f"call it {key}.toml")


def _campaign(known: Known, path: Path) -> Iterator[Concern]:
    """Notes are on the campaign that their file is named after."""
    if path.stem not in known.workspace.campaigns:
        what = f'is read by nothing: there is no campaign "{path.stem}"'
        hint = did_you_mean(path.stem, known.workspace.campaigns, kind="campaigns")
        file = _place(path, known.workspace.root)
        yield Concern("plans", "no_campaign", "warn", file, "", what, hint)


def _strays(known: Known, folder: Path) -> Iterator[Concern]:
    """TOML files where nothing looks for them: a folder misspelled, a file beside its folder."""
    for path in sorted(folder.rglob("*.toml")):
        inner = path.relative_to(folder)
        if inner.parent.as_posix() in _FOLDERS or inner.as_posix() in _FILES:
            continue
        place = inner.parts[0] if len(inner.parts) > 1 else inner.name
        hint = did_you_mean(place, [*_FOLDERS, *_FILES], kind="folders and files of plans/")
        file = _place(path, known.workspace.root)
        yield Concern("plans", "stray", "warn", file, "", "is read by nothing", hint)


def _place(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
