"""Whether a planned experiment is large enough to show that its guardrails hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.planning import users_over_arms
from opsnb.analysis.methods.power import power_for_margin, users_for_margin
from opsnb.analysis.metrics import Metric
from opsnb.analysis.reviews.design.history import Baseline


@dataclass(frozen=True)
class GuardrailPower:
    """A guardrail in the planned experiment.

    Attributes
    ----------
    power : Fact
        `design.guardrail_power`: the chance that it is shown to hold when nothing changed; None
        where its mean or its spread is 0, so that no margin can be tested.
    users : Fact
        `design.guardrail_users`: users of all arms with which that chance is `wanted`.
    wanted : float
        The power that the plan asks for.
    """

    metric: Metric
    power: Fact
    users: Fact
    wanted: float

    @property
    def is_enough(self) -> bool:
        return self.power.value is not None and self.power.value >= self.wanted


def guardrail_power(
    base: Baseline,
    users: int,
    shares: Sequence[float],
    *,
    margin: float,
    level: float,
    wanted: float,
) -> GuardrailPower:
    """How likely `users` in all arms are to show that a guardrail holds.

    Parameters
    ----------
    shares : sequence of float
        Of the arms, the control first; the smallest treatment decides.
    margin : float
        Relative worsening that the plan accepts, as a fraction.
    level : float
        Two-sided level of each treatment; the test is one-sided at half of it.
    """
    metric, var = base.metric, base.variance(adjusted=True)
    power = needed = None
    if base.mean and base.moments.var > 0 and margin < 1:
        arms = [max(round(users * share), 2) for share in (shares[0], min(shares[1:]))]
        power = power_for_margin(
            base.mean, var, margin, *arms, direction=metric.direction, alpha=level / 2
        )
        needed = users_over_arms(
            lambda ratio: users_for_margin(
                base.mean, var, margin, direction=metric.direction, alpha=level / 2,
                power=wanted, ratio=ratio,
            ),
            shares,
        )  # fmt: skip
    return GuardrailPower(
        metric,
        Fact("design.guardrail_power", power, "share", metric=metric.id),
        Fact("design.guardrail_users", needed, "count", metric=metric.id),
        wanted,
    )
