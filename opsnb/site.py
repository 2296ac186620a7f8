"""The catalogue of reports: one page a language, drawn from the report.json files alone."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2

from opsnb import resources
from opsnb.errors import PublishError
from opsnb.messages import Label, Language, known_languages
from opsnb.publish import words
from opsnb.publish.fonts import embedded, font_rules, page_characters
from opsnb.publish.html import FONTS
from opsnb.publish.records import file_name, write_atomic
from opsnb.publish.schema import check


@dataclass(frozen=True)
class Entry:
    """One report of the catalogue; `report` is None when its record cannot be read."""

    folder: str
    cycle: str
    report: dict[str, Any] | None
    html: str | None = None
    files: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    """By language, under its own name: kind and address of each file that exists."""


def write_index(
    reports_folder: Path, languages: Sequence[str] | str, workspace_name: Label
) -> list[Path]:
    """Write index.html (first language) and index.LANGUAGE.html into the reports folder.

    Every `CYCLE/SLUG/report.json` is listed, newest cycle first; one that cannot be read is
    listed as unreadable.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    PublishError
        No language is given, or the folder cannot be written to.
    """
    codes = (languages,) if isinstance(languages, str) else tuple(languages)
    if not codes:
        raise PublishError(
            "the catalogue needs a language", where="languages", hint='pass one, such as "en"'
        )
    spoken = {code: Language(code) for code in codes}
    written = []
    for code, language in spoken.items():
        others = [(o, _index_name(o.code, codes)) for o in spoken.values() if o.code != code]
        page = _template().render(
            language=language,
            workspace=language.say(workspace_name),
            cycles=_by_cycle(entries(reports_folder, code)),
            others=others,
            words=words,
        )
        chinese = language.html_code.startswith("zh")
        rules = font_rules(page_characters(page), embedded, chinese=chinese)
        path = reports_folder / _index_name(code, codes)
        write_atomic(path, page.replace(FONTS, rules, 1))
        written.append(path)
    return written


def entries(reports_folder: Path, code: str) -> list[Entry]:
    """The reports of a folder as a language's catalogue shows them, newest cycle first."""
    found = [
        _entry(path.parent, reports_folder, code) for path in reports_folder.glob("*/*/report.json")
    ]
    # The cycle's own report before those of one campaign or experiment.
    found.sort(key=lambda entry: (bool((entry.report or {}).get("subject")), entry.folder))
    return sorted(found, key=lambda entry: _cycle_order(entry.cycle), reverse=True)


def _entry(folder: Path, reports_folder: Path, code: str) -> Entry:
    """One report in the catalogue's language; in its primary one where it was not made in that."""
    place = folder.relative_to(reports_folder).as_posix()
    try:
        primary = _read(folder / "report.json")
        own = file_name(code, primary["language"], "json")
        report = _read(folder / own) if (folder / own).is_file() else primary
    except (OSError, ValueError, PublishError):
        return Entry(place, folder.parent.name, None)
    files = {
        language: _files(folder, place, language, report["languages"][0])
        for language in report["languages"]
    }
    pages = [address for kind, address in files[report["language"]] if kind == "HTML"]
    named = tuple((_own_name(language), found) for language, found in files.items() if found)
    return Entry(place, report["cycle"], report, html=pages[0] if pages else None, files=named)


def _read(path: Path) -> dict[str, Any]:
    report = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(report, dict):
        raise ValueError("not an object")
    return check(report)


def _files(folder: Path, place: str, language: str, primary: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (kind.upper(), quote(f"{place}/{name}"))
        for kind in ("html", "pdf")
        if (folder / (name := file_name(language, primary, kind))).is_file()
    )


@functools.cache
def _own_name(code: str) -> str:
    """A language's name in itself; its code where this version of opsnb does not know it."""
    return Language(code).text("page.language_name") if code in known_languages() else code


def _by_cycle(listed: list[Entry]) -> list[tuple[str, list[Entry]]]:
    groups: dict[str, list[Entry]] = {}
    for entry in listed:
        groups.setdefault(entry.cycle, []).append(entry)
    return list(groups.items())


def _cycle_order(cycle: str) -> tuple[str, float, str]:
    """Sorts cycles of all kinds by when they end: 2026-10 after 2026-W40, before 2026-Q4."""
    match = re.fullmatch(r"(\d{4})(?:-(?:(W)|(Q))?(\d{1,2}))?", cycle)
    if not match:
        return ("", 0.0, cycle)
    year, week, quarter, number = match.groups()
    count = int(number or 12)
    months = count * 7 / 30.44 if week else count * 3 if quarter else count
    return (year, months, cycle)


def _index_name(code: str, codes: Sequence[str]) -> str:
    return "index.html" if code == codes[0] else f"index.{code}.html"


@functools.cache
def _template() -> jinja2.Template:
    folders = [resources.templates() / "site", resources.templates() / "report"]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([str(folder) for folder in folders]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("catalogue.html.j2")
