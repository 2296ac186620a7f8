"""The reports of a folder, as their report.json files tell of them."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from opsnb.base.errors import PublishError
from opsnb.base.messages import Language, known_languages
from opsnb.base.plugins import Plugins
from opsnb.publishing.reports.formats import PAGE, known_formats
from opsnb.publishing.reports.manifest import read_manifest, versions
from opsnb.publishing.reports.run_record import file_name
from opsnb.publishing.site.digests import Digests

_BRIEF = "BRIEF"


Files = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
"""By language, under its own name: kind and address of each file that exists."""


@dataclass(frozen=True)
class Earlier:
    """A version that another one replaced; kept as readers saw it."""

    number: int
    published: dt.datetime
    status: str
    files: Files


@dataclass(frozen=True)
class Entry:
    """One report of the catalogue; `report` is None when its record cannot be read."""

    folder: str
    cycle: str
    report: dict[str, Any] | None
    html: str | None = None
    files: Files = ()
    version: int | None = None
    """Its number; None where it was put in place without a manifest."""
    earlier: tuple[Earlier, ...] = ()
    """The versions it replaced, the newest first."""

    @property
    def usable(self) -> bool:
        """Its numbers may be shown: ready or provisional."""
        return self.report is not None and self.report["status"] in ("ready", "provisional")

    @property
    def last_good(self) -> Earlier | None:
        """Of a report that stopped: the newest version before it that had not."""
        stopped = self.report is not None and self.report["status"] == "failed"
        good = (old for old in self.earlier if stopped and old.status != "failed")
        return next(good, None)

    @property
    def owners(self) -> list[str]:
        """Who decides or acts."""
        report = self.report or {"decisions": [], "actions": []}
        named = [row["by"] for row in report["decisions"]]
        return sorted({*named, *(row["owner"] for row in report["actions"])} - {""})

    @property
    def metrics(self) -> list[str]:
        """Ids of the metrics that its facts are about; none where they must not be used."""
        return self.report["metrics"] if self.usable and self.report is not None else []


def entries(reports_folder: Path, code: str) -> list[Entry]:
    """The reports of a folder as a language's catalogue shows them, newest cycle first."""
    digests = Digests(reports_folder)
    found = [_entry(path.parent, digests, code) for path in reports_folder.glob("*/*/report.json")]
    digests.save()
    # The cycle's own report before those of one campaign or experiment.
    found.sort(key=lambda entry: (bool((entry.report or {}).get("subject")), entry.folder))
    return sorted(found, key=lambda entry: cycle_order(entry.cycle), reverse=True)


def _entry(folder: Path, digests: Digests, code: str) -> Entry:
    """One report in the catalogue's language; in its primary one where it was not made in that."""
    place = folder.relative_to(digests.folder).as_posix()
    newest, earlier = _versions(folder, place)
    try:
        primary = digests.read(folder / "report.json")
        own = file_name(code, primary["language"], "json")
        report = digests.read(folder / own) if (folder / own).is_file() else primary
    except (OSError, ValueError, PublishError):
        return Entry(place, place.split("/")[0], None, version=newest, earlier=earlier)
    files = _by_language(folder, place, report["languages"])
    name = file_name(report["language"], report["languages"][0], PAGE)
    page = quote(f"{place}/{name}") if (folder / name).is_file() else None
    return Entry(place, report["cycle"], report, page, files, newest, earlier)


def _versions(folder: Path, place: str) -> tuple[int | None, tuple[Earlier, ...]]:
    """The number of a report's newest version, and the versions before it."""
    newest = read_manifest(folder)
    if newest is None:
        return None, ()
    earlier = [v for v in versions(folder) if v.number < newest.number and v.status]
    return newest.number, tuple(
        Earlier(
            version.number,
            version.published,
            version.status or "",
            _by_language(
                version.folder,
                f"{place}/{version.folder.relative_to(folder).as_posix()}",
                version.languages,
            ),
        )
        for version in earlier
    )


def _by_language(folder: Path, place: str, languages: Sequence[str]) -> Files:
    found = ((code, tuple(_files(folder, place, code, languages[0]))) for code in languages)
    return tuple((_own_name(code), files) for code, files in found if files)


def _files(folder: Path, place: str, language: str, primary: str) -> Iterator[tuple[str, str]]:
    for kind, stem, ending in _kinds():
        name = file_name(language, primary, ending, stem)
        if (folder / name).is_file():
            yield kind, quote(f"{place}/{name}")


@functools.cache
def _kinds() -> tuple[tuple[str, str, str], ...]:
    """Label, stem and extension of the files that are listed, the page first, its brief last."""
    formats = [each for each in known_formats(Plugins()) if each.linked]
    kinds = [(each.label, each.stems[0], each.extension) for each in formats]
    return (*kinds, (_BRIEF, "brief", PAGE))


@functools.cache
def _own_name(code: str) -> str:
    """A language's name in itself; its code where this version of opsnb does not know it."""
    return Language(code).text("page.language_name") if code in known_languages() else code


def by_cycle(listed: list[Entry]) -> list[tuple[str, list[Entry]]]:
    """The entries under their cycles, in the order they come."""
    groups: dict[str, list[Entry]] = {}
    for entry in listed:
        groups.setdefault(entry.cycle, []).append(entry)
    return list(groups.items())


def cycle_kind(cycle: str) -> str:
    """month, week, quarter, year, or other."""
    match = re.fullmatch(r"\d{4}(?:-(W|Q)?\d{1,2})?", cycle)
    if not match:
        return "other"
    return {"W": "week", "Q": "quarter"}.get(match[1] or "", "month" if "-" in cycle else "year")


def cycle_order(cycle: str) -> tuple[str, float, str]:
    """Sorts cycles of all kinds by when they end: 2026-10 after 2026-W40, before 2026-Q4."""
    match = re.fullmatch(r"(\d{4})(?:-(?:(W)|(Q))?(\d{1,2}))?", cycle)
    if not match:
        return ("", 0.0, cycle)
    year, week, quarter, number = match.groups()
    count = int(number or 12)
    months = count * 7 / 30.44 if week else count * 3 if quarter else count
    return (year, months, cycle)
