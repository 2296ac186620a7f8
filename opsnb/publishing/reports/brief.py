"""The brief: a report on one page, for an e-mail or a folder, drawn from report.json alone.

What does not fit is shortened or left to the report, and the brief says so. A report whose
numbers must not be used gets a brief without any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opsnb.base.messages import Language
from opsnb.base.unsafe_text import visible
from opsnb.publishing.reports import small_print
from opsnb.publishing.reports.run_record import file_name
from opsnb.publishing.reports.schema import check
from opsnb.publishing.reports.templates import environment

ELLIPSIS = "…"
_SENTENCES = re.compile(r"(?<=[。！？])|(?<=[.!?])\s+")
_SENTENCES_OF = {"claim", "question", "recommendation", "title"}
_ENDS = re.compile(r"[\s,.;:，。；：、—-]+$")


@dataclass(frozen=True)
class Size:
    """How much a brief holds: characters of a sentence and of a label, rows of each list."""

    text: int
    label: int
    cards: int
    findings: int
    decisions: int
    actions: int


SIZES = (
    Size(420, 80, 6, 3, 4, 6),
    Size(260, 60, 6, 3, 3, 4),
    Size(150, 40, 6, 3, 2, 3),
    Size(140, 40, 6, 3, 1, 2),
    Size(130, 30, 5, 3, 1, 2),
    Size(70, 24, 4, 3, 1, 2),
)
"""From the fullest to one that is a page whatever the report says."""

_VERDICT = 160
"""Characters that a verdict's sentence always has: it is what the page is read for."""


@dataclass
class Brief:
    """The texts of a brief; `shortened` once something did not go in whole."""

    report: Mapping[str, Any]
    language: Language
    size: Size
    shortened: bool = False
    band: list[str] = field(default_factory=list)
    verdict: dict[str, Any] | None = None
    cards: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def page(self) -> str:
        """The full report's page, which lies beside the brief."""
        return file_name(self.report["language"], self.report["languages"][0], "html")

    @property
    def titles(self) -> list[str]:
        """The report's title, and the campaign or experiment it is about."""
        both = (self.report["title"], self.report["subject_label"])
        return [self.cut(text, 120) for text in both if text]

    def cut(self, text: str, most: int | None = None) -> str:
        """The text itself, or its beginning up to a word's end and an ellipsis."""
        most = most or self.size.text
        text = " ".join(str(text).split())
        if len(text) <= most:
            return text
        self.shortened = True
        head = text[: most - 1]
        space = head.rfind(" ")
        return _ENDS.sub("", head[:space] if space > most * 2 // 3 else head) + ELLIPSIS

    def rows(self, name: str, *texts: str) -> list[dict[str, Any]]:
        """The first rows of one of the report's lists, their texts cut to size."""
        rows, most = self.report[name], getattr(self.size, name)
        self.shortened |= len(rows) > most
        return [
            {
                **row,
                **{text: self._said(text, row.get(text)) for text in texts},
                "due": row.get("due"),
            }
            for row in rows[:most]
        ]

    def _said(self, name: str, text: str | None) -> str | None:
        return self.cut(text, None if name in _SENTENCES_OF else self.size.label) if text else None


def brief_page(
    report: Mapping[str, Any],
    language: Language | None = None,
    *,
    size: Size = SIZES[0],
    printing: bool = False,
) -> str:
    """The brief of a report as one HTML page: tables, inline styles, no script, no address
    but the report's own beside it.

    Parameters
    ----------
    report : dict
        The content of report.json.
    language : Language, optional
        As the workspace words it; default the report's language.
    printing : bool
        Laid out for A4: room for the fonts, no link.

    Raises
    ------
    PublishError
        The report does not have the layout of report.json.
    """
    checked = check(dict(report))
    spoken = language or Language(checked["language"])
    return draw(checked, spoken, size, printing=printing)


def draw(report: Mapping[str, Any], language: Language, size: Size, *, printing: bool) -> str:
    """As `brief_page`, of a report whose layout is known to be right."""
    brief = _written(Brief(report, language, size))
    template = environment().get_template("brief.html.j2")
    return visible(
        template.render(brief=brief, language=language, printing=printing, words=small_print)
    )


def _written(brief: Brief) -> Brief:
    """The brief with what its report's status lets it say."""
    report, status = brief.report, brief.report["status"]
    brief.band = [small_print.status_why(report, brief.language)]
    reason = report["reason"]
    if status == "invalid":
        reason = without_numbers(reason)
        word = without_numbers((report["verdict"] or {}).get("word"))
        if word:
            brief.verdict = {**report["verdict"], "word": brief.cut(word, 60), "sentence": ""}
    if reason:
        brief.band.append(brief.cut(reason))
    if status in ("ready", "provisional"):
        if report["verdict"]:
            most = max(brief.size.text, _VERDICT)
            said = {
                "word": brief.cut(report["verdict"]["word"]),
                "sentence": brief.cut(report["verdict"]["sentence"], most),
            }
            brief.verdict = {**report["verdict"], **said}
        brief.cards = brief.rows(
            "cards", "label", "value", "target", "change", "interval", "basis", "status"
        )
        brief.findings = brief.rows("findings", "claim")
    if status in ("ready", "provisional", "invalid"):
        brief.decisions = brief.rows("decisions", "question", "recommendation", "by")
        brief.actions = brief.rows("actions", "title", "owner")
    return brief


def without_numbers(text: str | None) -> str:
    """The sentences of a text that hold no digit."""
    kept = [said.strip() for said in _SENTENCES.split(text or "") if not re.search(r"\d", said)]
    joined = " ".join(said for said in kept if said)
    return re.sub(r"(?<=[。！？]) ", "", joined)
