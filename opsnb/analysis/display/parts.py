"""The parts of a page: each draws itself as an HTML fragment and as plain text.

Every text that comes from data is escaped here, at the last step before it becomes HTML.
"""

from __future__ import annotations

import abc
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape as _escape
from typing import Any, ClassVar, Literal

from opsnb.analysis.display.grid import Field, cell, column
from opsnb.analysis.findings import Action, Card, Check, Decision, Finding, Verdict
from opsnb.analysis.findings.records import Worded
from opsnb.analysis.findings.words import Speaker
from opsnb.base.messages import Language, Said, Text
from opsnb.base.page_parts import Grid, Passage
from opsnb.base.seam import Tone, as_json

__all__ = [
    "SHAPES", "Absent", "Actions", "Cards", "Checks", "Decisions", "Findings", "Fold", "Note",
    "Paragraph", "Part", "VerdictBox", "escape",
]  # fmt: skip

SHAPES: dict[Tone, str] = {"good": "✓", "warn": "◆", "bad": "■", "neutral": "○"}
"""The shape that goes with a status colour, for readers who do not see the colour."""

_TONE_OF_CHECK: dict[str, Tone] = {"block": "bad", "warn": "warn", "pass": "good"}


def escape(text: str) -> str:
    """Text as HTML that can only be text, also inside a quoted attribute."""
    return _escape(text, quote=True)


_SIGNED_MONEY = re.compile(r"[+−](?:[A-Z]{3} |[¥$€£])[\d.,]*\d(?:bn|m|万|亿)?")


def prose(text: str) -> str:
    """A sentence as HTML, in which no line ends between a sign and its amount."""
    return _SIGNED_MONEY.sub(r'<span class="ob-whole">\g<0></span>', escape(text))


class Part(abc.ABC):
    """Something that a page shows."""

    @abc.abstractmethod
    def html(self, language: Language) -> str:
        """The fragment, in the classes of docs/architecture.md."""

    @abc.abstractmethod
    def plain(self, language: Language) -> str:
        """The same for a reader without HTML."""

    def data(self, say: Speaker) -> dict[str, Any]:
        """The same as data: one of the parts in `opsnb.base.page_parts`, as JSON."""
        return as_json(Passage(is_="text", kind="other", text=say.each(self.plain)))


@dataclass(frozen=True)
class Paragraph(Part):
    """A paragraph; with a tone it also carries the tone's shape."""

    said: Said
    tone: Tone | None = None

    def html(self, language: Language) -> str:
        if self.tone is None:
            return f"<p>{prose(language.say(self.said))}</p>"
        return (
            f'<p class="ob-paragraph ob-{self.tone}"><span class="ob-shape" aria-hidden="true">'
            f"{SHAPES[self.tone]}</span> {prose(language.say(self.said))}</p>"
        )

    def plain(self, language: Language) -> str:
        shape = f"{SHAPES[self.tone]} " if self.tone else ""
        return shape + language.say(self.said)

    def data(self, say: Speaker) -> dict[str, Any]:
        return as_json(Passage("text", "paragraph", say(self.said), self.tone))


@dataclass(frozen=True)
class Note(Part):
    """A remark in small print."""

    said: Said
    css_class: ClassVar[str] = "ob-note"
    kind: ClassVar[Literal["note", "absent"]] = "note"

    def html(self, language: Language) -> str:
        return f'<p class="{self.css_class}">{escape(language.say(self.said))}</p>'

    def plain(self, language: Language) -> str:
        return language.say(self.said)

    def data(self, say: Speaker) -> dict[str, Any]:
        return as_json(Passage("text", self.kind, say(self.said)))


class Absent(Note):
    """A section that is left out, and why."""

    css_class = "ob-absent"
    kind = "absent"


def _listing(name: str, records: Iterable[Worded], say: Speaker) -> dict[str, Any]:
    return {"is": name, "items": [record.worded(say) for record in records]}


