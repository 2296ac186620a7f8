"""What is known of a period under review: worked out once, when first asked for, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from opsnb.analysis.findings import Check
from opsnb.analysis.reviews.period.completeness import Completeness, completeness, reach_check
from opsnb.analysis.reviews.period.coverage import PeriodCoverage
from opsnb.analysis.reviews.period.kpi import Kpi
from opsnb.analysis.reviews.period.kpi_measurement import MeasuredKpis, measure_kpi, measure_kpis
from opsnb.analysis.reviews.period.thin_numbers import handful_check
from opsnb.analysis.reviews.shared.blocked import Block
from opsnb.analysis.reviews.shared.data_gate import DataGate, inspect_tables
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.tables import Gap

LEADING = 12
"""KPIs that the scorecard shows; the others are folded."""


class PeriodEvidence(PeriodCoverage):
    """What sections show of a period and what its verdict rests on, whatever cells exist.

    Nothing is recorded by asking; sections and the first screen record what they say.

    Parameters
    ----------
    ops : Recorder
    kpis : sequence of str, optional
        Metric ids; by default those with a target in this cycle, then the usual ones.
    """

    usual_kpis: tuple[str, ...] = (
        "gmv_net", "orders", "new_users", "active_users", "wau", "dau", "stickiness",
        "activation", "conversion_rate", "paying_conversion", "arpu", "aov", "repurchase_rate",
        "refund_rate", "churn_rate", "retention_d1", "retention_d7", "retention_d30", "nps",
        "csat", "tickets_on_time", "tasks_on_time", "cac", "ltv_90", "ltv_cac",
    )  # fmt: skip
    """What a user-operations team starts with; a targets file narrows or widens it."""

    needs: tuple[str, ...] = ("orders",)
    optional: tuple[str, ...] = ("users", "events", "surveys", "tickets", "tasks", "spend")

    def __init__(self, ops: Recorder, kpis: Sequence[str] = ()) -> None:
        super().__init__(ops)
        self.kpi_ids = tuple(kpis) or tuple(dict.fromkeys([*self.targets, *self.usual_kpis]))

    # -- KPIs --------------------------------------------------------------------------

    @cached_property
    def measured(self) -> MeasuredKpis:
        """Nothing in a period without a row: its zeros are no measurements."""
        if not self.holds_rows:
            return MeasuredKpis()
        return measure_kpis(self, [name for name in self.kpi_ids if name not in self.withheld_kpis])

    @cached_property
    def withheld_kpis(self) -> dict[str, Block]:
        """By KPI the block that keeps it back, of those that were recorded in the period."""
        if not self.gate.blocked.blocks or not self.holds_rows:
            return {}
        catalogue, absent = self.ops.catalogue, self.ops.meter.absent
        known = [name for name in self.kpi_ids if name in catalogue and absent(name) is None]
        found = {name: self.withheld(name) for name in known if self.covers(catalogue[name])}
        return {name: block for name, block in found.items() if block}

    @property
    def kpis(self) -> tuple[Kpi, ...]:
        return self.measured.kpis

    @property
    def leading(self) -> list[Kpi]:
        """The KPIs that the scorecard shows unfolded: those with a target, then in order."""
        return sorted(self.kpis, key=lambda kpi: kpi.target is None)[:LEADING]

    def kpi(self, name: str) -> Kpi | None:
        """One of the KPIs; None where it is none of them."""
        return next((kpi for kpi in self.kpis if kpi.metric.id == name), None)

    def measure(self, name: str) -> Kpi | None:
        """A metric as a KPI, whether or not it is one of them; None where it has no value."""
        if self.withheld(name) is not None:
            return None
        found = self.kpi(name) or measure_kpi(self, name)
        return found if isinstance(found, Kpi) else None

    # -- what is missing -----------------------------------------------------------------

    def withheld(self, *metrics: str) -> Block | None:
        """The block that keeps one of these metrics back."""
        return next(iter(self.gate.blocked.of_metrics(self.ops.meter, *metrics)), None)

    def lacking(self, metric: str) -> Text | None:
        """Why a metric is not measured: what is not mapped, or what blocks; None: it is."""
        if lacking := self.ops.meter.absent(metric):
            return Text.of("month.absent", table=lacking)
        return block.why if (block := self.withheld(metric)) else None

    def lacks(self, *tables: str) -> Text | None:
        """Why one of these tables is not read: it is not mapped, or blocked; None: it is."""
        for table in tables:
            if not self.ops.rows.has(table):
                return Text.of("month.absent", table=table)
        found = self.gate.blocked.of_tables(*tables)
        return found[0].why if found else None

    @property
    def recorded_kpis(self) -> list[str]:
        """Ids of the KPIs that the period has, those that are withheld too, in order."""
        return [name for name in self.kpi_ids if name in self.withheld_kpis or self.kpi(name)]

    # -- what the data are worth ---------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether nothing was recorded in the period."""
        return not self.holds_rows

    @property
    def has_no_kpi(self) -> bool:
        """Whether none can be measured on the tables and columns that are mapped."""
        return not self.kpis and not self.withheld_kpis

    @cached_property
    def completeness(self) -> Completeness:
        return completeness(self, is_empty=self.is_empty)

    @cached_property
    def missing_days(self) -> tuple[tuple[str, Gap], ...]:
        """Gaps of the period in the tables that its KPIs are read from, each once."""
        found = {
            (table, gap.start): gap for kpi in self.kpis for table, gap in self.gaps(kpi.metric)
        }
        return tuple((table, gap) for (table, _), gap in sorted(found.items()))

    @cached_property
    def gate(self) -> DataGate:
        """What the contracts of the review's tables found, and of those that its KPIs read."""
        listed, mapped = (*self.needs, *self.optional), self.ops.workspace.tables
        read = [table for name in self.kpi_ids if name in self.ops.catalogue
                for table in self.ops.meter.reads(name)]  # fmt: skip
        more = [table for table in dict.fromkeys(read) if table in mapped and table not in listed]
        return inspect_tables(self.ops, self.needs, (*self.optional, *more))

    @cached_property
    def period_checks(self) -> tuple[Check, ...]:
        """Whether the period is reached and complete."""
        known = (reach_check(self), self.completeness.check, handful_check(self.kpis))
        return tuple(check for check in known if check is not None)

    @property
    def checks(self) -> tuple[Check, ...]:
        """All that a verdict on the period rests on."""
        return (*self.period_checks, *self.gate.checks, *self.measured.checks)
