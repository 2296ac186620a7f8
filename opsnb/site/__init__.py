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
from pathlib import Path
from typing import Any

import jinja2

from opsnb import resources
from opsnb.errors import PublishError
from opsnb.messages import Label, Language
from opsnb.publish import words
from opsnb.publish.fonts import embedded, font_rules, page_characters
from opsnb.publish.html import FONTS, script_hash
from opsnb.publish.records import file_name, write_atomic
from opsnb.publish.templates import environment
from opsnb.site import history, outcomes
from opsnb.site.entries import Entry, by_cycle, entries

__all__ = ["Entry", "entries", "metric_labels", "write_index"]

PAGES = ("index", "kpis", "campaigns", "actions")


def write_index(
    reports_folder: Path,
    languages: Sequence[str] | str,
    workspace_name: Label,
    *,
    currency: str = "CNY",
    labels: Mapping[str, Label] | None = None,
    as_of: dt.date | None = None,
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
    named = metric_labels({}) if labels is None else labels
    spoken = {code: Language(code, currency) for code in codes}
    written = []
    for code, language in spoken.items():
        content = _content(reports_folder, language, named, as_of or dt.date.today())
        for page in PAGES:
            others = [
                (o, file_name(o.code, codes[0], "html", page))
                for o in spoken.values()
                if o.code != code
            ]
            text = _template(page).render(
                content,
                language=language,
                workspace=language.say(workspace_name),
                here=page,
                pages=[(name, file_name(code, codes[0], "html", name)) for name in PAGES],
                others=others,
            )
            path = reports_folder / file_name(code, codes[0], "html", page)
            write_atomic(path, _with_fonts(text, language))
            written.append(path)
    return sorted(written, key=lambda path: PAGES.index(path.name.split(".")[0]))


def metric_labels(own: Mapping[str, Any]) -> dict[str, Label]:
    """Names of the metrics that come with opsnb, and of a workspace's own definitions."""
    built_in = tomllib.loads(resources.metrics().read_text(encoding="utf-8"))
    tables = [*built_in.items(), *own.items()]
    return {
        name: table["label"]
        for name, table in tables
        if isinstance(table, Mapping) and table.get("label")
    }


def _content(
    folder: Path, language: Language, labels: Mapping[str, Label], as_of: dt.date
) -> dict[str, Any]:
    """What all pages of a language show."""
    listed = entries(folder, language.code)
    board, kept = outcomes.steps(listed, folder / "ledger", language, as_of)
    return {
        "listed": listed,
        "cycles": by_cycle(listed),
        "histories": history.histories(listed, language, labels),
        "campaigns": outcomes.campaigns(listed, language, labels),
        "predictions": outcomes.predictions(listed),
        "board": board,
        "kept": kept,
        "owners": outcomes.by_owner(board),
        "as_of": as_of,
        "as_fact": history.as_fact,
        "metric_name": functools.partial(history.metric_name, language=language, labels=labels),
    }


def _with_fonts(page: str, language: Language) -> str:
    chinese = language.html_code.startswith("zh")
    return page.replace(FONTS, font_rules(page_characters(page), embedded, chinese=chinese), 1)


@functools.cache
def _template(page: str) -> jinja2.Template:
    script = (resources.templates() / "site" / "catalogue.js").read_text(encoding="utf-8").strip()
    named = {"words": words, "script": script, "script_hash": script_hash(script)}
    return environment().get_template(f"{page}.html.j2", globals=named)
