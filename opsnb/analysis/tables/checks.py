"""The data gate: one generated aggregate query a table, then a sample for each failed rule."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import ibis.expr.types as ir

from opsnb.analysis.tables import (
    currencies,
    exchange,
    exclusions,
    identities,
    long_ids,
    null_words,
    numeric_times,
    refund_rows,
    repeats,
    sla,
    trimmed_ids,
)
from opsnb.analysis.tables.contracts import Level
from opsnb.analysis.tables.gate_queries import HASH, one_row, own_columns, with_hash
from opsnb.analysis.tables.own_tables import contract_from
from opsnb.analysis.tables.probes import Probe, probes, with_team_checks
from opsnb.analysis.tables.samples import sample, values
from opsnb.analysis.tables.table_report import LEVELS, Issue, TableReport
from opsnb.analysis.tables.typed_table import MARK, MENDED, TypedTable, as_told
from opsnb.base.messages import Text
from opsnb.base.personal_data import without_personal

SERIOUS = 0.05
"""Share of rows from which leaving them out blocks the table instead of warning."""

_STALE_DAYS = 2

_SUBJECTS = (
    refund_rows, currencies, identities, sla, trimmed_ids, null_words, numeric_times, long_ids,
)  # fmt: skip
"""What each counts in the table's one query, and what it then says."""

OF_VALUES = (
    "misfit", "misfit_out", "other_form", "unknown_value", "word_for_nothing", "padded_id",
    "below", "above", "future",
)  # fmt: skip
"""Rules that a value of one column breaks: the values are listed."""


def inspect(table: TypedTable) -> TableReport:
    """Everything the gate says of a table."""
    rows = with_hash(table, with_team_checks(table))
    asked = list(probes(table, rows))
    found = one_row(table, rows.aggregate(**_measures(table, rows, asked)))
    twice = repeats.issues(table, found)
    issues = [
        *_whole(table, found),
        *_unreadable(table, found["rows"]),
        *(_issue(table, rows, probe, found) for probe in asked if found[probe.key]),
        *twice.values(),
        *(issue for subject in _SUBJECTS for issue in subject.issues(table, found)),
        *exchange.issues(table),
        *exclusions.issues(table),
    ]
    identical = twice[repeats.IDENTICAL].count if repeats.IDENTICAL in twice else 0
    known = {column.name for column in table.contract.columns} | set(table.contract.dates)
    return TableReport(
        table=table.name,
        rows=found["rows"],
        quarantined=found["out"] + identical,
        identical=identical,
        first=_time(found.get("first")),
        last=_time(found.get("last")),
        as_of=table.as_of,
        nulls=_nulls(table, found),
        fingerprint=_fingerprint(table, found),
        issues=tuple(sorted(issues, key=lambda issue: -LEVELS.index(issue.level))),
        tidy=frozenset(name for name in table.texts if found.get(f"{MENDED}{name}") == 0),
        total_amount=found.get("total"),
        extra=tuple(name for name in table.columns if name not in known),
    )


# -- what is asked ---------------------------------------------------------------------


def _measures(table: TypedTable, rows: ir.Table, asked: list[Probe]) -> dict[str, ir.Value]:
    """The columns of the one aggregate query."""
    kept = ~rows[f"{MARK}out"]
    measures: dict[str, ir.Value] = {"rows": rows.count(), "out": rows[f"{MARK}out"].sum()}
    measures |= {probe.key: probe.broken.sum() for probe in asked}
    # Counts of what is there cost a fraction of sums of what is not; dates follow their times.
    measures |= {f"there__{n}": as_told(rows, n).count() for n in own_columns(table)}
    clock = table.contract.clock
    if clock in table.columns:
        measures |= {"first": rows[clock].min(where=kept), "last": rows[clock].max(where=kept)}
    if table.contract.total is not None:
        measures["total"] = rows[table.contract.total].sum()
    for subject in (repeats, *_SUBJECTS):
        measures |= subject.measures(table, rows, kept)
    return measures | _prints(table, rows)


def _prints(table: TypedTable, rows: ir.Table) -> dict[str, ir.Value]:
    """What the fingerprint is made of: a hash of every row, or sums where there is none."""
    if table.source.dialect == "duckdb":
        return {"print": (rows[HASH] % 2147483647).cast("int64").sum()}
    values = {name: rows[name] for name in own_columns(table)}
    return {
        f"print__{name}": value.sum() if value.type().is_numeric() else value.nunique()
        for name, value in values.items()
    }


