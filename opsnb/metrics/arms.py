"""Experiments: who was in which arm, and a metric's moments an arm. Only aggregates leave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations_with_replacement
from typing import Any

import ibis

from opsnb.errors import MetricError, TableError, did_you_mean
from opsnb.metrics.catalogue import Catalogue, Metric
from opsnb.metrics.rows import TIME_COLUMN, Rows, holding, number

Days = tuple[dt.date | None, dt.date | None]


@dataclass(frozen=True)
class Assigned:
    """The users of one experiment.

    Attributes
    ----------
    users : ibis.Table
        One row a user in exactly one arm: user_id, variant, assigned_at (if recorded) and
        the attributes of the assignment.
    counts : dict
        Users by variant, those in several arms left out.
    several : int
        Users found in more than one arm; they are left out of every comparison.
    unassigned : int
        Assignment rows without a user or a variant, or without a time where others have one.
    first, last : date or None
        First and last day of assignment.
    """

    experiment_id: str
    users: ibis.Table
    counts: dict[str, int]
    several: int
    unassigned: int
    first: dt.date | None
    last: dt.date | None

    def outcomes(self, rows: ibis.Table) -> ibis.Table:
        """Rows of `outcomes` that belong to this experiment, or to none by name."""
        if "experiment_id" not in rows.columns:
            return rows
        named = rows.experiment_id
        return rows.filter(named.isnull() | (named == self.experiment_id))

    @property
    def timed(self) -> bool:
        return "assigned_at" in self.users.columns


@dataclass(frozen=True)
class ArmAggregates:
    """Moments of a metric over the users of an arm (and segment).

    Attributes
    ----------
    mean, cov : dict
        By column: "x" (the metric, or its numerator), "y" (its denominator), and "px", "py",
        the same before exposure. `cov[a, b]` is the sample covariance, a <= b in that order.
    capped : float
        Share of users whose value was cut at the cap.
    """

    variant: str
    group: str | None
    n: int
    mean: dict[str, float]
    cov: dict[tuple[str, str], float]
    cap: float | None = None
    capped: float = 0.0


def assigned_users(rows: Rows, experiment_id: str) -> Assigned:
    """The assignments of an experiment, one row a user.

    Raises
    ------
    TableError
        The table holds no (complete) row of this experiment.
    """
    table = rows.table("assignments").expr
    mine = table.filter(table.experiment_id == experiment_id)
    timed = "assigned_at" in mine.columns and bool(mine.assigned_at.count().execute())
    complete = mine.user_id.notnull() & mine.variant.notnull()
    if timed:
        complete &= mine.assigned_at.notnull()
    clean = mine.filter(complete)
    attributes = [
        name
        for name in clean.columns
        if name not in {"experiment_id", "user_id", "variant", "assigned_at"}
    ]
    firsts: dict[str, Any] = {name: clean[name].min() for name in attributes}
    if timed:
        firsts["assigned_at"] = clean.assigned_at.min()
    per_user = clean.group_by("user_id").agg(
        variant=clean.variant.min(), _arms=clean.variant.nunique(), **firsts
    )
    frame = (
        per_user.group_by("variant")
        .agg(
            n=per_user.count(where=per_user._arms == 1),
            several=per_user.count(where=per_user._arms > 1),
            **(
                {"first": per_user.assigned_at.min(), "last": per_user.assigned_at.max()}
                if timed
                else {}
            ),
        )
        .execute()
    )
    incomplete = int(mine.filter(~complete).count().execute())
    if frame.empty and incomplete:
        raise TableError(
            f'every assignment of experiment "{experiment_id}" lacks a user, a variant or a time',
            where="table assignments",
            hint="fill user_id and variant; assigned_at may be left out altogether",
        )
    if frame.empty:
        known = [str(i) for i in table.experiment_id.as_table().distinct().execute().iloc[:, 0]]
        raise TableError(
            f'no assignment of experiment "{experiment_id}"',
            where="table assignments, column experiment_id",
            hint=did_you_mean(experiment_id, known, kind="experiments"),
        )
    counts = {str(row.variant): int(row.n) for row in frame.itertuples() if row.n}
    first = last = None
    if timed and frame["first"].notna().any():
        first, last = frame["first"].min().date(), frame["last"].max().date()
    users = per_user.filter(per_user._arms == 1).drop("_arms")
    return Assigned(
        experiment_id=experiment_id,
        users=users,
        counts=dict(sorted(counts.items())),
        several=int(frame.several.sum()),
        unassigned=incomplete,
        first=first,
        last=last,
    )


def arm_aggregates(
    rows: Rows,
    catalogue: Catalogue,
    metric_id: str,
    assigned: Assigned,
    *,
    start: dt.date | None = None,
    end: dt.date | None = None,
    covariate_days: int = 0,
    by: Sequence[str] = (),
    capped: bool = True,
) -> list[ArmAggregates]:
    """A metric's moments over the users of each arm; users without a row count as zero.

    Parameters
    ----------
    start, end : date, optional
        First and last day whose rows count; rows before exposure never do.
    covariate_days : int
        Days before exposure over which the same metric is taken as CUPED's covariate; 0: none.
    by : sequence of str
        Up to one attribute of the assignment (or "assigned_date") to split by.
    capped : bool
        Whether the metric's cap applies (means only).

    Returns
    -------
    list of ArmAggregates
        By variant, then group.
    """
    metric = catalogue[metric_id]
    parts = [metric]
    if metric.kind == "quotient":
        assert metric.numerator and metric.denominator
        parts = [catalogue[metric.numerator], catalogue[metric.denominator]]
    per_user = _base(assigned, by)
    names: list[str] = []
    for letter, part in zip("xy", parts, strict=False):
        quantities = _quantities(rows, part, assigned, (start, end), covariate_days, letter)
        names += [name for name in quantities.columns if name != "user_id"]
        per_user = per_user.left_join(quantities, "user_id").drop("user_id_right")
    names.sort(key=lambda name: (name.startswith("p"), name[-1]))
    per_user = per_user.mutate(
        **{name: per_user[name].coalesce(0).cast("float64") for name in names}
    )
    cap = _cap_value(metric, per_user) if capped and metric.kind in {"mean", "sum"} else None
    over = per_user.x > cap if cap is not None else ibis.literal(False)
    if cap is not None:
        # The covariate gets the same cap: one user's huge past would undo CUPED otherwise.
        per_user = per_user.mutate(
            _over=over,
            **{n: ibis.least(per_user[n], ibis.literal(cap)) for n in ("x", "px") if n in names},
        )
    else:
        per_user = per_user.mutate(_over=over)
    return _moments(per_user, names, by, cap)


def _base(assigned: Assigned, by: Sequence[str]) -> ibis.Table:
    users = assigned.users
    groups: dict[str, Any] = {}
    for name in by:
        if name == "assigned_date" and assigned.timed:
            groups["_group"] = users.assigned_at.date().cast("string")
        elif name in users.columns:
            groups["_group"] = users[name].cast("string").coalesce("(none)")
        else:
            raise MetricError(
                f'cannot split the experiment by "{name}"',
                where="table assignments",
                hint=did_you_mean(name, users.columns, kind="columns"),
            )
    return users.select("user_id", "variant", **groups)


def _quantities(
    rows: Rows, metric: Metric, assigned: Assigned, days: Days, before: int, letter: str
) -> ibis.Table:
    """One row a user with rows: the metric after exposure (and before it, prefix p)."""
    if metric.kind in {"quotient", "retention", "stock", "nps", "daily_distinct"}:
        raise MetricError(
            f'kind "{metric.kind}" cannot be read in an experiment',
            where=f"metrics.toml [{metric.id}]",
            hint="take a mean, proportion, ratio, sum, count or distinct metric",
        )
    lacking = rows.absent(metric)
    if lacking:
        raise MetricError(
            f"needs {lacking}, which the workspace does not map",
            where=f"metrics.toml [{metric.id}]",
            hint=f"map it under [tables.{lacking.split('.')[0]}] in opsnb.toml",
        )
    assert metric.table is not None
    measured = rows.of(metric, keep=("experiment_id",) if metric.table == "outcomes" else ())
    if metric.table == "outcomes":
        measured = assigned.outcomes(measured)
    if "user_id" not in measured.columns:
        raise MetricError(
            f"table {metric.table} has no user_id, so it cannot be read in an experiment",
            where=f"metrics.toml [{metric.id}]",
            hint="take a metric of a table with users",
        )
    joined = measured.inner_join(
        assigned.users.select(
            "user_id", **({"_from": assigned.users.assigned_at} if assigned.timed else {})
        ),
        "user_id",
    )
    after, earlier = _windows(joined, metric, assigned, days, before)
    out = _amounts(joined, metric, after, letter, "")
    if earlier is not None:
        out |= _amounts(joined, metric, earlier, letter, "p")
    return joined.group_by("user_id").agg(**out)


def _windows(
    joined: ibis.Table, metric: Metric, assigned: Assigned, days: Days, before: int
) -> tuple[Any, Any]:
    """Which rows count after exposure, and which as the covariate (None: there are none)."""
    timed_rows = metric.table in TIME_COLUMN
    start, end = days
    after: list[Any] = [] if end is None else [joined._day.isnull() | (joined._day <= end)]
    if start is not None:
        after.append(joined._day.isnull() | (joined._day >= start))
    earlier = None
    if assigned.timed and timed_rows:
        after.append(joined._at >= joined._from)
        if metric.window_days:
            after.append(joined._at < joined._from + ibis.interval(days=metric.window_days))
        if before:
            earlier = (joined._at < joined._from) & (
                joined._at >= joined._from - ibis.interval(days=before)
            )
    elif assigned.timed:
        after.append(joined._day.isnull() | (joined._day >= joined._from.date()))
    condition = reduce(lambda a, b: a & b, after) if after else ibis.literal(True)
    return condition, earlier


def _amounts(
    joined: ibis.Table, metric: Metric, where: Any, letter: str, prefix: str
) -> dict[str, Any]:
    value = joined._value
    if metric.kind == "proportion":
        amount = (holding(metric, joined, where) >= metric.at_least).cast("float64")
    elif metric.kind == "distinct":
        amount = value.nunique(where=where).cast("float64")
    else:
        amount = value.cast("float64").sum(where=where)
    out = {prefix + letter: amount}
    if metric.kind == "ratio":
        out[prefix + "y"] = joined._per.cast("float64").sum(where=where)
    return out


def _cap_value(metric: Metric, per_user: ibis.Table) -> float | None:
    """The pooled quantile at which a mean is capped; None where it would cut everything."""
    if metric.cap is None:
        return None
    cap = number(per_user.x.quantile(metric.cap).execute())
    return cap if cap and cap > 0 else None


def _moments(
    per_user: ibis.Table, names: list[str], by: Sequence[str], cap: float | None
) -> list[ArmAggregates]:
    pairs = list(combinations_with_replacement(names, 2))
    wanted: dict[str, Any] = {"n": per_user.count(), "over": per_user._over.cast("float64").mean()}
    wanted |= {f"mean_{a}": per_user[a].mean() for a in names}
    wanted |= {
        f"cov_{a}_{b}": per_user[a].var(how="sample")
        if a == b
        else per_user[a].cov(per_user[b], how="sample")
        for a, b in pairs
    }
    keys = ["variant", *(["_group"] if by else [])]
    frame = per_user.group_by(keys).agg(**wanted).execute().sort_values(keys)
    return [
        ArmAggregates(
            variant=str(row["variant"]),
            group=str(row["_group"]) if by else None,
            n=int(row["n"]),
            mean={a: float(row[f"mean_{a}"]) for a in names},
            cov={(a, b): number(row[f"cov_{a}_{b}"]) or 0.0 for a, b in pairs},
            cap=cap,
            capped=float(row["over"]),
        )
        for row in frame.to_dict("records")
    ]
