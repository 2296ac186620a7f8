"""The records that leave a playbook and become report.json."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, fields
from typing import Any, Literal

from opsnb.base.messages import Language, Said
from opsnb.base.unsafe_text import short

MIME = "application/vnd.opsnb.v1+json"
"""MIME type of the display outputs that carry facts out of a notebook."""

SCHEMA = "opsnb.report/1"
"""Name and version of report.json's layout."""

Grade = Literal["A", "B", "C", "D", "E"]
"""Evidence grade: A randomised; B geo or synthetic control; C difference in differences;
D structural time series; E description only, no counterfactual."""

Tone = Literal["good", "warn", "bad", "neutral"]
"""What a status colour may say; always shown with a word or shape beside it."""

Status = Literal["ready", "provisional", "invalid", "failed", "skipped"]

Unit = Literal[
    "share", "points", "relative", "money", "count", "factor", "score", "number",
    "p_value", "date", "text", "days", "minutes",
]  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """One number (or word) that the analysis found.

    Attributes
    ----------
    id : str
        Stable name such as `ab.diff`; with metric, variant, segment and period it is unique.
    value : float | int | str | bool | None
        Unrounded (report.json keeps ten significant digits and two decimals or more); shares
        and relative changes as fractions (0.012, not 1.2).
    low, high : float, optional
        Interval bounds; an infinite bound is an open side.
    unit : str
        share, points (difference of shares), relative, money, count, factor, score, ...
    """

    id: str
    value: Any
    unit: Unit = "number"
    low: float | None = None
    high: float | None = None
    metric: str | None = None
    variant: str | None = None
    segment: str | None = None
    period: str | None = None
    n: int | None = None
    p_value: float | None = None
    method: str | None = None

    @property
    def key(self) -> str:
        """The fact's address within a report: id and what sets it apart."""
        parts = (self.metric, self.variant, self.segment, self.period)
        return "/".join(
            [self.id, *(short(str(part)) if part is not None else "" for part in parts)]
        ).rstrip("/")

    def as_dict(self) -> dict[str, Any]:
        """The fact for report.json; fields that do not apply are left out."""
        row = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        kept = {k: v for k, v in row.items() if v is not None or k == "value"}
        return {"key": self.key, **kept}


@dataclass(frozen=True)
class Check:
    """A condition that the data or the analysis had to meet."""

    id: str
    status: Literal["pass", "warn", "block"]
    message: Said
    evidence: tuple[Fact, ...] = ()

    def as_dict(self, language: Language) -> dict[str, Any]:
        return {
            "id": self.id,
            "status": self.status,
            "message": language.say(self.message),
            "evidence": [fact.key for fact in self.evidence],
        }


@dataclass(frozen=True)
class Finding:
    """A claim and the facts that carry it."""

    claim: Said
    evidence: tuple[Fact, ...]
    grade: Grade = "E"
    tone: Tone = "neutral"
    section: str | None = None

    def as_dict(self, language: Language) -> dict[str, Any]:
        return {
            "claim": language.say(self.claim),
            "grade": self.grade,
            "tone": self.tone,
            "section": self.section,
            "evidence": [fact.key for fact in self.evidence],
        }


@dataclass(frozen=True)
class Verdict:
    """The one sentence a report opens with.

    `word` is the short form (SHIP, HOLD, ...); `rule` says what decided and what would
    change it.
    """

    word: Said
    sentence: Said
    grade: Grade
    tone: Tone
    rule: Said | None = None
    evidence: tuple[Fact, ...] = ()

    def as_dict(self, language: Language) -> dict[str, Any]:
        return {
            "word": language.say(self.word),
            "sentence": language.say(self.sentence),
            "rule": language.say(self.rule) if self.rule is not None else None,
            "grade": self.grade,
            "tone": self.tone,
            "evidence": [fact.key for fact in self.evidence],
        }


@dataclass(frozen=True)
class Card:
    """One KPI of the first screen: value, target, change, interval, status."""

    label: Said
    value: Said
    fact: Fact
    target: Said | None = None
    change: Said | None = None
    interval: Said | None = None
    tone: Tone = "neutral"
    status: Said | None = None

    def as_dict(self, language: Language) -> dict[str, Any]:
        texts = {
            name: language.say(said) if (said := getattr(self, name)) is not None else None
            for name in ("label", "value", "target", "change", "interval", "status")
        }
        return {**texts, "tone": self.tone, "evidence": [self.fact.key]}


@dataclass(frozen=True)
class Decision:
    """What somebody has to decide."""

    question: Said
    by: Said
    recommendation: Said | None = None
    due: dt.date | None = None
    evidence: tuple[Fact, ...] = ()

    def as_dict(self, language: Language) -> dict[str, Any]:
        return {
            "question": language.say(self.question),
            "by": language.say(self.by),
            "recommendation": language.say(self.recommendation)
            if self.recommendation is not None
            else None,
            "due": self.due.isoformat() if self.due else None,
            "evidence": [fact.key for fact in self.evidence],
        }


@dataclass(frozen=True)
class Action:
    """A step with an owner and a date.

    `source` names the cycle or finding it comes from, `evidence` holds the facts behind it.
    """

    title: Said
    owner: Said
    due: dt.date | None = None
    status: Literal["proposed", "open", "done", "late", "dropped"] = "proposed"
    source: str | None = None
    evidence: tuple[Fact, ...] = ()

    def as_dict(self, language: Language) -> dict[str, Any]:
        return {
            "title": language.say(self.title),
            "owner": language.say(self.owner),
            "due": self.due.isoformat() if self.due else None,
            "status": self.status,
            "from": self.source,
            "evidence": [fact.key for fact in self.evidence],
        }


@dataclass(frozen=True)
class Prediction:
    """What was or is expected, to be scored when the outcome is known."""

    what: Said
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    due: dt.date | None = None
    observed: float | None = None

    def as_dict(self, language: Language) -> dict[str, Any]:
        return {
            "what": language.say(self.what),
            "metric": self.metric,
            "value": _plain(self.value),
            "low": _plain(self.low),
            "high": _plain(self.high),
            "due": self.due.isoformat() if self.due else None,
            "observed": _plain(self.observed),
        }


def _plain(value: Any) -> Any:
    """The value as JSON holds it: numpy scalars unwrapped, dates as ISO, no NaN or infinity."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return _steady(value) if math.isfinite(value) else None
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    return short(value) if isinstance(value, str) else value


def _steady(value: float) -> float:
    """Ten significant digits, and two decimals or more.

    Beyond them wander the sums that an engine adds up in several threads, so that two runs over
    the same data would write different files.
    """
    if not value:
        return value
    return round(value, max(2, 9 - math.floor(math.log10(abs(value)))))
