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

from opsnb import resources
from opsnb.errors import PublishError
from opsnb.ledger import Entry as Remembered
from opsnb.messages import Label, Language
from opsnb.publish import words
from opsnb.publish.fonts import embedded, font_rules, page_characters
from opsnb.publish.html import FONTS, script_hash
from opsnb.publish.records import file_name, write_atomic
from opsnb.publish.templates import environment
from opsnb.site import history, outcomes
from opsnb.site.entries import Entry, by_cycle, entries
from opsnb.texts import visible

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
            ledger = outcomes.remembered(self.folder / "ledger")
        board, kept = outcomes.steps(listed, ledger, language, self.as_of)
        return {
            "listed": listed,
            "cycles": by_cycle(listed),
            "histories": history.histories(listed, language, self.labels),
            "campaigns": outcomes.campaigns(listed, language, self.labels),
            "predictions": outcomes.predictions(listed),
            "board": board,
            "kept": kept,
            "questions": outcomes.questions(listed, ledger, language, self.as_of),
            "owners": outcomes.by_owner(board),
            "as_of": self.as_of,
            "as_fact": history.as_fact,
            "metric_name": functools.partial(
                history.metric_name, language=language, labels=self.labels
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
            moment=functools.partial(words.moment, language=language, zone=self.zone),
        )
        return with_fonts(visible(text), language)

    def write(self) -> list[Path]:
        """Writes every page in every language; the files, the primary language's index first."""
        written = []
        ledger = outcomes.remembered(self.folder / "ledger")
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
    named = {"words": words, "script": script, "script_hash": script_hash(script)}
    return environment().get_template(f"{page}.html.j2", globals=named)
