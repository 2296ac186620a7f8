"""Whether a report would come out the same if it were made again.

Beside its lock, in `reports/.work/CYCLE/SLUG/made.json`, a report has the key of its last
making: a hash of everything it was made from, part by part, so that the answer names the part
that changed. What it read of plans, tables and ledger it said itself (`opsnb.base.dependencies`).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import opsnb
from opsnb.base import resources
from opsnb.base.connectors import names_files
from opsnb.base.errors import OpsnbError, PublishError
from opsnb.base.json_text import read_json
from opsnb.base.toml_model import read_toml
from opsnb.base.workspace import FILE, METRICS, Workspace
from opsnb.publishing.reports.formats import PAGE, Format
from opsnb.publishing.reports.run_record import write_atomic
from opsnb.publishing.runs.code_hashes import libraries, own_code
from opsnb.publishing.runs.hashes import hash_of, hash_of_files

if TYPE_CHECKING:
    from opsnb.publishing.runs.plan import PlannedRun

MADE = "made.json"
_REACH = "last-day.txt"

Fingerprint = Callable[[str], str | None]
"""Gives a table's fingerprint as its data are now."""


@dataclass(frozen=True)
class Made:
    """How a report was made last.

    Attributes
    ----------
    seal : str
        Hash of the manifest of the version that was made; empty where the run failed.
    key, look : dict
        Hashes by part: of what its cells rest on, and of what draws it.
    tables : dict
        By table: `stamp` of its files, `fingerprint` of its rows.
    reads : dict
        What the report read: `Reads.as_dict()`.
    seconds : float
        How long its cells took.
    peak : int
        Most memory its kernel held, in bytes.
    """

    seal: str = ""
    key: dict[str, str] = field(default_factory=dict)
    look: dict[str, str] = field(default_factory=dict)
    tables: dict[str, dict[str, str | None]] = field(default_factory=dict)
    reads: dict[str, Any] | None = None
    seconds: float = 0.0
    peak: int = 0


def work_folder(reports: Path, cycle: str, slug: str) -> Path:
    return reports / ".work" / cycle / slug


def last_made(reports: Path, cycle: str, slug: str) -> Made | None:
    """What is known of a report's last making; None where there was none or it is unreadable."""
    try:
        text = (work_folder(reports, cycle, slug) / MADE).read_text(encoding="utf-8")
        return Made(**read_json(text))
    except (OSError, ValueError, TypeError):
        return None


def like_made(reports: Path, cycle: str, slug: str) -> Made | None:
    """What is known of a report's last making; else of the newest other cycle's report."""
    others = (path.parent.parent.name for path in (reports / ".work").glob(f"*/{slug}/{MADE}"))
    cycles = [cycle, *sorted(others, reverse=True)]
    return next(filter(None, (last_made(reports, each, slug) for each in cycles)), None)


def remember_made(reports: Path, cycle: str, slug: str, made: Made) -> None:
    """Keeps how a report was made; where that cannot be written, it is made again next time."""
    path = work_folder(reports, cycle, slug) / MADE
    with contextlib.suppress(PublishError):
        write_atomic(path, json.dumps(asdict(made)))


def seal_of(report: Path) -> str | None:
    """The seal of a report's newest version; None where one of its files is not as published."""
    from opsnb.publishing.reports.manifest import read_manifest

    version = read_manifest(report)
    if version is None:
        return None
    for name, said in version.files.items():
        path = report / name
        if not path.is_file() or path.stat().st_size != said["bytes"]:
            return None
    return version.seal


