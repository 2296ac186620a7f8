"""A metric's moments an arm. Only aggregates leave.

All metrics of an experiment come from one scan of each table: a row a user, kept by the
engine, from which arms, segments and days are aggregated.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import combinations_with_replacement
from typing import Any

import ibis

from opsnb.errors import MetricError, did_you_mean
from opsnb.metrics.assigned import Assigned, assigned_users, kept
from opsnb.metrics.catalogue import Catalogue, Metric
from opsnb.metrics.rows import TIME_COLUMN, Rows, holding, number

__all__ = [
    "ArmAggregates", "Assigned", "Panel", "Seen", "arm_aggregates", "assigned_users", "merge_arms",
]  # fmt: skip

_REFUSED = {"quotient", "retention", "first_days", "churn", "trailing", "stock", "nps",
            "daily_distinct"}  # fmt: skip
_WINDOW = re.compile(r"\bover\s*\(|\{order\}", re.IGNORECASE)


@dataclass(frozen=True)
class ArmAggregates:
    """Moments of a metric over the users of an arm (and segment).

    Attributes
    ----------
    n : int
        Randomised units: users, or clusters of them.
    mean, cov : dict
        By column: "x" (the metric, or its numerator), "y" (its denominator), and "px", "py",
        the same before exposure. `cov[a, b]` is the sample covariance, a <= b in that order.
        Of clusters, a mean is the ratio of their sums "x" to their users "y".
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


@dataclass(frozen=True)
class Seen:
    """What an arm's rows of a metric looked like: users, users without any row of the table,
    with a row before exposure, rows that count, and rows whose value is NULL."""

    users: int
    without: int
    early: int
    rows: int
    nulls: int


