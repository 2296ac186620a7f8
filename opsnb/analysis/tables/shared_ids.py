"""Whether the ids of one table are those of another: else what joins the two says nothing.

Which columns should hold the same ids stands in the contracts (`refers`). All tables whose ids
belong together are asked in one query; of large ones some blocks of rows, or a sample of the ids,
tell whether they meet. That they do not meet is said of all ids alone.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from opsnb.analysis.tables.contract import Level
from opsnb.analysis.tables.gate_queries import hash_of
from opsnb.analysis.tables.table import Table
from opsnb.analysis.tables.table_report import Issue, TableReport
from opsnb.base.messages import Text

HARDLY = 0.05
"""Share of the fewer ids below which two tables hardly meet."""

FEW = {"block": 10, "warn": 3}
"""Different ids on either side below which nothing is said, by what is at stake."""

_SOME = 100_000
"""Rows of each table that are looked at first: of others one id in so many, by its hash."""

_ONE_IN = 64
"""Then one id in so many of every table, large ones too: the same ids in each."""

_LONGEST = 40
_ENOUGH, _CLEAR = 100, 0.2
"""Ids that a sample must hold on both sides, or the share that a few are enough for; else all
ids are looked at."""


@dataclass(frozen=True)
class Place:
    """A column of ids of an opened table."""

    table: Table
    column: str

    @property
    def name(self) -> str:
        return f"{self.table.name}.{self.column}"

    @property
    def is_person(self) -> bool:
        return self.column in self.table.contract.people


@dataclass(frozen=True)
class Pair:
    """Two columns that should hold the same ids, and what it is worth when they do not."""

    here: Place
    there: Place
    level: Level


@dataclass(frozen=True)
class Overlap:
    """How many different ids there are here, there and in both; some of those only here, there."""

    here: int
    there: int
    both: int
    only_here: tuple[str, ...]
    only_there: tuple[str, ...]

    @property
    def fewer(self) -> int:
        return min(self.here, self.there)

    @property
    def share(self) -> float:
        """Of the fewer ids, those found among the others."""
        return self.both / self.fewer if self.fewer else 1.0


_Sample = Callable[[Place], ir.Table]
"""The column `id` with the ids of a place that are looked at."""

Found = Mapping[int, tuple[int, tuple[str, ...]]]
"""By the sum of the places that hold them (1, 2, 4, ...): how many ids, and two of them."""


def with_shared_ids(
    reports: Iterable[TableReport], tables: Mapping[str, Table], beside: Iterable[TableReport]
) -> list[TableReport]:
    """Reports with what is to be said of ids that do not meet those of other tables.

    Parameters
    ----------
    reports : iterable of TableReport
        Of tables that were just inspected: one of them is in each pair that is looked at.
    tables : mapping
        The opened tables, by name; of all reports.
    beside : iterable of TableReport
        Of tables inspected before.
    """
    new = {report.table: report for report in reports}
    all_ = {report.table: report for report in beside} | new
    pairs = [
        pair
        for pair in _pairs([tables[name] for name, report in all_.items() if report.rows])
        if pair.here.table.name in new or pair.there.table.name in new
    ]
    for pair, issue in _issues(pairs, all_):
        name = pair.here.table.name if pair.here.table.name in new else pair.there.table.name
        new[name] = new[name].plus(issue)
    return list(new.values())


def _pairs(tables: Sequence[Table]) -> list[Pair]:
    """The columns that should hold the same ids, of tables that have them."""
    by_name = {table.name: table for table in tables}
    found = []
    for table in tables:
        for column, others in table.contract.refers.items():
            for other, level in others.items():
                name, _, there = other.partition(".")
                if table.has(column) and name in by_name and by_name[name].has(there):
                    found.append(Pair(Place(table, column), Place(by_name[name], there), level))
    return found


def _issues(
    pairs: Sequence[Pair], reports: Mapping[str, TableReport]
) -> Iterator[tuple[Pair, Issue]]:
    for pair in pairs:
        if pair.here.table.source.backend is not pair.there.table.source.backend:
            args = {"column": pair.here.name, "other": pair.there.name}
            text = Text("data.rule.ids_unchecked", args)
            yield pair, Issue("ids_unchecked", "note", 0, text, pair.here.column)
    for group in _together(pairs):
        overlaps = _overlaps(group, reports)
        for pair in group:
            issue = _judged(pair, overlaps[pair], reports)
            if issue is not None:
                yield pair, issue


def _together(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Pairs of one engine in groups, each of which one query answers: ids of the same things."""
    groups: list[list[Pair]] = []
    for pair in pairs:
        if pair.here.table.source.backend is not pair.there.table.source.backend:
            continue
        ends = {pair.here.name, pair.there.name}
        joined = [g for g in groups if ends & {e.name for p in g for e in (p.here, p.there)}]
        groups = [g for g in groups if g not in joined]
        groups.append([*(one for group in joined for one in group), pair])
    return groups


def _overlaps(group: Sequence[Pair], reports: Mapping[str, TableReport]) -> dict[Pair, Overlap]:
    """What the pairs of a group have in common; by a sample where that is telling enough."""
    places = list({end.name: end for pair in group for end in (pair.here, pair.there)}.values())
    bits = {place.name: 1 << n for n, place in enumerate(places)}
    rows = {place.name: reports[place.table.name].rows for place in places}
    samples: list[_Sample] = [_all_ids]
    if any(place.table.is_large for place in places):
        samples = [_first_look(places, rows), functools.partial(_by_hash, _ONE_IN), _all_ids]
    for sample in samples:
        found = _found(places, bits, sample)
        overlaps = {pair: _overlap(pair, bits, found) for pair in group}
        if sample is _all_ids or all(_is_settled(pair.level, overlaps[pair]) for pair in group):
            break
    return overlaps


