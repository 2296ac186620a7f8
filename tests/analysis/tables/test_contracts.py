"""Contracts: what a table's columns are to its rows is declared, and names columns it has."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from opsnb.analysis.metrics.data_range import activity_tables
from opsnb.analysis.tables import CONTRACTS, Column, Contract, tables_of_people, tables_where
from opsnb.base.workspace import Workspace

ALL = list(CONTRACTS.values())
ROOT = Path(__file__).parents[3] / "opsnb"


@pytest.mark.parametrize("left_out", ["key", "clock", "people"])
def test_a_contract_says_what_names_dates_and_concerns_a_row(left_out: str) -> None:
    """Or says that nothing does: whoever forgets it has no contract."""
    declared: dict[str, Any] = {"key": (), "clock": None, "people": ()}
    assert Contract("parcels", (), **declared).people == ()
    del declared[left_out]
    with pytest.raises(TypeError, match=left_out):
        Contract("parcels", (), **declared)


@pytest.mark.parametrize("contract", ALL, ids=CONTRACTS)
def test_what_is_declared_are_columns(contract: Contract) -> None:
    names = {column.name for column in contract.columns}
    awaited = (contract.awaited[0], *contract.awaited[1]) if contract.awaited else ()
    rules = [name for rule in contract.rules for name in rule.needs]
    alone = [contract.clock, contract.comment, contract.total]
    declared = {
        *contract.key, *contract.people, *contract.dates.values(), *contract.subjects.values(),
        *awaited, *rules, *filter(None, alone),
    }  # fmt: skip
    assert declared <= names
    assert not names & set(contract.dates), "a local date is no column of the team's"


def _names_people(column: str) -> bool:
    return "user" in column or column.endswith("_by") or column == "alias"


@pytest.mark.parametrize("contract", ALL, ids=CONTRACTS)
def test_who_is_named_is_declared(contract: Contract) -> None:
    """A column of users' ids that is not in `people` would be a leak."""
    named = [c.name for c in contract.columns if _names_people(c.name)]
    assert list(contract.people) == named


@pytest.mark.parametrize("contract", ALL, ids=CONTRACTS)
def test_rows_have_a_day(contract: Contract) -> None:
    """A clock with times has a local date; a clock of dates is the day."""
    if contract.clock is None:
        assert not contract.by_day
        return
    assert contract.by_day == (contract.day is not None)
    if contract[contract.clock].type == "time":
        assert contract.clock in contract.dates.values()
        assert contract.moment == (contract.clock if contract.by_day else None)
    else:
        assert contract.day == (contract.clock if contract.by_day else None)
        assert contract.moment is None


@pytest.mark.parametrize("contract", ALL, ids=CONTRACTS)
def test_free_text_is_quoted_as_a_comment(contract: Contract) -> None:
    assert (contract.comment is not None) == any(c.name == "comment" for c in contract.columns)


def test_everybody_asks_the_contracts(workspace: Callable[..., Workspace]) -> None:
    """What privacy, periods and metrics know of tables comes from their contracts."""
    made = workspace({})
    people = {"users", "events", "orders", "assignments", "outcomes", "surveys", "tickets"}
    beside = {"rates", "aliases"}
    assert set(tables_of_people(made)) == people | {"aliases"}
    assert CONTRACTS["users"].day == "registered_date" and CONTRACTS["tasks"].day == "due_on"
    assert tables_where(lambda one: one.day is None) == ("assignments", *sorted(beside)[::-1])
    assert set(CONTRACTS) - set(activity_tables(made)) == {"assignments", "tasks", *beside}
    timed = {"users", "events", "orders", "surveys", "tickets"}
    assert set(tables_where(lambda one: one.moment)) == timed
    assert tables_where(lambda one: one.sampled) == ("surveys",)


def lists_of_tables(tree: ast.AST) -> Iterator[ast.expr]:
    """Literals that hold five names of tables or more, and nothing else."""
    for node in ast.walk(tree):
        parts = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
        names = {part.value for part in parts if isinstance(part, ast.Constant)}
        if len(names) >= 5 and names <= CONTRACTS.keys():
            yield node


def test_no_list_of_tables_stands_elsewhere() -> None:
    """One entry forgotten in a second list of tables with people in them would be a leak.

    Which tables a review reads (`needs`, `optional`) is its own.
    """
    found = []
    for path in sorted((ROOT / "analysis").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        own = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign | ast.AnnAssign)
            and ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])
            in {"OPTIONAL", "optional"}
        ]
        found += [f"{path.name}:{one.lineno}" for one in lists_of_tables(tree) if one not in own]
    assert found == []
    twice = ast.parse('X = {"users", "events", "orders", "assignments", "outcomes"}')
    assert len(list(lists_of_tables(twice))) == 1


def test_a_table_of_ones_own() -> None:
    parcels = Contract(
        "parcels",
        (Column("parcel_id", "text", True, "out"), Column("shipped_at", "time", True, "out")),
        key=("parcel_id",),
        clock="shipped_at",
        people=(),
        dates={"shipped_date": "shipped_at"},
    )
    assert (parcels.day, parcels.moment) == ("shipped_date", "shipped_at")
