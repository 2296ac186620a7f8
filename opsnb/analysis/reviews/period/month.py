"""The monthly retrospective, step by step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Note, Paragraph
from opsnb.analysis.findings import Card, Fact, Verdict
from opsnb.analysis.reviews.period import people, trend_and_funnel
from opsnb.analysis.reviews.period.change_by_group import explained, why
from opsnb.analysis.reviews.period.drivers import drivers, moved_trees
from opsnb.analysis.reviews.period.empty import empty_verdict, needs_rows, say_empty, say_reach
from opsnb.analysis.reviews.period.review import Reviewed
from opsnb.analysis.reviews.period.scorecard import Kpi, scorecard_parts
from opsnb.analysis.reviews.period.tasks import due_tasks
from opsnb.analysis.reviews.period.voice import comment_themes, service_times, survey_scores
from opsnb.analysis.reviews.shared.data_gate import data_gate
from opsnb.analysis.reviews.shared.recall import recall
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from pandas import DataFrame

    from opsnb.analysis.shown import Shown

NEEDS = ("orders",)
OPTIONAL = ("users", "events", "surveys", "tickets", "tasks", "spend")

ONLY_CONTRACTS = "users.ended_at"
"""A column that only contracts have: who sells without them misses nothing."""

MOST_EXPLAINED = 3
"""Rates whose change is explained in full when none is named; the others are folded."""


class Month(Reviewed):
    """One cycle's retrospective, step by step."""

    name = "month"

    # -- steps -------------------------------------------------------------------------

    def data_gate(self) -> Shown:
        """What the tables hold; whether the month is complete and its refunds are in."""
        ops = self.ops
        say_reach(ops, self)
        if self.is_empty:
            say_empty(self)
        elif self.partial:
            ops.status("provisional", self.why_partial)
            ops.check("complete", "warn", self.why_partial)
        elif self.refunds_open:
            days = ops.workspace.refund_window_days
            reason = Text.of("month.refunds_open", days=days, as_of=ops.workspace.as_of)
            ops.status("provisional", reason)
            ops.check("refunds", "warn", reason)
        else:
            ops.check("complete", "pass", Text.of("month.complete", as_of=ops.workspace.as_of))
        return data_gate(ops, NEEDS, OPTIONAL)

    def earlier(self) -> Shown:
        """Actions, decisions and predictions of earlier cycles, and what became of them."""
        return self.ops.show(*recall(self.ops, related=False))

    @needs_rows
    def tasks(self) -> Shown:
        """Tasks that fell due in the month: done, late, open."""
        return self.ops.show(*due_tasks(self))

    @needs_rows
    def scorecard(self) -> Shown:
        """Each KPI against its target, last month and last year."""
        ops = self.ops
        parts = scorecard_parts(self)
        if not parts:
            return ops.show(Absent(Text("month.scorecard.none")))
        if self.partial:
            parts.insert(0, Paragraph(Text("month.scorecard.partial"), "warn"))
        lacking = {
            lack
            for metric in self.kpi_ids
            if (lack := ops.meter.absent(metric)) not in (None, ONLY_CONTRACTS)
        }
        if lacking:
            parts.append(Absent(Text.of("month.scorecard.left_out", tables=sorted(lacking))))
        return ops.show(*parts)

    @needs_rows
    def scores(self) -> Shown:
        """NPS and CSAT with intervals, the number of answers, and the change."""
        return self.ops.show(*survey_scores(self))

    @needs_rows
    def service(self) -> Shown:
        """Tickets: volume, first response, resolution, on time, by category."""
        return self.ops.show(*service_times(self))

    @needs_rows
    def themes(self) -> Shown:
        """What unhappy comments are about, with masked quotes."""
        return self.ops.show(*comment_themes(self))

    @needs_rows
    def trend(self, metric: str = "gmv_net") -> Shown:
        """A metric over thirteen months, with its targets."""
        return self.ops.show(*trend_and_funnel.trend(self, metric))

    @needs_rows
    def funnel(self, steps: Sequence[str] = ("visit", "cart", "order")) -> Shown:
        """Users by step, against last month."""
        return self.ops.show(*trend_and_funnel.funnel(self, steps))

    @needs_rows
    def active(self) -> Shown:
        """Daily active users, and the month's DAU, MAU and stickiness."""
        return self.ops.show(*trend_and_funnel.active(self))

    @needs_rows
    def growth(self) -> Shown:
        """Rolling active users, and who was won, kept, brought back and lost."""
        return self.ops.show(*people.rolling(self), *people.accounting(self))

    @needs_rows
    def stages(self, by: str = "channel") -> Shown:
        """Acquisition, activation, retention, revenue and referral by channel."""
        return self.ops.show(*people.stages(self, by))

    @needs_rows
    def segments(self) -> Shown:
        """RFM segments, their moves since last month, and who to win back."""
        return self.ops.show(*people.rfm(self))

    @needs_rows
    def cohorts(self, months: int = 9) -> Shown:
        """Retention by month of arrival; unobservable months stay empty."""
        return self.ops.show(*people.cohort_parts(self, months))

    @needs_rows
    def levels(self) -> Shown:
        """Activity levels by frozen thresholds, and the moves since last month."""
        return self.ops.show(*people.level_moves(self))

    @needs_rows
    def churn(self, weeks: int = 13, by: str = "contract", complete: bool = False) -> Shown:
        """Who is likely gone: by contract where users have an end, else by silence.

        Parameters
        ----------
        weeks : int
            Last weeks of the month's data that the model of purchases is judged on.
        by : str
            A column of users that tells kinds of contracts.
        complete : bool
            Whether the users hold everybody who ever left, however late their first end is.
        """
        users = "users" in self.ops.workspace.tables
        if users and "ended_at" in self.ops.rows.table("users").expr.columns:
            return self.ops.show(*people.contract_churn(self, by, complete))
        return self.ops.show(*people.churn_risk(self, weeks))

    @needs_rows
    def acquisition(self) -> Shown:
        """What new users cost, what they bring by age, and when that is earned back."""
        return self.ops.show(*people.economics(self))

    def win_back_users(self) -> DataFrame:
        """The users behind the win-back table: a list to act on, in no report."""
        return people.win_back_users(self)

    def churn_scores(self, weeks: int = 13) -> DataFrame:
        """The customers behind the churn table, with their probabilities; in no report."""
        return people.churn_scores(self, weeks)

    @needs_rows
    def why(self, metric: str = "", by: str = "") -> Shown:
        """Why KPIs moved: the mix of groups or the rates within them, or the parts of a sum.

        Without a metric, every KPI that moved beyond its materiality, those after the first few
        behind a line; without a dimension, the one that tells most.
        """
        parts = why(self, metric, by) if metric else explained(self, MOST_EXPLAINED)
        if not parts:
            return self.ops.show(Absent(Text("month.why.nothing")))
        return self.ops.show(*parts, Note(Text("month.why.caution")))

    @needs_rows
    def drivers(self, metric: str = "gmv_net") -> Shown:
        """A metric's change as the parts of its drivers; the trees of others that moved, folded."""
        return self.ops.show(*drivers(self, metric), *moved_trees(self, metric))

    @needs_rows
    def outlook(self, metrics: Sequence[str] = ()) -> Shown:
        """What the next month is expected to bring, registered as predictions."""
        from opsnb.analysis.reviews.period.outlook import outlook

        return self.ops.show(*outlook(self, metrics))

    @needs_rows
    def anomalies(self, metrics: Sequence[str] = ("orders", "active_users")) -> Shown:
        """Days outside expectation, with the known event that explains them, or none."""
        from opsnb.analysis.reviews.period.unusual_days import unusual_days

        return self.ops.show(*unusual_days(self, metrics))

    # -- the first screen ----------------------------------------------------------------

    def summary(self) -> Shown:
        """Verdict, cards, what to decide, findings, next steps."""
        ops = self.ops
        if self.is_empty:
            return ops.first_screen(empty_verdict(self), [])
        scored = [kpi for kpi in self.kpis if kpi.agreed is not None]
        missed = [kpi for kpi in scored if kpi.agreed == "missed"]
        for kpi in missed[:4]:
            self._propose(kpi)
        if missed:
            ops.decide(
                Text.of("month.decision.missed", metrics=[k.metric.label for k in missed[:3]]),
                recommendation=Text("month.recommend.missed"),
                due=ops.workspace.as_of + dt.timedelta(days=7),
                evidence=tuple(kpi.fact for kpi in missed[:3]),
            )
        return ops.first_screen(self._verdict(scored), self._cards())

    def _propose(self, kpi: Kpi) -> None:
        self.ops.finding(
            Text.of(
                "month.finding.missed", metric=kpi.metric.label, value=kpi.value_text,
                target=kpi.target_text,
            ),
            kpi.fact, tone="bad", section="scorecard",
        )  # fmt: skip
        self.ops.act(
            Text.of("month.action.missed", metric=kpi.metric.label),
            kpi.owner,
            due=self.ops.workspace.as_of + dt.timedelta(days=14),
            source=self.period.key,
            evidence=(kpi.fact,),
        )

    def _verdict(self, scored: list[Kpi]) -> Verdict:
        ops = self.ops
        hit = sum(kpi.status == "hit" for kpi in scored)
        share = hit / len(scored) if scored else None
        if self.partial:
            case = "partial"
        elif share is None:
            case = "no_targets"
        else:
            case = "on_track" if share >= 0.8 else "mixed" if share >= 0.5 else "off_track"
        lead = next((kpi for kpi in self.kpis if kpi.metric.id == "gmv_net"), self.kpis[0])
        evidence: tuple[Fact, ...] = (lead.fact,)
        tone: Any = {"on_track": "good", "off_track": "bad", "no_targets": "neutral"}.get(
            case, "warn"
        )
        ops.fact("month.verdict", case, "text")
        return Verdict(
            word=Text(f"month.word.{case}"),
            sentence=Text.of(
                f"month.verdict.{case}",
                period=self.period.text,
                hit=hit,
                n=len(scored),
                metric=lead.metric.label,
                value=lead.value_text,
                change=lead.change_text,
                last=self.recorded_until,
            ),
            grade="E",
            tone=tone,
            rule=Text("month.rule.partial" if self.partial else "month.rule.targets"),
            evidence=evidence,
        )

    def _cards(self) -> list[Card]:
        """The lead KPI, then what was missed, then the rest in the team's order; six at most."""
        lead, *rest = self.kpis
        rank = {"missed": 0, "near": 1}
        rest.sort(key=lambda kpi: rank.get(kpi.status or "", 2))
        return [kpi.card for kpi in (lead, *rest)][:6]
