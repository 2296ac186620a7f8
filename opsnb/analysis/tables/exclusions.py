"""Rows that a workspace leaves out: staff, bots, tests, and what a table holds beside its rows.

A table's `where` says which rows are its own; `is_test` marks single rows; `[exclude] users` and
`users.is_test` name people, whose rows are left out of every table alike, of assignments and
outcomes as of orders. What is left out is counted here, by its reason.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

import ibis
import ibis.expr.types as ir

from opsnb.analysis.sources import open_source
from opsnb.analysis.sources.base import first_line
from opsnb.analysis.tables.asked import asks
from opsnb.analysis.tables.contract import Level
from opsnb.analysis.tables.engine_copies import beside, kept
from opsnb.analysis.tables.gate_queries import one_row
from opsnb.analysis.tables.table_report import Issue
from opsnb.analysis.tables.typed_table import MARK, Excluded, TypedTable, has_column
from opsnb.base.errors import OpsnbError, TableError
from opsnb.base.messages import Text
from opsnb.base.workspace import Workspace

IS_TEST = "is_test"

STAFF = 0.05
"""Share of a table's rows above which they are hardly all staff, bots and tests."""

MOST = 0.5
"""Share of rows that do not meet a table's own `where` above which it is warned of."""

FEW = 20
"""Rows below which a share says nothing of the kind."""

WHERE, TEST, PEOPLE, LEFT = (
    f"{MARK}{name}" for name in ("not_where", "test_row", "excluded_person", "left_out")
)
_UNSAID = f"{MARK}unsaid"
"""Where the condition is neither true nor false, since a value is empty."""

_ID, _USERS = f"{MARK}excluded_id", "users"

Opener = Callable[[str], TypedTable]

_people: WeakKeyDictionary[TypedTable, ir.Table | None] = WeakKeyDictionary()


def exclude(table: TypedTable, workspace: Workspace, opened: Opener) -> None:
    """Has a table without the rows that count nowhere; as it is where nothing asks for it."""
    rows, reasons = table.typed, []
    if table.config.where is not None:
        met = f"{MARK}met"
        place = f"tables.{table.name}.where"
        rows = _with_condition(table, rows, met, table.config.where, place)
        rows = rows.mutate(**{WHERE: ~rows[met].fill_null(False), _UNSAID: rows[met].isnull()})
        rows = rows.drop(met)
        reasons.append(WHERE)
    if IS_TEST in table.columns and table.name != _USERS:
        rows = rows.mutate(**{TEST: rows[IS_TEST].fill_null(False)})
        reasons.append(TEST)
    people = _excluded_people(table, rows, workspace, opened)
    if people is not None:
        who = table.contract.people[0]
        rows = rows.left_join(people, rows[who] == people[_ID])
        rows = rows.mutate(**{PEOPLE: rows[_ID].notnull()}).drop(_ID)
        reasons.append(PEOPLE)
    if not reasons:
        return
    left = rows[reasons[0]]
    for reason in reasons[1:]:
        left = left | rows[reason]
    rows = rows.mutate(**{LEFT: left})
    table.excluded = Excluded(rows, reasons)
    flags = [*reasons, LEFT, *([_UNSAID] if WHERE in reasons else [])]
    table.typed = rows.filter(~rows[LEFT]).drop(*flags)


def _excluded_people(
    table: TypedTable, rows: ir.Table, workspace: Workspace, opened: Opener
) -> ir.Table | None:
    """Ids of the people whose rows count nowhere; None where none can be meant."""
    if not table.contract.people or table.contract.people[0] not in table.columns:
        return None
    if table.name == _USERS:
        if table not in _people:
            _people[table] = _named(table, rows, workspace)
        return _people[table]
    if table.name == "aliases" or not _names_people(workspace):
        return None
    users = opened(_USERS)
    people = _people.get(users)
    return None if people is None else beside(table, users, people)


def _named(users: TypedTable, rows: ir.Table, workspace: Workspace) -> ir.Table | None:
    """Ids of the users whom `[exclude]` or `is_test` names, whichever of their accounts does."""
    conditions = []
    if workspace.exclude.users is not None:
        meant = f"{MARK}meant"
        rows = _with_condition(users, rows, meant, workspace.exclude.users, "exclude.users")
        conditions.append(rows[meant].fill_null(False))
    if IS_TEST in users.columns:
        conditions.append(rows[IS_TEST].fill_null(False))
    if not conditions:
        return None
    return kept(
        rows.filter(ibis.or_(*conditions), rows.user_id.notnull())
        .select(**{_ID: rows.user_id})
        .distinct()
    )


def _names_people(workspace: Workspace) -> bool:
    """Whether the workspace leaves out people at all."""
    if workspace.exclude.users is not None:
        return True
    config = workspace.tables.get(_USERS)
    if config is None:
        return False
    with contextlib.suppress(OpsnbError):  # the users themselves will say what is wrong
        source = open_source(workspace, config.source, asks(workspace), noted=False)
        return has_column(config, source, IS_TEST)
    return False


def _with_condition(
    table: TypedTable, rows: ir.Table, name: str, condition: str, where: str
) -> ir.Table:
    """Rows with a flag that says whether they meet a condition, in DuckDB's SQL."""
    view = f"{name}_{table.name}"
    query = f'SELECT *, CAST(({condition}) AS boolean) AS "{name}" FROM {view}'
    try:
        return rows.alias(view).sql(query, dialect="duckdb")
    except Exception as error:  # every engine has its own class for a bad expression
        raise TableError(
            f"the condition cannot be read ({first_line(error)})",
            where=f"opsnb.toml: {where}",
            hint=f"write DuckDB SQL over the columns of {table.name}: {', '.join(table.columns)}",
        ) from error


# -- what the gate says ------------------------------------------------------------------------


def issues(table: TypedTable) -> Iterator[Issue]:
    """How many rows are left out, by reason; one query."""
    if table.excluded is None:
        return
    rows, reasons = table.excluded.rows, table.excluded.reasons
    asked: dict[str, Any] = {"rows": rows.count()} | {name: rows[name].sum() for name in reasons}
    if WHERE in reasons:
        asked["unsaid"] = rows[_UNSAID].sum()
    if PEOPLE in reasons:
        asked["people"] = rows[table.contract.people[0]].nunique(where=rows[PEOPLE])
    found = one_row(table, rows.aggregate(**asked))
    for reason, rule, limit in (
        (WHERE, "left_out_where", MOST),
        (TEST, "left_out_test", STAFF),
        (PEOPLE, "left_out_people", STAFF),
    ):
        if count := found.get(reason, 0):
            share = count / found["rows"]
            args = {
                "table": table.name, "count": count, "rows": found["rows"], "share": share,
                "limit": limit, "unsaid": found.get("unsaid", 0), "people": found.get("people", 0),
            }  # fmt: skip
            key = f"data.rule.{rule}"
            if reason == WHERE and args["unsaid"]:
                key += "_unsaid"
            elif share > limit and count >= FEW:
                key += "_many"
            level: Level = "warn" if key != f"data.rule.{rule}" else "note"
            yield Issue(rule, level, count, Text(key, args))
