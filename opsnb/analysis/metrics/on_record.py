"""Which days a metric is on record: those on which every table that it is read from is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsnb.analysis.metrics.rows import RowDefinition, Rows
    from opsnb.analysis.tables import Gap, Record


SERIES = "series"


class OnRecord:
    """The records of the tables that metrics are read from."""

    def __init__(self, rows: Rows, catalogue: Mapping[str, RowDefinition]) -> None:
        self.rows = rows
        self.catalogue = catalogue

    def records(self, metric: RowDefinition) -> Iterator[Record]:
        """One a table on whose days the metric depends; none for a metric that no day bounds.

        Each metric of `series` has a record of its own (`SeriesRecords`).
        """
        for table in sorted(metric.tables(self.rows, self.catalogue) - {SERIES}):
            if self.rows.has(table):
                yield self.rows.record(table)

    def lacks(self, metric: RowDefinition, start: dt.date, end: dt.date) -> frozenset[dt.date]:
        """Days of a span that are not on record as a whole."""
        return frozenset[dt.date]().union(*(r.lacks(start, end) for r in self.records(metric)))

    def left_out(self, metric: RowDefinition, start: dt.date, end: dt.date) -> frozenset[dt.date]:
        """Days of a span whose rows do not count."""
        return frozenset[dt.date]().union(*(r.left_out(start, end) for r in self.records(metric)))

    def gaps(self, metric: RowDefinition, start: dt.date, end: dt.date) -> list[tuple[str, Gap]]:
        """Gaps of the metric's tables in a span, with the table that has each."""
        return [
            (record.table, gap)
            for record in self.records(metric)
            for gap in record.gaps_in(start, end)
        ]

    def first(self, metric: RowDefinition) -> dt.date | None:
        """The first day on which all its tables are on record; None where one never is."""
        firsts = [record.first for record in self.records(metric)]
        known = [day for day in firsts if day is not None]
        return max(known) if known and len(known) == len(firsts) else None

    def last(self, metric: RowDefinition) -> dt.date | None:
        """The last day on which all its tables are on record; None where one never is."""
        lasts = [record.last for record in self.records(metric)]
        known = [day for day in lasts if day is not None]
        return min(known) if known and len(known) == len(lasts) else None
