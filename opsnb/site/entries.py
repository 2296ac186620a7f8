"""The reports of a folder, as their report.json files tell of them."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from opsnb.errors import PublishError
from opsnb.messages import Language, known_languages
from opsnb.publish.records import file_name
from opsnb.publish.schema import check

PREVIOUS = "previous"
"""Folder within a report that keeps the version it replaced."""

_KINDS = (("HTML", "report", "html"), ("PDF", "report", "pdf"), ("BRIEF", "brief", "html"))


@dataclass(frozen=True)
class Entry:
    """One report of the catalogue; `report` is None when its record cannot be read."""

    folder: str
    cycle: str
    report: dict[str, Any] | None
    html: str | None = None
    files: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    """By language, under its own name: kind and address of each file that exists."""
    superseded: Entry | None = None
    """The version that this report replaced."""

    @property
    def usable(self) -> bool:
        """Its numbers may be shown: ready or provisional."""
        return self.report is not None and self.report["status"] in ("ready", "provisional")

    @property
    def owners(self) -> list[str]:
        """Who decides or acts."""
        report = self.report or {"decisions": [], "actions": []}
        named = [row["by"] for row in report["decisions"]]
        return sorted({*named, *(row["owner"] for row in report["actions"])} - {""})

    @property
    def metrics(self) -> list[str]:
        """Ids of the metrics that its facts are about; none where they must not be used."""
        facts = (self.report or {})["facts"] if self.usable else []
        return sorted({fact["metric"] for fact in facts if fact.get("metric")})


def entries(reports_folder: Path, code: str) -> list[Entry]:
    """The reports of a folder as a language's catalogue shows them, newest cycle first."""
    found = [
        _entry(path.parent, reports_folder, code) for path in reports_folder.glob("*/*/report.json")
    ]
    # The cycle's own report before those of one campaign or experiment.
    found.sort(key=lambda entry: (bool((entry.report or {}).get("subject")), entry.folder))
    return sorted(found, key=lambda entry: cycle_order(entry.cycle), reverse=True)


def _entry(folder: Path, reports_folder: Path, code: str) -> Entry:
    """One report in the catalogue's language; in its primary one where it was not made in that."""
    place = folder.relative_to(reports_folder).as_posix()
    older = folder / PREVIOUS
    superseded = _entry(older, reports_folder, code) if (older / "report.json").is_file() else None
    try:
        primary = _read(folder / "report.json")
        own = file_name(code, primary["language"], "json")
        report = _read(folder / own) if (folder / own).is_file() else primary
    except (OSError, ValueError, PublishError):
        return Entry(place, place.split("/")[0], None, superseded=superseded)
    files = {
        language: tuple(_files(folder, place, language, report["languages"][0]))
        for language in report["languages"]
    }
    pages = [address for kind, address in files[report["language"]] if kind == "HTML"]
    named = tuple((_own_name(language), found) for language, found in files.items() if found)
    page = pages[0] if pages else None
    return Entry(place, report["cycle"], report, page, named, superseded)


def _read(path: Path) -> dict[str, Any]:
    report = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(report, dict):
        raise ValueError("not an object")
    return check(report)


def _files(folder: Path, place: str, language: str, primary: str) -> Iterator[tuple[str, str]]:
    for kind, stem, ending in _KINDS:
        name = file_name(language, primary, ending, stem)
        if (folder / name).is_file():
            yield kind, quote(f"{place}/{name}")


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
