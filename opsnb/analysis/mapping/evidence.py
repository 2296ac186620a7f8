"""What a column's values say for or against a column of a contract."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from opsnb.analysis.mapping.names import status_words, value_words, words
from opsnb.analysis.mapping.profile import ColumnProfile
from opsnb.analysis.tables import CONTRACTS
from opsnb.analysis.tables.contracts import Contract

__all__ = ["Fit", "fit_of", "is_own_key"]

AGAINST = -0.6
"""Values that a column cannot hold."""

_UNIQUE = 0.97
_TECHNICAL = re.compile(r"^_|(?i:synced|etl|loaded at|ingested)")


class Fit(NamedTuple):
    """How well values fit, from -0.6 (they cannot be it) to 0.2, and why, in words."""

    weight: float
    why: str = ""


def is_own_key(contract: Contract, column: str) -> bool:
    return contract.key == (column,)


def fit_of(contract: str, column: str, one: ColumnProfile) -> Fit:
    """What the values of a column say for or against `contract.column`."""
    if one.filled == 0 or one.kind == "other":
        return Fit(AGAINST, "it is empty")
    found = _judge(CONTRACTS[contract], column)(one)
    if _TECHNICAL.search(one.name):
        return Fit(found.weight - 0.3, "its name is a technical one")
    if one.filled < 0.05:
        return Fit(found.weight - 0.15, "it is nearly empty")
    return found


def _judge(contract: Contract, column: str) -> Callable[[ColumnProfile], Fit]:
    type = contract[column].type
    if is_own_key(contract, column):
        return _key if contract.name != "orders" else _order
    if column in _JUDGES:
        return _JUDGES[column]
    if column in contract.people:
        return _person
    if type in ("time", "date"):
        return _time
    return {"number": _number, "flag": _flag}.get(type, _group)


def _key(one: ColumnProfile) -> Fit:
    if _no_id(one):
        return Fit(AGAINST, "its values are no ids")
    if one.unique > _UNIQUE:
        return Fit(0.2, "no value repeats")
    return Fit(-0.3, "its values repeat")


def _order(one: ColumnProfile) -> Fit:
    """An order may have several lines."""
    if _no_id(one):
        return Fit(AGAINST, "its values are no ids")
    if one.unique > _UNIQUE:
        return Fit(0.2, "no value repeats")
    return (
        Fit(0.05, "several rows an order") if one.unique > 0.02 else Fit(-0.4, "its values repeat")
    )


def _no_id(one: ColumnProfile) -> bool:
    fraction = one.is_number and not one.whole and one.low < 1e6
    small = one.is_number and one.distinct > 1 and one.high < 2
    return one.is_time or one.kind == "flag" or fraction or one.is_free_text or small


def _person(one: ColumnProfile) -> Fit:
    if _no_id(one) or one.moment in ("milliseconds", "microseconds"):
        return Fit(AGAINST, "its values are no ids")
    if one.distinct <= 2:
        return Fit(-0.3, "hardly any different values")
    return Fit(0.15, "ids") if one.unique <= _UNIQUE else Fit(0.05, "each id once")


def _time(one: ColumnProfile) -> Fit:
    if one.is_time:
        return Fit(0.2, "times") if one.moment != "yearless" else Fit(-0.1, "days without a year")
    if one.moment:
        return Fit(0.15, f"counts {one.moment}" if one.moment.endswith("s") else "days as 20261031")
    return Fit(AGAINST, "its values are no times")


def _number(one: ColumnProfile) -> Fit:
    if one.is_time or not one.is_number:
        return Fit(AGAINST, "its values are no numbers")
    if (
        one.whole
        and one.unique > _UNIQUE
        and one.distinct > 50
        and one.high - one.low < 3 * one.distinct
    ):
        return Fit(-0.3, "its numbers only count rows")
    if one.moment in ("seconds", "milliseconds", "microseconds"):
        return Fit(-0.3, "its numbers are times")
    return Fit(0.15, "numbers")


def _flag(one: ColumnProfile) -> Fit:
    if one.kind == "flag" or (one.distinct <= 2 and not one.is_free_text):
        return Fit(0.1, "yes or no")
    return Fit(AGAINST, "its values are not yes and no")


def _group(one: ColumnProfile) -> Fit:
    """A few words that rows are grouped by."""
    if one.is_time or (one.is_number and not one.whole):
        return Fit(AGAINST, "its values are no groups")
    if one.is_free_text and one.unique > 0.5:
        return Fit(-0.4, "its values are sentences")
    if one.distinct > 20 and one.unique > 0.5:
        return Fit(-0.35, "its values hardly repeat")
    return Fit(0.1, f"{one.distinct} different values")


def _among(kind: str) -> Callable[[ColumnProfile], Fit]:
    """Groups, some of which are known words."""

    def judge(one: ColumnProfile) -> Fit:
        plain = _group(one)
        if plain.weight <= 0:
            return plain
        share = one.share_in(value_words(kind))
        if share >= 0.3:
            return Fit(0.2, "known words: " + ", ".join(one.samples[:2]))
        if one.is_number:
            return Fit(-0.25, "its values are numbers")
        return Fit(0.05, plain.why)

    return judge


def _status(one: ColumnProfile) -> Fit:
    plain = _group(one)
    every = frozenset().union(*status_words().values())
    if plain.weight <= 0 or one.kind == "flag":
        return Fit(-0.4, plain.why or "yes or no")
    if one.share_in(every) >= 0.3:
        return Fit(0.2, "known statuses: " + ", ".join(one.samples[:2]))
    return Fit(-0.2 if one.is_number or one.distinct > 30 else 0.0, "no known status")


def _event(one: ColumnProfile) -> Fit:
    plain = _group(one)
    if plain.weight <= 0:
        return plain
    if one.share_in(value_words("event")) >= 0.2:
        return Fit(0.2, "known events: " + ", ".join(one.samples[:2]))
    return Fit(-0.05 if one.distinct > 300 else 0.05, plain.why)


def _variant(one: ColumnProfile) -> Fit:
    if not 2 <= one.distinct <= 12 or one.is_time:
        return Fit(AGAINST, f"{one.distinct} different values")
    if one.is_number and not one.whole:
        return Fit(AGAINST, "fractions")
    if one.share_in(value_words("variant")) >= 0.5:
        return Fit(0.2, "known arms: " + ", ".join(one.samples[:2]))
    return Fit(0.1, f"{one.distinct} different values")


def _score(one: ColumnProfile) -> Fit:
    if not one.is_number or one.is_time or one.low < 0 or one.high > 10:
        return Fit(AGAINST, "its values are no scores from 0 to 10")
    return Fit(0.2 if one.distinct > 2 else -0.1, f"numbers from {one.low:g} to {one.high:g}")


def _comment(one: ColumnProfile) -> Fit:
    if one.is_free_text:
        return Fit(0.2, "sentences")
    return Fit(
        -0.1 if one.kind == "text" and not one.moment else AGAINST, "its values are no sentences"
    )


def _currency(one: ColumnProfile) -> Fit:
    codes = all(re.fullmatch("[A-Za-z]{3}", value.strip()) for value in one.values)
    return (
        Fit(0.2, "codes of currencies") if codes else Fit(AGAINST, "its values are no currencies")
    )


def _kind(one: ColumnProfile) -> Fit:
    if one.share_in(value_words("kind")) >= 0.5:
        return Fit(0.2, "kinds of cost")
    return Fit(AGAINST, "its values are no kinds of cost")


def _survey(one: ColumnProfile) -> Fit:
    known = any(kind in words(value) for value in one.values[:20] for kind in ("nps", "csat"))
    return (
        Fit(0.2, "kinds of survey") if known else Fit(AGAINST, "its values are no kinds of survey")
    )


def _survey_or_cost(one: ColumnProfile) -> Fit:
    return max(_kind(one), _survey(one), key=lambda fit: fit.weight)


def _reference(one: ColumnProfile) -> Fit:
    """Ids of something that many rows belong to."""
    if one.is_time or (one.is_number and not one.whole) or one.kind == "flag":
        return Fit(AGAINST, "its values are no ids")
    if one.is_free_text and one.unique > 0.5:
        return Fit(-0.4, "its values are sentences")
    return (
        Fit(0.12, f"{one.distinct} different values")
        if one.unique < 0.9
        else Fit(-0.05, "each value once")
    )


def _title(one: ColumnProfile) -> Fit:
    if one.kind != "text" or one.moment or one.numeric > 0.5:
        return Fit(AGAINST, "its values are no titles")
    return Fit(0.15, "texts") if one.distinct > 2 else Fit(0.0)


_JUDGES: dict[str, Callable[[ColumnProfile], Fit]] = {
    "status": _status,
    "event": _event,
    "variant": _variant,
    "score": _score,
    "comment": _comment,
    "currency": _currency,
    "kind": _survey_or_cost,
    "channel": _among("channel"),
    "device": _among("device"),
    "priority": _among("priority"),
    "session_id": _reference,
    "campaign_id": _reference,
    "experiment_id": _reference,
    "title": _title,
}
