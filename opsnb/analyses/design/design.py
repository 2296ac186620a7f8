"""An experiment before it runs: how many users, how long, how small an effect; and its plan."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from opsnb.analyses.design import sections
from opsnb.analyses.design.history import Baseline, History, read_history
from opsnb.analyses.design.planfile import plan_text, write_plan
from opsnb.errors import MethodError, ParameterError, did_you_mean
from opsnb.findings import Verdict
from opsnb.messages import Text
from opsnb.methods.power import detectable_share, users_for_mean, users_for_share
from opsnb.methods.sequential import inflation

if TYPE_CHECKING:
    from opsnb.session import Session, Shown

LONGEST = 56
"""Days beyond which a run is too long: users change devices, seasons change users."""

COVARIATE_DAYS = 28


class Design:
    """The steps of `experiment_design`.

    Parameters
    ----------
    ops : Session
    metric : str
        The primary metric.
    mde : float
        Smallest relative effect worth finding, as a fraction.
    guardrails : sequence of str
        Metrics that must not worsen by more than `margin` (relative).
    split : float
        Share of users in the treatment.
    looks : int
        Planned readings; above 1 with Lan-DeMets bounds.
    history_days : int
        Whole weeks of history that give baseline, variance and traffic.
    exposure : str
        The event that would expose a user; empty: any.
    traffic : float
        Share of the exposed users who would enter the experiment.
    """

    def __init__(
        self,
        ops: Session,
        metric: str,
        *,
        mde: float,
        guardrails: Sequence[str] = (),
        margin: float = 0.05,
        alpha: float = 0.05,
        power: float = 0.8,
        split: float = 0.5,
        looks: int = 1,
        history_days: int = 28,
        exposure: str = "",
        traffic: float = 1.0,
        unit: str = "user",
    ) -> None:
        self.ops, self.metric, self.mde = ops, metric, mde
        self.guardrails, self.margin = [name for name in guardrails if name], margin
        self.alpha, self.power, self.split, self.looks = alpha, power, split, looks
        self.history_days, self.exposure, self.traffic = history_days, exposure, traffic
        self.unit = unit
        self._check()

    def _check(self) -> None:
        """All of the parameters against what they may be, the first wrong one by name."""
        fractions = {"alpha": self.alpha, "power": self.power, "split": self.split}
        wrong = [name for name, value in fractions.items() if not 0 < value < 1]
        wrong += [n for n, v in {"mde": self.mde, "margin": self.margin}.items() if not v > 0]
        wrong += ["traffic"] if not 0 < self.traffic <= 1 else []
        wrong += ["looks"] if self.looks < 1 else []
        if wrong:
            raise ParameterError(
                f"{wrong[0]} is {getattr(self, wrong[0]):g}",
                where=f"parameter {wrong[0]}",
                hint="mde, margin, alpha, power, split and traffic are fractions (0.05 for 5 %); "
                "looks counts from 1",
            )
        catalogue = self.ops.catalogue
        for name in [self.metric, *self.guardrails]:
            if name not in catalogue:
                hint = did_you_mean(name, catalogue, kind="metrics")
                raise ParameterError(f'unknown metric "{name}"', where="parameters", hint=hint)

    # -- numbers -----------------------------------------------------------------------

    @cached_property
    def history(self) -> History:
        """Traffic and baselines from the team's own last weeks."""
        return read_history(
            self.ops.rows,
            self.ops.catalogue,
            list(dict.fromkeys([self.metric, *self.guardrails])),
            as_of=self.last_day + dt.timedelta(days=1),
            days=self.history_days,
            exposure=self.exposure,
            covariate_days=COVARIATE_DAYS,
        )

    @cached_property
    def last_day(self) -> dt.date:
        """Last complete day of the data."""
        from opsnb.analyses.gate import data_end

        name = "events" if self.ops.rows.has("events") else "orders"
        yesterday = self.ops.workspace.as_of - dt.timedelta(days=1)
        return min(data_end(self.ops, name) or yesterday, yesterday)

    @property
    def baseline(self) -> Baseline:
        return self.history.baselines[self.metric]

    @property
    def ratio(self) -> float:
        """Users of treatment for each of control."""
        return self.split / (1 - self.split)

    @cached_property
    def inflation(self) -> float:
        """How many times the users of one look the planned looks need at most."""
        if self.looks == 1:
            return 1.0
        shares = [look / self.looks for look in range(1, self.looks + 1)]
        return inflation(shares, alpha=self.alpha, power=self.power)

    def users_needed(self, mde: float | None = None, *, adjusted: bool = True) -> int:
        """Users of both arms that find a relative effect with the power asked for."""
        base, mde = self.baseline, self.mde if mde is None else mde
        same = {"alpha": self.alpha, "power": self.power, "ratio": self.ratio}
        share = base.mean * (1 + mde)
        if base.metric.kind == "proportion" and 0 < share < 1:
            size = users_for_share(base.mean, share, **same).total
            size = math.ceil(size * (1 - base.reduction)) if adjusted else size
        else:
            var = base.variance(adjusted=adjusted)
            size = users_for_mean(var, mde * abs(base.mean), **same).total
        return math.ceil(size * self.inflation)

    def detectable(self, users: float, *, adjusted: bool = True) -> float | None:
        """The smallest relative effect that so many users find; None where they find none."""
        base = self.baseline
        users = users / self.inflation
        reduction = base.reduction if adjusted else 0.0
        if base.metric.kind == "proportion":
            n = users / (1 - reduction)
            arms = (max(int(n * (1 - self.split)), 2), max(int(n * self.split), 2))
            try:
                gap = detectable_share(base.mean, *arms, alpha=self.alpha, power=self.power)
            except MethodError:  # so few users find no share up to 1
                return None
            return gap / base.mean
        low, high = 1e-6, 100.0
        if users < 4 or self._need(high, adjusted) > users:
            return None
        for _ in range(60):
            middle = math.sqrt(low * high)
            low, high = (low, middle) if self._need(middle, adjusted) <= users else (middle, high)
        return high

    def _need(self, mde: float, adjusted: bool) -> int:
        """Users of a mean with one look."""
        base = self.baseline
        same = {"alpha": self.alpha, "power": self.power, "ratio": self.ratio}
        return users_for_mean(base.variance(adjusted=adjusted), mde * abs(base.mean), **same).total

    def users_after(self, days: int) -> float:
        """Users in the experiment after so many days at the current traffic."""
        return self.history.users_after(days) * self.traffic

    def days_for(self, users: float) -> int | None:
        """Whole weeks until that many users are in; None where they never are."""
        return self.history.days_for(users / self.traffic)

    @cached_property
    def users(self) -> int:
        return self.users_needed()

    @cached_property
    def days(self) -> int | None:
        return self.days_for(self.users)

    @property
    def is_feasible(self) -> bool:
        return self.days is not None and self.days <= LONGEST

    # -- steps -------------------------------------------------------------------------

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
            "split": {"control": round(1 - self.split, 6), "treatment": self.split},
            "alpha": self.alpha,
            "power": self.power,
            "looks": self.looks,
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
        word = "feasible" if self.is_feasible else "too_long"
        facts = [ops.facts[f"design.users/{self.metric}"], ops.facts[f"design.days/{self.metric}"]]
        args = {
            "metric": self.baseline.metric.label,
            "mde": self.mde,
            "users": self.users,
            "days": self.days or 0,
            "weeks": (self.days or 0) // 7,
        }
        key = word if self.days else "never"
        verdict = Verdict(
            word=Text(f"design.word.{word}"),
            sentence=Text(f"design.verdict.{key}", args),
            grade="E",
            tone="good" if self.is_feasible else "warn",
            rule=Text.of("design.rule", days=LONGEST),
            evidence=tuple(facts),
        )
        ops.fact("design.verdict", word, "text")
        ops.decide(Text(f"design.decision.{word}"), recommendation=Text(f"design.recommend.{word}"))
        return ops.first_screen(verdict, sections.cards(self))
