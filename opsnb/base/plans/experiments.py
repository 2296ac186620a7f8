"""plans/experiments/ID.toml: what an A/B test was registered to show."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field, PrivateAttr

from opsnb.base.errors import PlanError, did_you_mean
from opsnb.base.plans.common_keys import Plan, repeated
from opsnb.base.plans.split import Split
from opsnb.base.toml_model import Day, Problem, Said, Strict, validate


class Primary(Strict):
    """The metric that decides, and the smallest relative effect worth finding."""

    metric: str = Field(examples=['"order_conversion"'])
    mde: float | None = Field(default=None, gt=0, examples=["0.03"])


class Guardrail(Strict):
    """A metric that must not worsen by more than `margin` (relative, as a fraction)."""

    metric: str = Field(examples=['"refund_rate"'])
    margin: float = Field(gt=0, examples=["0.05"])


class Secondary(Strict):
    """A metric that explains, and does not decide."""

    metric: str = Field(examples=['"revenue_per_user"'])


class Ramp(Strict):
    """A first stretch of days at another split than the plan's, up to and including `until`."""

    until: Day = Field(examples=["2026-09-16"])
    split: Split = Field(examples=["{control = 0.9, treatment = 0.1}"])


class Daily(Strict):
    """The experiment is known as daily totals in `series`, whose unit is the arm.

    `population` is the metric that says how many units each arm had; `unit` whether counts are
    of independent units (`count`) or the day is the unit (`day`); `funnel` metrics of which
    none can exceed the one before.
    """

    population: str | None = Field(default=None, examples=['"clicks"'])
    unit: Literal["count", "day"] = Field(default="day", examples=['"day"'])
    funnel: list[str] = Field(default=[], examples=['["clicks", "carts", "orders"]'])


class Covariate(Strict):
    """A number of each user from before the experiment: a column of `assignments`.

    `until` is the last day that went into it, where it is known; without it the column is
    taken to have been recorded at assignment.
    """

    column: str = Field(min_length=1, examples=['"spent_before"'])
    until: Day | None = Field(default=None, examples=["2026-09-13"])