@dataclass(frozen=True)
class VerdictBox(Part):
    """The sentence that a report opens with, its grade, and the rule that decided."""

    verdict: Verdict

    def html(self, language: Language) -> str:
        verdict = self.verdict
        rule = (
            f'<p class="ob-rule">{escape(language.say(verdict.rule))}</p>'
            if verdict.rule is not None
            else ""
        )
        return (
            f'<div class="ob-verdict ob-{verdict.tone}">'
            f'<p class="ob-head"><span class="ob-word"><span class="ob-shape" aria-hidden="true">'
            f"{SHAPES[verdict.tone]}</span> {escape(language.say(verdict.word))}</span> "
            f"{_grade(verdict.grade, language, named=True)}</p>"
            f'<p class="ob-sentence">{prose(language.say(verdict.sentence))}</p>{rule}</div>'
        )

    def plain(self, language: Language) -> str:
        verdict = self.verdict
        head = (
            f"{SHAPES[verdict.tone]} {language.say(verdict.word)} "
            f"({language.text('display.evidence_grade', grade=verdict.grade)})"
        )
        lines = [head, language.say(verdict.sentence)]
        return "\n".join(lines + ([language.say(verdict.rule)] if verdict.rule else []))

    def data(self, say: Speaker) -> dict[str, Any]:
        return _listing("verdict", [self.verdict], say)


@dataclass(frozen=True)
class Cards(Part):
    """KPI cards, side by side."""

    cards: Sequence[Card]

    def html(self, language: Language) -> str:
        return (
            f'<div class="ob-cards">{"".join(_card(card, language) for card in self.cards)}</div>'
        )

    def plain(self, language: Language) -> str:
        return "\n".join(
            "  ".join(
                [f"{language.say(card.label)}: {language.say(card.value)}"]
                + [text for _, text in _card_lines(card, language)]
            )
            for card in self.cards
        )

    def data(self, say: Speaker) -> dict[str, Any]:
        return _listing("cards", self.cards, say)


def _card(card: Card, language: Language) -> str:
    lines = "".join(
        f'<p class="{css_class}">{escape(text)}</p>'
        for css_class, text in _card_lines(card, language)
    )
    label = escape(language.say(card.label))
    return (
        f'<div class="ob-card ob-{card.tone}"><p class="ob-label">{label}</p>'
        f'<p class="ob-value">{escape(language.say(card.value))}</p>{lines}</div>'
    )


def _card_lines(card: Card, language: Language) -> list[tuple[str, str]]:
    lines = []
    if card.status is not None:
        lines.append(("ob-status", f"{SHAPES[card.tone]} {language.say(card.status)}"))
    if card.change is not None:
        lines.append(("ob-change", language.say(card.change)))
    if card.interval is not None:
        lines.append(("ob-meta", language.text("display.interval", interval=card.interval)))
    if card.basis is not None:
        lines.append(("ob-meta", language.say(card.basis)))
    if card.target is not None:
        lines.append(("ob-meta", language.text("display.target", target=card.target)))
    return lines


@dataclass(frozen=True)
class Checks(Part):
    """Trust checks, the worst first."""

    checks: Sequence[Check]

    def html(self, language: Language) -> str:
        items = "".join(
            f'<li class="ob-{check.status}"><b><span class="ob-shape" aria-hidden="true">{shape}'
            f"</span> {escape(word)}</b> {prose(language.say(check.message))}</li>"
            for check, shape, word in self._lines(language)
        )
        return f'<ul class="ob-checks">{items}</ul>'

    def plain(self, language: Language) -> str:
        return "\n".join(
            f"{shape} {word} {language.say(check.message)}"
            for check, shape, word in self._lines(language)
        )

    def data(self, say: Speaker) -> dict[str, Any]:
        return _listing("checks", self._sorted(), say)

    def _sorted(self) -> list[Check]:
        order = list(_TONE_OF_CHECK)
        return sorted(self.checks, key=lambda check: order.index(check.status))

    def _lines(self, language: Language) -> list[tuple[Check, str, str]]:
        return [
            (check, SHAPES[_TONE_OF_CHECK[check.status]], language.text(f"display.{check.status}"))
            for check in self._sorted()
        ]


@dataclass(frozen=True)
class Findings(Part):
    """Claims, each with its evidence grade and a way to its evidence."""

    findings: Sequence[Finding]

    def html(self, language: Language) -> str:
        items = "".join(self._item(finding, language) for finding in self.findings)
        return f'<ul class="ob-findings">{items}</ul>'

    def plain(self, language: Language) -> str:
        return "\n".join(
            f"{SHAPES[finding.tone]} {finding.grade} {language.say(finding.claim)}"
            for finding in self.findings
        )

    def data(self, say: Speaker) -> dict[str, Any]:
        return _listing("findings", self.findings, say)

    def _item(self, finding: Finding, language: Language) -> str:
        link = (
            f' <a href="#{escape(finding.section)}">{escape(language.text("display.evidence"))}</a>'
            if finding.section
            else ""
        )
        return (
            f'<li class="ob-{finding.tone}"><span class="ob-shape" aria-hidden="true">'
            f"{SHAPES[finding.tone]}</span> {_grade(finding.grade, language)} "
            f"{prose(language.say(finding.claim))}{link}</li>"
        )


