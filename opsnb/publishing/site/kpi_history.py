"""KPIs from cycle to cycle, drawn from the facts of all reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from opsnb.base.messages import Label, Language
from opsnb.publishing.site.report_entries import Entry, cycle_kind, cycle_order

SHOWN = 6
"""Cycles in the table; the small chart shows all."""

_WIDTH, _HEIGHT, _EDGE = 132.0, 34.0, 5.0


@dataclass(frozen=True)
class Point:
    """A KPI in one cycle, with the address of the report that says so."""

    cycle: str
    fact: SimpleNamespace
    target: float | None
    status: str | None
    html: str | None
    provisional: bool


@dataclass(frozen=True)
class Series:
    """A KPI in all cycles of one kind, the oldest first."""

    metric: str
    name: str
    points: tuple[Point, ...]

    @property
    def last(self) -> Point:
        return self.points[-1]

    @property
    def places(self) -> list[tuple[float, float]]:
        """Where the points lie in a chart of 132 by 34."""
        values = [point.fact.value for point in self.points]
        low, high = min(values), max(values)
        step = (_WIDTH - 2 * _EDGE) / max(1, len(values) - 1)
        left = _EDGE if len(values) > 1 else _WIDTH / 2
        room = _HEIGHT - 2 * _EDGE

        def down(value: float) -> float:
            return _EDGE + room * ((high - value) / (high - low) if high > low else 0.5)

        return [(round(left + step * i, 1), round(down(v), 1)) for i, v in enumerate(values)]


def histories(
    listed: list[Entry], language: Language, labels: Mapping[str, Label]
) -> list[tuple[str, list[str], list[Series]]]:
    """For each kind of cycle: its heading, the latest cycles, and each KPI's history."""
    points: dict[str, dict[str, dict[str, Point]]] = {}
    for entry in listed:
        if not entry.usable or entry.report is None or entry.report["subject"]:
            continue
        for point in _points(entry):
            metrics = points.setdefault(cycle_kind(entry.cycle), {})
            metrics.setdefault(point.fact.metric, {}).setdefault(entry.cycle, point)
    tables = []
    for kind in sorted(points, key=_KINDS.index):
        cycles = sorted({c for rows in points[kind].values() for c in rows}, key=cycle_order)
        series = [
            Series(
                metric,
                metric_name(metric, language, labels),
                tuple(rows[c] for c in cycles if c in rows),
            )
            for metric, rows in points[kind].items()
        ]
        tables.append((language.text(f"site.kind.{kind}"), cycles[-SHOWN:], series))
    return tables


_KINDS = ("month", "week", "quarter", "year", "other")


def _points(entry: Entry) -> list[Point]:
    """The KPIs of a report that stand for the whole company."""
    assert entry.report is not None
    whole = [
        fact
        for fact in entry.report["facts"]
        if fact.get("metric") and not any(fact.get(part) for part in ("variant", "segment"))
    ]
    found = {(fact["id"], fact["metric"]): fact["value"] for fact in whole}
    return [
        Point(
            entry.cycle,
            as_fact(fact),
            _number(found.get(("kpi.target", fact["metric"]))),
            _status(found.get(("kpi.status", fact["metric"]))),
            entry.html,
            entry.report["status"] == "provisional",
        )
        for fact in whole
        if fact["id"] == "kpi.value"
        and not fact.get("period")
        and _number(fact["value"]) is not None
    ]


def _number(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if number else None


def _status(value: Any) -> str | None:
    return value if value in ("hit", "near", "missed") else None


def as_fact(fact: Mapping[str, Any], value: str = "value") -> SimpleNamespace:
    """A fact of report.json as an object that a `Language` can format."""
    bounds = {name: fact.get(name) for name in ("low", "high", "metric")}
    return SimpleNamespace(value=fact[value], unit=fact["unit"], **bounds)


def metric_name(metric: str, language: Language, labels: Mapping[str, Label]) -> str:
    """A metric as people call it; its id in words where no definition is known."""
    return language.say(labels[metric]) if metric in labels else metric.replace("_", " ")
