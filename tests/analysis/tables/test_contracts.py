"""Contracts: what a table's columns are to its rows is declared, and names columns it has."""

from __future__ import annotations

from typing import Any

import pytest

from opsnb.analysis.metrics.data_range import ACTIVITY
from opsnb.analysis.metrics.rows import DAY_COLUMN, TIME_COLUMN
from opsnb.analysis.reviews.shared import breakdowns, privacy_scan
from opsnb.analysis.tables import CONTRACTS, Column, Contract, tables_of_people, tables_where

ALL = list(CONTRACTS.values())


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


@pytest.mark.parametrize("contract", ALL, ids=CONTRACTS)
def test_who_is_named_is_declared(contract: Contract) -> None:
    """A column of users' ids that is not in `people` would be a leak."""
    named = [c.name for c in contract.columns if "user" in c.name or c.name.endswith("_by")]
    assert list(contract.people) == named


@pytest.mark.parametrize("contract", ALL, ids=CONTRACTS)
def test_rows_have_a_day(contract: Contract) -> None:
    """A clock with times has a local date; a clock of dates is the day."""
    assert contract.clock is not None
    assert contract.by_day == (contract.day is not None)
    if contract[contract.clock].type == "time":
        assert contract.clock in contract.dates.values()
        assert contract.moment == (contract.clock if contract.by_day else None)
    else:
        assert contract.day == contract.clock and contract.moment is None


@pytest.mark.parametrize("contract", ALL, ids=CONTRACTS)
def test_free_text_is_quoted_as_a_comment(contract: Contract) -> None:
    assert (contract.comment is not None) == any(c.name == "comment" for c in contract.columns)


def test_everybody_asks_the_contracts() -> None:
    """Privacy, periods and metrics hold no list of tables of their own."""
    people = {"users", "events", "orders", "assignments", "outcomes", "surveys", "tickets"}
    assert set(tables_of_people()) == people
    assert breakdowns._PEOPLE == people and set(privacy_scan.PEOPLE) == people
    assert DAY_COLUMN["users"] == "registered_date" and DAY_COLUMN["tasks"] == "due_on"
    assert set(CONTRACTS) - set(DAY_COLUMN) == {"assignments"}
    assert set(CONTRACTS) - set(ACTIVITY) == {"assignments", "tasks"}
    assert set(TIME_COLUMN) == {"users", "events", "orders", "surveys", "tickets"}
    assert tables_where(lambda one: one.sampled) == ("surveys",)


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
