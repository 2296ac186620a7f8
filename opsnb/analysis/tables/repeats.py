"""Rows that stand twice: of one key, or the same in every column where a table has no key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir

from opsnb.analysis.tables import refund_rows
from opsnb.analysis.tables.contracts import Level
from opsnb.analysis.tables.gate_queries import HASH, one_row, with_hash
from opsnb.analysis.tables.identities import given
from opsnb.analysis.tables.samples import sample
from opsnb.analysis.tables.table_report import Issue
from opsnb.analysis.tables.typed_table import ALIAS, TypedTable, as_told
from opsnb.base.messages import Text

MANY = 0.01
"""Share of repeated rows from which a table without a key is warned of."""

TWICE = 0.5
"""The share of lines of orders."""

_COUNTED = 200_000
"""Rows up to which they are counted one by one; of larger tables one row in `_ONE_IN` is."""

_ONE_IN = 64
"""By the hash of the row, so that all rows that are the same are looked at, or none."""

IDENTICAL, SAME_KEY = "identical_rows", "repeated_key"


def measures(table: TypedTable, rows: ir.Table, kept: ir.BooleanValue) -> dict[str, ir.Value]:
    """What the gate's one query counts for them."""
    if table.key:
        own = kept & ~refund_rows.negative(table, rows)
        return {"keys": _key(table, rows).nunique(where=own)}
    if table.source.dialect != "duckdb":
        return {}
    looked_at = kept & (rows[HASH] % _ONE_IN == 0)
    return {"looked_at": looked_at.sum(), "different": rows[HASH].nunique(where=looked_at)}


def issues(table: TypedTable, found: Mapping[str, Any]) -> dict[str, Issue]:
    """What the gate says of them, by rule; one more query where there are some."""
    rows = found["rows"] - found["out"]
    if not rows:
        return {}
    if table.key:
        return _of_key(table, found, rows)
    issue = _without_key(table, found, rows)
    return {issue.rule: issue} if issue is not None else {}


def _key(table: TypedTable, rows: ir.Table) -> ir.Value:
    if len(table.key) == 1 and ALIAS not in rows.columns:
        return as_told(rows, table.key[0])
    own = _own_key(table, rows)
    parts = [value.cast("string").fill_null("") for value in own.values()]
    if len(parts) == 1:
        return own[table.key[0]]
    return ibis.literal("\x1f").join(parts)


def _own_key(table: TypedTable, rows: ir.Table) -> dict[str, ir.Value]:
    """The columns of the key as the team's own table has them: accounts merged are no repeat."""
    return {name: given(rows, name, table.contract.people) for name in table.key}


def _of_key(table: TypedTable, found: Mapping[str, Any], rows: int) -> dict[str, Issue]:
    """Identical rows are left out but one, others of the same key are an issue.

    A refund's row may carry the id of the order that it gives back.
    """
    merged = table.name == "assignments" and ALIAS in table.typed.columns
    if rows - found.get("negative", 0) <= found["keys"]:
        return _two_variants(table) if merged else {}
    distinct = table.sound.distinct()
    own = distinct.count(where=~refund_rows.negative(table, distinct))
    different = one_row(table, distinct.aggregate(rows=distinct.count(), own=own))
    counts: dict[str, tuple[int, Level]] = {
        IDENTICAL: (rows - different["rows"], "warn"),
        SAME_KEY: (different["own"] - found["keys"], table.contract.repeats),
    }
    own_rows = table.sound.filter(~refund_rows.negative(table, table.sound))
    groups = own_rows.group_by(**_own_key(table, own_rows))
    times = groups.aggregate(times=lambda t: t.count())
    rows_shown, _ = sample(table, times.filter(times.times > 1), [*table.key, "times"])
    said = {}
    for rule, (count, level) in counts.items():
        if count:
            args = {"count": count, "share": count / found["rows"], "key": table.key}
            text = Text(f"data.rule.{rule}", args)
            said[rule] = Issue(rule, level, count, text, ", ".join(table.key), rows_shown)
    if merged or (SAME_KEY in said and table.name == "assignments"):
        said |= _two_variants(table)
    return said


def _two_variants(table: TypedTable) -> dict[str, Issue]:
    """Users who stand in more than one arm of one experiment, by experiment."""
    rows = table.sound
    if "variant" not in rows.columns:
        return {}
    users = rows.group_by(["experiment_id", "user_id"]).agg(arms=rows.variant.nunique())
    torn = users.filter(users.arms > 1).group_by("experiment_id").agg(n=lambda t: t.count())
    counts = {
        str(row["experiment_id"]): int(row["n"])
        for row in table.source.backend.to_pyarrow(torn).to_pylist()
    }
    if not counts:
        return {}
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    listed = [
        Text.of("data.rule.of_experiment", experiment=name, count=n) for name, n in ranked[:5]
    ]
    count, rule = sum(counts.values()), "two_variants"
    text = Text.of(f"data.rule.{rule}", count=count, listed=listed)
    return {rule: Issue(rule, "warn", count, text, "variant")}


def _without_key(table: TypedTable, found: Mapping[str, Any], rows: int) -> Issue | None:
    """Rows that repeat another; all of them are counted, since nothing says that they must not."""
    exact = rows <= _COUNTED
    if exact:
        count = rows - _different(table)
    elif "different" in found:
        count = (found["looked_at"] - found["different"]) * _ONE_IN
    else:
        args = {"rows": rows, "limit": _COUNTED}
        return Issue("repeats_unseen", "note", 0, Text("data.rule.repeats_unseen", args))
    if not count:
        return None
    # Lines of an order are alike where two of a thing were bought; twice a file, they all are.
    limit = TWICE if table.config.grain == "line" else MANY
    level: Level = "warn" if count >= limit * rows and not _by_the_day(table, found) else "note"
    rule = "repeated_rows" if exact else "repeated_rows_about"
    text = Text.of(f"data.rule.{rule}", count=count, share=count / rows)
    return Issue("repeated_rows", level, count, text)


def _different(table: TypedTable) -> int:
    """How many different rows there are; by their numbers, of which two never meet by chance."""
    rows = with_hash(table, table.sound)
    if HASH in rows.columns:
        return int(one_row(table, rows.aggregate(different=rows[HASH].nunique()))["different"])
    distinct = rows.distinct()
    return int(one_row(table, distinct.aggregate(different=distinct.count()))["different"])


def _by_the_day(table: TypedTable, found: Mapping[str, Any]) -> bool:
    """Whether times carry no time of day, so that what happened twice a day looks the same."""
    ends = [found.get("first"), found.get("last")]
    return table.contract.moment is not None and all(
        isinstance(end, dt.datetime) and end.time() == dt.time() for end in ends
    )
