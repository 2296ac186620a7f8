"""An experiment that is planned: users, days and effects, from the team's own history."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.planning import Procedure, planned_level, users_over_arms
from opsnb.analysis.methods.power import (
    detectable_share,
    users_for_mean,
    users_for_share,
)
from opsnb.analysis.methods.sequential import inflation
from opsnb.analysis.metrics.columns_read import Reads, own_columns, together
from opsnb.analysis.metrics.user_panel import parts_of
from opsnb.analysis.reviews.design.answer import Answer
from opsnb.analysis.reviews.design.guardrail_power import GuardrailPower, guardrail_power
from opsnb.analysis.reviews.design.history import (
    Baseline,
    History,
    last_recorded,
    read_history,
)
from opsnb.analysis.reviews.shared.data_gate import DataGate, inspect_tables
from opsnb.base.errors import MethodError, ParameterError, did_you_mean
from opsnb.base.plans.split import as_shares, weight

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.reviews.shared.blocked import Block

COVARIATE_DAYS = 28


class DesignCase:
    """The numbers of a planned experiment, each worked out when it is first asked for.

    Parameters
    ----------
    ops : Recorder
    metric : str
        The primary metric.
    mde : float
        Smallest relative effect worth finding, as a fraction.
    guardrails : sequence of str
        Metrics that must not worsen by more than `margin` (relative).
    split : sequence of float
        Shares of the users in each arm, the control first.
    across_arms : str
        `holm` or `dunnett`: what keeps the level over several treatments.
    looks : int
        Planned readings; above 1 with Lan-DeMets bounds.
    history_days : int
        Whole weeks of history that give baseline, variance and traffic.
    exposure : str
        The event that would expose a user; empty: any.
    traffic : float
        Share of the exposed users who would enter the experiment.
    window_days : int
        Days after exposure in which outcomes count; 0: all of the run.
    """

    def __init__(
        self,
        ops: Recorder,
        metric: str,
        *,
        mde: float,
        guardrails: Sequence[str] = (),
        margin: float = 0.05,
        alpha: float = 0.05,
        power: float = 0.8,
        split: Sequence[float | str] = (0.5, 0.5),
        across_arms: Procedure = "holm",
        looks: int = 1,
        history_days: int = 28,
        exposure: str = "",
        traffic: float = 1.0,
        window_days: int = 0,
        unit: str = "user",
    ) -> None:
        self.ops, self.metric, self.mde = ops, metric, mde
        self.guardrails, self.margin = [name for name in guardrails if name], margin
        self.alpha, self.power, self.looks = alpha, power, looks
        self.shares, self.across_arms = _shares(split), across_arms
        self.window_days = window_days
        self.history_days, self.exposure, self.traffic = history_days, exposure, traffic
        self.unit = unit
        self._check()

    def _check(self) -> None:
        """All of the parameters against what they may be, the first wrong one by name."""
        fractions = {"alpha": self.alpha, "power": self.power}
        wrong = [name for name, value in fractions.items() if not 0 < value < 1]
        wrong += [n for n, v in {"mde": self.mde, "margin": self.margin}.items() if not v > 0]
        wrong += ["traffic"] if not 0 < self.traffic <= 1 else []
        wrong += ["looks"] if self.looks < 1 else []
        wrong += ["window_days"] if self.window_days < 0 else []
        if wrong:
            raise ParameterError(
                f"{wrong[0]} is {getattr(self, wrong[0]):g}",
                where=f"parameter {wrong[0]}",
                hint="mde, margin, alpha, power and traffic are fractions (0.05 for 5 %); "
                "looks counts from 1, window_days from 0",
            )
        if self.across_arms not in ("holm", "dunnett"):
            raise ParameterError(
                f'across_arms is "{self.across_arms}"',
                where="parameter across_arms",
                hint='"holm" or "dunnett"',
            )
        catalogue = self.ops.catalogue
        for name in [self.metric, *self.guardrails]:
            if name not in catalogue:
                hint = did_you_mean(name, catalogue, kind="metrics")
                raise ParameterError(f'unknown metric "{name}"', where="parameters", hint=hint)

    # -- what blocks ---------------------------------------------------------------------

    @cached_property
    def gate(self) -> DataGate:
        """What the contracts found of the tables that traffic and metrics are read from."""
        read = together(self._traffic, *map(self._reads, [self.metric, *self.guardrails]))
        return inspect_tables(self.ops, [t for t in read if t in self.ops.workspace.tables])

    @property
    def _traffic(self) -> Reads:
        return {"events" if self.ops.rows.has("events") else "orders": frozenset({"user_id"})}

    def _reads(self, metric: str) -> Reads:
        return together(*map(own_columns, parts_of(self.ops.catalogue[metric], self.ops.catalogue)))

    @cached_property
    def refusal(self) -> Block | None:
        """The block that leaves no answer: of the traffic, or of the primary metric."""
        read = together(self._traffic, self._reads(self.metric))
        return next(iter(self.gate.blocked.that_touch(read)), None)

    @cached_property
    def withheld(self) -> dict[str, Block]:
        """By guardrail the block that keeps it back."""
        found = {name: self.gate.blocked.that_touch(self._reads(name)) for name in self.guardrails}
        return {name: blocks[0] for name, blocks in found.items() if blocks}

    # -- the history ---------------------------------------------------------------------

    @cached_property
    def history(self) -> History:
        """Traffic and baselines from the team's own last weeks."""
        return read_history(
            self.ops.rows,
            self.ops.catalogue,
            self.metrics,
            as_of=self.last_day + dt.timedelta(days=1),
            days=self.history_days,
            exposure=self.exposure,
            covariate_days=COVARIATE_DAYS,
            window_days=self.window_days,
        )

    @cached_property
    def last_day(self) -> dt.date:
        """Last day on record of all that the plan is made from."""
        ops = self.ops
        return last_recorded(ops.rows, ops.catalogue, self.metrics, ops.workspace.as_of)

    @property
    def metrics(self) -> list[str]:
        """The primary metric, then the guardrails, each once; none that is withheld."""
        named = dict.fromkeys([self.metric, *self.guardrails])
        return [name for name in named if name not in self.withheld]

    @property
    def baseline(self) -> Baseline:
        return self.history.baselines[self.metric]

    @property
    def arms(self) -> dict[str, float]:
        """Share by arm."""
        names = [f"treatment_{i}" for i in range(1, len(self.shares))]
        return dict(zip(["control", *(names if len(names) > 1 else ["treatment"])], self.shares,
                        strict=True))  # fmt: skip

    @cached_property
    def level(self) -> float:
        """The level at which each treatment is tested against the control."""
        return self.level_of(self.shares)

    def level_of(self, shares: Sequence[float]) -> float:
        """The same for another split."""
        return planned_level(shares, alpha=self.alpha, procedure=self.across_arms)

    @cached_property
    def inflation(self) -> float:
        """How many times the users of one look the planned looks need at most."""
        if self.looks == 1:
            return 1.0
        shares = [look / self.looks for look in range(1, self.looks + 1)]
        return inflation(shares, alpha=self.level, power=self.power)

    def users_needed(
        self,
        mde: float | None = None,
        *,
        adjusted: bool = True,
        shares: Sequence[float] | None = None,
    ) -> int:
        """Users of all arms that find a relative effect with the power asked for."""
        shares = shares or self.shares
        one_look = self._one_look(self.mde if mde is None else mde, adjusted, shares)
        return math.ceil(one_look * self.inflation)

    def _one_look(self, mde: float, adjusted: bool, shares: Sequence[float]) -> int:
        base, level = self.baseline, self.level_of(shares)
        share = base.mean * (1 + mde)
        if base.metric.kind.is_yes_or_no and 0 < share < 1:
            users = users_over_arms(
                lambda ratio: users_for_share(
                    base.mean, share, alpha=level, power=self.power, ratio=ratio
                ),
                shares,
            )
            return math.ceil(users * (1 - base.reduction)) if adjusted else users
        var = base.variance(adjusted=adjusted)
        return users_over_arms(
            lambda ratio: users_for_mean(
                var, mde * abs(base.mean), alpha=level, power=self.power, ratio=ratio
            ),
            shares,
        )

    def detectable(self, users: float, *, adjusted: bool = True) -> float | None:
        """The smallest relative effect that so many users find; None where they find none."""
        base = self.baseline
        users = users / self.inflation
        if base.metric.kind.is_yes_or_no:
            n = users / (1 - (base.reduction if adjusted else 0.0))
            arms = [max(int(n * share), 2) for share in (self.shares[0], min(self.shares[1:]))]
            try:
                gap = detectable_share(base.mean, *arms, alpha=self.level, power=self.power)
            except MethodError:  # so few users find no share up to 1
                return None
            return gap / base.mean
        low, high = 1e-6, 100.0
        if users < 4 or self._one_look(high, adjusted, self.shares) > users:
            return None
        for _ in range(60):
            middle = math.sqrt(low * high)
            enough = self._one_look(middle, adjusted, self.shares) <= users
            low, high = (low, middle) if enough else (middle, high)
        return high

    @cached_property
    def guardrail_powers(self) -> tuple[GuardrailPower, ...]:
        """Each guardrail at the planned size; none that is withheld."""
        return tuple(
            guardrail_power(
                self.history.baselines[name],
                self.users,
                self.shares,
                margin=self.margin,
                level=self.level,
                wanted=self.power,
            )
            for name in self.guardrails
            if name not in self.withheld
        )

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
        """Whether the users come within the days that a run may take."""
        return self.answer.is_feasible

    # -- as facts ------------------------------------------------------------------------

    def baseline_fact(self, name: str) -> Fact:
        """A metric's mean per user over the history."""
        base = self.history.baselines[name]
        return Fact("design.baseline", base.mean, base.metric.unit, metric=name, n=base.moments.n)

    @property
    def users_fact(self) -> Fact:
        """Users of all arms that find the smallest effect worth finding."""
        return Fact("design.users", self.users, "count", metric=self.metric)

    @property
    def days_fact(self) -> Fact:
        """Days until they are in."""
        return Fact("design.days", self.days, "days", metric=self.metric)

    @property
    def traffic_fact(self) -> Fact:
        """Users a day who would enter the experiment."""
        return Fact("design.traffic", self.history.pace * self.traffic, "count")

    @cached_property
    def answer(self) -> Answer:
        """What the verdict and the cards rest on."""
        return Answer(
            metric=self.baseline.metric,
            mde=self.mde,
            users=self.users_fact,
            days=self.days_fact,
            baseline=self.baseline_fact(self.metric),
            traffic=self.traffic_fact,
            guardrails=self.guardrail_powers,
        )


def _shares(split: Sequence[float | str]) -> list[float]:
    """Shares of the arms as numbers.

    Raises
    ------
    ParameterError
        A share is no number, there are fewer than two, or fractions do not sum to 1.
    """
    hint = "shares of the arms, the control first: [0.5, 0.5], or as ratios [1, 2]"
    try:
        shares = as_shares([float(weight(share)) for share in split])
    except (TypeError, ValueError):
        raise ParameterError(f"split is {split}", where="parameter split", hint=hint) from None
    total = math.fsum(shares)
    if len(shares) < 2 or not all(0 < s < 1 for s in shares) or abs(total - 1) > 1e-3:
        shown = ", ".join(f"{share:g}" for share in shares)
        raise ParameterError(
            f"split is {shown}, which sums to {total:g}", where="parameter split", hint=hint
        )
    return [share / total for share in shares]