def _nulls(table: TypedTable, found: dict[str, Any]) -> dict[str, int]:
    """Empty values by column, where there are some; a local date is empty where its time is."""
    own = own_columns(table)
    sources = {name: name if name in own else table.contract.dates[name] for name in table.columns}
    missing = {name: found["rows"] - found[f"there__{source}"] for name, source in sources.items()}
    return {name: count for name, count in missing.items() if count}


# -- what is said ----------------------------------------------------------------------


def _whole(table: TypedTable, found: dict[str, Any]) -> Iterator[Issue]:
    """Issues of the table as a whole."""
    if found["rows"] == 0:
        yield Issue("no_rows", "block", 0, Text.of("data.rule.no_rows", table=table.name))
        return
    share = found["out"] / found["rows"]
    if share > SERIOUS:
        args = {"count": found["out"], "share": share, "limit": SERIOUS}
        yield Issue("much_left_out", "block", found["out"], Text("data.rule.much_left_out", args))
    if (last := _time(found.get("last"))) is not None:
        day = last.date() if isinstance(last, dt.datetime) else last
        age = (table.as_of - day).days
        if age > _STALE_DAYS:
            args = {"last": day, "days": age, "as_of": table.as_of}
            yield Issue("old", "note", age, Text("data.rule.old", args), table.contract.clock)


def _unreadable(table: TypedTable, rows: int) -> Iterator[Issue]:
    """Lines of text files that became no rows, and what is to be known of the files."""
    for name, remarks in table.source.remarks.items():
        for remark in remarks if _reads(table, name) else ():
            args = {"count": remark.count, "file": name, **remark.args}
            text = Text(f"data.rule.{remark.rule}", args)
            yield Issue(remark.rule, remark.level, remark.count, text, None, remark.sample)
    for name, lines in table.source.rejected.items():
        if _reads(table, name):
            count = lines.rows + lines.lost
            level: Level = "block" if count > SERIOUS * (rows + count) else "warn"
            args = {"count": count, "rows": lines.rows, "lost": lines.lost, "file": name}
            key = "data.rule.lost_lines" if lines.lost else "data.rule.unreadable_lines"
            sample = tuple({"line": without_personal(line)} for line in lines.sample)
            yield Issue("unreadable_lines", level, count, Text(key, args), None, sample)


def _reads(table: TypedTable, name: str) -> bool:
    """Whether a table comes from a table of its source, by its mapping."""
    sql = table.config.sql
    return name == table.config.table or (sql is not None and name in sql)


def _issue(table: TypedTable, rows: ir.Table, probe: Probe, found: dict[str, Any]) -> Issue:
    count = found[probe.key]
    args = {
        "count": count,
        "share": count / found["rows"],
        "column": probe.column or "",
        "as_of": table.as_of,
        "label": probe.label or "",
    }
    if probe.column in {column.name for column in table.contract.columns}:
        column = table.contract[probe.column]
        args |= {
            "type": Text.of(f"data.type.{column.type}"),
            "low": column.low,
            "high": column.high,
            "allowed": list(column.allowed),
            "default": column.default or "",
        }
    key = "data.rule.team" if probe.label is not None else f"data.rule.{probe.rule}"
    whose = table.contract.people[:1]
    names = [
        *contract_from(table.config).key, *whose, probe.column, *probe.show, table.contract.clock
    ]  # fmt: skip
    shown = [name for name in names if name is not None]
    broken = rows.filter(probe.broken)
    rows_shown, places = sample(table, broken, shown)
    counted: tuple[tuple[str, int], ...] = ()
    if probe.column is not None and probe.rule in OF_VALUES:
        counted = values(table, broken, probe.column)
    args["words"] = [value for value, _ in counted]
    text = Text(key, args)
    return Issue(probe.rule, probe.level, count, text, probe.column, rows_shown, places, counted)


def _fingerprint(table: TypedTable, found: dict[str, Any]) -> str:
    """16 hex digits that change with the rows, the columns and their types."""
    content = [
        table.name,
        [(name, str(table.typed[name].type())) for name in table.columns],
        {k: str(v) for k, v in found.items() if k in ("rows", "first", "last") or "print" in k},
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _time(value: Any) -> dt.datetime | dt.date | None:
    time: dt.datetime | dt.date | None = (
        value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    )
    return time
