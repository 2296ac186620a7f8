"""One row a user: what each metric came to after exposure, in one scan of each table."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import ibis

from opsnb.analysis.metrics.assignments import Assigned
from opsnb.analysis.metrics.catalogue import Catalogue, Metric
from opsnb.analysis.metrics.metric import Kind, UserRows, names_of_kinds
from opsnb.analysis.metrics.rows import Rows, without
from opsnb.base.errors import MetricError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from opsnb.analysis.tables import Gap

AGES = ((0, 0), (1, 2), (3, 6), (7, 13), (14, 27))
"""First and last day since exposure of each stretch; day 0 is the first 24 hours."""

_DAY = 86_400
_WINDOW = re.compile(r"\bover\s*\(|\{order\}", re.IGNORECASE)


@dataclass(frozen=True)
class ObservationWindow:
    """Which rows of a user count.

    Attributes
    ----------
    start, end : date or None
        First and last day. Where assignments have no times, the first day stands for
        everybody's exposure.
    through : date or None
        Last day on record. Where it is given, a window after exposure may reach beyond `end`,
        and users whose window ends later are left out.
    window_days : int or None
        Days from exposure that count, for metrics that name none.
    covariate_days : int
        Days before exposure over which CUPED's covariate is taken; 0: none.
    gaps : tuple of (str, Gap)
        Table and days that are not on record: users whose window touches them are left out.
    recorded : date or None
        Last day on record where no window is counted: what lies later is not over.
    """

    start: dt.date | None = None
    end: dt.date | None = None
    through: dt.date | None = None
    window_days: int | None = None
    covariate_days: int = 0
    gaps: tuple[tuple[str, Gap], ...] = ()
    recorded: dt.date | None = None

    def window(self, metric: Metric, *, timed: bool) -> int | None:
        """Days from exposure in which a metric counts; None where they are not limited.

        `timed`: exposures and the metric's rows are known to the second.
        """
        if not timed:
            return None
        return metric.window_days or self.window_days

    def over(
        self,
        start: ir.TimestampValue,
        days: int,
        *,
        windowed: bool,
        tables: Iterable[str | None] = (),
    ) -> ir.BooleanValue | None:
        """Whether so many days after the moment `start` were over, and those of a window are on
        record in all of `tables`; None: always."""
        known = (self.through,) if windowed else (self.end, self.recorded)
        last = min((day for day in known if day is not None), default=None)
        if last is None:
            return None
        begun, ended = start.date(), start.date() + ibis.interval(days=days)
        whole = ended <= ibis.literal(last)
        for table, gap in self.gaps:
            if windowed and table in tables:
                whole &= (ended < ibis.literal(gap.start)) | (begun > ibis.literal(gap.end))
        return whole


def avoidable(gaps: Iterable[Gap], first: dt.date, last: dt.date, days: int) -> list[Gap]:
    """Gaps that the windows of users who came from `first` to `last` can do without touching.

    None where most of the days of exposure lie within `days` of one: nearly nobody would be left,
    so that windows are better read without the gap's days.
    """
    known = list(gaps)
    came = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    clear = [
        day
        for day in came
        if not any(g.start <= day + dt.timedelta(days=days) and day <= g.end for g in known)
    ]
    return known if 2 * len(clear) >= len(came) else []


def parts_of(metric: Metric, catalogue: Catalogue) -> list[Metric]:
    """The metrics that are read: numerator and denominator of a quotient, else itself."""
    return [catalogue[name] for name in metric.parts] or [metric]


def absent_by_user(metric: Metric, rows: Rows, catalogue: Catalogue) -> str | None:
    """What a workspace lacks for a metric read per assigned user (a table, or table.column), or
    None. Those are its population: no other table has to tell it."""
    return next(filter(None, map(rows.absent, parts_of(metric, catalogue))), None)


def require_readable(rows: Rows, metric: Metric, whole: Metric) -> None:
    """Refuse what cannot be read per user, by name and with the fix."""
    nested = metric is not whole

    def readable(kind: Kind) -> bool:
        of_rows = "table" in kind.fields
        return of_rows and (kind.has_moments if nested else kind.comparison is not None)

    if not readable(metric.kind):
        raise MetricError(
            f'kind "{metric.kind.name}" cannot be read in an experiment'
            + (f" as a part of {whole.id}" if nested else ""),
            where=f"metrics.toml [{metric.id}]",
            hint=f"take a metric of kind {names_of_kinds(readable)}",
        )
    lacking = rows.absent(metric)
    if lacking:
        raise MetricError(
            f"needs {lacking}, which the workspace does not map",
            where=f"metrics.toml [{metric.id}]",
            hint=f"map it under [tables.{lacking.split('.')[0]}] in opsnb.toml",
        )
    assert metric.table is not None
    if "user_id" not in rows.table(metric.table).expr.columns:
        raise MetricError(
            f"table {metric.table} has no user_id, so it cannot be read in an experiment",
            where=f"metrics.toml [{metric.id}]",
            hint="take a metric of a table with users",
        )


class TableScans:
    """The scans that a set of metrics takes, one a table.

    Parameters
    ----------
    parts : mapping
        By a key of its own (letter and number), each metric to read.
    since : set of str
        Keys that are also read by stretch of days since exposure.
    """

    def __init__(
        self,
        rows: Rows,
        assigned: Assigned,
        observed: ObservationWindow,
        parts: Mapping[str, Metric],
        since: frozenset[str] = frozenset(),
    ) -> None:
        self.rows, self.assigned, self.observed, self.since = rows, assigned, observed, since
        self.groups = self._grouped(parts)

    def _grouped(self, parts: Mapping[str, Metric]) -> list[dict[str, Metric]]:
        """Parts that one scan can read: those of a table, less those with a window of rows."""
        scans: dict[tuple[str, str], dict[str, Metric]] = {}
        for key, part in parts.items():
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

    def read(self, number: int) -> ibis.Table:
        """One row a user with rows in the scan's table: each part after and before exposure."""
        parts = self.groups[number]
        first = next(iter(parts.values()))
        alone = len(parts) == 1 and _WINDOW.search(f"{first.value_sql} {first.per} {first.where}")
        keep = ("experiment_id",) if first.table == "outcomes" else ()
        if alone:
            key = next(iter(parts))
            rows = self.rows.of(first, keep=keep).mutate(_holds=ibis.literal(True))
            names = {f"{what}_{key}": f"_{what}" for what in ("holds", "value", "per")}
        else:
            rows, names = self.rows.together(parts, keep=keep)
        if first.table == "outcomes":
            rows = self.assigned.outcomes(rows)
        elif first.table is not None:  # of gaps, alike in all arms and before exposure
            rows = without(rows, self.rows.record(first.table).aside)
        users = self.assigned.users
        start = {"_from": users.assigned_at} if self.assigned.timed else {}
        joined = rows.inner_join(users.select("user_id", **start), "user_id")
        out = self._presence(joined, first, number)
        for key, part in parts.items():
            out |= self._amounts(joined, names, key, part)
        return _once_each(joined.group_by("user_id"), out)

    def _presence(self, joined: ibis.Table, part: Metric, number: int) -> dict[str, Any]:
        """Whether the user has a row, and one before exposure."""
        early: Any = ibis.literal(0)
        if part.table == "outcomes" and self.assigned.timed:
            early = joined.count(where=joined._day < joined._from.date())
        elif part.table == "outcomes" and self.observed.start is not None:
            early = joined.count(where=joined._day < ibis.literal(self.observed.start))
        return {f"seen_{number}": joined.count(), f"early_{number}": early}

    def _amounts(
        self, joined: ibis.Table, names: Mapping[str, str], key: str, part: Metric
    ) -> dict[str, Any]:
        holds, value = joined[names[f"holds_{key}"]], joined[names[f"value_{key}"]]
        per = joined[names[f"per_{key}"]] if part.divided else None
        own = UserRows(joined, value, per, self.rows.is_unique(part))
        after, earlier = self._windows(joined, part)
        counts = {
            f"rows_{key}": joined.count(where=after & (holds | holds.isnull())),
            f"nulls_{key}": joined.count(where=after & (holds.isnull() | (holds & value.isnull()))),
        }
        out = _user_amounts(own, part, key, holds & after) | counts
        if not part.kind.has_moments:
            return out
        if earlier is not None:
            before = _user_amounts(own, part, key, holds & earlier)
            out |= {f"p{name}": amount for name, amount in before.items()}
        if key in self.since and self._timed(part):
            out |= self._by_age(own, holds, key, part)
        return out

    def _by_age(self, own: UserRows, holds: Any, key: str, part: Metric) -> dict[str, Any]:
        """The same amounts by stretch of days since exposure."""
        rows = own.rows
        age = (rows._at.epoch_seconds() - rows._from.epoch_seconds()) // _DAY
        started = holds & (rows._at >= rows._from)
        out: dict[str, Any] = {}
        for index, (first, last) in enumerate(ages_within(self.observed.window(part, timed=True))):
            amounts = _user_amounts(own, part, key, started & age.between(first, last))
            out |= {f"{name}_age{index}": amount for name, amount in amounts.items()}
        return out

    def _timed(self, metric: Metric) -> bool:
        """Whether exposures and the metric's rows are known to the second."""
        return self.assigned.timed and self.rows.moment(metric.table) is not None

    def _windows(self, joined: ibis.Table, metric: Metric) -> tuple[Any, Any]:
        """Which rows count after exposure, and which as the covariate (None: there are none)."""
        observed, timed = self.observed, self.assigned.timed
        timed_rows = self.rows.moment(metric.table) is not None
        window, before = observed.window(metric, timed=self._timed(metric)), observed.covariate_days
        after: list[Any] = []
        if observed.end is not None and (window is None or observed.through is None):
            after.append(joined._day.isnull() | (joined._day <= observed.end))
        if observed.start is not None:
            after.append(joined._day.isnull() | (joined._day >= observed.start))
        earlier = None
        if timed and timed_rows:
            after.append(joined._at >= joined._from)
            if window is not None:
                after.append(joined._at < joined._from + ibis.interval(days=window))
            if before:
                earlier = (joined._at < joined._from) & (
                    joined._at >= joined._from - ibis.interval(days=before)
                )
        elif timed:
            after.append(joined._day.isnull() | (joined._day >= joined._from.date()))
        elif timed_rows and before and observed.start is not None:
            first = observed.start - dt.timedelta(days=before)
            earlier = (joined._day >= first) & (joined._day < observed.start)
        return (reduce(lambda a, b: a & b, after) if after else ibis.literal(True)), earlier


def ages_within(window: int | None) -> list[tuple[int, int]]:
    """Stretches of days since exposure that lie wholly within a window."""
    return [age for age in AGES if window is None or age[1] < window]


def _once_each(grouped: Any, amounts: Mapping[str, Any]) -> ibis.Table:
    """The aggregates, those that are the same thing computed once."""
    first: dict[Any, str] = {}
    same = {name: first.setdefault(amount.op(), name) for name, amount in amounts.items()}
    table = grouped.agg(**{name: amounts[name] for name in first.values()})
    return table.mutate(**{name: table[one] for name, one in same.items() if name != one})


def _user_amounts(own: UserRows, part: Metric, key: str, where: Any) -> dict[str, Any]:
    """What a part of number `key[1:]` comes to a user, by the names of a `Panel`'s columns."""
    names = {"x": key, "y": f"y{key[1:]}", "values": f"values_{key}"}
    amounts = part.kind.user_amounts(part, own, where)
    return {names[what]: amount for what, amount in amounts.items()}
