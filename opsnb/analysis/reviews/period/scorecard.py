"""KPIs against targets, last month and last year; noise is told from news."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from opsnb.analysis.display import Column, Fold, Note, Part, Table, Toned
from opsnb.analysis.findings import Card, Fact, Tone
from opsnb.analysis.methods.estimate import Estimate
from opsnb.analysis.methods.proportions import Votes, newcombe, nps, nps_difference, wilson
from opsnb.analysis.metrics import Metric
from opsnb.analysis.metrics.by_period import Measured
from opsnb.analysis.reviews.period.calendar_year import base_period, project
from opsnb.analysis.tables import tables_where
from opsnb.base.errors import PlanError, did_you_mean
from opsnb.base.messages import Said, Text
from opsnb.base.plans import Target

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.review import Reviewed
    from opsnb.base.periods import Period

KpiStatus = Literal["hit", "near", "missed"]

_TONE: dict[str, Tone] = {"hit": "good", "near": "warn", "missed": "bad"}

SAMPLED = frozenset(tables_where(lambda contract: contract.sampled))
"""Tables whose rows are a sample: their KPIs carry an interval. The others are complete counts."""

FEW_ANSWERS = 30

_SPEC = {"share": "percent", "money": "money", "count": "integer", "score": "score"}


LEADING = 12
"""KPIs that the scorecard shows; the others are folded."""


@dataclass(frozen=True)
class Change:
    """A KPI against an earlier period.

    Attributes
    ----------
    gap, relative : float
        Difference, and the same over the earlier value (None where that is 0).
    interval : Estimate or None
        Of the difference, where both are samples; in the unit of `gap`.
    aligned : bool
        The earlier value was laid on this period's calendar.
    """

    gap: float
    relative: float | None
    interval: Estimate | None = None
    aligned: bool = False

    @property
    def is_noise(self) -> bool:
        """Whether the interval of a sampled change includes zero."""
        return self.interval is not None and not self.interval.significant


@dataclass(frozen=True)
class Kpi:
    """A KPI of a period: measured, compared, and judged against its target."""

    metric: Metric
    measured: Measured
    previous: Measured | None
    change: Change | None
    year: Change | None
    target: Target | None
    goal: float | None
    status: KpiStatus | None
    fact: Fact
    usual: bool = False

    @property
    def agreed(self) -> KpiStatus | None:
        """The status, where the target is the team's own and not the catalogue's."""
        return None if self.usual else self.status

    @property
    def spec(self) -> str:
        return _SPEC.get(self.metric.unit, "number")

    @property
    def value_text(self) -> Text:
        return Text.of(f"common.{self.spec}", value=self.measured.value)

    @property
    def target_text(self) -> Text | None:
        if self.goal is None or self.target is None:
            return None
        goal = Text.of(f"common.{self.spec}", value=self.goal)
        if self.target.growth is not None:
            goal = Text.of("month.scorecard.growth", goal=goal, growth=self.target.growth)
        return Text.of("month.scorecard.usual", goal=goal) if self.usual else goal

    @property
    def change_text(self) -> Text:
        return self._said(self.change)

    @property
    def year_text(self) -> Text:
        return self._said(self.year)

    @property
    def owner(self) -> Said | None:
        return (self.target.owner if self.target else None) or self.metric.owner

    def _said(self, change: Change | None) -> Text:
        """Percentage points for shares and points for scores, percent for the rest."""
        if change is None:
            return Text("month.change_none")
        small = change.relative is not None and abs(change.relative) < self.metric.materiality
        if small:
            return Text("month.change_small")
        if self.metric.unit == "share":
            said = Text.of("month.change_points", value=change.gap)
        elif self.metric.unit == "score":
            said = Text.of("month.change_score", value=change.gap)
        else:
            said = Text.of("month.change_relative", value=change.relative)
        return Text("month.change_noise") if change.is_noise else said

    @property
    def card(self) -> Card:
        """The KPI as a card of the first screen."""
        return self.card_of("month.card.change")

    def card_of(self, change: str) -> Card:
        """The card with the change said by the text under a key."""
        return Card(
            label=self.metric.label,
            value=self.value_text,
            fact=self.fact,
            target=self.target_text,
            change=Text.of(change, change=self.change_text),
            interval=Text.of("common.interval", fact=self.fact)
            if self.fact.low is not None
            else None,
            tone=_TONE[self.status] if self.status else "neutral",
            status=Text(f"month.status.{self.status}") if self.status else None,
        )


def measure_kpis(month: Reviewed) -> list[Kpi]:
    """Every KPI that the workspace can measure, those with a target first.

    Raises
    ------
    PlanError
        The targets file names a metric that does not exist.
    """
    ops, period = month.ops, month.period
    unknown = [name for name in month.targets if name not in ops.catalogue]
    if unknown:
        raise PlanError(
            f'unknown metric "{unknown[0]}"',
            where=f"plans/targets/{period.key}.toml",
            hint=did_you_mean(unknown[0], ops.catalogue, kind="metrics"),
        )
    kpis = []
    for name in month.kpi_ids:
        if ops.meter.absent(name) is None:
            kpi = measure_kpi(month, name)
            if kpi is not None:
                kpis.append(kpi)
    return kpis


def leading(kpis: Sequence[Kpi]) -> list[Kpi]:
    """The KPIs to show unfolded: those with a target, then the team's order."""
    return sorted(kpis, key=lambda kpi: kpi.target is None)[:LEADING]


