"""The campaign review, step by step: each step is a cell of the playbook."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from opsnb.analysis.display import Absent
from opsnb.analysis.reviews.campaign.cards import campaign_cards
from opsnb.analysis.reviews.campaign.case import CampaignCase
from opsnb.analysis.reviews.campaign.change_parts import why_parts
from opsnb.analysis.reviews.campaign.channels import channel_parts
from opsnb.analysis.reviews.campaign.cost_table import cost_parts
from opsnb.analysis.reviews.campaign.effect import effect_parts
from opsnb.analysis.reviews.campaign.fairness import fairness_parts
from opsnb.analysis.reviews.campaign.funnels import funnel_parts
from opsnb.analysis.reviews.campaign.goal import goal_parts
from opsnb.analysis.reviews.campaign.lifetime import lifetime_parts
from opsnb.analysis.reviews.campaign.new_users import newcomer_parts, referral_parts
from opsnb.analysis.reviews.campaign.report_status import record_missing_checks
from opsnb.analysis.reviews.campaign.result import result_parts
from opsnb.analysis.reviews.campaign.returns import return_parts
from opsnb.analysis.reviews.campaign.ruling import Ruling, campaign_verdict, ruling
from opsnb.analysis.reviews.campaign.team_notes import notes_parts
from opsnb.analysis.reviews.shared.blocked import refuse, withhold
from opsnb.analysis.reviews.shared.data_gate import gate_parts
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.display import Part
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.reviews.campaign.increment import Increment
    from opsnb.analysis.reviews.campaign.lifetime_model import Lifetime
    from opsnb.analysis.reviews.campaign.worth import Worth
    from opsnb.analysis.shown import Shown
    from opsnb.base.plans import CampaignPlan


class Campaign:
    """The steps of one campaign's review; any of them may be left out.

    Parameters
    ----------
    ops : Recorder
    campaign : str
        Id: the name of a file in plans/campaigns/.

    Attributes
    ----------
    case : CampaignCase
        All that is known of the campaign, whichever steps are taken.
    """

    def __init__(self, ops: Recorder, campaign: str) -> None:
        self.ops = ops
        self.case = CampaignCase(ops, campaign)

    @property
    def plan(self) -> CampaignPlan:
        return self.case.plan

    @property
    def increment(self) -> Increment:
        """What the campaign added, with everything done to break that number."""
        return self.case.increment

    @property
    def worth(self) -> Worth | None:
        """Gross profit of one unit of the metric."""
        return self.case.worth

    @property
    def lifetime(self) -> Lifetime | Text:
        """What a new customer goes on to buy; or why no model can say."""
        return self.case.lifetime

    @property
    def repurchase_days(self) -> float | None:
        """Days from one purchase to the customer's next, the median."""
        return self.case.repurchase_days

    def _show(self, parts: list[Part]) -> Shown:
        return self.ops.show(*parts)

    @property
    def _refused(self) -> Text | None:
        """Why there is no effect to show, where what it rests on is blocked."""
        return self.case.refusal.why if self.case.refusal else None

    def _unless(self, why: Text | None, parts: Callable[[CampaignCase], list[Part]]) -> Shown:
        """A section, or why it is withheld."""
        return self._show([Absent(why)] if why else parts(self.case))

    # -- steps -------------------------------------------------------------------------

    def goal(self) -> Shown:
        """What was promised beforehand."""
        return self._show(goal_parts(self.case))

    def data_gate(self) -> Shown:
        """What the tables hold, and what was set aside."""
        self._mark()
        return self._show(gate_parts(self.ops, self.case.gate, folded=True))

    def costs(self) -> Shown:
        """Budget against booked costs, by kind."""
        return self._unless(self.case.kept_back("spend"), cost_parts)

    def result(self) -> Shown:
        """What was counted in the window, beside the weeks before: description, not effect."""
        return self._unless(self.case.kept_back(metric=True), result_parts)

    def fairness(self) -> Shown:
        """What else may explain the numbers, asked before any of them is shown."""
        return self._show(fairness_parts(self.case))

    def effect(self) -> Shown:
        """What the campaign added, by the best evidence there is."""
        return self._unless(self._refused, effect_parts)

    def returns(self) -> Shown:
        """ROAS, classic ROI and incremental ROI: three numbers, each with its definition."""
        return self._unless(self._refused or self.case.kept_back("spend", "orders"), return_parts)

    def lifetime_value(self) -> Shown:
        """How well the team's orders foretell what customers buy, and what that is worth."""
        return self._unless(self.case.kept_back("orders", "users"), lifetime_parts)

    def channels(self, by: str = "channel") -> Shown:
        """Spend and counts by channel, or by another column of the spend table."""
        why = self.case.kept_back("spend", "users")
        return self._unless(why, lambda case: channel_parts(case, by))

    def funnel(self) -> Shown:
        """Users by step in order, against the weeks before and the last campaign."""
        return self._unless(self.case.kept_back("events"), funnel_parts)

    def referral(self) -> Shown:
        """Invitations, the K factor, and what an invited user cost."""
        return self._unless(self.case.kept_back("events", "users"), referral_parts)

    def newcomers(self) -> Shown:
        """Whether the new users stayed, against organic ones of the same days."""
        return self._unless(self.case.kept_back("users", "events", "orders"), newcomer_parts)

    def why(self) -> Shown:
        """Where the counted number moved: exact parts of its change."""
        return self._unless(self.case.kept_back("events", metric=True), why_parts)

    def looking_back(self) -> Shown:
        """Goal, result, analysis and insight, with what the team wrote in plans/notes/."""
        return self._show(notes_parts(self.case))

    # -- the first screen ----------------------------------------------------------------

    def summary(self) -> Shown:
        """Verdict, cards, what to decide, findings, next steps.

        What they rest on is measured and recorded here wherever no step has shown it.
        """
        ops, measured, refusal = self.ops, self.case.measured, self.case.refusal
        self._mark()
        ops.record_missing_checks(*self.case.gate.checks)
        own = ops.blocks_beside((*self.case.gate.checks, *measured.checks))
        blocks = (*((refusal.check,) if refusal else ()), *own)
        if blocks:
            ops.fact("campaign.verdict", "invalid", "text")
            return refuse(ops, blocks)
        record_missing_checks(ops, measured.checks)
        case = ruling(measured)
        ops.fact("campaign.verdict", case, "text")
        if measured.conversions is not None:
            ops.record(measured.conversions.total, measured.conversions.each)
        self._propose(case)
        return ops.first_screen(campaign_verdict(measured), campaign_cards(measured))

    def _mark(self) -> None:
        """Marks the report as the blocks of its tables have it."""
        if self.case.refusal is None:
            withhold(self.ops, self.case.gate.blocked)
        else:
            self.ops.status("invalid", self.case.refusal.check.message)

    def _propose(self, case: Ruling) -> None:
        """What to decide, and the next steps."""
        ops, plan, as_of = self.ops, self.plan, self.ops.workspace.as_of
        owner, week = plan.owner or None, dt.timedelta(days=7)
        question, advice = (
            Text.of(f"campaign.decision.{case}", name=plan.name),
            f"campaign.recommend.{case}",
        )
        if case == "cost_open" and self.case.costs.unread:
            question, advice = Text("blocked.decision"), "blocked.recommend_costs"
        ops.decide(question, owner, recommendation=Text(advice), due=as_of + week)
        source = ops.period.key
        ops.act(Text(f"campaign.action.{case}"), owner, due=as_of + 2 * week, source=source)
        missing = [Text(f"kind.{kind}") for kind in self.case.costs.missing]
        if missing:
            book = Text.of("campaign.action.book_costs", kinds=missing)
            ops.act(book, owner, due=as_of + week, source=source)
