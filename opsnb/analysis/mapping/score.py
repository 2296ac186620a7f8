"""How likely a column of a table is one of a contract, and a table the contract's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from opsnb.analysis.mapping.evidence import fit_of
from opsnb.analysis.mapping.names import best_name, common_prefix, table_names, telling, words
from opsnb.analysis.mapping.profile import ColumnProfile, TableProfile
from opsnb.analysis.tables import CONTRACTS

__all__ = [
    "GUESSED",
    "WRITTEN",
    "Candidate",
    "Match",
    "Reading",
    "read_as",
    "read_table",
    "with_people",
]

WRITTEN = 0.7
"""From here on a column is written as it is."""

GUESSED = 0.45
"""From here on it is written as a guess; below, it is asked for."""

_NAME, _NAMELESS, _MOST_NAMELESS = 0.8, 0.15, 0.35
_MET, _UNMET = 0.15, 0.2
"""What ids are worth that another table has, too, and lose where only others of the table meet."""

_LETTERS = (
    "f",
    "t",
    "c",
    "s",
    "d",
    "n",
    "col",
    "fld",
    "dim",
    "fct",
    "src",
    "raw",
    "properties",
    "user",
)
"""Prefixes that warehouses put before their columns' names."""

_TITLED = 0.25
"""What a telling name of the table is worth."""


@dataclass(frozen=True)
class Match:
    """A column that may be one of the contract's, with a score from 0 to 1 and its reason."""

    column: ColumnProfile
    score: float
    why: str


@dataclass(frozen=True)
class Reading:
    """A table read as one of a contract.

    Attributes
    ----------
    columns : dict
        By column of the contract the match that was chosen; each source column once.
    others : dict
        The best matches of each contract column, whether chosen for another or not.
    """

    table: TableProfile
    contract: str
    score: float
    columns: Mapping[str, Match]
    others: Mapping[str, Sequence[Match]]


@dataclass(frozen=True)
class Candidate:
    """A table with its readings, the likeliest first; no reading holds where none is likely."""

    table: TableProfile
    readings: Sequence[Reading]

    @property
    def best(self) -> Reading | None:
        first = self.readings[0] if self.readings else None
        return first if first and first.score >= GUESSED else None


def read_table(table: TableProfile, people: Sequence[frozenset[str]] = ()) -> Candidate:
    """The table read as one of each contract; `people`: ids of persons in other tables."""
    found = [read_as(table, contract, people) for contract in CONTRACTS]
    return Candidate(table, sorted(found, key=lambda one: -one.score))


def read_as(table: TableProfile, contract: str, people: Sequence[frozenset[str]] = ()) -> Reading:
    """The table read as one of a contract."""
    every = _matches(table, contract, people)
    chosen = _each_once(every, contract)
    return Reading(table, contract, _table_score(table, contract, chosen), chosen, every)


def _matches(
    table: TableProfile, contract: str, people: Sequence[frozenset[str]]
) -> dict[str, list[Match]]:
    names = list(table.columns)
    own = words(table.name).split()
    prefixes = [p for p in (common_prefix(names), *_LETTERS) if p]
    prefixes += [w.removesuffix("s") for w in own] + own
    found = {}
    for column in CONTRACTS[contract].columns:
        matches = [_match(contract, column.name, one, prefixes) for one in table.columns.values()]
        if contract != "users" and column.name in CONTRACTS[contract].people:
            matches = _shared(matches, people)
        matches = [match for match in matches if match.score > 0]
        found[column.name] = sorted(matches, key=lambda one: -one.score)
    return found


def _match(
    contract: str,
    column: str,
    one: ColumnProfile,
    prefixes: Sequence[str],
) -> Match:
    name, fit = best_name(one.name, f"{contract}.{column}", prefixes), fit_of(contract, column, one)
    if not name.weight or (not name.sure and fit.weight <= 0):
        least = max(0.0, _NAMELESS + fit.weight)
        return Match(one, min(least, _MOST_NAMELESS), fit.why)
    score = _NAME * name.weight + fit.weight
    said = "" if name.synonym == words(one.name) else f' "{name.synonym}"'
    why = [f"{name.how}{said}", fit.why]
    return Match(one, float(np.clip(score, 0, 1)), "; ".join(filter(None, why)))


def _shared(matches: Sequence[Match], people: Sequence[frozenset[str]]) -> list[Match]:
    """Persons' ids that another table has, too, before those that none has."""
    named_so = {m.column.name for m in matches if m.score >= GUESSED}
    met = {
        m.column.name
        for m in matches
        if m.column.name in named_so and any(_meet(m.column.ids, ids) for ids in people)
    }
    if not met:
        return list(matches)
    return [
        replace(m, score=min(m.score + _MET, 1.0), why=f"{m.why}; another table has these ids")
        if m.column.name in met
        else replace(m, score=max(m.score - _UNMET, 0.0))
        for m in matches
    ]