class CurrentState:
    """How things are now: keys of reports, computed once a cycle where they share parts.

    Parameters
    ----------
    fingerprint : callable, optional
        Asked for a table whose files have changed, or whose data lie on a server. Without it
        such a table counts as changed.
    always : bool
        Every report counts as changed.
    """

    def __init__(
        self,
        workspace: Workspace,
        fingerprint: Fingerprint | None = None,
        *,
        always: bool = False,
    ) -> None:
        self.always = always
        self.workspace = Workspace.load(workspace.root)  # its own reads are not the caller's
        self._ask = fingerprint
        self._lock = threading.Lock()
        self._fingerprints: dict[str, str | None] = {}

    def key(
        self, planned: PlannedRun, languages: Iterable[str], reads: Mapping[str, Any]
    ) -> dict[str, str]:
        """Hashes of everything but the tables, by what a person calls it."""
        workspace = self.workspace
        codes = tuple(languages)
        found = {
            "playbook": hash_of([planned.playbook.digest, dict(planned.playbook.metadata)]),
            "parameters": hash_of(sorted((k, repr(v)) for k, v in planned.parameters.items())),
            "languages": ",".join(codes),
            FILE: self._settings,
            **({METRICS: self._metrics} if self._metrics else {}),
            "day of the data": workspace.as_of.isoformat(),
            "messages": hash_of_files(workspace.messages_folder),
            "opsnb": own_code(),
            "libraries": libraries(),
            **({"plug-ins": self._plugins} if workspace.plugins.used else {}),
        }
        for name, fields in reads["plans"].items():
            folder, _, id = name.partition("/")
            plans = workspace.experiments if folder == "experiments" else workspace.campaigns
            found[f"plans/{name}"] = hash_of(plans.look(id, fields))
        for name in reads["files"]:
            found[name] = hash_of_files(workspace.root / name)
        for name in reads["sources"]:
            found[f"source {name}"] = self._source_stamp(name) or "not known"
        for scope in reads["ledger"]:
            own = f"{planned.cycle}/{planned.slug}"
            found[_in_the_ledger(scope)] = self._ledger(scope, own)
        return found

    def changed(
        self, made: Made, planned: PlannedRun, languages: Iterable[str]
    ) -> tuple[list[str], Made]:
        """The parts that are not as they were; and the making with the tables' new stamps."""
        if self.always:
            return ["asked for"], made
        if made.reads is None:
            return ["what it reads is not known"], made
        key = self.key(planned, languages, made.reads)
        parts = [name for name in {**made.key, **key} if made.key.get(name) != key.get(name)]
        parts += [f"source {name}" for name in made.reads["sources"] if not self._is_file(name)]
        tables = {name: self._table(name, made.tables.get(name, {})) for name in made.tables}
        parts += [f"table {name}" for name, now in tables.items() if now is None]
        if parts:
            return list(dict.fromkeys(parts)), made
        return [], replace(made, tables={name: now for name, now in tables.items() if now})

    def stamp_tables(self) -> None:
        """Takes the tables' stamps: before a run, lest one count what came during it as read."""
        for name in self.workspace.tables:
            with contextlib.suppress(OpsnbError):  # the run itself will say what is wrong
                self.stamp(name)

    def moved_since(self, started: float, reads: Mapping[str, Any] | None) -> bool:
        """Whether a file that keys are made from was written after that time, in s since 1970.

        What a report rests on is then not known: it may have read the file before or after.
        """
        names = [FILE, METRICS, *(reads["files"] if reads else ())]
        places = [*(self.workspace.root / name for name in names), self.workspace.messages_folder]
        paths = [p for place in places for p in (place, *place.glob("*")) if p.is_file()]
        return any(path.stat().st_mtime >= started for path in paths)

    def tables(self, reads: Mapping[str, Any]) -> dict[str, dict[str, str | None]]:
        """Stamps and fingerprints of the tables that a report has just read."""
        return {
            name: {"stamp": self.stamp(name), "fingerprint": fingerprint}
            for name, fingerprint in reads["tables"].items()
        }

    def _table(self, name: str, was: Mapping[str, str | None]) -> dict[str, str | None] | None:
        """The table as it is now, where that is as it was; else None."""
        stamp = self.stamp(name)
        if stamp is not None and stamp == was.get("stamp"):
            return dict(was)
        if was.get("fingerprint") is None or self._fingerprint(name) != was["fingerprint"]:
            return None
        return {**was, "stamp": stamp}

    def _fingerprint(self, name: str) -> str | None:
        with self._lock:
            if name not in self._fingerprints:
                try:
                    self._fingerprints[name] = self._ask(name) if self._ask else None
                except OpsnbError:  # the run itself will say what is wrong
                    self._fingerprints[name] = None
            return self._fingerprints[name]

    def state_of_data(self) -> str | None:
        """Stamps of all data; None where some lie on a server."""
        names = sorted(self.workspace.sources)
        if not all(map(self._is_file, names)):
            return None
        return hash_of([self._settings, self._metrics, *map(self._source_stamp, names)])

    # -- parts ---------------------------------------------------------------------------

    @functools.cached_property
    def _settings(self) -> str:
        """opsnb.toml, without what only says which reports there are."""
        tree = read_toml(self.workspace.root / FILE)
        kept = {name: value for name, value in tree.items() if name not in ("cycles", "report")}
        filled: list[str | None] = []
        try:
            filled += [source.expanded_url for source in self.workspace.sources.values()]
            filled += [table.expanded_sql for table in self.workspace.tables.values()]
        except OpsnbError as error:  # a variable is not set: the run will say so
            filled.append(str(error))
        return hash_of([kept, filled])

    @functools.cached_property
    def _metrics(self) -> str:
        """metrics.toml; empty where there is none."""
        path = self.workspace.root / METRICS
        return hash_of(read_toml(path)) if path.is_file() else ""

    @functools.cached_property
    def _plugins(self) -> str:
        plugins = self.workspace.plugins
        return hash_of([plugins.stamp, plugins.metrics()])  # whose file may lie elsewhere

    @functools.cache  # noqa: B019  lives as long as a cycle
    def stamp(self, table: str) -> str | None:
        """Sizes and times of the files that a table may come from; None for one on a server."""
        config = self.workspace.tables.get(table)
        if config is None:
            return None
        names = [config.source] if config.table else list(self.workspace.sources)
        stamps = [self._source_stamp(n) for n in names if config.table or self._is_file(n)]
        return hash_of(stamps) if self._is_file(config.source) and all(stamps) else None

    def _is_file(self, source: str) -> bool:
        config = self.workspace.sources.get(source)
        if config is None:
            return False
        return names_files(config.expanded_url.partition("://")[0], self.workspace.plugins)

    @functools.cache  # noqa: B019
    def _source_stamp(self, name: str) -> str | None:
        if not self._is_file(name):
            return None
        place = self.workspace.sources[name].expanded_url.partition("://")[2]
        anchor = Path(place).expanduser()
        root = self.workspace.root / anchor
        if any(sign in place for sign in "*?["):
            base = Path(anchor.anchor) if anchor.is_absolute() else self.workspace.root
            paths = list(base.glob(str(anchor.relative_to(anchor.anchor))))
        else:
            paths = [root]
        return hash_of([_stamps(path) for path in sorted(paths)])

    def _ledger(self, scope: str, own: str) -> str:
        """Entries that the report sees, without those of its own that nobody has touched."""
        kind, _, name = scope.partition(" ")
        remembered = self.workspace.remembered
        try:
            if kind == "before":
                entries = remembered(before=self.workspace.period(name))
            else:
                entries = remembered(subject=name) if kind == "about" else remembered()
        except OpsnbError as error:
            return hash_of(str(error))
        return hash_of([repr(e) for e in entries if e.report != own or e.touched])