def _all_ids(place: Place) -> ir.Table:
    return _ids(place, place.table.expr)


def _by_hash(one_in: int, place: Place) -> ir.Table:
    return _one_in(one_in, _all_ids(place))


def _first_look(places: Sequence[Place], rows: Mapping[str, int]) -> _Sample:
    """Some blocks of large tables; in all, one id in so many that none has many to compare."""
    small = (rows[place.name] for place in places if not place.table.is_large)
    one_in = max((count // _SOME for count in small), default=1)

    def sample(place: Place) -> ir.Table:
        return _one_in(one_in, _ids(place, place.table.part(_SOME)))

    return sample


def _ids(place: Place, rows: ir.Table) -> ir.Table:
    return rows.filter(rows[place.column].notnull()).select(id=rows[place.column])


def _one_in(count: int, held: ir.Table) -> ir.Table:
    return held.filter(hash_of(held.id) % count == 0) if count > 1 else held


def _is_settled(level: Level, sampled: Overlap) -> bool:
    """Whether a sample of the ids shows that a pair meets."""
    if level != "block":
        return sampled.both > 0
    clear = sampled.share >= _CLEAR and sampled.fewer >= FEW[level]
    return clear or (sampled.share >= HARDLY and sampled.fewer >= _ENOUGH)


def _found(places: Sequence[Place], bits: Mapping[str, int], sample: _Sample) -> Found:
    """Different ids by where they stand: one query over a column of each table."""
    parts = [
        sample(place).distinct().mutate(place=ibis.literal(bits[place.name], "int64"))
        for place in places
    ]
    every: ir.Table = ibis.union(*parts) if len(parts) > 1 else parts[0]
    where = every.group_by("id").agg(places=every.place.sum())
    counts = where.group_by("places").agg(
        n=where.count(), lowest=where.id.min(), highest=where.id.max()
    )
    answer = places[0].table.source.backend.to_pyarrow(counts).to_pylist()
    return {
        int(row["places"]): (int(row["n"]), tuple(dict.fromkeys((row["lowest"], row["highest"]))))
        for row in answer
    }


def _overlap(pair: Pair, bits: Mapping[str, int], found: Found) -> Overlap:
    here, there = bits[pair.here.name], bits[pair.there.name]

    def count(*held: int) -> int:
        return sum(n for places, (n, _) in found.items() if all(places & bit for bit in held))

    def only(held: int, lacking: int) -> tuple[str, ...]:
        ids = [one for places, (_, ids) in found.items() if places & held and not places & lacking
               for one in ids]  # fmt: skip
        return tuple(sorted(ids))[:2]

    return Overlap(
        count(here), count(there), count(here, there), only(here, there), only(there, here)
    )


def _judged(pair: Pair, overlap: Overlap, reports: Mapping[str, TableReport]) -> Issue | None:
    """What is to be said of a pair: nothing where its ids meet, or could not have met."""
    here, there = reports[pair.here.table.name], reports[pair.there.table.name]
    if overlap.fewer < FEW[pair.level] or not _could_meet(here, there):
        return None
    level: Level = pair.level
    if overlap.both:
        if pair.level != "block" or overlap.share >= HARDLY or _begins_later(there, here):
            return None
        level = "warn"
    elif _begins_later(there, here) and pair.there.table.name == "users":
        level = "warn"  # the new users only, say: none of them need have ordered
    args = {
        "column": pair.here.name,
        "other": pair.there.name,
        "here": overlap.here,
        "there": overlap.there,
        "both": overlap.both,
        "share": overlap.share,
        "examples": _shown(pair.here, overlap.only_here),
        "others": _shown(pair.there, overlap.only_there),
    }
    rule = "ids_hardly_meet" if overlap.both else "ids_apart"
    return Issue(
        rule, level, overlap.here - overlap.both, Text(f"data.rule.{rule}", args), pair.here.column
    )


def _could_meet(here: TableReport, there: TableReport) -> bool:
    """Whether the two were recorded in times that overlap, as far as their rows have dates."""
    if None in (here.first, here.last, there.first, there.last):
        return True
    if "users" in (here.table, there.table):  # who registered long ago may order today
        users, others = (here, there) if here.table == "users" else (there, here)
        return _day(users.first) <= _day(others.last)
    return _day(here.first) <= _day(there.last) and _day(there.first) <= _day(here.last)


def _begins_later(one: TableReport, other: TableReport) -> bool:
    """Whether a table was recorded from a later day on than another."""
    if one.first is None or other.first is None:
        return False
    return _day(one.first) > _day(other.first)


def _day(moment: dt.datetime | dt.date | None) -> dt.date:
    assert moment is not None
    return moment.date() if isinstance(moment, dt.datetime) else moment


def _shown(place: Place, ids: Iterable[str]) -> list[str]:
    """Ids as they may be shown: of a person, the first sign and the kinds of the others."""
    shown = (_shape(one) if place.is_person else one[:_LONGEST] for one in ids)
    return list(dict.fromkeys(shown))


def _shape(id_: str) -> str:
    kinds = ("9" if sign.isdigit() else "a" if sign.isalpha() else sign for sign in id_[1:_LONGEST])
    return id_[:1] + "".join(kinds)
