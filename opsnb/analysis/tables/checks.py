"""The data gate: one generated aggregate query a table, then a sample for each failed rule."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.datatypes as dtypes
import ibis.expr.types as ir

from opsnb.analysis.sources.base import first_line
from opsnb.analysis.tables.contracts import CONTRACTS, Level
from opsnb.analysis.tables.table_report import LEVELS, Issue, TableReport
from opsnb.analysis.tables.typed_table import MARK, TypedTable
from opsnb.base.errors import SourceError, TableError
from opsnb.base.messages import Text
from opsnb.base.personal_data import without_personal

SERIOUS = 0.05
"""Share of rows from which leaving them out blocks the table instead of warning."""

_SAMPLE = 5
_SHOWN = 60
_STALE_DAYS = 2


@dataclass(frozen=True)
class _Probe:
    """A condition on rows, and what it is worth where it holds."""

    rule: str
    level: Level
    broken: ir.BooleanValue
    column: str | None = None
    show: tuple[str, ...] = ()
    label: Any = None

    @property
    def key(self) -> str:
        return f"{self.rule}__{self.column or ''}"


def inspect(table: TypedTable) -> TableReport:
    """Everything the gate says of a table."""
    rows = _with_team_checks(table)
    probes = list(_probes(table, rows))
    found = _one_row(table, rows.aggregate(**_measures(table, rows, probes)))
    repeats = _repeats(table, found)
    issues = [
        *_whole(table, found),
        *_unreadable(table, found["rows"]),
        *(_issue(table, rows, probe, found) for probe in probes if found[probe.key]),
        *repeats.values(),
    ]
    identical = repeats["identical_rows"].count if "identical_rows" in repeats else 0
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
        total_amount=found.get("total"),
        extra=tuple(name for name in table.columns if name not in known),
    )


# -- what is asked ---------------------------------------------------------------------


def _with_team_checks(table: TypedTable) -> ir.Table:
    """All typed rows, with a helper column for each of the team's own checks."""
    checks = table.config.checks
    if not checks:
        return table.typed
    name = f"{MARK}{table.name}"

    def flagged(conditions: list[tuple[str, str]]) -> ir.Table:
        flags = ", ".join(
            f'CAST(coalesce(({where}), false) AS boolean) AS "{MARK}team_{id}"'
            for id, where in conditions
        )
        query = f"SELECT *, {flags} FROM {name}"
        return table.typed.alias(name).sql(query, dialect="duckdb")

    conditions = [(check.id, check.where) for check in checks]
    try:
        return flagged(conditions)
    except Exception:  # find out which one
        for condition in conditions:
            try:
                flagged([condition])
            except Exception as error:
                raise TableError(
                    f"the condition cannot be read ({first_line(error)})",
                    where=f"tables.{table.name}.checks: {condition[0]}",
                    hint=f"where is DuckDB SQL over the columns {', '.join(table.columns)}",
                ) from error
        raise


def _probes(table: TypedTable, rows: ir.Table) -> Iterator[_Probe]:
    """Every condition the table is asked for."""
    kept = ~rows[f"{MARK}out"]
    waiting = f"{MARK}waiting"
    due = ~rows[waiting] if waiting in rows.columns else True
    for column in table.contract.columns:
        name = column.name
        if name not in table.columns:
            continue
        misfit = f"{MARK}misfit_{name}"
        fits = ~rows[misfit] if misfit in rows.columns else True
        if misfit in rows.columns:
            rule = "misfit_out" if column.empty == "out" else "misfit"
            yield _Probe(rule, "warn", rows[misfit], name)
        if column.empty == "out":
            missing = rows[name].isnull() & fits & (due if table.contract.awaits(name) else True)
            yield _Probe("empty_out", "warn", missing, name)
        elif column.empty is not None:
            yield _Probe("empty", column.empty, kept & rows[name].isnull() & fits, name)
        if f"{MARK}default_{name}" in rows.columns:
            yield _Probe("default", "note", kept & rows[f"{MARK}default_{name}"], name)
        if column.allowed:
            unknown = rows[name].notnull() & ~rows[name].isin(column.allowed)
            yield _Probe("unknown_value", "warn", kept & unknown, name)
        if column.low is not None:
            yield _Probe("below", "warn", kept & (rows[name] < column.low), name)
        if column.high is not None:
            yield _Probe("above", "warn", kept & (rows[name] > column.high), name)
        if column.past:
            day = rows[name].date() if column.type == "time" else rows[name]
            yield _Probe("future", "warn", kept & (day > table.as_of), name)
    for own in table.contract.rules:
        if table.has(*own.needs):
            yield _Probe(own.id, own.level, kept & own.broken(rows), show=own.needs)
    for check in table.config.checks:
        broken = kept & rows[f"{MARK}team_{check.id}"]
        yield _Probe(check.id, check.level, broken, label=check.label or check.id)


