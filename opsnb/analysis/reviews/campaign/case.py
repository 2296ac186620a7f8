"""What is known of one campaign, whatever page shows it: each value computed once, when asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING

from opsnb.analysis.metrics.funnel import Funnel, funnel
from opsnb.analysis.metrics.purchases import repurchase_days
from opsnb.analysis.reviews.campaign import wording
from opsnb.analysis.reviews.campaign.before_after import Change, before_after, change_of
from opsnb.analysis.reviews.campaign.best_evidence import measure_increment, table_compared
from opsnb.analysis.reviews.campaign.costs import (
    Attributed,
    ChannelRow,
    CostBook,
    attributed,
    channels,
    conversions,
    cost_book,
    cost_checks,
    registered,
)
from opsnb.analysis.reviews.campaign.effect_checks import effect_checks
from opsnb.analysis.reviews.campaign.effect_facts import EffectFacts, effect_facts
from opsnb.analysis.reviews.campaign.fairness_checks import fairness_checks
from opsnb.analysis.reviews.campaign.increment import Increment
from opsnb.analysis.reviews.campaign.lifetime_model import buyer_share, fit_lifetime
from opsnb.analysis.reviews.campaign.measured import Measured
from opsnb.analysis.reviews.campaign.return_figures import (
    CreditedReturn,
    IncrementalReturn,
    credited_return,
    incremental_return,
)
from opsnb.analysis.reviews.campaign.worth import Worth, worth_of_money, worth_of_user
from opsnb.analysis.reviews.shared.data_gate import DataGate, inspect_tables
from opsnb.base.errors import ParameterError, did_you_mean
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.findings import Check, Fact
    from opsnb.analysis.findings.records import Unit
    from opsnb.analysis.metrics import Metric
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.reviews.campaign.lifetime_model import Lifetime
    from opsnb.analysis.reviews.shared.blocked import Block
    from opsnb.base.plans import CampaignNotes

OPTIONAL = ("spend", "orders", "events", "users", "assignments", "series")
"""What a review reads where it is mapped."""

BREAKDOWNS = ("channel", "device")
"""Columns of events that the funnel is broken down by."""


class CampaignCase:
    """One campaign's plan and its evidence.

    Nothing here depends on which sections a report has, nor is read from what they recorded.

    Parameters
    ----------
    ops : Recorder
        For the workspace's tables and metrics.
    campaign : str
        Id: the name of a file in plans/campaigns/.

    Raises
    ------
    ParameterError
        There is no plan of that id.
    """

    def __init__(self, ops: Recorder, campaign: str) -> None:
        plans = ops.workspace.campaigns
        if campaign not in plans:
            raise ParameterError(
                f'unknown campaign "{campaign}"',
                where="parameter campaign",
                hint=did_you_mean(campaign, plans, kind="campaigns"),
            )
        self.ops = ops
        self.plan = plans[campaign]
        self._funnels: dict[tuple[dt.date, dt.date, frozenset[dt.date]], Funnel] = {}

    # -- the plan ------------------------------------------------------------------------

    @property
    def dated(self) -> bool:
        return self.plan.start is not None and self.plan.end is not None

    @property
    def metric(self) -> Metric:
        """What the effect is measured on."""
        return self.ops.catalogue[self.plan.metric]

    @property
    def unit(self) -> Unit:
        """The unit of facts about the metric."""
        return "money" if self.metric.unit == "money" else "count"

    @cached_property
    def notes(self) -> CampaignNotes | None:
        """What the team wrote in plans/notes/."""
        return self.ops.workspace.notes(self.plan.id)

    # -- what blocks -----------------------------------------------------------------------

    @cached_property
    def gate(self) -> DataGate:
        """What the contracts of the review's tables found, and of those that its metric reads."""
        more = [name for name in self.ops.meter.reads(self.plan.metric) if name not in OPTIONAL]
        mapped = [name for name in more if name in self.ops.workspace.tables]
        return inspect_tables(self.ops, (), (*OPTIONAL, *mapped))

    @cached_property
    def refusal(self) -> Block | None:
        """The block that leaves no verdict: of the metric, or of what it is compared with."""
        compared = table_compared(self.plan, self.metric.table, self.ops.rows)
        blocked, meter = self.gate.blocked, self.ops.meter
        found = blocked.of_metrics(meter, self.plan.metric)
        found += blocked.of_tables(*([compared] if compared is not None else []))
        return found[0] if found else None

    def kept_back(self, *tables: str, metric: bool = False) -> Text | None:
        """Why a section of these tables, or of the metric, is withheld; None: it is not."""
        found = self.gate.blocked.of_tables(*tables)
        if metric:
            found += self.gate.blocked.of_metrics(self.ops.meter, self.plan.metric)
        return found[0].why if found else None

    def reads(self, table: str) -> bool:
        """Whether a table is mapped and not blocked."""
        return self.ops.rows.has(table) and not self.kept_back(table)

    # -- costs and what was counted --------------------------------------------------------

    @property
    def has_spend(self) -> bool:
        return self.reads("spend")

    @cached_property
    def costs(self) -> CostBook:
        """What was booked; nothing that could be relied on where spend is blocked."""
        if self.kept_back("spend"):
            return CostBook({}, {}, unread=True)
        return cost_book(self.ops, self.plan)

    @cached_property
    def cost_checks(self) -> tuple[Check, ...]:
        return cost_checks(self.ops, self.costs)

    @cached_property
    def attributed(self) -> Attributed | None:
        """Orders that carry the campaign's tag."""
        return attributed(self.ops, self.plan) if self.reads("orders") else None

    @cached_property
    def channel_rows(self) -> list[ChannelRow]:
        """Costs and counts by channel; empty where no spend is mapped."""
        return channels(self.ops, self.plan, "channel") if self.has_spend else []

    @cached_property
    def small_channels(self) -> frozenset[str]:
        """Channels whose new users must not be told, the same ones in every table."""
        return self.ops.groups_to_withhold("campaign.new_users", registered(self.ops, self.plan))

    @cached_property
    def change(self) -> Change | None:
        """What was counted in the window and before it; None without dates or the metric."""
        if not self.dated or self.ops.meter.absent(self.plan.metric):
            return None
        return change_of(self.ops, self.plan)

    @property
    def before_after(self) -> Fact | None:
        """The metric in the window less the same weekdays before."""
        return before_after(self.change, self.plan, self.unit)

    def funnel_over(
        self, first: dt.date, last: dt.date, leaving_out: Collection[dt.date] = ()
    ) -> Funnel:
        """The plan's funnel over some days, also by channel and device; asked for once."""
        # What is not on record is left out anyway.
        further = frozenset(leaving_out) - self.ops.rows.record("events").left_out(first, last)
        if (first, last, further) not in self._funnels:
            known = self.ops.rows.table("events").expr.columns
            self._funnels[first, last, further] = funnel(
                self.ops.rows, self.plan.funnel, first, last,
                by=[name for name in BREAKDOWNS if name in known],
                within_days=self.plan.funnel_days, leaving_out=further,
            )  # fmt: skip
        return self._funnels[first, last, further]

    # -- the effect ------------------------------------------------------------------------

    @cached_property
    def increment(self) -> Increment:
        """What the campaign added, by the best evidence there is."""
        if self.refusal is not None:
            return Increment("none", "E", passed_over=(self.refusal.why,))
        return measure_increment(self.ops, self.plan)

    @cached_property
    def effect(self) -> EffectFacts | None:
        """The increment as facts; None without a counterfactual."""
        return effect_facts(self.increment, self.plan.metric, self.unit)

    @cached_property
    def effect_checks(self) -> tuple[Check, ...]:
        return effect_checks(self.plan, self.increment, self.unit, self.repurchase_days)

    @cached_property
    def repurchase_days(self) -> float | None:
        """Days from one purchase to the customer's next, the median; None where nobody returns."""
        return repurchase_days(self.ops.rows) if self.reads("orders") else None

    @cached_property
    def fairness_checks(self) -> tuple[Check, ...]:
        """What else may explain the numbers."""
        claimed = sum(row.conversions or 0 for row in self.channel_rows)
        return fairness_checks(
            self.ops, self.plan, self.attributed, claimed,
            is_compared=lambda: self.increment.method != "none",
        )  # fmt: skip

    # -- what it returned --------------------------------------------------------------------

    @property
    def margin(self) -> float | None:
        """Gross margin: realised on the attributed orders, else the plan's or the workspace's."""
        if self.attributed is not None and self.attributed.margin is not None:
            return self.attributed.margin
        return self.plan.gross_margin or self.ops.workspace.gross_margin

    @cached_property
    def lifetime(self) -> Lifetime | Text:
        """What a new customer goes on to buy; or why no model can say."""
        if why := self.kept_back("orders", "users"):
            return why
        return fit_lifetime(self.ops, self.plan.ltv.renewal_days if self.plan.ltv else None)

    @cached_property
    def worth(self) -> Worth | None:
        """Gross profit of one unit of the metric; None where nothing says it."""
        if self.metric.table == "users" and self.metric.unit == "count":
            return worth_of_user(self.plan, self.lifetime, self.margin, buyer_share(self.ops))
        return worth_of_money(self.metric, self.margin)

    @cached_property
    def credited(self) -> CreditedReturn | None:
        """ROAS and classic ROI."""
        return credited_return(self.plan, self.attributed, self.margin, self.costs.total)

    @cached_property
    def incremental(self) -> IncrementalReturn | None:
        """The increment's worth against the cost."""
        return incremental_return(self.increment, self.worth, self.costs.total, self.unit)

    # -- all of it ---------------------------------------------------------------------------

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """Of costs, comparison and effect."""
        return (*self.cost_checks, *self.fairness_checks, *self.effect_checks)

    @cached_property
    def measured(self) -> Measured:
        """All that the verdict and the cards rest on."""
        success = self.plan.success
        return Measured(
            name=self.plan.name,
            metric=self.metric.label,
            unit=self.unit,
            grade=self.increment.grade,
            costs=self.costs,
            checks=self.checks,
            effect=self.effect,
            is_priced=self.worth is not None,
            credited=self.credited,
            incremental=self.incremental,
            conversions=conversions(self.channel_rows),
            success=success.increment if success else None,
            judged=self.increment.judged,
        )

    # -- in words ------------------------------------------------------------------------------

    @property
    def format(self) -> str:
        """How amounts of the metric are written."""
        return wording.number_format(self.unit)

    @property
    def source(self) -> Text:
        """Where the numbers come from, for a chart."""
        if not self.dated:
            return Text("campaign.source_undated")
        return Text.of("campaign.source", start=self.plan.start, end=self.plan.end)

    def amount(self, value: float) -> Text:
        """A registered difference of the metric, in its own unit."""
        return wording.amount(value, self.unit, signed=True)

    def word(self, group: str, name: str) -> Said:
        """A kind of cost, dimension or event for people, as far as the languages know it."""
        return wording.word(self.ops, group, name)
