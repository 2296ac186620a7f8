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
from opsnb.analysis.reviews.shared.data_gate import DataGate, inspect_tables

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder

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
        return measure_kpis(self, self.kpi_ids) if self.holds_rows else MeasuredKpis()

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
        found = self.kpi(name) or measure_kpi(self, name)
        return found if isinstance(found, Kpi) else None

    # -- what the data are worth ---------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether nothing was recorded in the period that a KPI could be measured on."""
        return not self.kpis

    @cached_property
    def completeness(self) -> Completeness:
        return completeness(self, is_empty=self.is_empty)

    @cached_property
    def gate(self) -> DataGate:
        """What the contracts of the review's tables found."""
        return inspect_tables(self.ops, self.needs, self.optional)

    @cached_property
    def period_checks(self) -> tuple[Check, ...]:
        """Whether the period is reached and complete."""
        known = (reach_check(self), self.completeness.check, handful_check(self.kpis))
        return tuple(check for check in known if check is not None)

    @property
    def checks(self) -> tuple[Check, ...]:
        """All that a verdict on the period rests on."""
        return (*self.period_checks, *self.gate.checks, *self.measured.checks)