def _measures(table: TypedTable, rows: ir.Table, probes: list[_Probe]) -> dict[str, ir.Value]:
    """The columns of the one aggregate query."""
    kept = ~rows[f"{MARK}out"]
    measures: dict[str, ir.Value] = {"rows": rows.count(), "out": rows[f"{MARK}out"].sum()}
    measures |= {probe.key: probe.broken.sum() for probe in probes}
    # Counts of what is there cost a fraction of sums of what is not; dates follow their times.
    measures |= {f"there__{name}": rows[name].count() for name in _own(table)}
    clock = table.contract.clock
    if clock in table.columns:
        measures |= {"first": rows[clock].min(where=kept), "last": rows[clock].max(where=kept)}
    if table.key:
        measures["keys"] = _key(table, rows).nunique(where=kept)
    if table.contract.total is not None:
        measures["total"] = rows[table.contract.total].sum()
    return measures | _prints(table, rows)


def _own(table: TypedTable) -> list[str]:
    """The columns without the local dates that follow from a time."""
    dates = {day for day, time in table.contract.dates.items() if time in table.columns}
    return [name for name in table.columns if name not in dates]


def _prints(table: TypedTable, rows: ir.Table) -> dict[str, ir.Value]:
    """What the fingerprint is made of: a hash of every row, or sums where there is none."""
    values = {name: rows[name] for name in _own(table)}
    if table.source.dialect == "duckdb":
        return {"print": (_hash_of(ibis.struct(values)) % 2147483647).cast("int64").sum()}
    return {
        f"print__{name}": value.sum() if value.type().is_numeric() else value.nunique()
        for name, value in values.items()
    }


@ibis.udf.scalar.builtin(name="hash")
def _hash_of(row) -> dtypes.uint64:  # type: ignore[no-untyped-def]  # ibis: of any type
    """DuckDB's own number; Ibis's `hash()` turns it into text and back, row by row."""


def _key(table: TypedTable, rows: ir.Table) -> ir.Value:
    parts = [rows[name].cast("string").fill_null("") for name in table.key]
    if len(parts) == 1:
        return rows[table.key[0]]
    return ibis.literal("\x1f").join(parts)


def _one_row(table: TypedTable, query: ir.Table) -> dict[str, Any]:
    """The aggregate's only row; counts of no rows are 0."""
    try:
        row = table.source.backend.to_pyarrow(query).to_pylist()[0]
    except SourceError:
        raise
    except Exception as error:
        raise TableError(
            f"cannot be read ({first_line(error)})",
            where=f"tables.{table.name}",
            hint="run the table's sql by itself to see the failing row",
        ) from error
    maybe = ("first", "last", "total", "print")
    return {k: v if v is not None or k.startswith(maybe) else 0 for k, v in row.items()}


def _nulls(table: TypedTable, found: dict[str, Any]) -> dict[str, int]:
    """Empty values by column, where there are some; a local date is empty where its time is."""
    own = _own(table)
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
    """Lines of text files that became no rows."""
    text = table.config.table or table.config.sql or ""
    for name, lines in table.source.rejected.items():
        if name == table.config.table or (table.config.sql and name in text):
            count = lines.rows + lines.lost
            level: Level = "block" if count > SERIOUS * (rows + count) else "warn"
            args = {"count": count, "rows": lines.rows, "lost": lines.lost, "file": name}
            key = "data.rule.lost_lines" if lines.lost else "data.rule.unreadable_lines"
            sample = tuple({"line": without_personal(line)} for line in lines.sample)
            yield Issue("unreadable_lines", level, count, Text(key, args), None, sample)


def _issue(table: TypedTable, rows: ir.Table, probe: _Probe, found: dict[str, Any]) -> Issue:
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
        *CONTRACTS[table.name].key, *whose, probe.column, *probe.show, table.contract.clock
    ]  # fmt: skip
    shown = [name for name in names if name is not None]
    sample = _sample(table, rows.filter(probe.broken), shown)
    return Issue(probe.rule, probe.level, count, Text(key, args), probe.column, sample)


def _repeats(table: TypedTable, found: dict[str, Any]) -> dict[str, Issue]:
    """Rows of the same key: identical ones are left out but one, others are an issue."""
    if not table.key or (surplus := found["rows"] - found["out"] - found["keys"]) <= 0:
        return {}
    different = _one_row(table, table.sound.distinct().aggregate(rows=lambda t: t.count()))["rows"]
    identical = found["rows"] - found["out"] - different
    groups = table.sound.group_by(table.key).aggregate(times=lambda t: t.count())
    issues = {}
    rules: dict[str, tuple[int, Level]] = {
        "identical_rows": (identical, "warn"),
        "repeated_key": (surplus - identical, table.contract.repeats),
    }
    sample = _sample(table, groups.filter(groups.times > 1), [*table.key, "times"])
    for rule, (count, level) in rules.items():
        if count:
            args = {"count": count, "share": count / found["rows"], "key": table.key}
            text = Text(f"data.rule.{rule}", args)
            issues[rule] = Issue(rule, level, count, text, ", ".join(table.key), sample)
    return issues


def _sample(table: TypedTable, rows: ir.Table, names: list[str]) -> tuple[dict[str, str], ...]:
    """Some rows as text, without addresses and numbers of people."""
    shown = [name for name in dict.fromkeys(names) if name in rows.columns]
    picked = rows.select(shown or rows.columns[:3]).limit(_SAMPLE)
    found = table.source.backend.to_pyarrow(picked).to_pylist()
    return tuple(
        {
            name: "" if value is None else without_personal(str(value))[:_SHOWN]
            for name, value in row.items()
        }
        for row in found
    )


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
