"""Metrics of GrowthBook, from its API's answers to /fact-metrics and /fact-tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from opsnb.analysis.definitions.carried import Ids, MetricDraft, NotCarried, Refused, mark, slug
from opsnb.analysis.definitions.exports import Node
from opsnb.analysis.definitions.expressions import DUCKDB, both
from opsnb.analysis.definitions.growthbook_tables import FactTable, condition, fact_table
from opsnb.analysis.definitions.places import Model, Place
from opsnb.analysis.definitions.rows import RowMetric, ratio_of

TOOL = "GrowthBook"

_AT_LEAST = re.compile(r"(>=?)\s*(\d+)")
_DAYS = {"minutes": 1 / 1440, "hours": 1 / 24, "days": 1, "weeks": 7}


@dataclass(frozen=True)
class _Side:
    """A numerator or a denominator."""

    rows: RowMetric
    distinct_users: bool


class FactMetrics:
    """GrowthBook's fact metrics with the tables that they are measured on.

    Parameters
    ----------
    metrics, tables, filters : sequence of Node
        The objects of the API's answers.
    dialect : str
        That the warehouse's SQL is written in.
    """

    def __init__(
        self,
        metrics: Sequence[Node],
        tables: Sequence[Node],
        filters: Sequence[Node],
        dialect: str = DUCKDB,
    ) -> None:
        self._metrics = metrics
        self._dialect = dialect
        self._tables = {one.text("id"): fact_table(one, dialect) for one in tables}
        self._filters = {one.text("id"): one for one in filters}

    @property
    def models(self) -> list[Model]:
        return [table.model for table in self._tables.values()]

    def carried(
        self, place_of: Callable[[Model], Place], ids: Ids
    ) -> Iterator[MetricDraft | Refused]:
        """Each metric as one of opsnb's, or why it has no equal; in the files' order."""
        for metric in self._metrics:
            try:
                yield from self._drafts(metric, place_of, ids)
            except NotCarried as why:
                name = f"{metric.text('name')} ({metric.text('id')})"
                yield Refused("metric", name, why.reason, why.hint)

    def _drafts(
        self, metric: Node, place_of: Callable[[Model], Place], ids: Ids
    ) -> Iterable[MetricDraft]:
        if metric.flag("archived"):
            raise NotCarried("is archived")
        kind = metric.text("metricType")
        make = {
            "proportion": self._proportion,
            "mean": self._mean,
            "quantile": self._quantile,
        }.get(kind)
        common = {**_settings(metric, capped=kind == "mean")}
        if kind == "ratio":
            return self._ratio(metric, place_of, ids, common)
        if make is None:
            raise NotCarried(f"a metric of type {kind} has no equal here")
        return [_draft(metric, ids, make(metric, place_of), common)]

    def _proportion(self, metric: Node, place_of: Callable[[Model], Place]) -> RowMetric:
        side = _side_of(metric, "numerator")
        rows, place = self._rows(side, place_of)
        _require_users(place)
        column, comparison = (
            side.text("aggregateFilterColumn", ""),
            side.text("aggregateFilter", ""),
        )
        if not column:
            return RowMetric("proportion", rows.table, None, rows.where)
        found = _AT_LEAST.fullmatch(comparison)
        if column != "$$count" or found is None:
            raise NotCarried(f"keeps users of {column} {comparison}; only a count of rows can be")
        fewest = int(found[2]) + (found[1] == ">")
        return RowMetric("proportion", rows.table, None, rows.where, {"at_least": fewest})

    def _mean(self, metric: Node, place_of: Callable[[Model], Place]) -> RowMetric:
        rows, place = self._rows(_side_of(metric, "numerator"), place_of)
        _require_users(place)
        if rows.kind == "distinct":
            raise NotCarried("averages a distinct count of each user")
        return RowMetric("mean", rows.table, rows.value or "1", rows.where)

    def _quantile(self, metric: Node, place_of: Callable[[Model], Place]) -> RowMetric:
        settings = metric.inner("quantileSettings")
        share = settings.number("quantile") if settings else None
        if settings is None or share is None:
            raise metric.wrong("quantileSettings.quantile", "is missing")
        if settings.text("type") != "event":
            raise NotCarried("is a quantile over users' sums; here it is over rows")
        rows, _ = self._rows(_side_of(metric, "numerator"), place_of)
        if rows.kind != "sum" or rows.value is None:
            raise NotCarried("is a quantile of a count of rows")
        some = f"({rows.value}) <> 0" if settings.flag("ignoreZeros") else None
        where = both(rows.where, some)
        return RowMetric("quantile", rows.table, rows.value, where, {"quantile": share})

    def _ratio(
        self,
        metric: Node,
        place_of: Callable[[Model], Place],
        ids: Ids,
        common: dict[str, Any],
    ) -> Iterable[MetricDraft]:
        sides = {}
        for key in ("numerator", "denominator"):
            sides[key], place = self._rows(_side_of(metric, key), place_of)
            if sides[key].kind == "distinct":
                _require_users(place)
        share = {"unit": "share"} if metric.flag("displayAsPercentage") else {}
        ratio = ratio_of(sides["numerator"], sides["denominator"])
        if ratio is not None:
            return [_draft(metric, ids, ratio, common | share)]
        parts = [
            _draft(metric, ids, rows, {"window_days": common.get("window_days")}, part=key)
            for key, rows in sides.items()
        ]
        named = {key: part.id for key, part in zip(sides, parts, strict=True)}
        fields = {"kind": "quotient", **named, "unit": "number"} | common | share
        fields.pop("window_days", None)  # its parts have it
        return [_whole(metric, ids, fields), *parts]

    def _rows(self, side: Node, place_of: Callable[[Model], Place]) -> tuple[RowMetric, Place]:
        """What a side adds up or counts."""
        table = self._table(side)
        place = place_of(table.model)
        _require_clock(table, place)
        conditions = [
            place.sql(one, self._dialect) for one in condition(side, table, self._filters)
        ]
        where = both(place.where, *conditions)
        column, aggregation = side.text("column", ""), side.text("aggregation", "sum")
        if column == "$$distinctUsers":
            return RowMetric("distinct", place.table, None, where), place
        if column in ("", "$$count"):
            return RowMetric("count", place.table, None, where), place
        if column.startswith("$$") or aggregation == "max":
            what = column if column.startswith("$$") else f"the maximum of {column}"
            raise NotCarried(f"takes {what} of each user, which has no equal here")
        if aggregation == "count distinct":
            raise NotCarried(
                f"counts the distinct {column} of each user",
                'kind = "distinct" does so in an experiment, and in a month counts them over all',
            )
        value = place.sql(table.quoted(column), self._dialect)
        return RowMetric("sum", place.table, value, where), place

    def _table(self, side: Node) -> FactTable:
        id = side.text("factTableId")
        if id not in self._tables:
            raise NotCarried(
                f"its fact table {id} is not among the files",
                "save the answer of /api/v1/fact-tables and name that file as well",
            )
        return self._tables[id]


def _side_of(metric: Node, key: str) -> Node:
    side = metric.inner(key)
    if side is None:
        raise metric.wrong(key, "is missing")
    return side


def _require_users(place: Place) -> None:
    if place.columns is not None and "user_id" not in place.columns:
        raise NotCarried(
            f"is about users, and [tables.{place.table}] has no user_id",
            f"map its user as user_id in [tables.{place.table}]",
        )


def _require_clock(table: FactTable, place: Place) -> None:
    """A fact is dated by its `timestamp`, where the query shows what that is."""
    other = place.other_clock(table.clock, DUCKDB) if table.clock else None
    if other:
        raise NotCarried(
            f"is dated by {other}; rows of {place.table} are dated by {place.clock}",
            f"map a table of its own whose day is {other}",
        )


def _settings(metric: Node, *, capped: bool) -> dict[str, Any]:
    """Direction, materiality, window and cap."""
    out: dict[str, Any] = {"direction": "down"} if metric.flag("inverse") else {}
    if least := metric.number("minPercentChange"):
        out["materiality"] = least
    cap, window = metric.inner("cappingSettings"), metric.inner("windowSettings")
    if cap is not None and cap.text("type", "none") != "none":
        out["cap"] = _cap(cap, capped)
    if window is not None and window.text("type", "none") != "none":
        out["window_days"] = _window(window)
    elif window is not None:
        _require_no_delay(window)
    return out


def _cap(cap: Node, capped: bool) -> float:
    value = cap.number("value")
    if cap.text("type") != "percentile":
        raise NotCarried(f"caps users at the amount {value or 0:g}; here only at a quantile")
    if not capped:
        raise NotCarried("caps what is no mean of users")
    if cap.flag("ignoreZeros"):
        raise NotCarried("caps at a percentile of users above zero; here zeros count")
    if value is None or not 0.5 < value < 1:
        raise NotCarried(f"caps at the percentile {value}; here it lies between 0.5 and 1")
    return value


def _window(window: Node) -> int:
    kind = window.text("type")
    if kind != "conversion":
        raise NotCarried(f"has a {kind} window; here windows begin at exposure")
    _require_no_delay(window)
    unit, count = window.text("windowUnit", "hours"), window.number("windowValue") or 0
    days = count * _DAYS.get(unit, 0)
    if days < 1 or abs(days - round(days)) > 1e-9:
        raise NotCarried(f"its window of {count:g} {unit} is not one of whole days")
    return round(days)


def _require_no_delay(window: Node) -> None:
    delay = window.number("delayValue") or window.number("delayHours")
    if delay:
        raise NotCarried(
            f"counts from {delay:g} {window.text('delayUnit', 'hours')} after exposure"
        )


def _draft(
    metric: Node, ids: Ids, rows: RowMetric, common: dict[str, Any], *, part: str = ""
) -> MetricDraft:
    unit = {} if rows.kind == "proportion" else {"unit": rows.unit}
    return _whole(metric, ids, rows.fields | unit | common, part)


def _whole(metric: Node, ids: Ids, fields: dict[str, Any], part: str = "") -> MetricDraft:
    name, id = metric.text("name"), metric.text("id")
    source = f"{id}, {part}" if part else id
    wanted = slug(name) or slug(id)
    said = metric.text("description", "").rstrip(".")
    named = {
        "label": f"{name} ({part})" if part else name,
        "definition": f"{said} {mark(TOOL, source)}".strip(),
    }
    given = {key: value for key, value in fields.items() if value is not None}
    return MetricDraft(
        ids.of(source, f"{wanted}_{part}" if part else wanted), source, named | given
    )
