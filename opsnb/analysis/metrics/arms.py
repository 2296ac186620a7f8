"""A metric's moments an arm. Only aggregates leave.

All metrics of an experiment come from one scan of each table: a row a user, kept by the
engine, from which arms, segments, days and days since exposure are aggregated.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import ibis

from opsnb.analysis.metrics.aggregates import (
    LETTERS,
    ArmAggregates,
    RowCounts,
    arm_from,
    merge_arms,
    moments_wanted,
)
from opsnb.analysis.metrics.arm_quantiles import Ranks, quantile_arms
from opsnb.analysis.metrics.assignments import Assigned, assigned_users, cached
from opsnb.analysis.metrics.caps import Tail, tails, uncapped
from opsnb.analysis.metrics.catalogue import Catalogue
from opsnb.analysis.metrics.metric import names_of_kinds
from opsnb.analysis.metrics.paired_units import PairAggregates, pair_aggregates
from opsnb.analysis.metrics.rows import Rows, number
from opsnb.analysis.metrics.user_panel import (
    ObservationWindow,
    TableScans,
    parts_of,
    require_readable,
)
from opsnb.base.errors import MetricError, did_you_mean

__all__ = [
    "ArmAggregates",
    "Assigned",
    "ObservationWindow",
    "Panel",
    "RowCounts",
    "arm_aggregates",
    "assigned_users",
    "merge_arms",
]  # fmt: skip


class Panel:
    """Metrics of one experiment, a row a user, read in one scan of each table.

    Parameters
    ----------
    metrics : sequence of str
        Ids; all are read together.
    observed : ObservationWindow
        Which rows of a user count; rows before exposure never do.
    since : str
        A metric that is also read by days since exposure (`metrics.since`).
    covariate : str
        A numeric column of the assignments that stands for the past of sums and shares that
        have none of their own.
    covariate_mean : float
        What stands for the covariate of users without one.
    ranks : callable, optional
        From (q, n) to the ranks of a quantile's order statistics; quantile metrics need it.
    once : bool
        Moments are asked for once: the engine need not keep a row a user.

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
        observed: ObservationWindow = ObservationWindow(),  # noqa: B008 (frozen)
        since: str = "",
        covariate: str = "",
        covariate_mean: float = 0.0,
        ranks: Ranks | None = None,
        once: bool = False,
    ) -> None:
        self.rows, self.assigned, self.observed = rows, assigned, observed
        self.covariate, self.covariate_mean, self.once = covariate, covariate_mean, once
        self.metrics = {name: catalogue[name] for name in metrics}
        self._ranks = ranks
        self._parts = {
            f"{letter}{index}": (name, part)
            for index, (name, metric) in enumerate(self.metrics.items())
            for letter, part in zip("xy", parts_of(metric, catalogue), strict=False)
        }
        for name, part in self._parts.values():
            require_readable(rows, part, self.metrics[name])
            if not part.kind.has_moments and ranks is None:
                raise MetricError(
                    "a quantile cannot be read here",
                    where=f"metrics.toml [{name}]",
                    hint=f"take a metric of kind {names_of_kinds(lambda kind: kind.has_moments)}",
                )
        aged = frozenset(
            key
            for key, (name, part) in self._parts.items()
            if name == since and part.kind.has_moments and not assigned.unit
            and not self.metrics[name].parts
        )  # fmt: skip
        parts = {key: part for key, (_, part) in self._parts.items()}
        self._scans = TableScans(rows, assigned, observed, parts, aged)
        self._found: dict[tuple[str | None, bool], dict[str, list[ArmAggregates]]] = {}
        self._pairs: dict[tuple[str, str, str, bool], PairAggregates] = {}
        self._sizes: dict[str | None, dict[str, dict[str, int]]] = {}

    def moments(
        self, metric: str, by: str | None = None, *, capped: bool = True
    ) -> list[ArmAggregates]:
        """A metric's moments by variant, then group; users without a row count as zero.

        Users whose window after exposure was not over count in no metric with that window,
        and arms or groups without any user in none.

        Parameters
        ----------
        by : str, optional
            An attribute of the assignment, or "assigned_date".
        capped : bool
            Whether the metrics' caps apply (means only).
        """
        if (by, capped) not in self._found:
            self._found[by, capped] = self._aggregated(by, capped)
        found = self._found[by, capped]
        if metric not in found:
            found[metric] = self._quantiles(metric, by)
        return found[metric]

    def pairs(
        self, metric: str, control: str, variant: str, *, capped: bool = True
    ) -> PairAggregates:
        """A metric in the units of both arms, where they are compared with themselves."""
        if not self.metrics[metric].kind.has_moments:
            raise MetricError(
                "a quantile cannot be compared within units",
                where=f"metrics.toml [{metric}]",
                hint=f"take a metric of kind {names_of_kinds(lambda kind: kind.has_moments)}",
            )
        key = (metric, control, variant, capped)
        if key not in self._pairs:
            table, _, _ = self._prepared(None, self.caps if capped else {})
            columns = self._quantities(metric, True)
            self._pairs[key] = pair_aggregates(table, columns, control, variant)
        return self._pairs[key]

    @property
    def dated(self) -> bool:
        """Whether the day of assignment is known."""
        return self.assigned.timed

    def sizes(self, by: str) -> dict[str, dict[str, int]]:
        """Units by group and arm, whether their window is over or not."""
        if by not in self._sizes:
            self._found[by, True] = self._aggregated(by, True)
        return self._sizes[by]

    def seen(self, metric: str) -> dict[str, RowCounts]:
        """What the rows of a metric (of a quotient's numerator) looked like, by arm."""
        return self._seen[metric]

    def window(self, metric: str) -> int | None:
        """Days from exposure in which a metric counts: the longest of its parts'."""
        parts = [part for name, part in self._parts.values() if name == metric]
        timed = [self.dated and self.rows.moment(part.table) is not None for part in parts]
        found = [self.observed.window(p, timed=t) for p, t in zip(parts, timed, strict=True)]
        return max((days for days in found if days is not None), default=None)

    def waiting(self, metric: str) -> int:
        """Users whose window of a metric was not over when the data ends; they do not count."""
        ready = self._over(metric)
        if ready is None:
            return 0
        return int(self.users.count(where=~ready).execute())

    def spread(self, metric: str) -> dict[str, float]:
        """Variance of a metric between users by arm, whatever was randomised."""
        users, column = self.users, self.columns(metric)["x"]
        frame = users.group_by("variant").agg(var=users[column].var(how="sample")).execute()
        return {str(row["variant"]): number(row["var"]) or 0.0 for row in frame.to_dict("records")}

    def stretches(self, metric: str) -> list[str]:
        """Columns of a metric that are also kept by days since exposure."""
        columns = self.columns(metric)
        return [n for k, n in columns.items() if k in "xy" and f"{n}_age0" in self.users.columns]

    # -- one row a user ----------------------------------------------------------------

    @cached_property
    def users(self) -> ibis.Table:
        """user_id, variant, attributes, and for each metric its columns, without NULL."""
        per_user = self.assigned.users
        for number_ in range(len(self._scans.groups)):
            found = self._scans.read(number_)
            per_user = per_user.left_join(found, "user_id").drop("user_id_right")
        if self.covariate:
            past = per_user[self.covariate].cast("float64").coalesce(self.covariate_mean)
            missing = [f"px{i}" for i, metric in enumerate(self.metrics.values())
                       if metric.kind.is_user_mean]  # fmt: skip
            per_user = per_user.mutate(
                **{name: past for name in missing if name not in per_user.columns}
            )
        own = self.assigned.users.columns
        values = [n for n in per_user.columns if n not in own and not n.startswith("values_")]
        found = per_user.mutate(
            **{name: per_user[name].coalesce(0).cast("float64") for name in values}
        )
        return found if self.once else cached(found)

    def columns(self, metric: str) -> dict[str, str]:
        """Names in `users` of a metric's quantities x, y, px, py; none of a quantile."""
        index = list(self.metrics).index(metric)
        known = self.users.columns
        named = {letter: f"{letter}{index}" for letter in LETTERS}
        return {letter: name for letter, name in named.items() if name in known}

    def _over(self, metric: str) -> Any:
        """Whether a user's window of a metric was over; None where it has none."""
        days = self.window(metric)
        if days is None:
            return None
        tables = [part.table for name, part in self._parts.values() if name == metric]
        return self.observed.over(self.users.assigned_at, days, windowed=True, tables=tables)

    @cached_property
    def caps(self) -> dict[str, float]:
        """The pooled quantile at which each capped mean is cut; absent where it cuts all."""
        return {name: tail.cap for name, tail in self._tails.items() if tail.cap > 0}

    def uncapped(self, metric: str) -> tuple[str, float] | None:
        """What a metric's cap leaves as it is, as `caps.uncapped` has it."""
        return uncapped(self.metrics[metric], self._tails.get(metric))

    @cached_property
    def _tails(self) -> dict[str, Tail]:
        return tails(self.users, self.metrics, lambda name: self.columns(name)["x"], self._over)

    # -- moments -----------------------------------------------------------------------

    def _aggregated(self, by: str | None, capped: bool) -> dict[str, list[ArmAggregates]]:
        """Every metric's moments for one split, in one query over the kept rows."""
        caps = self.caps if capped else {}
        table, keys, over = self._prepared(by, caps)
        sized = bool(self.assigned.unit) and number(table.size.max().execute()) != 1
        means = [name for name, metric in self.metrics.items() if metric.kind.has_moments]
        named = {name: self._quantities(name, sized) for name in means}
        wanted: dict[str, Any] = {"n": table.count()}
        wanted |= {name: table[name].mean() for name in over}
        for name, columns in named.items():
            wanted[f"n_{name}"] = table[columns["x"]].count()
            wanted |= moments_wanted(table, list(columns.values()))
        frame = table.group_by(keys).agg(**wanted).execute().sort_values(keys)
        records = frame.to_dict("records")
        sizes: dict[str, dict[str, int]] = {}
        for row in records:
            sizes.setdefault(str(row.get("_group")), {})[str(row["variant"])] = int(row["n"])
        self._sizes[by] = sizes
        return {
            name: [
                arm_from(
                    row, columns, f"n_{name}", cap=caps.get(name),
                    capped=float(row[f"over_{columns['x']}"]) if name in caps else 0.0,
                )
                for row in records
                if row[f"n_{name}"]
            ]
            for name, columns in named.items()
        }  # fmt: skip

    def _prepared(
        self, by: str | None, caps: dict[str, float]
    ) -> tuple[ibis.Table, list[str], list[str]]:
        """A row a unit with the values of all metrics, NULL where a window was not over."""
        users, unit = self.users, self.assigned.unit
        keys, values, over, sizes = self._keys(by), {}, {}, {}
        for index, name in enumerate(self.metrics):
            ready = self._over(name)
            for letter, column in self.columns(name).items():
                value = users[column]
                if name in caps and (letter == "x" or (letter == "px" and not self.covariate)):
                    # The metric's own past gets the same cap: a huge one would undo CUPED.
                    value = ibis.least(value, ibis.literal(caps[name]))
                values[column] = (
                    value if ready is None else ready.ifelse(value, ibis.null("float64"))
                )
            if name in caps:
                column = self.columns(name)["x"]
                beyond = (users[column] > caps[name]).cast("float64")
                over[f"over_{column}"] = (
                    beyond if ready is None else ready.ifelse(beyond, ibis.null("float64"))
                )
            sizes[f"size{index}"] = ibis.literal(1.0) if ready is None else ready.cast("float64")
        if not unit:
            return users.select(**keys, **values, **over), list(keys), list(over)
        table = users.select(_cluster=users[unit], **keys, **values, **over, **sizes)
        table = table.group_by(["_cluster", *keys]).agg(
            size=table.count().cast("float64"),
            **{name: table[name].sum() for name in (*values, *sizes)},
            **{name: table[name].mean() for name in over},
        )
        return table, list(keys), list(over)

    def _quantities(self, metric: str, sized: bool) -> dict[str, str]:
        """Columns by letter; a mean over users of clusters is a ratio to the cluster's size."""
        columns = self.columns(metric)
        if sized and "y" not in columns:
            size = f"size{list(self.metrics).index(metric)}"
            columns = {**columns, "y": size} | ({"py": size} if "px" in columns else {})
        return {letter: columns[letter] for letter in LETTERS if letter in columns}

    def _quantiles(self, metric: str, by: str | None) -> list[ArmAggregates]:
        """A quantile by arm, over the values kept a user."""
        assert self._ranks is not None
        users, ready = self.users, self._over(metric)
        if ready is not None:
            users = users.filter(ready)
        key = f"values_x{list(self.metrics).index(metric)}"
        who = users[self.assigned.unit or "user_id"]
        keys = self._keys(by)
        values = users.select(**keys, _who=who, _value=users[key].unnest())
        return quantile_arms(values, self.metrics[metric], list(keys), self._ranks)

    def _keys(self, by: str | None) -> dict[str, Any]:
        """What the arms are told apart by: the variant, and a group."""
        keys = {"variant": self.users.variant}
        if by is None:
            return keys
        if by == "assigned_date" and self.dated:
            return keys | {"_group": self.users.assigned_at.date().cast("string")}
        if by not in self.assigned.users.columns:
            raise MetricError(
                f'cannot split the experiment by "{by}"',
                where="table assignments",
                hint=did_you_mean(by, self.assigned.users.columns, kind="columns"),
            )
        return keys | {"_group": self.users[by].cast("string").coalesce("(none)")}

    @cached_property
    def _seen(self) -> dict[str, dict[str, RowCounts]]:
        users = self.users
        wanted: dict[str, Any] = {"n": users.count()}
        places: dict[str, tuple[str, int]] = {}
        for number_, parts in enumerate(self._scans.groups):
            wanted[f"without_{number_}"] = (users[f"seen_{number_}"] == 0).sum()
            wanted[f"early_{number_}"] = (users[f"early_{number_}"] > 0).sum()
            for key in parts:
                wanted |= {f"{w}_{key}": users[f"{w}_{key}"].sum() for w in ("rows", "nulls")}
                if key.startswith("x"):
                    places[self._parts[key][0]] = (key, number_)
        frame = users.group_by("variant").agg(**wanted).execute()
        return {
            name: {
                str(row["variant"]): RowCounts(
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
    observed: ObservationWindow = ObservationWindow(),  # noqa: B008 (frozen)
    by: Sequence[str] = (),
    capped: bool = True,
    ranks: Ranks | None = None,
) -> list[ArmAggregates]:
    """One metric's moments, as `Panel.moments`; `by` holds up to one attribute."""
    metric = catalogue[metric_id]
    capped_at = metric.cap if capped else None
    several = assigned.unit or capped_at is not None or not metric.kind.has_moments
    panel = Panel(
        rows, catalogue, [metric_id], assigned, observed=observed, ranks=ranks, once=not several
    )
    return panel.moments(metric_id, by[0] if by else None, capped=capped)