def _meet(ids: frozenset[str], others: frozenset[str]) -> bool:
    """Whether ids are those of another table: of samples a part is enough."""
    least = min(len(ids), len(others))
    return least > 2 and len(ids & others) > 0.05 * least


def _each_once(every: Mapping[str, Sequence[Match]], contract: str) -> dict[str, Match]:
    """The choice with the highest sum of scores in which no source column serves twice."""
    wanted = list(every)
    offered = sorted({match.column.name for matches in every.values() for match in matches})
    if not offered:
        return {}
    place = {name: n for n, name in enumerate(offered)}
    worth = np.zeros((len(wanted), len(offered)))
    for row, column in enumerate(wanted):
        for match in every[column]:
            worth[row, place[match.column.name]] = _worth(match.score)
    rows, cells = linear_sum_assignment(worth, maximize=True)
    chosen = {}
    for row, cell in zip(rows, cells, strict=True):
        for match in every[wanted[row]]:
            if match.column.name == offered[cell]:
                chosen[wanted[row]] = match
    return chosen


def _worth(score: float) -> float:
    """A sure match is worth more than two that are mere guesses, and no name is worth little."""
    return score**2 if score > _MOST_NAMELESS else score / 100


def _table_score(table: TableProfile, contract: str, chosen: Mapping[str, Match]) -> float:
    score = {name: m.score if m.score >= GUESSED else 0.0 for name, m in chosen.items()}
    if not any(score.get(sign) for sign in telling("signs")[contract]):
        return 0.0
    if contract == "series":
        evidence = _series(table, score)
    else:
        weights = telling("weights")[contract]
        evidence = sum(w * score.get(c, 0) for c, w in weights.items()) / sum(weights.values())
    titled, doubt = _titled(table.name, contract), _doubt(contract, chosen, score)
    return float(np.clip(evidence + _TITLED * titled - doubt, 0, 1))


def _series(table: TableProfile, score: Mapping[str, float]) -> float:
    """Days beside numbers: one metric in its rows, or one in each column."""
    rest = [one for one in table.columns.values() if not one.moment and one.filled]
    numbers = [one for one in rest if one.is_number]
    if any(best_name(one.name, "orders.user_id").weight > GUESSED for one in rest):
        return 0.0  # its rows are somebody's
    if not numbers or any(
        one.kind == "text" and one.unique > 0.9 and one.distinct > 20 for one in rest
    ):
        return 0.0
    plain = len(numbers) / len(rest)
    said = max(score.get("metric", 0), score.get("unit", 0), score.get("value", 0))
    return 0.4 * score.get("date", 0) + 0.25 * plain + 0.2 * said - (0.03 * max(len(rest) - 4, 0))


def _titled(name: str, contract: str) -> float:
    """Whether a table's name says what it is: 1 as a whole, less in part."""
    plain, known = words(name), table_names()[contract]
    plain = " ".join(w for w in plain.split() if not w.isdigit()) or plain
    if plain in known:
        return 1.0
    tokens = plain.split()
    pairs = [" ".join(tokens[n : n + size]) for size in (2, 1) for n in range(len(tokens))]
    if any(part in known for part in pairs):
        whole = tokens[-1] in known or any(part in known and " " in part for part in pairs)
        return 0.7 if whole else 0.5
    return 0.5 if any(len(k) > 1 and k in plain for k in known if not k.isascii()) else 0.0


def _doubt(contract: str, chosen: Mapping[str, Match], score: Mapping[str, float]) -> float:
    """What speaks against a whole reading."""
    doubt = 0.0
    key = CONTRACTS[contract].key
    if contract in ("users", "tickets", "tasks") and (own := chosen.get(key[0])):
        doubt += 0.35 if own.column.unique < 0.9 else 0.0
    if contract in ("events", "orders", "tickets") and not score.get(
        CONTRACTS[contract].clock or ""
    ):
        doubt += 0.15
    if contract == "outcomes":
        doubt += 0.15
    if contract == "users" and (own := chosen.get("user_id")) and own.score < GUESSED:
        doubt += 0.3
    return doubt


def with_people(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates read anew in the light of persons' ids that several tables share."""
    people = {c.table.name: _people(c) for c in candidates}
    return [
        replace(c, readings=read_table(c.table, others).readings)
        if (others := [i for name, some in people.items() if name != c.table.name for i in some])
        else c
        for c in candidates
    ]


def _people(candidate: Candidate) -> list[frozenset[str]]:
    """Ids of a table that may be persons'."""
    best = candidate.best
    if best is None or not CONTRACTS[best.contract].people:
        return []
    return [m.column.ids for m in best.others["user_id"] if m.score >= GUESSED and m.column.ids]
