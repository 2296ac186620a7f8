"""The steps of an experiment's design: how many users, how long, how small an effect; the plan."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from opsnb.analysis.reviews.design import sections
from opsnb.analysis.reviews.design.answer import LONGEST
from opsnb.analysis.reviews.design.case import COVARIATE_DAYS, DesignCase
from opsnb.analysis.reviews.design.plan_file import plan_text, write_plan
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.shown import Shown


class Design(DesignCase):
    """The steps of `experiment_design`; parameters are those of `DesignCase`."""

    def show_baseline(self) -> Shown:
        """Baseline, spread and traffic of the last weeks."""
        return self.ops.show(*sections.baseline_parts(self))

    def sample_size(self) -> Shown:
        """Users against the smallest effect they find."""
        return self.ops.show(*sections.size_parts(self))

    def duration(self) -> Shown:
        """Calendar days against the smallest effect, at the current traffic."""
        return self.ops.show(*sections.duration_parts(self))

    def choices(self) -> Shown:
        """What split, looks and adjustment for earlier behaviour cost or save."""
        return self.ops.show(*sections.choice_parts(self))

    def guardrail_power(self) -> Shown:
        """How likely each guardrail is to be shown to hold when nothing changed."""
        return self.ops.show(*sections.guardrail_parts(self))

    def plan(
        self, experiment: str = "", *, write: bool = False, start: str = "", name: str = ""
    ) -> Shown:
        """The plan as TOML, and with `write` as a new file in plans/experiments/."""
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
        ops, answer = self.ops, self.answer
        ops.fact("design.verdict", answer.word, "text")
        ops.decide(
            Text(f"design.decision.{answer.word}"),
            recommendation=Text(f"design.recommend.{answer.word}"),
        )
        return ops.first_screen(answer.verdict(), answer.cards())
