"""KPIs against targets, last month and last year; noise is told from news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from opsnb.display import Toned
from opsnb.errors import PlanError, did_you_mean
from opsnb.findings import Card, Fact, Tone
from opsnb.messages import Said, Text
from opsnb.methods.proportions import Votes, nps, wilson
from opsnb.metrics import Metric
from opsnb.metrics.measure import Measured

if TYPE_CHECKING:
    from opsnb.analyses.month import Month
    from opsnb.periods import Period
    from opsnb.plans import Target

KpiStatus = Literal["hit", "near", "missed"]

_TONE: dict[str, Tone] = {"hit": "good", "near": "warn", "missed": "bad"}

SAMPLED = {"surveys"}
"""Tables whose rows are a sample: their KPIs carry an interval. The others are complete counts."""

FEW_ANSWERS = 30

_SPEC = {"share": "percent", "money": "money", "count": "integer", "score": "score"}


@dataclass(frozen=True)
class Kpi:
    """A KPI of a period: measured, compared, and judged against its target."""

    metric: Metric
    measured: Measured
    previous: Measured | None
    last_year: Measured | None
    target: Target | None
    status: KpiStatus | None
    fact: Fact
    comparable: bool

    @property
    def spec(self) -> str:
        return _SPEC.get(self.metric.unit, "number")

    @property
    def value_text(self) -> Text:
        return Text.of(f"common.{self.spec}", value=self.measured.value)

    @property
    def target_text(self) -> Text | None:
        if self.target is None:
            return None
        return Text.of(f"common.{self.spec}", value=self.target.target)

    @property
    def change_text(self) -> Text:
        return self._change(self.previous, "month.change")

    @property
    def year_text(self) -> Text:
        return self._change(self.last_year, "month.change")

    @property
    def owner(self) -> Said | None:
        return (self.target.owner if self.target else None) or self.metric.owner

    def _change(self, other: Measured | None, key: str) -> Text:
        """Percentage points for shares and points for scores, percent for the rest."""
        if not self.comparable or other is None or other.value is None:
            return Text(f"{key}_none")
        assert self.measured.value is not None
        gap = self.measured.value - other.value
        relative = gap / abs(other.value) if other.value else None
        if relative is not None and abs(relative) < self.metric.materiality:
            return Text(f"{key}_small")
        if self.metric.unit == "share":
            return Text.of(f"{key}_points", value=gap)
        if self.metric.unit == "score":
            return Text.of(f"{key}_score", value=gap)
        return Text.of(f"{key}_relative", value=relative)

    @property
    def card(self) -> Card:
        """The KPI as a card of the first screen."""
        return Card(
            label=self.metric.label,
            value=self.value_text,
            fact=self.fact,
            target=self.target_text,
            change=Text.of("month.card.change", change=self.change_text),
            interval=Text.of("common.interval", fact=self.fact)
            if self.fact.low is not None
            else None,
            tone=_TONE[self.status] if self.status else "neutral",
            status=Text(f"month.status.{self.status}") if self.status else None,
        )


def measure_kpis(month: Month) -> list[Kpi]:
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
            kpi = _measure(month, name)
            if kpi is not None:
                kpis.append(kpi)
    return kpis


def _measure(month: Month, name: str) -> Kpi | None:
    ops, period = month.ops, month.period
    metric = ops.catalogue[name]
    compared = [period.last_year(), period.previous(), period]
    values = {m.period: m for m in ops.meter.measure(name, compared)}
    now = values[period.key]
    if now.value is None:
        return None
    low, high = interval(metric, now)
    unit: Any = metric.unit if metric.unit != "days" else "number"
    fact = ops.fact("kpi.value", now.value, unit, low=low, high=high, metric=name, n=now.n)
    target = month.targets.get(name)
    status = judge(metric, now.value, target.target) if target and not month.partial else None
    if target:
        ops.fact("kpi.target", target.target, unit, metric=name)
    if status:
        ops.fact("kpi.status", status, "text", metric=name)
    kpi = Kpi(
        metric,
        now,
        _recorded(month, metric, values[compared[1].key], compared[1]),
        _recorded(month, metric, values[compared[0].key], compared[0]),
        target,
        status,
        fact,
        comparable=not month.partial,
    )
    if kpi.previous and kpi.previous.value is not None and not month.partial:
        gap = now.value - kpi.previous.value
        if metric.unit == "share":
            ops.fact("kpi.change", gap, "points", metric=name)
        elif kpi.previous.value:
            ops.fact("kpi.change", gap / abs(kpi.previous.value), "relative", metric=name)
    _answers(month, metric, now)
    return kpi


def _recorded(month: Month, metric: Metric, measured: Measured, period: Period) -> Measured | None:
    """None for a period before the data begins: its zeros are no measurements."""
    lead = metric
    while lead.numerator:
        lead = month.ops.catalogue[lead.numerator]
    first = month.first_recorded(lead.table)
    return None if first is not None and period.start < first else measured


def interval(metric: Metric, measured: Measured) -> tuple[float | None, float | None]:
    """Bounds at 95 % where the rows are a sample; (None, None) for complete counts."""
    if metric.table not in SAMPLED or not measured.n:
        return None, None
    if measured.plus is not None and measured.minus is not None:
        votes = Votes(measured.plus, measured.n - measured.plus - measured.minus, measured.minus)
        estimate = nps(votes)
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


def _answers(month: Month, metric: Metric, measured: Measured) -> None:
    if metric.table in SAMPLED and measured.n < FEW_ANSWERS:
        month.ops.check(
            f"answers.{metric.id}",
            "warn",
            Text.of("month.few_answers", metric=metric.label, n=measured.n),
        )


def scorecard_rows(month: Month) -> list[dict[str, Any]]:
    """The KPIs as rows of the scorecard's table."""
    rows = []
    for kpi in month.kpis:
        value: Said = kpi.value_text
        if kpi.fact.low is not None:
            value = Text.of("month.scorecard.with_interval", value=kpi.value_text, fact=kpi.fact)
        word = Text(f"month.status.{kpi.status}") if kpi.status else None
        rows.append(
            {
                "metric": kpi.metric.label,
                "value": value,
                "target": kpi.target_text,
                "status": Toned(None, _TONE[kpi.status], word) if kpi.status and word else None,
                "change": kpi.change_text,
                "year": kpi.year_text,
                "owner": kpi.owner,
            }
        )
    return rows