def _grade(grade: str, language: Language, named: bool = False) -> str:
    meaning = escape(language.text(f"display.grade.{grade}"))
    shown = language.text("display.evidence_grade", grade=grade) if named else grade
    return f'<span class="ob-grade" title="{meaning}">{escape(shown)}</span>'


_WIDTHS = dict.fromkeys(("by", "owner"), ' class="ob-name"')
_WIDTHS |= dict.fromkeys(("due", "state"), ' class="ob-short"')
"""Cells that hold a name or a few characters, which should stay on one line."""


class _Rows(Part):
    """A plain table of texts and dates; the subclasses say its heads and cells."""

    name: ClassVar[str]
    heads: ClassVar[tuple[str, ...]]

    @abc.abstractmethod
    def _cells(self) -> list[list[Any]]: ...

    def html(self, language: Language) -> str:
        labels = [escape(language.text(f"display.{head}")) for head in self.heads]
        kinds = [_WIDTHS.get(head, "") for head in self.heads]
        head = "".join(
            f'<th scope="col"{kind}>{label}</th>' for label, kind in zip(labels, kinds, strict=True)
        )
        # A phone stacks the cells, so that each needs its head beside it.
        body = "".join(
            "<tr>"
            + "".join(
                f'<td data-label="{label}"{kind}>{escape(cell)}</td>'
                for label, kind, cell in zip(labels, kinds, row, strict=True)
            )
            + "</tr>"
            for row in self._texts(language)
        )
        return (
            f'<div class="ob-table-wrap"><table class="ob-{self.name} ob-stack ob-table">'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def plain(self, language: Language) -> str:
        return "\n".join(" | ".join(row) for row in self._texts(language))

    def data(self, say: Speaker) -> dict[str, Any]:
        fields = [
            Field(head, Text(f"display.{head}"), "date", "date")
            if head == "due"
            else Field(head, Text(f"display.{head}"), "text" if n else "category")
            for n, head in enumerate(self.heads)
        ]
        columns = tuple(column(field, say) for field in fields)
        rows = tuple(
            tuple(cell(value, field.format, say) for value, field in zip(row, fields, strict=True))
            for row in self._cells()
        )
        return as_json(Grid("table", columns, rows, self.name))

    def _texts(self, language: Language) -> list[list[str]]:
        return [[language.format(value) for value in row] for row in self._cells()]


@dataclass(frozen=True)
class Decisions(_Rows):
    """What has to be decided, by whom, and until when."""

    decisions: Sequence[Decision]
    name: ClassVar[str] = "decisions"
    heads: ClassVar[tuple[str, ...]] = ("question", "recommendation", "by", "due")

    def _cells(self) -> list[list[Any]]:
        return [[getattr(decision, head) for head in self.heads] for decision in self.decisions]


@dataclass(frozen=True)
class Actions(_Rows):
    """Steps with an owner and a date."""

    actions: Sequence[Action]
    name: ClassVar[str] = "actions"
    heads: ClassVar[tuple[str, ...]] = ("action", "owner", "due", "state")

    def _cells(self) -> list[list[Any]]:
        return [
            [
                action.title, action.owner, action.due,
                Text(f"display.action_status.{action.status}"),
            ]
            for action in self.actions
        ]  # fmt: skip


@dataclass(frozen=True)
class Fold(Part):
    """Parts behind a line that opens them.

    Attributes
    ----------
    printed : bool
        Open in print; else print names what the page holds, and nothing more.
    """

    summary: Said | Text
    parts: Sequence[Part]
    printed: bool = True

    def html(self, language: Language) -> str:
        inner = "\n".join(part.html(language) for part in self.parts)
        summary = escape(language.say(self.summary))
        if self.printed:
            return f'<details class="ob-fold"><summary>{summary}</summary>\n{inner}</details>'
        hint = escape(language.text("display.on_page"))
        return (
            f'<details class="ob-fold ob-on-page"><summary>{summary}'
            f'<span class="ob-hint"> {hint}</span></summary>\n{inner}</details>'
        )

    def plain(self, language: Language) -> str:
        return "\n".join([language.say(self.summary), *(p.plain(language) for p in self.parts)])

    def data(self, say: Speaker) -> dict[str, Any]:
        return {
            "is": "fold",
            "title": say(self.summary),
            "parts": [part.data(say) for part in self.parts],
        }
