"""What a cell ends in: parts for people, and beside them the records that leave the notebook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from opsnb.analysis.display import Part
from opsnb.analysis.display.frames import Framed, framed
from opsnb.analysis.findings import (
    Action,
    Card,
    Check,
    Decision,
    Fact,
    Finding,
    Prediction,
    Verdict,
)
from opsnb.analysis.findings.words import Speaker
from opsnb.base.messages import Language, Said
from opsnb.base.seam import MIME, PAYLOAD, Status


@dataclass
class Records:
    """Recorded since an output last carried records away."""

    facts: dict[str, Fact] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    verdict: Verdict | None = None
    answered: list[str] | None = None
    status: tuple[Status, tuple[Said, ...]] | None = None
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    reads: dict[str, Any] = field(default_factory=dict)


class Shown:
    """What a cell ends in: a MIME bundle for people, and the seam's payload beside it.

    Records leave with it when it is rendered, not when it is made: one that nobody displays
    takes nothing along.
    """

    def __init__(
        self, languages: list[Language], parts: tuple[Part, ...], take: Callable[[], Records]
    ) -> None:
        self._languages = languages
        self._parts = parts
        self._take = take

    @cached_property
    def _pending(self) -> Records:
        return self._take()

    def html(self, language: Language) -> str:
        return "\n".join(part.html(language) for part in self._parts)

    def plain(self, language: Language) -> str:
        return "\n\n".join(part.plain(language) for part in self._parts)

    @property
    def tables(self) -> list[Framed]:
        """The tables, those in folds too, as data: `tables[0].frame`."""
        return framed(self._data(self._languages[:1]), "table")

    @property
    def charts(self) -> list[Framed]:
        """What the charts are drawn from, as data: `charts[0].frame`."""
        return framed(self._data(self._languages[:1]), "chart")

    def _data(self, languages: list[Language]) -> list[dict[str, Any]]:
        say = Speaker(languages)
        return [part.data(say) for part in self._parts]

    def payload(self) -> dict[str, Any]:
        """The seam's record, as docs/architecture.md lays it out."""
        primary, parts = self._languages[0], self._data(self._languages)
        pages = {other.code: self.html(other) for other in self._languages[1:]}
        pending = self._pending  # last: a part that cannot be drawn takes nothing along
        return {
            "v": PAYLOAD,
            "facts": [fact.as_dict() for fact in pending.facts.values()],
            "status": {"status": pending.status[0]} if pending.status else None,
            **({} if pending.answered is None else {"answered": pending.answered}),
            "tables": pending.tables,
            "reads": pending.reads,
            "parts": parts,
            "languages": {
                language.code: {
                    **self._texts(language),
                    **({} if language is primary else {"html": pages[language.code]}),
                }
                for language in self._languages
            },
        }

    def _texts(self, language: Language) -> dict[str, Any]:
        pending = self._pending
        lists = ("checks", "findings", "cards", "decisions", "actions", "predictions")
        return {
            **{name: [r.as_dict(language) for r in getattr(pending, name)] for name in lists},
            "verdict": pending.verdict.as_dict(language) if pending.verdict else None,
            "status_reason": self._reason(language),
        }

    def _reason(self, language: Language) -> str | None:
        """All that was said of why the report is not ready, a line each."""
        if self._pending.status is None:
            return None
        return "\n".join(language.say(reason) for reason in self._pending.status[1])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        primary = self._languages[0]
        return {
            "text/plain": self.plain(primary),
            "text/html": self.html(primary),
            MIME: self.payload(),
        }
