"""One person, one id: the table `aliases` put through every table of people where it is opened.

An alias (a cookie, a device, an account that was merged) stands for a person's id, which may be
an alias in turn. One that stands for several people, and those that go round in a circle, are
left as they are and counted: nobody knows whose they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import ibis
import ibis.expr.types as ir

from opsnb.analysis.tables.engine_copies import beside, kept
from opsnb.analysis.tables.gate_queries import one_row
from opsnb.analysis.tables.samples import sample
from opsnb.analysis.tables.table_report import Issue
from opsnb.analysis.tables.typed_table import ALIAS, MARK, WHOLE, TypedTable
from opsnb.base.messages import Text

ALIASES = "aliases"

_known: WeakKeyDictionary[TypedTable, Identities] = WeakKeyDictionary()


@dataclass(frozen=True)
class Identities:
    """Whom aliases stand for.

    Attributes
    ----------
    people : ir.Table
        alias and person, one row an alias, followed to the end.
    torn : ir.Table
        alias and user_id of those that stand for several people.
    circular : ir.Table
        alias of those that come round to themselves, or to others that do.
    """

    people: ir.Table
    torn: ir.Table
    circular: ir.Table


def identities(aliases: TypedTable) -> Identities:
    """What the table of aliases comes to; worked out once, in its engine."""
    if aliases not in _known:
        _known[aliases] = _settled(aliases)
    return _known[aliases]


def _settled(aliases: TypedTable) -> Identities:
    rows = aliases.sound
    pairs = kept(rows.filter(rows["alias"] != rows.user_id).select("alias", "user_id").distinct())
    ends, settled = pairs, 0
    while True:
        counted = ends.group_by("alias").agg(person=ends.user_id.min(), _other=ends.user_id.max())
        links = kept(counted.filter(counted.person == counted._other).drop("_other"))
        count, both = _count(links), _count(counted)
        people = _followed(links, count)
        if count in (both, settled):
            break
        # Those that stand for several ids may find that all of them are one person's.
        settled = count
        known = people.select(_alias="alias", _person="person")
        ends = pairs.left_join(known, pairs.user_id == known._alias).select(
            "alias", user_id=ibis.coalesce(known._person, pairs.user_id)
        )
        ends = ends.filter(ends["alias"] != ends.user_id)
    others = links.select(_alias="alias")
    circular = kept(people.semi_join(others, people.person == others._alias).select("alias"))
    torn = pairs.anti_join(links, "alias")
    return Identities(kept(people.anti_join(circular, "alias")), torn, circular)


def _followed(links: ir.Table, count: int) -> ir.Table:
    """Each alias with the end of its chain; each pass doubles how far chains are followed."""
    for _ in range(math.ceil(math.log2(count + 1)) + 1):
        onward = links.select(_alias="alias", _person="person")
        if not _count(links.semi_join(onward, links.person == onward._alias)):
            return links
        links = kept(
            links.left_join(onward, links.person == onward._alias).select(
                "alias", person=ibis.coalesce(onward._person, links.person)
            )
        )
    return links


def _count(rows: ir.Table) -> int:
    return int(rows.count().execute())


# -- applied -----------------------------------------------------------------------------------


def with_people(table: TypedTable, aliases: TypedTable) -> ir.Table:
    """All rows of a table with people in the place of aliases."""
    rows = table.typed
    people = beside(table, aliases, identities(aliases).people)
    for number, column in enumerate(c for c in table.contract.people if c in rows.columns):
        found = people.select(
            **{f"{MARK}from_{number}": people["alias"], f"{MARK}to_{number}": people.person}
        )
        rows = rows.left_join(found, rows[column] == found[f"{MARK}from_{number}"])
        person = ibis.coalesce(rows[f"{MARK}to_{number}"], rows[column])
        first = {ALIAS: rows[f"{MARK}from_{number}"]} if column == table.contract.people[0] else {}
        rows = rows.mutate(**{column: person}, **first)
        as_numbers = [name for name in (f"{WHOLE}{column}",) if name in rows.columns]
        rows = rows.drop(f"{MARK}from_{number}", f"{MARK}to_{number}", *as_numbers)
    return rows


def one_row_each(table: TypedTable, rows: ir.Table) -> tuple[ir.Table, ir.Table]:
    """The rows of people, and those of accounts that were merged into another.

    Of tables with a row a person: the person's own row stays, else the earliest. Rows that no
    alias is about stay as they are.
    """
    who, clock = table.contract.people[0], table.contract.clock
    since = [rows[clock].isnull(), rows[clock]] if clock in rows.columns else []
    order = [rows[ALIAS].notnull(), *since, rows[ALIAS]]
    rank = ibis.row_number().over(ibis.window(group_by=who, order_by=order))
    ranked = rows.mutate(**{f"{MARK}rank": rank})
    first = ranked[ALIAS].isnull() | (ranked[f"{MARK}rank"] == 0)
    return tuple(ranked.filter(which).drop(f"{MARK}rank") for which in (first, ~first))


def given(rows: ir.Table, name: str, people: tuple[str, ...]) -> ir.Value:
    """A column as the row came with it: keys are those of the team's own ids."""
    if ALIAS in rows.columns and people[:1] == (name,):
        return ibis.coalesce(rows[ALIAS], rows[name])
    return rows[name]


# -- what the gate says ------------------------------------------------------------------------


def measures(table: TypedTable, rows: ir.Table, kept_: ir.BooleanValue) -> dict[str, ir.Value]:
    """What the gate's one query counts; nothing where no alias is mapped."""
    if ALIAS not in rows.columns:
        return {}
    who = table.contract.people[0]
    mapped = rows[ALIAS].notnull()
    return {
        "ids": given(rows, who, table.contract.people).nunique(),
        "mapped": rows[ALIAS].nunique(),
        "people": rows[who].nunique(where=mapped),
    }


def issues(table: TypedTable, found: Mapping[str, Any]) -> Iterator[Issue]:
    """How many ids were put to people; of the aliases themselves, those left apart."""
    if found.get("mapped") or ("mapped" in found and table.name != "users"):
        args = {name: found[name] for name in ("ids", "mapped", "people")}
        args |= {"column": table.contract.people[0], "share": found["mapped"] / (found["ids"] or 1)}
        yield Issue("ids_mapped", "note", found["mapped"], Text("data.rule.ids_mapped", args))
    if table.merged is not None:
        count = one_row(table, table.merged.aggregate(n=table.merged.count()))["n"]
        if count:
            text = Text.of("data.rule.accounts_merged", count=count)
            yield Issue("accounts_merged", "note", count, text, table.contract.people[0])
    if table.name != ALIASES or not found["rows"]:
        return
    known = identities(table)
    for rule, rows, names in (
        ("alias_of_several", known.torn, ["alias", "user_id"]),
        ("alias_in_circle", known.circular, ["alias"]),
    ):
        count = one_row(table, rows.aggregate(n=rows["alias"].nunique()))["n"]
        if count:
            text = Text.of(f"data.rule.{rule}", count=count)
            shown, _ = sample(table, rows.order_by(names), names)
            yield Issue(rule, "warn", count, text, "alias", shown)
