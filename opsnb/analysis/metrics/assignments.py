"""Who was in which arm of an experiment: one row a user, read once and kept for the session."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import ibis

from opsnb.analysis.metrics.rows import Rows, number
from opsnb.analysis.tables import CONTRACTS
from opsnb.base.errors import PlanError, TableError, did_you_mean

_KEYS = {column.name for column in CONTRACTS["assignments"].columns}


@dataclass(frozen=True)
class Assigned:
    """The users of one experiment.

    Attributes
    ----------
    users : ibis.Table
        One row a user in exactly one arm: user_id, variant, assigned_at (if recorded) and
        the attributes of the assignment. A user's first exposure counts.
    counts : dict
        Randomised units by variant (users, or clusters where `unit` names their column),
        those in several arms left out.
    several : int
        Units found in more than one arm; they are left out of every comparison.
    unassigned : int
        Assignment rows without a user or a variant, or without a time where others have one.
    repeated : int
        Users with more than one assignment row, all in one arm.
    first, last : date or None
        First and last day of assignment.
    unit : str or None
        Column of the randomised cluster (store, household); None where it is the user.
    paired : bool
        Whether units are compared with themselves: those in several arms stay, and count in
        each; `several` are then users in several arms, whose rows belong to none.
    """

    experiment_id: str
    users: ibis.Table
    counts: dict[str, int]
    several: int
    unassigned: int
    first: dt.date | None
    last: dt.date | None
    repeated: int = 0
    unit: str | None = None
    paired: bool = False

    def outcomes(self, rows: ibis.Table) -> ibis.Table:
        """Rows of `outcomes` that belong to this experiment, or to none by name."""
        if "experiment_id" not in rows.columns:
            return rows
        named = rows.experiment_id
        return rows.filter(named.isnull() | (named == self.experiment_id))

    @property
    def timed(self) -> bool:
        return "assigned_at" in self.users.columns

    @property
    def attributes(self) -> list[str]:
        """Columns recorded at assignment, by which users may be told apart."""
        return [name for name in self.users.columns if name not in _KEYS]


def assigned_users(
    rows: Rows, experiment_id: str, *, unit: str | None = None, paired: bool = False
) -> Assigned:
    """The assignments of an experiment, one row a user.

    Parameters
    ----------
    unit : str, optional
        Column of the assignments that was randomised, where it was not the user.
    paired : bool
        Whether units were in several arms on purpose, to be compared with themselves.

    Raises
    ------
    TableError
        The table holds no (complete) row of this experiment.
    PlanError
        The assignments have no column `unit`.
    """
    table = rows.table("assignments").expr
    if unit is not None and unit not in table.columns:
        raise PlanError(
            f'the plan randomises by "{unit}", but the assignments have no such column: rows of '
            f"one {unit} would pass for independent users",
            where=f"plans/experiments/{experiment_id}.toml, key unit",
            hint=f"map {unit} (its id) in [tables.assignments], also where user_id is the same; "
            + did_you_mean(unit, table.columns, kind="columns"),
        )
    mine = table.filter(table.experiment_id == experiment_id)
    complete = mine.user_id.notnull() & mine.variant.notnull()
    if unit is not None:
        complete &= mine[unit].notnull()
    timed, incomplete = False, 0
    if "assigned_at" in mine.columns:
        known = mine.assigned_at.notnull()
        found = mine.agg(
            times=known.sum(), without=(~complete).sum(), timeless=(~(complete & known)).sum()
        )
        times, without, timeless = (int(number(n) or 0) for n in found.execute().iloc[0])
        timed, incomplete = times > 0, timeless if times else without
        complete = complete & known if timed else complete
    else:
        incomplete = int(mine.count(where=~complete).execute())
    per_user = cached(_per_user(mine.filter(complete), timed, unit, paired))
    frame = _by_variant(per_user, timed, unit)
    if frame.empty:
        raise _nobody(table, experiment_id, bool(incomplete))
    first = last = None
    if timed and frame["first"].notna().any():
        first, last = frame["first"].min().date(), frame["last"].max().date()
    counts = {str(row.variant): int(row.n) for row in frame.itertuples() if row.n}
    return Assigned(
        experiment_id=experiment_id,
        users=per_user.filter(per_user._arms == 1).drop("_arms", "_rows"),
        counts=dict(sorted(counts.items())),
        several=int(frame.several.sum()),
        unassigned=incomplete,
        first=first,
        last=last,
        repeated=int(frame.repeated.sum()),
        unit=unit,
        paired=paired,
    )


def cached(table: ibis.Table) -> ibis.Table:
    """The table computed once and kept by the engine; as it is where the engine refuses to."""
    try:
        return table.cache()
    except Exception:  # no right to make temporary tables: every engine has its own class
        return table


def _per_user(clean: ibis.Table, timed: bool, unit: str | None, paired: bool) -> ibis.Table:
    """One row a user: the arm, in how many arms (or its cluster), and the first of the rest."""
    firsts: dict[str, Any] = {
        name: clean[name].min() for name in clean.columns if name not in _KEYS
    }
    if timed:
        firsts["assigned_at"] = clean.assigned_at.min()
    users = clean.group_by("user_id").agg(
        variant=clean.variant.min(), _arms=_arms(clean), _rows=clean.count(), **firsts
    )
    if unit is None or paired:
        return users
    # The cluster's arm: one in several is then counted once, under its first.
    clusters = clean.group_by(unit).agg(_arms=_arms(clean), variant=clean.variant.min())
    return users.drop("_arms", "variant").inner_join(clusters, unit)


def _arms(clean: ibis.Table) -> Any:
    """1 for one arm, 2 for more: a distinct count of each user costs several times as much."""
    return (clean.variant.min() == clean.variant.max()).ifelse(1, 2)


def _by_variant(users: ibis.Table, timed: bool, unit: str | None) -> Any:
    single = users._arms == 1

    def units(where: Any) -> Any:
        return users.count(where=where) if unit is None else users[unit].nunique(where=where)

    times = {"first": users.assigned_at.min(), "last": users.assigned_at.max()} if timed else {}
    return (
        users.group_by("variant")
        .agg(
            n=units(single),
            several=units(~single),
            repeated=users.count(where=single & (users._rows > 1)),
            **times,
        )
        .execute()
    )


def _nobody(table: ibis.Table, experiment_id: str, incomplete: bool) -> TableError:
    if incomplete:
        return TableError(
            f'every assignment of experiment "{experiment_id}" lacks a user, a variant or a time',
            where="table assignments",
            hint="fill user_id and variant; assigned_at may be left out altogether",
        )
    known = [str(i) for i in table.experiment_id.as_table().distinct().execute().iloc[:, 0]]
    return TableError(
        f'no assignment of experiment "{experiment_id}"',
        where="table assignments, column experiment_id",
        hint=did_you_mean(experiment_id, known, kind="experiments"),
    )