class Panel:
    """Metrics of one experiment, a row a user, read in one scan of each table.

    Parameters
    ----------
    metrics : sequence of str
        Ids; all are read together.
    start, end : date, optional
        First and last day whose rows count; rows before exposure never do.
    covariate_days : int
        Days before exposure over which the same metric is taken as CUPED's covariate; 0: none.

    Raises
    ------
    MetricError
        A metric cannot be read per user, or needs a table that is not mapped.
    """

    def __init__(
        self,
        rows: Rows,
        catalogue: Catalogue,
        metrics: Sequence[str],
        assigned: Assigned,
        *,
        start: dt.date | None = None,
        end: dt.date | None = None,
        covariate_days: int = 0,
    ) -> None:
        self.rows, self.assigned = rows, assigned
        self.metrics = {name: catalogue[name] for name in metrics}
        self.days = (start, end)
        self.covariate_days = covariate_days
        self._parts = {
            f"{letter}{index}": (name, part)
            for index, (name, metric) in enumerate(self.metrics.items())
            for letter, part in zip("xy", _parts(metric, catalogue), strict=False)
        }
        for _, part in self._parts.values():
            _readable(rows, part)
        self._found: dict[tuple[str | None, bool], dict[str, list[ArmAggregates]]] = {}

    def moments(
        self, metric: str, by: str | None = None, *, capped: bool = True
    ) -> list[ArmAggregates]:
        """A metric's moments by variant, then group; users without a row count as zero.

        Parameters
        ----------
        by : str, optional
            An attribute of the assignment, or "assigned_date".
        capped : bool
            Whether the metrics' caps apply (means only).
        """
        if (by, capped) not in self._found:
            self._found[by, capped] = self._aggregated(by, capped)
        return self._found[by, capped][metric]

    @property
    def dated(self) -> bool:
        """Whether the day of assignment is known."""
        return self.assigned.timed

    def sizes(self, by: str) -> dict[str, dict[str, int]]:
        """Units by group and arm."""
        sizes: dict[str, dict[str, int]] = {}
        for arm in self.moments(next(iter(self.metrics)), by):
            sizes.setdefault(str(arm.group), {})[arm.variant] = arm.n
        return sizes

    def seen(self, metric: str) -> dict[str, Seen]:
        """What the rows of a metric (of a quotient's numerator) looked like, by arm."""
        return self._seen[metric]

    # -- one row a user ----------------------------------------------------------------

    @cached_property
    def users(self) -> ibis.Table:
        """user_id, variant, attributes, and for each metric its columns, without NULL."""
        per_user = self.assigned.users
        if self.assigned.timed:
            per_user = per_user.mutate(_assigned_date=per_user.assigned_at.date().cast("string"))
        for number_, parts in enumerate(self._scans()):
            found = self._scan(parts, number_)
            per_user = per_user.left_join(found, "user_id").drop("user_id_right")
        own = [*self.assigned.users.columns, "_assigned_date"]
        values = [name for name in per_user.columns if name not in own]
        return kept(
            per_user.mutate(**{name: per_user[name].coalesce(0).cast("float64") for name in values})
        )

    def _scans(self) -> list[dict[str, Metric]]:
        """Parts that one scan can read: those of a table, less those with a window of rows."""
        scans: dict[tuple[str, str], dict[str, Metric]] = {}
        for key, (_, part) in self._parts.items():
            texts = f"{part.value_sql} {part.per} {part.where}"
            apart = key if _WINDOW.search(texts) and self._by_line(part, texts) else ""
            assert part.table is not None
            scans.setdefault((part.table, apart), {})[key] = part
        return list(scans.values())

    def _by_line(self, part: Metric, texts: str) -> bool:
        """Whether a window looks at other rows (`{order}` does only for orders by line)."""
        if re.search(r"\bover\s*\(", texts, re.IGNORECASE):
            return True
        return part.table == "orders" and self.rows.workspace.tables["orders"].grain == "line"

    def _scan(self, parts: Mapping[str, Metric], number_: int) -> ibis.Table:
        """One row a user with rows in the table: each part after and before exposure."""
        first = next(iter(parts.values()))
        alone = len(parts) == 1 and _WINDOW.search(f"{first.value_sql} {first.per} {first.where}")
        keep = ("experiment_id",) if first.table == "outcomes" else ()
        if alone:
            key = next(iter(parts))
            rows = self.rows.of(first, keep=keep)
            rows = rows.mutate(_holds=ibis.literal(True)).rename(
                {f"_holds_{key}": "_holds", f"_value_{key}": "_value", f"_per_{key}": "_per"}
            )
        else:
            rows = self.rows.together(parts, keep=keep)
        if first.table == "outcomes":
            rows = self.assigned.outcomes(rows)
        users = self.assigned.users
        start = {"_from": users.assigned_at} if self.assigned.timed else {}
        joined = rows.inner_join(users.select("user_id", **start), "user_id")
        out = self._presence(joined, first, number_)
        for key, part in parts.items():
            out |= self._amounts(joined, key, part)
        return joined.group_by("user_id").agg(**out)

    def _presence(self, joined: ibis.Table, part: Metric, number_: int) -> dict[str, Any]:
        """Whether the user has a row, and one before exposure."""
        early: Any = ibis.literal(0)
        if self.assigned.timed and part.table == "outcomes":
            early = joined.count(where=joined._day < joined._from.date())
        return {f"seen_{number_}": joined.count(), f"early_{number_}": early}

    def _amounts(self, joined: ibis.Table, key: str, part: Metric) -> dict[str, Any]:
        holds, value = joined[f"_holds_{key}"], joined[f"_value_{key}"]
        after, earlier = _windows(joined, part, self.assigned, self.days, self.covariate_days)
        out = {
            key: _amount(joined, part, key, holds & after),
            f"rows_{key}": joined.count(where=after & (holds | holds.isnull())),
            f"nulls_{key}": joined.count(where=after & (holds.isnull() | (holds & value.isnull()))),
        }
        if earlier is not None:
            out[f"p{key}"] = _amount(joined, part, key, holds & earlier)
        if part.kind == "ratio":
            per, name = joined[f"_per_{key}"].cast("float64"), f"y{key[1:]}"
            out[name] = per.sum(where=holds & after)
            if earlier is not None:
                out[f"p{name}"] = per.sum(where=holds & earlier)
        return out

    # -- moments -----------------------------------------------------------------------

    def columns(self, metric: str) -> dict[str, str]:
        """Names in `users` of a metric's quantities x, y, px, py."""
        index = list(self.metrics).index(metric)
        known = self.users.columns
        named = {letter: f"{letter}{index}" for letter in ("x", "y", "px", "py")}
        return {letter: name for letter, name in named.items() if name in known}

    @cached_property
    def caps(self) -> dict[str, float]:
        """The pooled quantile at which each capped mean is cut; absent where it cuts all."""
        wanted = {
            name: self.users[self.columns(name)["x"]].quantile(metric.cap)
            for name, metric in self.metrics.items()
            if metric.cap is not None and metric.kind in {"mean", "sum"}
        }
        if not wanted:
            return {}
        found = self.users.agg(**wanted).execute().iloc[0]
        return {name: cap for name in wanted if (cap := number(found[name])) and cap > 0}

    def _aggregated(self, by: str | None, capped: bool) -> dict[str, list[ArmAggregates]]:
        """Every metric's moments for one split, in one query over the kept rows."""
        caps = self.caps if capped else {}
        users = self.users
        group = self._group(by)
        keys = {"variant": users.variant} | ({"_group": group} if group is not None else {})
        values, over = {}, {}
        for name in self.metrics:
            for letter, column in self.columns(name).items():
                value = users[column]
                if name in caps and letter in ("x", "px"):
                    # The covariate gets the same cap: a huge past would undo CUPED otherwise.
                    value = ibis.least(value, ibis.literal(caps[name]))
                values[column] = value
            if name in caps:
                column = self.columns(name)["x"]
                over[f"over_{column}"] = (users[column] > caps[name]).cast("float64")
        unit = self.assigned.unit
        clusters = {"_cluster": users[unit]} if unit else {}
        table = users.select(**keys, **clusters, **values, **over)
        if unit:
            table = table.group_by(["_cluster", *keys]).agg(
                size=table.count().cast("float64"),
                **{name: table[name].sum() for name in values},
                **{name: table[name].mean() for name in over},
            )
        sized = bool(unit) and number(table.size.max().execute()) != 1
        named = {name: self._quantities(name, sized) for name in self.metrics}
        wanted: dict[str, Any] = {"n": table.count()}
        wanted |= {name: table[name].mean() for name in over}
        for columns in named.values():
            for a, b in combinations_with_replacement(columns.values(), 2):
                wanted[f"mean_{a}"], wanted[f"mean_{b}"] = table[a].mean(), table[b].mean()
                wanted[f"cov_{a}_{b}"] = (
                    table[a].var(how="sample") if a == b else table[a].cov(table[b], how="sample")
                )
        frame = table.group_by(list(keys)).agg(**wanted).execute().sort_values(list(keys))
        records = frame.to_dict("records")
        return {
            name: [_arm(row, columns, caps.get(name)) for row in records]
            for name, columns in named.items()
        }

    def _quantities(self, metric: str, sized: bool) -> dict[str, str]:
        """Columns by letter; a mean over users of clusters is a ratio to the cluster's size."""
        columns = self.columns(metric)
        if sized and "y" not in columns:
            columns = {**columns, "y": "size"} | ({"py": "size"} if "px" in columns else {})
        return {letter: columns[letter] for letter in ("x", "y", "px", "py") if letter in columns}

    def _group(self, by: str | None) -> Any:
        if by is None:
            return None
        if by == "assigned_date" and self.assigned.timed:
            return self.users._assigned_date
        if by not in self.assigned.users.columns:
            raise MetricError(
                f'cannot split the experiment by "{by}"',
                where="table assignments",
                hint=did_you_mean(by, self.assigned.users.columns, kind="columns"),
            )
        return self.users[by].cast("string").coalesce("(none)")

    @cached_property
    def _seen(self) -> dict[str, dict[str, Seen]]:
        users = self.users
        wanted: dict[str, Any] = {"n": users.count()}
        places: dict[str, tuple[str, int]] = {}
        for number_, parts in enumerate(self._scans()):
            wanted[f"without_{number_}"] = (users[f"seen_{number_}"] == 0).sum()
            wanted[f"early_{number_}"] = (users[f"early_{number_}"] > 0).sum()
            for key in parts:
                wanted |= {f"{w}_{key}": users[f"{w}_{key}"].sum() for w in ("rows", "nulls")}
                if key.startswith("x"):
                    places[self._parts[key][0]] = (key, number_)
        frame = users.group_by("variant").agg(**wanted).execute()
        return {
            name: {
                str(row["variant"]): Seen(
                    int(row["n"]), int(row[f"without_{number_}"]), int(row[f"early_{number_}"]),
                    int(row[f"rows_{key}"]), int(row[f"nulls_{key}"]),
                )
                for row in frame.to_dict("records")
            }
            for name, (key, number_) in places.items()
        }  # fmt: skip


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
    """One metric's moments, as `Panel.moments`; `by` holds up to one attribute."""
    panel = Panel(
        rows, catalogue, [metric_id], assigned,
        start=start, end=end, covariate_days=covariate_days,
    )  # fmt: skip
    return panel.moments(metric_id, by[0] if by else None, capped=capped)


