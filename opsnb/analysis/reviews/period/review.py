"""The sections of a month and of a week, as the cells of a playbook call them."""

from __future__ import annotations

import abc
import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from opsnb.analysis.display import Absent, Note
from opsnb.analysis.findings import Fact
from opsnb.analysis.reviews.period import people, trend_and_funnel, voice
from opsnb.analysis.reviews.period.completeness import days_missing
from opsnb.analysis.reviews.period.drivers import drivers, moved_trees
from opsnb.analysis.reviews.period.empty import empty_verdict, verdict_without_kpi
from opsnb.analysis.reviews.period.scorecard import scorecard
from opsnb.analysis.reviews.period.tasks import due_tasks
from opsnb.analysis.reviews.period.why_changed import explained, why
from opsnb.analysis.reviews.shared.blocked import refuse, withhold
from opsnb.analysis.reviews.shared.data_gate import gate_parts
from opsnb.analysis.reviews.shared.recall import recall
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from pandas import DataFrame

    from opsnb.analysis.reviews.period.evidence import PeriodEvidence
    from opsnb.analysis.reviews.shared.blocked import Block
    from opsnb.analysis.shown import Shown

P = ParamSpec("P")
Review = TypeVar("Review", bound="PeriodReview")
Step = Callable[Concatenate[Review, P], "Shown"]

MOST_EXPLAINED = 3
"""Rates whose change is explained in full when none is named; the others are folded."""


def unless_empty(step: Step[Review, P]) -> Step[Review, P]:
    """A step that shows nothing where the cycle has no row: a zero would be no measurement."""

    @functools.wraps(step)
    def shown(review: Review, /, *args: P.args, **kwargs: P.kwargs) -> Shown:
        return review.ops.show() if review.evidence.is_empty else step(review, *args, **kwargs)

    return shown


def rests_on(*tables: str) -> Callable[[Step[Review, P]], Step[Review, P]]:
    """A step that says why it is withheld where one of these tables is blocked."""

    def kept_back(step: Step[Review, P]) -> Step[Review, P]:
        @unless_empty
        @functools.wraps(step)
        def shown(review: Review, /, *args: P.args, **kwargs: P.kwargs) -> Shown:
            blocks = review.evidence.gate.blocked.of_tables(*tables)
            if blocks:
                return review.ops.show(Absent(blocks[0].why))
            return step(review, *args, **kwargs)

        return shown

    return kept_back