def measure_kpi(month: Reviewed, name: str) -> Kpi | None:
    """A KPI of the month, recorded as facts; None where the month has no value."""
    ops, period = month.ops, month.period
    metric = ops.catalogue[name]
    base, _ = base_period(period, ops.workspace.country)
    compared = [base, period.previous(), period]
    values = {m.period: m for m in ops.meter.measure(name, compared)}
    now = values[period.key]
    if now.value is None or not month.covers(metric) or _too_few(month, metric, now):
        return None
    low, high = interval(metric, now)
    unit: Any = metric.unit if metric.unit != "days" else "number"
    fact = ops.fact("kpi.value", now.value, unit, low=low, high=high, metric=name, n=now.n)
    previous = _recorded(month, metric, values[compared[1].key], compared[1])
    before = _recorded(month, metric, values[compared[0].key], compared[0])
    own = month.targets.get(name)
    target = own or _usual_target(month, metric)
    goal = target_of(target, previous)
    status = judge(metric, now.value, goal) if goal is not None and not month.partial else None
    if goal is not None:
        ops.fact("kpi.target", goal, unit, metric=name)
    if status:
        ops.fact("kpi.status", status, "text", metric=name)
    change = None if month.partial else change_between(metric, previous, now)
    year = None if month.partial else _year(month, metric, before, now)
    _change_fact(month, metric, "kpi.change", change)
    _change_fact(month, metric, "kpi.change_year", year)
    _answers(month, metric, now)
    return Kpi(
        metric, now, previous, change, year, target, goal, status, fact,
        usual=target is not None and own is None,
    )  # fmt: skip


def _too_few(month: Reviewed, metric: Metric, now: Measured) -> bool:
    """Whether a survey has so few answers that its score would tell what somebody said."""
    least = month.ops.workspace.min_cell
    if metric.table not in SAMPLED or not 0 < now.n < least:
        return False
    text = Text.of("month.answers_withheld", metric=metric.label, minimum=least)
    month.ops.check(f"answers.{metric.id}", "warn", text)
    return True


def _usual_target(month: Reviewed, metric: Metric) -> Target | None:
    """What the catalogue asks of a month where the team has agreed on nothing."""
    if month.period.kind != "month" or (metric.target is None and metric.growth is None):
        return None
    return Target(target=metric.target, growth=metric.growth)


def target_of(target: Target | None, previous: Measured | None) -> float | None:
    """The value to reach; a growth target needs the period before."""
    if target is None or target.growth is None:
        return target.target if target else None
    if previous is None or previous.value is None:
        return None
    return previous.value * (1 + target.growth)


def change_between(metric: Metric, before: Measured | None, now: Measured) -> Change | None:
    """A KPI's change, with an interval where both values are samples."""
    if before is None or before.value is None or now.value is None:
        return None
    gap = now.value - before.value
    relative = gap / abs(before.value) if before.value else None
    return Change(gap, relative, _difference(metric, before, now))


def _difference(metric: Metric, before: Measured, now: Measured) -> Estimate | None:
    if metric.table not in SAMPLED or not before.n or not now.n:
        return None
    if now.plus is not None and before.plus is not None:
        found = nps_difference(_votes(before), _votes(now))
        return replace(found, value=100 * found.value, low=100 * found.low, high=100 * found.high)
    if now.binary and now.numerator is not None and before.numerator is not None:
        return newcombe(round(before.numerator), before.n, round(now.numerator), now.n)
    return None


def _votes(measured: Measured) -> Votes:
    plus, minus = measured.plus or 0, measured.minus or 0
    return Votes(plus, measured.n - plus - minus, minus)


def _year(month: Reviewed, metric: Metric, before: Measured | None, now: Measured) -> Change | None:
    """The change on last year; what adds up day by day is laid on this year's calendar."""
    aligned = aligned_year(month, metric, now) if before is not None else None
    if aligned is None:
        return change_between(metric, before, now)
    gap = (now.value or 0.0) - aligned
    return Change(gap, gap / abs(aligned) if aligned else None, aligned=True)


