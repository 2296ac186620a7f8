"""The catalogue of reports: static pages in each language, drawn from the report.json files.

index.html       reports by cycle, with search and filters
kpis.html        each KPI from cycle to cycle
campaigns.html   campaigns side by side: cost, effect, return, verdict
actions.html     the action board, and how predictions came out
"""

from __future__ import annotations

import datetime as dt
import functools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from opsnb.base import resources
from opsnb.base.entries import Entry as Remembered
from opsnb.base.errors import PublishError
from opsnb.base.messages import Label, Language
from opsnb.base.unsafe_text import visible
from opsnb.publishing.reports import small_print
from opsnb.publishing.reports.fonts import embedded, font_rules, page_characters
from opsnb.publishing.reports.html import FONTS, script_hash
from opsnb.publishing.reports.run_record import file_name, write_atomic
from opsnb.publishing.reports.templates import environment
from opsnb.publishing.site import kpi_history, track_record
from opsnb.publishing.site.report_entries import Entry, by_cycle, entries

__all__ = ["PAGES", "Catalogue", "Entry", "entries", "metric_labels", "write_index"]

MOST_CLOSED = 200
"""Closed actions that the board lists; the command line lists all."""

PAGES = ("index", "kpis", "campaigns", "actions")


@dataclass(frozen=True)
class Catalogue:
    """The pages of a reports folder in some languages.

    Attributes
    ----------
    folder : Path
        The reports folder.
    languages : tuple of Language
        The primary one first.
    name : Label
        The workspace's.
    labels : dict
        Names of metrics by id.
    as_of : date
        The day by which an open action is late.
    zone : tzinfo
        Whose clock tells when versions were published.
    """

    folder: Path
    languages: tuple[Language, ...]
    name: Label
    labels: Mapping[str, Label]
    as_of: dt.date
    zone: dt.tzinfo = dt.UTC

    def file(self, page: str, language: Language) -> str:
        """The name of a page's file: `index.html`, `index.zh.html`."""
        return file_name(language.code, self.languages[0].code, "html", page)

    def content(self, language: Language, ledger: list[Remembered] | None = None) -> dict[str, Any]:
        """What all pages of a language show; the ledger is read where it is not given."""
        listed = entries(self.folder, language.code)
        if ledger is None:
            ledger = track_record.remembered(self.folder / "ledger")
        board, kept = track_record.steps(listed, ledger, language, self.as_of)
        return {
            "listed": listed,
            "cycles": by_cycle(listed),
            "histories": kpi_history.histories(listed, language, self.labels),
            "campaigns": track_record.campaigns(listed, language, self.labels),
            "predictions": track_record.predictions(listed, ledger, language),
            "board": board,
            "kept": kept,
            "questions": track_record.questions(listed, ledger, language, self.as_of),
            "owners": track_record.by_owner(board),
            "as_of": self.as_of,
            "as_fact": kpi_history.as_fact,
            "metric_name": functools.partial(
                kpi_history.metric_name, language=language, labels=self.labels
            ),
        }

    def draw(self, page: str, language: Language, content: Mapping[str, Any]) -> str:
        """One page as HTML; `content` may hold more than `content()` gives, such as forms."""
        others = [
            (other, self.file(page, other))
            for other in self.languages
            if other.code != language.code
        ]
        text = template(page).render(
            {
                "forms": None,
                "most_closed": MOST_CLOSED,
                "pages": [(name, self.file(name, language)) for name in PAGES],
                "others": others,
                **content,
            },
            language=language,
            workspace=language.say(self.name),
            here=page,
            moment=functools.partial(small_print.moment, language=language, zone=self.zone),
        )
        return with_fonts(visible(text), language)

    def write(self) -> list[Path]:
        """Writes every page in every language; the files, the primary language's index first."""
        written = []
        ledger = track_record.remembered(self.folder / "ledger")
        for language in self.languages:
            content = self.content(language, ledger)
            for page in PAGES:
                path = self.folder / self.file(page, language)
                write_atomic(path, self.draw(page, language, content))
                written.append(path)
        return sorted(written, key=lambda path: PAGES.index(path.name.split(".")[0]))


def write_index(
    reports_folder: Path,
    languages: Sequence[str] | str,
    workspace_name: Label,
    *,
    currency: str = "CNY",
    labels: Mapping[str, Label] | None = None,
    as_of: dt.date | None = None,
    zone: dt.tzinfo = dt.UTC,
) -> list[Path]:
    """Write index.html, kpis.html, campaigns.html, actions.html (first language), and those of
    each further language (index.zh.html) into the reports folder.

    Every `CYCLE/SLUG/report.json` is listed, newest cycle first; one that cannot be read is
    listed as unreadable.

    Parameters
    ----------
    currency : str
        ISO 4217 code of amounts.
    labels : dict, optional
        Names of metrics by id; default those that come with opsnb.
    as_of : date, optional
        The day by which an open action is late; default today.
    zone : tzinfo
        Whose clock tells when versions were published.

    Returns
    -------
    list of Path
        The files that were written, index.html first.

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
    return Catalogue(
        reports_folder,
        tuple(Language(code, currency) for code in codes),
        workspace_name,
        metric_labels({}) if labels is None else labels,
        as_of or dt.date.today(),
        zone,
    ).write()


def metric_labels(own: Mapping[str, Any]) -> dict[str, Label]:
    """Names of the metrics that come with opsnb, and of a workspace's own definitions."""
    built_in = tomllib.loads(resources.metrics().read_text(encoding="utf-8"))
    tables = [*built_in.items(), *own.items()]
    return {
        name: table["label"]
        for name, table in tables
        if isinstance(table, Mapping) and table.get("label")
    }


def with_fonts(page: str, language: Language) -> str:
    """The page with the glyphs that it needs."""
    chinese = language.html_code.startswith("zh")
    return page.replace(FONTS, font_rules(page_characters(page), embedded, chinese=chinese), 1)


@functools.cache
def template(page: str) -> jinja2.Template:
    """A template of templates/site/ by its name, with what all of them use."""
    script = (resources.templates() / "site" / "catalogue.js").read_text(encoding="utf-8").strip()
    named = {"words": small_print, "script": script, "script_hash": script_hash(script)}
    return environment().get_template(f"{page}.html.j2", globals=named)
