"""The campaign review, step by step."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Checks, Column, Note, Paragraph, Table, charts
from opsnb.analysis.findings import Fact, Tone
from opsnb.analysis.findings.records import Unit
from opsnb.analysis.metrics.funnel import Funnel, funnel
from opsnb.analysis.metrics.purchases import repurchase_days
from opsnb.analysis.reviews.campaign import costs
from opsnb.analysis.reviews.campaign.best_evidence import measure_increment
from opsnb.analysis.reviews.campaign.cards import campaign_cards
from opsnb.analysis.reviews.campaign.channels import channel_parts
from opsnb.analysis.reviews.campaign.effect import effect_parts
from opsnb.analysis.reviews.campaign.fairness import fairness_parts
from opsnb.analysis.reviews.campaign.flattering_numbers import before_after
from opsnb.analysis.reviews.campaign.funnels import funnel_parts
from opsnb.analysis.reviews.campaign.increment import Increment
from opsnb.analysis.reviews.campaign.lifetime import Lifetime, fit_lifetime, lifetime_parts
from opsnb.analysis.reviews.campaign.new_users import newcomer_parts, referral_parts
from opsnb.analysis.reviews.campaign.phases import phase_parts, year_before
from opsnb.analysis.reviews.campaign.returns import Worth, return_parts, worth
from opsnb.analysis.reviews.campaign.ruling import campaign_ruling
from opsnb.analysis.reviews.campaign.team_notes import notes_parts, why_parts
from opsnb.analysis.reviews.shared.data_gate import data_gate
from opsnb.base.errors import ParameterError, did_you_mean
from opsnb.base.messages import Said, Text
from opsnb.base.plans import CampaignNotes

if TYPE_CHECKING:
    from opsnb.analysis.metrics import Metric
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.shown import Shown

NEEDS = ()
OPTIONAL = ("spend", "orders", "events", "users", "assignments", "series")
BREAKDOWNS = ("channel", "device")
"""Columns of events that the funnel is broken down by."""


class Campaign:
    """One campaign: its plan, its ledger, and the steps of its review.

    Parameters
    ----------
    ops : Recorder
    campaign : str
        Id: the name of a file in plans/campaigns/.
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
        self._funnels: dict[tuple[dt.date, dt.date], Funnel] = {}

    @cached_property
    def ledger(self) -> costs.Ledger:
        return costs.ledger(self.ops, self.plan)

    @cached_property
    def attributed(self) -> costs.Attributed | None:
        return costs.attributed(self.ops, self.plan)

    @cached_property
    def increment(self) -> Increment:
        return measure_increment(self.ops, self.plan)

    @cached_property
    def notes(self) -> CampaignNotes | None:
        """What the team wrote in plans/notes/."""
        return self.ops.workspace.notes(self.plan.id)

    @cached_property
    def channel_rows(self) -> list[costs.ChannelRow]:
        """The ledger by channel; empty where no spend is mapped."""
        return costs.channels(self.ops, self.plan, "channel") if self.has_spend else []

    @cached_property
    def small_channels(self) -> frozenset[str]:
        """Channels whose new users must not be told, the same ones in every table."""
        return self.ops.people("campaign.new_users", costs.registered(self.ops, self.plan))

    @cached_property
    def lifetime(self) -> Lifetime | Text:
        return fit_lifetime(self.ops, self.plan.ltv.renewal_days if self.plan.ltv else None)

    @cached_property
    def repurchase_days(self) -> float | None:
        """Days from one purchase to the customer's next, the median; None where nobody returns."""
        return repurchase_days(self.ops.rows) if self.ops.rows.has("orders") else None

    @cached_property
    def worth(self) -> Worth | None:
        return worth(self)

    @cached_property
    def before_after(self) -> Fact | None:
        return before_after(self)

    def funnel_over(self, first: dt.date, last: dt.date) -> Funnel:
        """The plan's funnel over some days, also by channel and device; asked for once."""
        if (first, last) not in self._funnels:
            known = self.ops.rows.table("events").expr.columns
            self._funnels[first, last] = funnel(
                self.ops.rows, self.plan.funnel, first, last,
                by=[name for name in BREAKDOWNS if name in known],
                within_days=self.plan.funnel_days,
            )  # fmt: skip
        return self._funnels[first, last]

    @property
    def has_spend(self) -> bool:
        return self.ops.rows.has("spend")

    @property
    def metric(self) -> Metric:
        """What the effect is measured on."""
        return self.ops.catalogue[self.plan.metric]

    @property
    def unit(self) -> Unit:
        """The unit of facts about the metric."""
        return "money" if self.metric.unit == "money" else "count"

    @property
    def format(self) -> str:
        return "money" if self.unit == "money" else "integer"

    def amount(self, value: float, *, signed: bool = True) -> Text:
        """A registered amount of the metric, in its own unit."""
        return Text.of(f"common.{'signed_' if signed else ''}{self.format}", value=value)

    def word(self, group: str, name: str) -> Said:
        """A kind of cost, dimension or event for people, as far as the languages know it."""
        key = f"{group}.{name}"
        return Text(key) if self.ops.language.has(key) else name

    @property
    def dated(self) -> bool:
        return self.plan.start is not None and self.plan.end is not None

    @property
    def source(self) -> Text:
        if not self.dated:
            return Text("campaign.source_undated")
        return Text.of("campaign.source", start=self.plan.start, end=self.plan.end)

    @property
    def margin(self) -> float | None:
        """Gross margin: realised on the attributed orders, else the plan's or the workspace's."""
        if self.attributed is not None and self.attributed.margin is not None:
            return self.attributed.margin
        return self.plan.gross_margin or self.ops.workspace.gross_margin

    # -- steps -------------------------------------------------------------------------

    def goal(self) -> Shown:
        """What was promised beforehand."""
        plan, budget = self.plan, self.plan.budget.total
        rows: list[tuple[str, Said | None]] = [
            ("objective", plan.objective),
            ("metric", self.ops.label(plan.metric)),
            ("dates", self._dates()),
            ("success", self._increment(plan.success.increment if plan.success else None)),
            ("predicted", self._predicted()),
            ("budget", Text.of("common.money", value=budget) if budget else None),
            ("owner", plan.owner or self.ops.owner),
        ]
        table = Table(
            [
                Column("item", Text("campaign.goal.item"), "said"),
                Column("value", Text("campaign.goal.registered"), "said"),
            ],
            [
                {
                    "item": Text(f"campaign.goal.{name}"),
                    "value": value or Text("campaign.goal.none"),
                }
                for name, value in rows
            ],
        )
        return self.ops.show(table)

    def _dates(self) -> Text:
        if not self.dated:
            return Text("campaign.goal.undated")
        key = "date_range" if self.plan.post_days else "date_range_only"
        return Text.of(
            f"campaign.goal.{key}",
            start=self.plan.start,
            end=self.plan.end,
            days=self.plan.post_days,
        )

    def _increment(self, value: float | None) -> Text | None:
        if value is None:
            return None
        return Text.of("campaign.goal.value_increment", value=self.amount(value))

    def _predicted(self) -> Text | None:
        expected = self.plan.predicted
        if expected is None:
            return None
        if expected.low is None or expected.high is None:
            return self._increment(expected.value)
        return Text.of(
            "campaign.goal.predicted_range",
            value=self.amount(expected.value),
            low=self.amount(expected.low),
            high=self.amount(expected.high),
        )

    def data_gate(self) -> Shown:
        """What the tables hold, and what was set aside."""
        return data_gate(self.ops, NEEDS, OPTIONAL, folded=True)

    def costs(self) -> Shown:
        """The ledger: budget against booked, by kind."""
        ops, book = self.ops, self.ledger
        total = ops.fact("campaign.cost", book.total if book.booked else None, "money")
        if not book.booked and not book.planned:
            return ops.show(Absent(Text("campaign.cost.absent")))
        for kind, amount in book.booked.items():
            ops.fact("campaign.cost", amount, "money", segment=kind)
        rows = [
            {
                "kind": self.word("kind", kind),
                "planned": book.planned.get(kind),
                "booked": book.booked.get(kind),
                "gap": book.booked.get(kind, 0.0) - book.planned[kind]
                if kind in book.planned and kind in book.booked
                else None,
            }
            for kind in dict.fromkeys([*book.planned, *book.booked])
        ]
        planned = book.budget or None
        gap = book.total - planned if planned else None
        total_row = {
            "kind": Text("kind.total"),
            "planned": planned,
            "booked": book.total,
            "gap": gap,
        }
        table = Table(
            [
                Column("kind", Text("campaign.cost.kind"), "said"),
                Column("planned", Text("campaign.cost.planned"), "exact_money"),
                Column("booked", Text("campaign.cost.booked"), "exact_money"),
                Column("gap", Text("campaign.cost.gap"), "signed_money"),
            ],
            [*rows, total_row],
        )
        return ops.show(table, Checks([self._cost_check(total)]), *phase_parts(self))

    def _cost_check(self, total: Fact) -> Any:
        ops, book = self.ops, self.ledger
        unplanned = [kind for kind in ("reward", "labour") if kind not in book.booked]
        if book.complete and book.planned and unplanned:
            kinds = [self.word("kind", kind) for kind in unplanned]
            return ops.check("cost", "warn", Text.of("campaign.cost.unplanned", kinds=kinds), total)
        if book.complete:
            key = "campaign.cost.complete" if book.planned else "campaign.cost.no_budget"
            return ops.check("cost", "pass" if book.planned else "warn", Text(key), total)
        kinds = [self.word("kind", kind) for kind in book.missing]
        reason = Text.of("campaign.cost.missing", kinds=kinds)
        ops.status("provisional", reason)
        return ops.check("cost", "block", reason, total)

    def result(self) -> Shown:
        """What was counted in the window, beside the weeks before: description, not effect."""
        ops, plan = self.ops, self.plan
        if not self.dated or ops.meter.absent(plan.metric) or plan.audience != "all":
            return ops.show(Absent(self._why_no_result()))
        assert plan.start and plan.end
        before = costs.window_before(plan.start, plan.end)
        reach = dt.timedelta(days=42)
        last = plan.end + dt.timedelta(days=plan.post_days)
        daily = ops.meter.daily(plan.metric, plan.start - reach, min(last, ops.workspace.as_of))
        daily = daily.assign(date=daily["day"].dt.date)
        now = daily.loc[daily["date"].between(plan.start, plan.end), "value"].sum()
        then = daily.loc[daily["date"].between(*before), "value"].sum()
        window = ops.fact("campaign.window", now, self.unit, metric=plan.metric)
        change = ops.fact(
            "campaign.change", now / then - 1 if then else None, "relative", metric=plan.metric
        )
        chart = charts.trend(
            charts.Series(ops.label(plan.metric), list(daily["date"]), list(daily["value"])),
            claim=Text.of("campaign.result.claim", metric=ops.label(plan.metric), change=change),
            alt=Text.of("campaign.result.alt", metric=ops.label(plan.metric)),
            source=Text.of(
                "campaign.result.source",
                metric=ops.label(plan.metric),
                start=plan.start - reach,
                end=last,
            ),
            format=self.format,
            events=[charts.Event(plan.start, plan.name, plan.end)],
        )
        note = Text.of(
            "campaign.result.before", before_start=before[0], before_end=before[1],
            value=window, change=change,
        )  # fmt: skip
        history = year_before(self)
        return ops.show(Paragraph(note), *history, chart, Note(Text("campaign.result.not_causal")))

    def _why_no_result(self) -> Text:
        if not self.dated:
            return Text("campaign.result.undated")
        if self.plan.audience != "all":
            return Text("campaign.result.selected")
        lacking = self.ops.meter.absent(self.plan.metric) or ""
        return Text.of("campaign.result.absent", lacking=lacking)

    def fairness(self) -> Shown:
        """What else may explain the numbers, asked before any of them is shown."""
        return self.ops.show(*fairness_parts(self))

    def effect(self) -> Shown:
        """What the campaign added, by the best evidence there is."""
        return self.ops.show(*effect_parts(self))

    @property
    def effect_fact(self) -> Fact | None:
        """The effect that decides: net of the days after, where they are on record."""
        facts, metric = self.ops.facts, self.plan.metric
        net = facts.get(f"campaign.effect/{metric}///net")
        return net or facts.get(f"campaign.effect/{metric}///campaign")

    @property
    def effect_tone(self) -> Tone:
        head = self.increment.headline
        assert head is not None
        return "good" if head.low > 0 else "bad" if head.high < 0 else "warn"

    def returns(self) -> Shown:
        """ROAS, classic ROI and incremental ROI: three numbers, each with its definition."""
        return self.ops.show(*return_parts(self))

    def lifetime_value(self) -> Shown:
        """How well the team's orders foretell what customers buy, and what that is worth."""
        return self.ops.show(*lifetime_parts(self))

    def channels(self, by: str = "channel") -> Shown:
        """Spend and counts by channel, or by another column of the ledger."""
        return self.ops.show(*channel_parts(self, by))

    def funnel(self) -> Shown:
        """Users by step in order, against the weeks before and the last campaign."""
        return self.ops.show(*funnel_parts(self))

    def referral(self) -> Shown:
        """Invitations, the K factor, and what an invited user cost."""
        return self.ops.show(*referral_parts(self))

    def newcomers(self) -> Shown:
        """Whether the new users stayed, against organic ones of the same days."""
        return self.ops.show(*newcomer_parts(self))

    def why(self) -> Shown:
        """Where the counted number moved: exact parts of its change."""
        return self.ops.show(*why_parts(self))

    def looking_back(self) -> Shown:
        """Goal, result, analysis and insight, with what the team wrote in plans/notes/."""
        return self.ops.show(*notes_parts(self))

    # -- the first screen ----------------------------------------------------------------

    def summary(self) -> Shown:
        """Verdict, cards, what to decide, findings, next steps."""
        ops, plan = self.ops, self.plan
        case, verdict = campaign_ruling(self)
        ops.fact("campaign.verdict", case, "text")
        due = ops.workspace.as_of
        ops.decide(
            Text.of(f"campaign.decision.{case}", name=plan.name),
            plan.owner or None,
            recommendation=Text(f"campaign.recommend.{case}"),
            due=due + dt.timedelta(days=7),
        )
        ops.act(
            Text(f"campaign.action.{case}"),
            plan.owner or None,
            due=due + dt.timedelta(days=14),
            source=ops.period.key,
        )
        if self.ledger.missing:
            ops.act(
                Text.of(
                    "campaign.action.book_costs",
                    kinds=[Text(f"kind.{kind}") for kind in self.ledger.missing],
                ),
                plan.owner or None,
                due=due + dt.timedelta(days=7),
                source=ops.period.key,
            )
        return ops.first_screen(verdict, campaign_cards(self))
