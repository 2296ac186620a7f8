"""The weekly review: one page of what left its path, what is due, and the lead KPI's course."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from opsnb.analysis.display import (
    Absent,
    Column,
    Fold,
    Interval,
    Note,
    Paragraph,
    Part,
    Spark,
    Table,
    Toned,
    charts,
)
from opsnb.analysis.findings import Tone, Verdict
from opsnb.analysis.methods.forecast import Forecast, next_period
from opsnb.analysis.reviews.period.empty import empty_verdict, needs_rows, say_empty, say_reach
from opsnb.analysis.reviews.period.month import Month
from opsnb.analysis.reviews.period.scorecard import Kpi
from opsnb.analysis.reviews.period.unusual_days import unusual_days
from opsnb.analysis.reviews.shared.data_gate import data_gate
from opsnb.analysis.reviews.shared.recall import open_actions
from opsnb.base.errors import MethodError
from opsnb.base.messages import Said, Text
from opsnb.base.periods import Period, between, containing

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.shown import Shown

NEEDS = ("orders",)
OPTIONAL = ("users", "events", "surveys", "tickets", "tasks")

WEEKLY_KPIS = (
    "gmv_net", "orders", "new_users", "active_users", "conversion_rate", "aov", "refund_rate",
    "retention_d7", "nps", "csat", "tickets_on_time", "tasks_on_time",
)  # fmt: skip

WEEKS, MONTHS = 6, 12
HISTORY_WEEKS = 26
LEVEL = 0.95
DUE_DAYS = 7


@dataclass(frozen=True)
class Watched:
    """A KPI beside what its own past weeks let expect."""

    kpi: Kpi
    expected: Forecast | None

    @property
    def is_exception(self) -> bool:
        """Outside its range, by more than anybody would overlook."""
        value, expected = self.kpi.measured.value, self.expected
        if expected is None or value is None or expected.low <= value <= expected.high:
            return False
        gap = abs(value - expected.value)
        return gap >= self.kpi.metric.materiality * abs(expected.value)

    @property
    def is_good(self) -> bool:
        value, expected = self.kpi.measured.value, self.expected
        assert value is not None and expected is not None
        return self.kpi.metric.better(value - expected.value)


class Week(Month):
    """One week's review; `Month` knows how its period is measured and compared.

    Parameters
    ----------
    ops : Recorder
    kpis : sequence of str, optional
        Metric ids; by default those with a target in this week, then the usual ones.
    """

    name = "week"

    def __init__(self, ops: Recorder, kpis: Sequence[str] = ()) -> None:
        super().__init__(ops, kpis)
        if not kpis:
            self.kpi_ids = list(dict.fromkeys([*self.targets, *WEEKLY_KPIS]))

    @cached_property
    def watched(self) -> list[Watched]:
        """Every KPI of the week with its expectation."""
        return [Watched(kpi, self._expected(kpi)) for kpi in self.kpis]

    def _expected(self, kpi: Kpi) -> Forecast | None:
        """From the weeks before, without this one; None where they are too few."""
        if self.partial:
            return None
        first = self.first_recorded_of(kpi.metric)
        weeks = [self.period.previous()]
        while len(weeks) < HISTORY_WEEKS:
            before = weeks[0].previous()
            if first is not None and before.start < first:
                break
            weeks.insert(0, before)
        usual = [week for week in weeks if not self._is_disturbed(week)]
        values = [m.value for m in self.ops.meter.measure(kpi.metric.id, usual)] if usual else []
        if any(value is None for value in values):
            return None
        series = np.array(values, dtype=float)
        positive = kpi.metric.unit != "score" and bool((series > 0).all())
        try:
            found = next_period(series, season=52, level=LEVEL, logarithm=positive)
        except MethodError:
            return None
        highest = 1.0 if kpi.metric.unit == "share" else np.inf
        return replace(found, high=min(found.high, highest))

    def _is_disturbed(self, week: Period) -> bool:
        """Whether an outage or a tracking gap lay in a week: it does not teach what is usual."""
        return any(
            event.kind in ("outage", "tracking")
            and event.start <= week.end
            and event.period.end >= week.start
            for event in self.ops.workspace.events
        )

    # -- steps -------------------------------------------------------------------------

    def data_gate(self) -> Shown:
        """Whether the week is complete; the tables stay folded."""
        ops = self.ops
        say_reach(ops, self)
        if self.is_empty:
            say_empty(self)
        elif self.partial:
            reason = Text.of("week.partial", period=self.period.text, last=self.recorded_until)
            ops.status("provisional", reason)
            ops.check("complete", "warn", reason)
        elif self.refunds_open:
            days = ops.workspace.refund_window_days
            reason = Text.of("week.refunds_open", days=days, as_of=ops.workspace.as_of)
            ops.status("provisional", reason)
            ops.check("refunds", "warn", reason)
        else:
            ops.check("complete", "pass", Text.of("week.complete", as_of=ops.workspace.as_of))
        return data_gate(ops, NEEDS, OPTIONAL, folded=True)

    def due(self) -> Shown:
        """Actions that are late or fall due within a week."""
        return self.ops.show(*open_actions(self.ops, DUE_DAYS))

    @needs_rows
    def exceptions(self) -> Shown:
        """KPIs outside what their own past lets expect, six weeks beside twelve months.

        The others follow in the same form behind a line.
        """
        ops = self.ops
        if self.partial:
            return ops.show(Absent(Text("week.exceptions.partial")))
        known = [one for one in self.watched if one.expected is not None]
        found = [one for one in known if one.is_exception]
        ops.fact("week.exceptions", len(found), "count", n=len(known))
        chance = (1 - LEVEL) * len(known)
        line = Text.of("week.exceptions.line", n=len(found), known=len(known), chance=chance)
        parts: list[Part] = [Paragraph(line)]
        if found:
            parts.append(Table(self._columns(), [self._exception(one) for one in found]))
        rest = [one for one in self.watched if one not in found]
        if rest:
            title = Text.of("week.exceptions.rest", n=len(rest))
            parts.append(Fold(title, [Table(self._columns(), [self._quiet(one) for one in rest])]))
        return ops.show(*parts, Note(Text("week.exceptions.note")))

    def _columns(self) -> list[Column]:
        return [
            Column("metric", Text("ab.column.metric"), "said"),
            Column("weeks", Text.of("chart.weeks", n=WEEKS)),
            Column("value", Text("month.scorecard.value"), "said", "right"),
            Column("range", Text("week.exceptions.range"), "said", "right"),
            Column("change", Text("week.change"), "said", "right"),
            Column("year", Text("month.scorecard.year"), "said", "right"),
            Column("months", Text.of("chart.months", n=MONTHS)),
            Column("reading", Text("week.exceptions.reading"), "said"),
        ]

    def _form(self, one: Watched) -> dict[str, Any]:
        """Six weeks, the week, what it is compared with, and twelve months."""
        kpi = one.kpi
        return {
            "metric": kpi.metric.label,
            "weeks": self._spark(kpi, self._weeks),
            "value": kpi.value_text,
            "change": kpi.change_text,
            "year": kpi.year_text,
            "months": self._spark(kpi, self._months),
        }

    def _spark(self, kpi: Kpi, periods: list[Period]) -> Spark:
        label = Text.of("week.spark", metric=kpi.metric.label, first=periods[0].start)
        return Spark(self._values(kpi.metric.id, periods), label)

    def _exception(self, one: Watched) -> dict[str, Any]:
        kpi, expected = one.kpi, one.expected
        assert expected is not None
        unit: Any = kpi.metric.unit
        fact = self.ops.fact(
            "week.expected", expected.value, unit, low=expected.low, high=expected.high,
            metric=kpi.metric.id, n=expected.errors, method=expected.method,
        )  # fmt: skip
        tone: Tone = "good" if one.is_good else "warn"
        self.ops.finding(
            Text.of("week.exceptions.finding", metric=kpi.metric.label, value=kpi.value_text,
                    expected=fact),
            kpi.fact, fact, tone=tone, section="exceptions",
        )  # fmt: skip
        word = Text("week.exceptions.good" if one.is_good else "week.exceptions.bad")
        return {
            **self._form(one),
            "range": Text.of(f"month.outlook.{kpi.spec}", bounds=fact),
            "reading": Toned(None, tone, word),
        }

    def _quiet(self, one: Watched) -> dict[str, Any]:
        expected = one.expected
        if expected is None:
            return {**self._form(one), "range": None, "reading": Text("week.exceptions.short")}
        bounds = Interval(expected.low, expected.high)
        return {
            **self._form(one),
            "range": Text.of(f"month.outlook.{one.kpi.spec}", bounds=bounds),
            "reading": Text("week.exceptions.quiet"),
        }

    @cached_property
    def _weeks(self) -> list[Period]:
        return _run(self.period, WEEKS)

    @cached_property
    def _months(self) -> list[Period]:
        """The last complete months up to the end of the week."""
        month = containing("month", self.period.end, self.period.calendar)
        return _run(month if month.end <= self.period.end else month.previous(), MONTHS)

    @needs_rows
    def course(self, metric: str = "gmv_net") -> Shown:
        """Six weeks beside twelve months, this year and last, with the numbers under it."""
        ops = self.ops
        lacking = ops.meter.absent(metric)
        if lacking:
            return ops.show(Absent(Text.of("month.absent", table=lacking)))
        months = self._months
        label = ops.label(metric)
        found = next((kpi for kpi in self.kpis if kpi.metric.id == metric), None)
        change: Said = found.change_text if found else Text("month.change_none")
        spec = {"money": "money", "share": "percent", "count": "integer"}
        chart = charts.kpi_trend(
            self._span(metric, self._weeks),
            self._span(metric, months),
            claim=Text.of("week.course.claim", metric=label, change=change),
            alt=Text.of("week.course.alt", metric=label, weeks=WEEKS, months=MONTHS),
            source=Text.of("month.source", start=months[0].start, end=self.period.end),
            format=spec.get(ops.catalogue[metric].unit, "number"),
            boxes=self._boxes(metric, found),
        )
        return ops.show(chart)

    def _values(self, metric: str, periods: list[Period]) -> list[float | None]:
        """A value a period, None before the data begin."""
        first = self.first_recorded_of(self.ops.catalogue[metric])
        known = [p for p in periods if first is None or p.start >= first]
        found = {m.period: m.value for m in self.ops.meter.measure(metric, known)} if known else {}
        return [found.get(period.key) for period in periods]

    def _span(self, metric: str, periods: list[Period]) -> charts.KpiSpan:
        before = self._values(metric, [period.last_year() for period in periods])
        known = before if any(value is not None for value in before) else ()
        return charts.KpiSpan([p.start for p in periods], self._values(metric, periods), known)

    def _boxes(self, metric: str, kpi: Kpi | None) -> list[tuple[Said, Said]]:
        """Last week, week on week, year on year; month, quarter and year to date."""
        if kpi is None:
            return []
        boxes: list[tuple[Said, Said]] = [
            (Text("week.course.week"), kpi.value_text),
            (Text("week.course.wow"), kpi.change_text),
            (Text("week.course.yoy"), kpi.year_text),
        ]
        for kind in ("month", "quarter", "year"):
            whole = containing(kind, self.period.end, self.period.calendar)  # type: ignore[arg-type]
            so_far = self.ops.meter.value(metric, between(whole.start, self.period.end))
            said = Text.of(f"common.{kpi.spec}", value=so_far.value)
            boxes.append((Text(f"week.course.{kind}"), said))
        return boxes

    @needs_rows
    def unusual(self, metrics: Sequence[str] = ("orders", "active_users")) -> Shown:
        """Days of the week outside expectation, as a table."""
        return self.ops.show(*unusual_days(self, metrics, timelines=False))

    # -- the first screen ----------------------------------------------------------------

    def summary(self) -> Shown:
        """Verdict, cards, findings, and what to decide about the exceptions."""
        ops = self.ops
        if self.is_empty:
            return ops.first_screen(empty_verdict(self), [])
        found = [one for one in self.watched if one.is_exception]
        bad = [one for one in found if not one.is_good]
        if bad:
            ops.decide(
                Text.of("week.decision", metrics=[one.kpi.metric.label for one in bad[:3]]),
                recommendation=Text("week.recommend"),
                due=ops.workspace.as_of + dt.timedelta(days=2),
                evidence=tuple(one.kpi.fact for one in bad[:3]),
            )
        first = [one.kpi for one in found]
        rest = [kpi for kpi in self.kpis if kpi not in first]
        cards = [kpi.card_of("week.card_change") for kpi in [*rest[:1], *first, *rest[1:]]]
        return ops.first_screen(self._week_verdict(found, bad), cards[:6])

    def _week_verdict(self, found: list[Watched], bad: list[Watched]) -> Verdict:
        case = "partial" if self.partial else "bad" if bad else "good" if found else "quiet"
        lead = self.kpis[0]
        tone: Any = {"bad": "warn", "partial": "warn", "quiet": "neutral", "good": "good"}[case]
        self.ops.fact("week.verdict", case, "text")
        return Verdict(
            word=Text(f"week.word.{case}"),
            sentence=Text.of(
                f"week.verdict.{case}",
                period=self.period.text,
                n=len(found),
                bad=len(bad),
                metric=lead.metric.label,
                value=lead.value_text,
                change=lead.change_text,
                last=self.recorded_until,
            ),
            grade="E",
            tone=tone,
            rule=Text("week.rule"),
            evidence=(lead.fact,),
        )


def _run(last: Period, count: int) -> list[Period]:
    """Periods up to the last, the oldest first."""
    periods = [last]
    while len(periods) < count:
        periods.insert(0, periods[0].previous())
    return periods
