"""The records that leave a playbook, before they are put into words: see `opsnb.base.seam`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, Field, dataclass, fields
from typing import Any, ClassVar

from opsnb.base import seam
from opsnb.base.messages import Language, Said, Text
from opsnb.base.seam import Grade, Tone, Unit, plain
from opsnb.base.unsafe_text import short

__all__ = [
    "Action", "Card", "Check", "Decision", "Fact", "Finding", "Prediction", "Unit", "Verdict",
]  # fmt: skip


@dataclass(frozen=True)
class Fact(seam.Fact):
    """One number (or word) that the analysis found; its fields are `opsnb.base.seam.Fact`'s."""

    @property
    def key(self) -> str:
        """The fact's address within a report: id and what sets it apart."""
        parts = (self.metric, self.variant, self.segment, self.period)
        return "/".join(
            [self.id, *(short(str(part)) if part is not None else "" for part in parts)]
        ).rstrip("/")

    def as_dict(self) -> dict[str, Any]:
        """The fact for report.json; fields that do not apply are left out."""
        row = {field.name: plain(getattr(self, field.name)) for field in fields(self)}
        kept = {k: v for k, v in row.items() if v is not None or k == "value"}
        return {"key": self.key, **kept}


class Worded:
    """A record whose texts become words, and whose evidence the keys of its facts."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    __pydantic_config__: ClassVar[dict[str, Any]]

    def worded(self, say: Callable[[Any], Any]) -> dict[str, Any]:
        """The record for report.json, as `say` puts it."""
        name = self.__pydantic_config__["alias_generator"]
        return {name(field.name): _worded(getattr(self, field.name), say) for field in fields(self)}

    def as_dict(self, language: Language) -> dict[str, Any]:
        """The record for report.json in one language."""
        return self.worded(language.say)


def _worded(value: Any, say: Callable[[Any], Any]) -> Any:
    if isinstance(value, Fact):
        return value.key
    if isinstance(value, tuple):
        return [_worded(item, say) for item in value]
    return say(value) if isinstance(value, str | Text | Mapping) else plain(value)


@dataclass(frozen=True)
class Check(Worded, seam.Check[Said, Fact]):
    """A condition that the data or the analysis had to meet."""


@dataclass(frozen=True)
class Finding(Worded, seam.Finding[Said, Fact]):
    """A claim and the facts that carry it."""

    grade: Grade = "E"
    tone: Tone = "neutral"


@dataclass(frozen=True)
class Verdict(Worded, seam.Verdict[Said, Fact]):
    """The one sentence a report opens with, and what decided."""


@dataclass(frozen=True)
class Card(Worded, seam.Card[Said]):
    """One KPI of the first screen, and the fact that it shows."""

    fact: Fact
    _: KW_ONLY
    tone: Tone = "neutral"

    def worded(self, say: Callable[[Any], Any]) -> dict[str, Any]:
        row = super().worded(say)
        fact = row.pop("fact")
        return {**row, "evidence": [fact]}


@dataclass(frozen=True)
class Decision(Worded, seam.Decision[Said, Fact]):
    """What somebody has to decide."""


@dataclass(frozen=True)
class Action(Worded, seam.Action[Said, Fact]):
    """A step with an owner and a date."""

    due: dt.date | None = None
    status: seam.Progress = "proposed"


@dataclass(frozen=True)
class Prediction(Worded, seam.Prediction[Said]):
    """What was or is expected, to be scored when the outcome is known."""
