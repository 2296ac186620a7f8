"""The steps of an experiment's design: how many users, how long, how small an effect; the plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from opsnb.analysis.display import Absent, Checks
from opsnb.analysis.reviews.design import sections
from opsnb.analysis.reviews.design.answer import LONGEST
from opsnb.analysis.reviews.design.case import COVARIATE_DAYS, DesignCase
from opsnb.analysis.reviews.design.plan_file import plan_text, write_plan
from opsnb.analysis.reviews.shared.blocked import refuse, withhold
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.display import Part
    from opsnb.analysis.shown import Shown


class Design(DesignCase):
    """The steps of `experiment_design`; parameters are those of `DesignCase`."""

    def _show(self, parts: Callable[[DesignCase], list[Part]], *more: Part) -> Shown:
        """A section, or why it is withheld."""
        own = [Absent(self.refusal.why)] if self.refusal is not None else parts(self)
        return self.ops.show(*own, *more)

    def _mark(self) -> None:
        """Marks the report as the blocks of its tables have it."""
        if self.refusal is not None:
            self.ops.status("invalid", self.refusal.check.message)
        else:
            withhold(self.ops, self.gate.blocked, self.withheld)

    def show_baseline(self) -> Shown:
        """Baseline, spread and traffic of the last weeks."""
        self._mark()
        self.ops.record_checks(*self.gate.checks)
        return self._show(sections.baseline_parts, Checks(self.gate.checks))

    def sample_size(self) -> Shown:
        """Users against the smallest effect they find."""
        return self._show(sections.size_parts)

    def duration(self) -> Shown:
        """Calendar days against the smallest effect, at the current traffic."""
        return self._show(sections.duration_parts)

    def choices(self) -> Shown:
        """What split, looks and adjustment for earlier behaviour cost or save."""
        return self._show(sections.choice_parts)

    def guardrail_power(self) -> Shown:
        """How likely each guardrail is to be shown to hold when nothing changed."""
        return self._show(sections.guardrail_parts)

    def plan(
        self, experiment: str = "", *, write: bool = False, start: str = "", name: str = ""
    ) -> Shown:
        """The plan as TOML, and with `write` as a new file in plans/experiments/."""
        if self.refusal is not None:  # no plan is registered on numbers that cannot be used
            return self.ops.show(Absent(self.refusal.why))
        text = self.plan_text(experiment or "my_experiment", start=start, name=name)
        path: Path | None = None
        if write:
            path = write_plan(self.ops.workspace.root, experiment, text)
        return self.ops.show(*sections.plan_parts(text, path, experiment))

    def plan_text(self, experiment: str, *, start: str = "", name: str = "") -> str:
        """What plans/experiments/ID.toml would hold."""
        first = dt.date.fromisoformat(start) if start else self._next_monday()
        days = self.days or LONGEST
        guardrails = [{"metric": m, "margin": self.margin} for m in self.guardrails]
        plan = {
            "name": name or experiment,
            "owner": self.ops.language.say(self.ops.owner),
            "start": first,
            "end": first + dt.timedelta(days=days - 1),
            "unit": self.unit,
            "control": "control",
            "split": {arm: round(share, 6) for arm, share in self.arms.items()},
            "alpha": self.alpha,
            "power": self.power,
            "looks": self.looks,
            **({"across_arms": self.across_arms} if len(self.shares) > 2 else {}),
            **({"window_days": self.window_days} if self.window_days else {}),
            "covariate_days": COVARIATE_DAYS if self.baseline.reduction else 0,
            "users": self.users,
            "primary": {"metric": self.metric, "mde": self.mde},
            "guardrails": guardrails,
        }
        return plan_text(plan, experiment)

    def _next_monday(self) -> dt.date:
        day = self.ops.workspace.as_of
        return day + dt.timedelta(days=7 - day.weekday())

    def summary(self) -> Shown:
        """Whether the question can be answered at this traffic, and what to decide."""
        ops = self.ops
        self._mark()
        ops.record_missing_checks(*self.gate.checks)
        refusal = (self.refusal.check,) if self.refusal else ()
        blocks = (*refusal, *ops.blocks_beside(self.gate.checks))
        if blocks:
            ops.fact("design.verdict", "invalid", "text")
            return refuse(ops, blocks)
        answer = self.answer
        ops.fact("design.verdict", answer.word, "text")
        ops.decide(
            Text(f"design.decision.{answer.word}"),
            recommendation=Text(f"design.recommend.{answer.word}"),
        )
        return ops.first_screen(answer.verdict(), answer.cards())