class ExperimentPlan(Plan):
    """plans/experiments/ID.toml: what an A/B test was registered to show."""

    hypothesis: Said | None = Field(default=None, examples=['"Fewer steps bring more orders"'])
    unit: str = Field(default="user", min_length=1, examples=['"user"'])
    control: str = Field(examples=['"control"'])
    split: Split = Field(examples=["{control = 0.5, treatment = 0.5}"])
    alpha: float = Field(default=0.05, gt=0, lt=0.5, examples=["0.05"])
    power: float = Field(default=0.8, gt=0, lt=1, examples=["0.8"])
    looks: int = Field(default=1, ge=1, examples=["1"])
    segments: list[str] = Field(default=[], examples=['["channel", "device"]'])
    design: Literal["parallel", "paired"] = Field(default="parallel", examples=['"paired"'])
    across_arms: Literal["holm", "dunnett"] = Field(default="holm", examples=['"dunnett"'])
    window_days: int | None = Field(default=None, gt=0, examples=["14"])
    covariate_days: int = Field(default=0, ge=0, examples=["28"])
    covariate: Covariate | None = None
    annual_users: int | None = Field(default=None, gt=0, examples=["400000"])
    users: int | None = Field(default=None, gt=0, examples=["24000"])
    ramp: list[Ramp] = Field(default=[])
    daily: Daily | None = None
    primary: Primary
    guardrails: list[Guardrail] = Field(default=[])
    secondary: list[Secondary] = Field(default=[])
    _registered: bool = PrivateAttr(True)

    @property
    def registered(self) -> bool:
        """Whether it was written beforehand, in plans/; else it stands in for a missing plan."""
        return self._registered

    @classmethod
    def unregistered(cls, id: str, **fields: Any) -> ExperimentPlan:
        """A stand-in for an experiment that nobody registered; its reader must be told."""
        plan = validate(cls, {"name": id, **fields}, f"experiment {id}", PlanError)
        plan._id, plan._registered = id, False
        return plan

    @property
    def is_paired(self) -> bool:
        """Whether units were in both arms, to be compared with themselves."""
        return self.design == "paired"

    def as_paired(self) -> ExperimentPlan:
        """The same for units that turn out to be in both arms, without what pairs cannot use."""
        without: dict[str, Any] = {"covariate": None, "covariate_days": 0, "ramp": []}
        return self.model_copy(update={"design": "paired", "across_arms": "holm", **without})

    @property
    def cluster(self) -> str | None:
        """Column of the assignments that was randomised; None where that is the user."""
        return None if self.unit == "user" or self.daily else self.unit

    def shares(self, day: dt.date | None = None) -> dict[str, float]:
        """The planned split, on a day where a ramp was planned; it sums to 1 exactly."""
        ramp = next((r for r in self.ramp if day is not None and day <= r.until), None)
        split = ramp.split if ramp else self.split
        total = math.fsum(split.values())
        return {arm: split.get(arm, 0.0) / total for arm in self.split}

    @property
    def treatments(self) -> list[str]:
        """The variants other than the control, in the plan's order."""
        return [variant for variant in self.split if variant != self.control]

    @property
    def metrics(self) -> list[str]:
        """Every metric of the plan once: primary, guardrails, secondary."""
        guardrails = [row.metric for row in self.guardrails]
        secondary = [row.metric for row in self.secondary]
        return list(dict.fromkeys([self.primary.metric, *guardrails, *secondary]))

    def problems(self) -> Iterable[Problem]:
        yield from super().problems()
        total = math.fsum(self.split.values())
        days = [step.until for step in self.ramp]
        if days != sorted(days):
            yield Problem("ramp", "is not in order of its dates", "put the earliest first")
        for number, step in enumerate(self.ramp, 1):
            if set(step.split) != set(self.split):
                hint = f"name the same arms as split: {', '.join(self.split)}"
                yield Problem(f"ramp[{number}].split", "names other arms", hint)
        if len(self.split) < 2:
            yield Problem("split", "needs a control and a treatment", "name each with its share")
        elif not math.isclose(total, 1, abs_tol=1e-3):
            equal = round(1 / len(self.split), 4)
            hint = (
                f"shares are fractions of 1, {equal:g} each for an equal split, or ratios, 1 each"
            )
            yield Problem("split", f"sums to {total:g}, not to 1", hint)
        if self.covariate and self.covariate_days:
            hint = "keep the column, or covariate_days for the metric's own past"
            yield Problem("covariate", "stands beside covariate_days", hint)
        yield from self._paired_problems()
        for variant, share in self.split.items():
            if share <= 0:
                yield Problem(f"split.{variant}", f"is {share:g}", "a share is above 0")
        if self.control not in self.split:
            hint = did_you_mean(self.control, self.split, kind="variants")
            yield Problem("control", f'"{self.control}" is not in split', hint)
        groups = {
            "guardrails": [row.metric for row in self.guardrails],
            "secondary": [row.metric for row in self.secondary],
        }
        for group, names in groups.items():
            for name in repeated(names):
                yield Problem(group, f'names "{name}" twice', "keep one of them")
        if self.primary.metric in {row.metric for row in self.secondary}:
            hint = "keep it as primary only"
            yield Problem("secondary", f'repeats the primary "{self.primary.metric}"', hint)

    def _paired_problems(self) -> Iterable[Problem]:
        """What a design with units in both arms cannot use."""
        if self.design != "paired":
            return
        if self.cluster is None:
            hint = (
                'name the column of assignments that is in both arms, as unit = "story", and give '
                "each of its arms a user_id of its own"
            )
            if self.daily:
                hint = "leave design out: unit of daily says whether days or counts are compared"
            yield Problem("design", "is paired, but no unit is in both arms", hint)
        for key in ("covariate", "covariate_days", "ramp"):
            if getattr(self, key):
                hint = "leave it out: each unit is compared with itself"
                yield Problem(key, "has no use in a paired design", hint)
        if self.across_arms == "dunnett":
            yield Problem("across_arms", "is dunnett in a paired design", 'say "holm"')