def _in_the_ledger(scope: str) -> str:
    """What a person calls the entries that are "before 2026-10", "about ID", or "all"."""
    kind, _, name = scope.partition(" ")
    of = {"before": f" of cycles before {name}", "about": f" about {name}"}.get(kind, "")
    return f"the ledger's entries{of}"


def look(workspace: Workspace, formats: Iterable[Format]) -> dict[str, str]:
    """Hashes of what draws a report, and the state of each of its formats beside the page."""
    code = hash_of_files(Path(opsnb.__file__).parent / "publishing" / "reports", "*.py")
    states = {each.label: each.state(workspace) for each in formats if each.name != PAGE}
    return {"templates": hash_of([_template(), code]), **states}


def remembered_day(workspace: Workspace, ask: Callable[[], dt.date | None]) -> dt.date | None:
    """The last day of the data: as it was found last time where no file has changed since."""
    state = CurrentState(workspace).state_of_data()
    if state is None:
        return ask()
    path = workspace.reports / ".work" / _REACH
    with contextlib.suppress(OSError, ValueError):
        was, _, day = path.read_text(encoding="utf-8").partition(" ")
        if was == state:
            return dt.date.fromisoformat(day) if day else None
    found = ask()
    with contextlib.suppress(PublishError):  # it is asked again next time
        write_atomic(path, f"{state} {found or ''}".strip())
    return found


def _stamps(place: Path) -> list[tuple[str, int, int]]:
    paths = sorted(place.rglob("*")) if place.is_dir() else [place]
    found = ((path, path.stat()) for path in paths if path.is_file())
    return [(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in found]


@functools.cache
def _template() -> str:
    return hash_of_files(resources.templates() / "report")
