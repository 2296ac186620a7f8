"""A metric asked for by period: its rows in the periods, by the groups that are wanted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from opsnb.analysis.metrics.by_period import Measured, by_period, grouped, in_periods, keys_of
from opsnb.analysis.metrics.on_record import OnRecord
from opsnb.analysis.metrics.rows import RowDefinition, Rows, without
from opsnb.base.errors import MetricError

if TYPE_CHECKING:
    from opsnb.base.periods import Period

TENURE = "tenure"
"""A dimension of its own: users who registered in the period are "new", the others "old"."""


@dataclass(frozen=True)
class MetricQuery:
    """The periods and groups that a metric is asked for in, and the rows to answer from.

    Attributes
    ----------
    rows : Rows
    catalogue : mapping
        Definitions of all metrics by id.
    periods : sequence of Period
        Must not overlap; a single one where `by` is `TENURE`.
    by : str or None
        A column of the metric's table or of users, or `TENURE`.
    measure : callable
        What another metric is in the same periods and groups, by its id; the days on which the
        rows of the metric asked for do not count are left out of the other one as well.
    on_record : OnRecord
        Which days the metrics' tables hold.
    without : frozenset of date
        Further days that do not count.
    """

    rows: Rows
    catalogue: Mapping[str, RowDefinition]
    periods: Sequence[Period]
    by: str | None
    measure: Callable[[str], list[Measured]]
    on_record: OnRecord
    without: frozenset[dt.date] = frozenset()

    @property
    def keys(self) -> list[str]:
        """The columns by which answers are told apart: `_period`, and `_group` with `by`."""
        return keys_of(self.by)

    def lacks(self, metric: RowDefinition, start: dt.date, end: dt.date) -> frozenset[dt.date]:
        """Days of a span that do not count, or are not on record as a whole."""
        more = frozenset(day for day in self.without if start <= day <= end)
        return self.on_record.lacks(metric, start, end) | more

    def rows_of(self, metric: RowDefinition) -> ibis.Table:
        """Rows that count for a metric, on whatever day, with their `_group`."""
        return self.with_group(metric, self._selected(metric))

    def rows_in_periods(
        self, metric: RowDefinition, periods: Sequence[Period] | None = None, *, whole: bool = False
    ) -> ibis.Table:
        """Rows that count for a metric, with their `_period` and `_group`.

        Those of days that are not on record are left out; `whole`: also those of the days in
        the course of which recording began or ended.
        """
        periods = periods or self.periods
        rows = without(self._selected(metric), self._left_out(metric, periods, whole))
        if self.by == TENURE and self.by not in rows.columns:
            return in_periods(self._with_tenure(metric, rows, periods[0]), periods)
        return in_periods(self.with_group(metric, rows), periods)

    def with_group(self, metric: RowDefinition, rows: ibis.Table) -> ibis.Table:
        """`_group`: the column itself, else the user's attribute; "(none)" where it is empty."""
        by = self.by
        if by is None:
            return rows
        if by in rows.columns:
            return rows.mutate(_group=grouped(rows[by]))
        if "user_id" in rows.columns and self.rows.has("users"):
            users = self.rows.table("users").expr
            if by in users.columns:
                attribute = users.select("user_id", _group=users[by])
                joined = rows.left_join(attribute, "user_id").drop("user_id_right")
                return joined.mutate(_group=grouped(joined._group))
        raise MetricError(
            f'cannot break "{metric.id}" down by "{by}"',
            where=f"table {metric.table}",
            hint=f"neither {metric.table} nor its users have a column {by}",
        )

    def records(
        self, frame: ibis.Table, periods: Sequence[Period] | None = None
    ) -> Iterable[dict[str, Any]]:
        """Totals by `keys`, in the order of the periods."""
        return by_period(frame.execute(), periods or self.periods, self.by)

    def _left_out(
        self, metric: RowDefinition, periods: Sequence[Period], whole: bool
    ) -> frozenset[dt.date]:
        """Days of the periods whose rows do not count, of those that have rows."""
        rule = self.on_record.lacks if whole else self.on_record.left_out
        days = self.without.union(*(rule(metric, one.start, one.end) for one in periods))
        return days and days & self.rows.record(metric.table or "").rows.keys()

    def _selected(self, metric: RowDefinition) -> ibis.Table:
        return self.rows.of(metric, keep=(self.by,) if self.by else ())

    def _with_tenure(self, metric: RowDefinition, rows: ibis.Table, period: Period) -> ibis.Table:
        """`_group`: whether the row's user registered in the period; "(none)" where unknown."""
        if metric.table == "users" or "user_id" not in rows.columns or not self.rows.has("users"):
            raise MetricError(
                f'cannot tell new users from old ones in "{metric.id}"',
                where=f"table {metric.table}",
                hint="map users, and a user_id in the table",
            )
        users = self.rows.table("users").expr
        is_new = users.registered_date >= ibis.literal(period.start)
        known = users.select("user_id", _group=ibis.ifelse(is_new, "new", "old"))
        joined = rows.left_join(known, "user_id").drop("user_id_right")
        return joined.mutate(_group=grouped(joined._group))