def merge_arms(parts: Sequence[ArmAggregates]) -> ArmAggregates:
    """One arm from the moments of its disjoint parts (Chan, Golub and LeVeque 1979)."""
    first, n = parts[0], sum(part.n for part in parts)
    mean = {a: sum(part.n * part.mean[a] for part in parts) / n for a in first.mean}
    cov = {
        (a, b): sum(
            (part.n - 1) * part.cov[a, b]
            + part.n * (part.mean[a] - mean[a]) * (part.mean[b] - mean[b])
            for part in parts
        )
        / (n - 1)
        for a, b in first.cov
    }
    capped = sum(part.n * part.capped for part in parts) / n
    return replace(first, group=None, n=n, mean=mean, cov=cov, capped=capped)


def _parts(metric: Metric, catalogue: Catalogue) -> list[Metric]:
    if metric.kind != "quotient":
        return [metric]
    assert metric.numerator and metric.denominator
    return [catalogue[metric.numerator], catalogue[metric.denominator]]


def _readable(rows: Rows, metric: Metric) -> None:
    """Refuse what cannot be read per user, by name and with the fix."""
    if metric.kind in _REFUSED:
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
    if "user_id" not in rows.of(metric).columns:
        raise MetricError(
            f"table {metric.table} has no user_id, so it cannot be read in an experiment",
            where=f"metrics.toml [{metric.id}]",
            hint="take a metric of a table with users",
        )


def _windows(
    joined: ibis.Table,
    metric: Metric,
    assigned: Assigned,
    days: tuple[dt.date | None, dt.date | None],
    before: int,
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


def _amount(joined: ibis.Table, metric: Metric, key: str, where: Any) -> Any:
    value = joined[f"_value_{key}"]
    if metric.kind == "proportion":
        held = holding(metric, joined, where, f"_value_{key}")
        return (held >= metric.at_least).cast("float64")
    if metric.kind == "distinct":
        return value.nunique(where=where).cast("float64")
    return value.cast("float64").sum(where=where)


def _arm(row: Mapping[Any, Any], columns: dict[str, str], cap: float | None) -> ArmAggregates:
    pairs = combinations_with_replacement(columns.items(), 2)
    return ArmAggregates(
        variant=str(row["variant"]),
        group=str(row["_group"]) if "_group" in row else None,
        n=int(row["n"]),
        mean={letter: float(row[f"mean_{name}"]) for letter, name in columns.items()},
        cov={(a, b): number(row[f"cov_{p}_{q}"]) or 0.0 for (a, p), (b, q) in pairs},
        cap=cap,
        capped=float(row[f"over_{columns['x']}"]) if cap is not None else 0.0,
    )