def aligned_year(month: Reviewed, metric: Metric, now: Measured) -> float | None:
    """Last year's value at this year's mix of weekdays and holidays; None for what is no sum.

    A metric is a sum when its days add up to the period's value; a quotient of two that can be
    aligned is that of their aligned values, and a mean of days that of theirs.
    """
    if metric.parts:
        parts = [month.ops.catalogue[name] for name in metric.parts]
        over, under = (
            aligned_year(month, part, month.ops.meter.value(part.id, month.period))
            for part in parts
        )
        return over / under if over is not None and under else None
    if metric.kind.over_days is None or now.value is None:
        return None
    ops, period = month.ops, month.period
    base, _ = base_period(period, ops.workspace.country)
    first = month.first_recorded(metric.table)
    if first is not None and base.start < first:
        return None
    daily = ops.meter.daily(metric.id, period.start, period.end)["value"].sum()
    length = period.days if metric.kind.over_days == "mean" else 1
    if abs(daily / length - now.value) > 1e-9 * max(abs(now.value), 1.0):
        return None
    frame = ops.meter.daily(metric.id, base.start, base.end)
    days = {stamp.date(): float(v) for stamp, v in zip(frame["day"], frame["value"], strict=True)}
    laid = project(days, period.dates, ops.workspace.country)
    return None if laid is None else laid / length


def _change_fact(month: Reviewed, metric: Metric, id: str, change: Change | None) -> None:
    """Points for shares and scores, relative else; the interval is of the same unit."""
    if change is None:
        return
    method = "calendar_aligned" if change.aligned else None
    bounds = {}
    if change.interval is not None:
        method = change.interval.method
        bounds = {"low": change.interval.low, "high": change.interval.high}
    if metric.unit in ("share", "score"):
        unit: Any = "points" if metric.unit == "share" else "score"
        month.ops.fact(id, change.gap, unit, metric=metric.id, method=method, **bounds)
    elif change.relative is not None:
        month.ops.fact(id, change.relative, "relative", metric=metric.id, method=method)


def _recorded(
    month: Reviewed, metric: Metric, measured: Measured, period: Period
) -> Measured | None:
    """None for a period before the data begins: its zeros are no measurements."""
    first = month.first_recorded_of(metric)
    return None if first is not None and period.start < first else measured


def interval(metric: Metric, measured: Measured) -> tuple[float | None, float | None]:
    """Bounds at 95 % where the rows are a sample; (None, None) for complete counts."""
    if metric.table not in SAMPLED or not measured.n:
        return None, None
    if measured.plus is not None and measured.minus is not None:
        estimate = nps(_votes(measured))
        return 100 * estimate.low, 100 * estimate.high
    if measured.binary and measured.numerator is not None:
        estimate = wilson(round(measured.numerator), measured.n)
        return estimate.low, estimate.high
    return None, None


def judge(metric: Metric, value: float, target: float) -> KpiStatus:
    """Hit; near, when it misses by less than what anybody would care about; or missed."""
    if value == target or metric.better(value - target):
        return "hit"
    return "near" if abs(value - target) < metric.materiality * abs(target) else "missed"


def _answers(month: Reviewed, metric: Metric, measured: Measured) -> None:
    if metric.table in SAMPLED and measured.n < FEW_ANSWERS:
        month.ops.check(
            f"answers.{metric.id}",
            "warn",
            Text.of("month.few_answers", metric=metric.label, n=measured.n),
        )


def scorecard_parts(month: Reviewed) -> list[Part]:
    """The scorecard: up to twelve KPIs, the others behind a line that opens them."""
    if not month.kpis:
        return []
    columns = [
        Column("metric", Text("ab.column.metric"), "said"),
        Column("value", Text("month.scorecard.value"), "said", "right"),
        Column("status", Text("ab.column.status"), "said"),
        Column("target", Text("month.scorecard.target"), "said", "right"),
        Column("change", Text("month.scorecard.change"), "said", "right"),
        Column("year", Text("month.scorecard.year"), "said", "right"),
        Column("owner", Text("display.owner"), "said"),
    ]
    first = month.leading
    rest = [kpi for kpi in month.kpis if kpi not in first]
    parts: list[Part] = [
        Table(columns, [_row(kpi) for kpi in first], note=Text("month.scorecard.note"))
    ]
    if rest:
        table = Table(columns, [_row(kpi) for kpi in rest])
        parts.append(Fold(Text.of("month.scorecard.more", n=len(rest)), [table]))
    _, lunar = base_period(month.period, month.ops.workspace.country)
    if lunar and any(kpi.year is not None and kpi.year.aligned for kpi in month.kpis):
        parts.append(Note(Text("month.scorecard.lunar")))
    return parts


def _row(kpi: Kpi) -> dict[str, Any]:
    value: Said = kpi.value_text
    if kpi.fact.low is not None:
        value = Text.of("month.scorecard.with_interval", value=kpi.value_text, fact=kpi.fact)
    word = Text(f"month.status.{kpi.status}") if kpi.status else None
    return {
        "metric": kpi.metric.label,
        "value": value,
        "target": kpi.target_text,
        "status": Toned(None, _TONE[kpi.status], word) if kpi.status and word else None,
        "change": kpi.change_text,
        "year": kpi.year_text,
        "owner": kpi.owner,
    }
