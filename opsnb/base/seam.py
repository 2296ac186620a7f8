"""What leaves an executed notebook and becomes report.json; both halves take it from here.

The records are generic in what they say and in what they rest on: the analysis makes a
`Check[Said, Fact]`, which knows no language, report.json holds a `Check[str, str]`, words and
keys of facts. `opsnb.base.page_parts` holds what a page shows beside them.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import KW_ONLY, Field, dataclass, field, fields
from typing import Any, ClassVar, Final, Generic, Literal, Protocol, TypeVar, get_args, overload

from opsnb.base.unsafe_text import short

MIME = "application/vnd.opsnb.v1+json"
"""MIME type of the outputs that carry records out of a notebook."""

PAYLOAD = 2
"""Version of what such an output holds."""

PAYLOADS = (1, PAYLOAD)
"""Versions that can be read; those of 1 have no parts."""

SCHEMA: Final = "opsnb.report/2"
"""Name and version of report.json's layout."""

Schema = Literal["opsnb.report/1", "opsnb.report/2"]
"""Layouts that can be read; reports of the first have no parts."""

Grade = Literal["A", "B", "C", "D", "E"]
"""Evidence grade: A randomised; B geo or synthetic control; C difference in differences;
D structural time series; E description only, no counterfactual."""

Tone = Literal["good", "warn", "bad", "neutral"]
"""What a status colour may say; always shown with a word or shape beside it."""

Status = Literal["ready", "provisional", "skipped", "invalid", "failed"]

STATUSES: tuple[Status, ...] = get_args(Status)
"""From best to worst; the worst of a notebook's outputs is the report's."""

Unit = Literal[
    "share", "points", "relative", "money", "count", "factor", "score", "number",
    "p_value", "date", "text", "days", "minutes",
]  # fmt: skip

Passed = Literal["pass", "warn", "block"]
"""How a check came out: a warning is read beside the numbers, a block keeps them back."""

Progress = Literal["proposed", "open", "done", "late", "dropped"]
"""How far an action is."""

Words = TypeVar("Words")
Evidence = TypeVar("Evidence")


def strict(**names: str) -> dict[str, Any]:
    """For pydantic: no field but these, some under another name in JSON (a word of Python's)."""
    return {"extra": "forbid", "alias_generator": lambda name: names.get(name, name)}


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

    __pydantic_config__ = strict()


@dataclass(frozen=True)
class FactRow(Fact):
    """A fact as report.json holds it: with its address, and without what does not apply."""

    value: float | int | str | bool | None
    _: KW_ONLY
    key: str


@dataclass(frozen=True)
class Check(Generic[Words, Evidence]):
    """A condition that the data or the analysis had to meet."""

    id: str
    status: Passed
    message: Words
    evidence: tuple[Evidence, ...] = ()

    __pydantic_config__ = strict()


@dataclass(frozen=True)
class Finding(Generic[Words, Evidence]):
    """A claim and the facts that carry it."""

    claim: Words
    evidence: tuple[Evidence, ...] = ()
    grade: Grade = field(kw_only=True)
    tone: Tone = field(kw_only=True)
    section: str | None = None

    __pydantic_config__ = strict()


@dataclass(frozen=True)
class Verdict(Generic[Words, Evidence]):
    """The one sentence a report opens with.

    `word` is the short form (SHIP, HOLD, ...); `rule` says what decided and what would
    change it.
    """

    word: Words
    sentence: Words
    grade: Grade
    tone: Tone
    rule: Words | None = None
    evidence: tuple[Evidence, ...] = ()

    __pydantic_config__ = strict()


@dataclass(frozen=True)
class Card(Generic[Words]):
    """One KPI of the first screen: value, target, change, interval, status.

    `basis` says which days it is of, where it is not of all.
    """

    label: Words
    value: Words
    _: KW_ONLY
    target: Words | None = None
    change: Words | None = None
    interval: Words | None = None
    basis: Words | None = None
    tone: Tone
    status: Words | None = None

    __pydantic_config__ = strict()


@dataclass(frozen=True)
class CardRow(Card[Words]):
    """A card as report.json holds it."""

    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision(Generic[Words, Evidence]):
    """What somebody has to decide."""

    question: Words
    by: Words
    recommendation: Words | None = None
    due: dt.date | None = None
    evidence: tuple[Evidence, ...] = ()

    __pydantic_config__ = strict()


@dataclass(frozen=True)
class Action(Generic[Words, Evidence]):
    """A step with an owner and a date.

    `source` (`from` in report.json) names the cycle or finding it comes from, `evidence` holds
    the facts behind it.
    """

    title: Words
    owner: Words
    due: dt.date | None = None
    status: Progress = field(kw_only=True)
    source: str | None = None
    evidence: tuple[Evidence, ...] = ()

    __pydantic_config__ = strict(source="from")


@dataclass(frozen=True)
class Prediction(Generic[Words]):
    """What was or is expected, to be scored when the outcome is known."""

    what: Words
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    due: dt.date | None = None
    observed: float | None = None

    __pydantic_config__ = strict()


# -- as JSON -----------------------------------------------------------------------------------


class Record(Protocol):
    """A dataclass of this module or of `opsnb.base.page_parts`."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def __pydantic_config__(self) -> dict[str, Any]: ...


@overload
def as_json(value: Record) -> dict[str, Any]: ...
@overload
def as_json(value: list[Any] | tuple[Any, ...]) -> list[Any]: ...
def as_json(value: Any) -> Any:
    """A record as JSON holds it, by its names there and without what is not given."""
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    config = getattr(value, "__pydantic_config__", None)
    if config is None:
        return plain(value)
    name = config["alias_generator"]
    return {
        name(field.name): as_json(item)
        for field in fields(value)
        if (item := getattr(value, field.name)) is not None
        and not (isinstance(item, tuple) and item == field.default)
    }


def plain(value: Any) -> Any:
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


SAID = "said"
"""The one key of words that differ by language: `{"said": {"en": "Yes", "zh": "是"}}`."""