class PeriodReview(abc.ABC):
    """Sections over what is known of a period; each stands alone, in whatever order they run."""

    folded_gate = False
    """Whether the data gate keeps its tables behind a line that opens them."""

    def __init__(self, evidence: PeriodEvidence) -> None:
        self.evidence = evidence
        self.ops = evidence.ops
        self.period = evidence.period

    # -- steps -------------------------------------------------------------------------

    def data_gate(self) -> Shown:
        """What the tables hold; whether the period is complete and its refunds are in."""
        self._record_status()
        self.ops.record_checks(*self.evidence.period_checks)
        return self.ops.show(*gate_parts(self.ops, self.evidence.gate, folded=self.folded_gate))

    def earlier(self) -> Shown:
        """Actions, decisions and predictions of earlier cycles, and what became of them."""
        return self.ops.show(*recall(self.ops, related=False))

    @rests_on("tasks")
    def tasks(self) -> Shown:
        """Tasks that fell due in the month: done, late, open."""
        return self.ops.show(*due_tasks(self.evidence))

    @unless_empty
    def scorecard(self) -> Shown:
        """Each KPI against its target, last month and last year."""
        return self.ops.show(*scorecard(self.evidence))

    @rests_on("surveys")
    def scores(self) -> Shown:
        """NPS and CSAT with intervals, the number of answers, and the change."""
        return self.ops.show(*voice.survey_scores(self.evidence))

    @rests_on("tickets")
    def service(self) -> Shown:
        """Tickets: volume, first response, resolution, on time, by category."""
        return self.ops.show(*voice.service_times(self.evidence))

    @unless_empty
    def themes(self) -> Shown:
        """What unhappy comments are about, with masked quotes."""
        return self.ops.show(*voice.comment_themes(self.evidence))

    @unless_empty
    def trend(self, metric: str = "gmv_net") -> Shown:
        """A metric over thirteen months, with its targets."""
        return self.ops.show(*trend_and_funnel.trend(self.evidence, metric))

    @rests_on("events")
    def funnel(self, steps: Sequence[str] = ("visit", "cart", "order")) -> Shown:
        """Users by step, against last month."""
        return self.ops.show(*trend_and_funnel.funnel(self.evidence, steps))

    @rests_on("events")
    def active(self) -> Shown:
        """Daily active users, and the month's DAU, MAU and stickiness."""
        return self.ops.show(*people.daily_actives(self.evidence))

    @rests_on("events", "orders")
    def growth(self) -> Shown:
        """Rolling active users, and who was won, kept, brought back and lost."""
        return self.ops.show(
            *people.rolling_actives(self.evidence), *people.growth_accounting(self.evidence)
        )

    @rests_on("users")
    def stages(self, by: str = "channel") -> Shown:
        """Acquisition, activation, retention, revenue and referral by channel."""
        return self.ops.show(*people.aarrr_stages(self.evidence, by))

    @rests_on("orders")
    def segments(self) -> Shown:
        """RFM segments, their moves since last month, and who to win back."""
        return self.ops.show(*people.rfm(self.evidence))

    @rests_on("users", "events", "orders")
    def cohorts(self, months: int = 9) -> Shown:
        """Retention by month of arrival; unobservable months stay empty."""
        return self.ops.show(*people.cohort_retention(self.evidence, months))

    @rests_on("events", "orders")
    def levels(self) -> Shown:
        """Activity levels by frozen thresholds, and the moves since last month."""
        return self.ops.show(*people.level_moves(self.evidence))

    @rests_on("users", "orders")
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
            return self.ops.show(*people.contract_churn(self.evidence, by, complete))
        return self.ops.show(*people.churn_risk(self.evidence, weeks))

    @rests_on("users", "orders", "spend")
    def acquisition(self) -> Shown:
        """What new users cost, what they bring by age, and when that is earned back."""
        return self.ops.show(*people.unit_economics(self.evidence))

    def win_back_users(self) -> DataFrame:
        """The users behind the win-back table: a list to act on, in no report."""
        return people.win_back_users(self.evidence)

    def churn_scores(self, weeks: int = 13) -> DataFrame:
        """The customers behind the churn table, with their probabilities; in no report."""
        return people.churn_scores(self.evidence, weeks)

    @rests_on("users")
    def why(self, metric: str = "", by: str = "") -> Shown:
        """Why KPIs moved: the mix of groups or the rates within them, or the parts of a sum.

        Without a metric, every KPI that moved beyond its materiality, those after the first few
        behind a line; without a dimension, the one that tells most.
        """
        evidence = self.evidence
        parts = why(evidence, metric, by) if metric else explained(evidence, MOST_EXPLAINED)
        if not parts:
            return self.ops.show(Absent(Text("month.why.nothing")))
        return self.ops.show(*parts, Note(Text("month.why.caution")))

    @unless_empty
    def drivers(self, metric: str = "gmv_net") -> Shown:
        """A metric's change as the parts of its drivers; the trees of others that moved, folded."""
        evidence = self.evidence
        return self.ops.show(*drivers(evidence, metric), *moved_trees(evidence, metric))

    @unless_empty
    def outlook(self, metrics: Sequence[str] = ()) -> Shown:
        """What the next month is expected to bring, registered as predictions."""
        from opsnb.analysis.reviews.period.outlook import outlook

        return self.ops.show(*outlook(self.evidence, metrics))

    @unless_empty
    def anomalies(self, metrics: Sequence[str] = ("orders", "active_users")) -> Shown:
        """Days outside expectation, with the known event that explains them, or none."""
        from opsnb.analysis.reviews.period.unusual_days import unusual_days

        return self.ops.show(*unusual_days(self.evidence, metrics))

    # -- the first screen --------------------------------------------------------------

    def summary(self) -> Shown:
        """Verdict, cards, what to decide, findings, next steps."""
        evidence = self.evidence
        self._record_status()
        self.ops.record_missing(*evidence.measured.facts)
        self.ops.record_missing_checks(*evidence.checks)
        if evidence.is_empty:
            self._record_case("no_data")
            return self.ops.first_screen(empty_verdict(evidence), [])
        if evidence.has_no_kpi:
            self._record_case("no_kpi")
            return self.ops.first_screen(verdict_without_kpi(evidence), [])
        refused = self._refused()
        blocks = (*((refused.check,) if refused else ()), *self.ops.blocks_beside(evidence.checks))
        if blocks:
            self._record_case("invalid")
            return refuse(self.ops, blocks)
        return self._first_screen()

    @abc.abstractmethod
    def _refused(self) -> Block | None:
        """The block that leaves the period without a verdict; asked where it has KPIs."""

    @abc.abstractmethod
    def _first_screen(self) -> Shown:
        """The summary of a period that can be measured."""

    def _record_case(self, case: str) -> None:
        """What the verdict is, as a word that other reports can ask for."""
        self.ops.record(Fact(f"{self.evidence.review}.verdict", case, "text"))

    def _record_status(self) -> None:
        """Marks the report as its period and its tables have it, and names missing days."""
        evidence, found = self.evidence, self.evidence.completeness
        if found.status != "ready":
            self.ops.status(found.status, found.reason)
        elif evidence.missing_days:
            self.ops.status("ready", days_missing(evidence, evidence.missing_days))
        if evidence.is_empty or evidence.has_no_kpi:
            return
        if refused := self._refused():
            self.ops.status("invalid", refused.check.message)
        else:
            withhold(self.ops, evidence.gate.blocked, evidence.withheld_kpis)
