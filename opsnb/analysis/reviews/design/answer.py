"""Whether a planned experiment is feasible: the verdict and the cards of a design."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from opsnb.analysis.findings import Card, Fact, Verdict
from opsnb.analysis.metrics import Metric
from opsnb.analysis.reviews.design.guardrail_power import GuardrailPower
from opsnb.base.messages import Text

LONGEST = 56
"""Days beyond which a run is too long: users change devices, seasons change users."""

MOST_GUARDRAILS = 2
"""Guardrails that have a card of their own."""


@dataclass(frozen=True)
class Answer:
    """What a design comes to, as facts.

    Attributes
    ----------
    mde : float
        Smallest relative effect worth finding, as a fraction.
    users, days : Fact
        Of all arms; whole weeks until they are in, None where they never are.
    baseline, traffic : Fact
        The primary metric's mean per user, and users a day.
    guardrails : tuple of GuardrailPower
        How likely each is to be shown to hold in a run of that size.
    """

    metric: Metric
    mde: float
    users: Fact
    days: Fact
    baseline: Fact
    traffic: Fact
    guardrails: tuple[GuardrailPower, ...] = ()

    @property
    def weak(self) -> tuple[GuardrailPower, ...]:
        """The guardrails that a run of this size would probably not show to hold."""
        return tuple(each for each in self.guardrails if not each.is_enough)

    @property
    def is_feasible(self) -> bool:
        """Whether the users come within `LONGEST` days."""
        return self.days.value is not None and self.days.value <= LONGEST

    @property
    def word(self) -> Literal["feasible", "weak_guardrails", "too_long"]:
        if not self.is_feasible:
            return "too_long"
        return "weak_guardrails" if self.weak else "feasible"

    def verdict(self) -> Verdict:
        """Whether the question can be answered at this traffic."""
        days = self.days.value or 0
        args = {
            "metric": self.metric.label,
            "mde": self.mde,
            "users": self.users.value,
            "days": days,
            "weeks": days // 7,
            "guardrails": [_chance(each) for each in self.weak],
        }
        rule = Text.of("design.rule", days=LONGEST)
        if self.word == "weak_guardrails":
            rule = Text.of("design.rule_guardrails", power=self.weak[0].wanted)
        return Verdict(
            word=Text(f"design.word.{self.word}"),
            sentence=Text(f"design.verdict.{self.word if days else 'never'}", args),
            grade="E",
            tone="good" if self.word == "feasible" else "warn",
            rule=rule,
            evidence=(self.users, self.days, *(each.power for each in self.weak)),
        )

    def cards(self) -> list[Card]:
        """Users, days, baseline and traffic; the guardrails, the weakest first."""
        spec = {"share": "percent", "money": "exact_money"}.get(self.metric.unit, "number")
        return [
            _count("users", self.users),
            Card(
                Text("design.card.days"),
                Text.of("common.integer", value=self.days.value),
                self.days,
                tone="good" if self.is_feasible else "warn",
                status=Text(f"design.card.{'in_time' if self.is_feasible else 'too_long'}"),
            ),
            Card(
                Text.of("design.card.baseline", metric=self.metric.label),
                Text.of(f"common.{spec}", value=self.baseline.value),
                self.baseline,
            ),
            _count("traffic", self.traffic),
            *(_guardrail(each) for each in sorted(self.guardrails, key=_power)[:MOST_GUARDRAILS]),
        ]


def _power(guardrail: GuardrailPower) -> float:
    return guardrail.power.value or 0.0


def _chance(guardrail: GuardrailPower) -> Text:
    """A weak guardrail, its chance, and the users that it needs."""
    label = guardrail.metric.label
    if guardrail.power.value is None:
        return Text.of("design.weak_never", metric=label)
    return Text.of(
        "design.weak", metric=label, power=guardrail.power.value, users=guardrail.users.value
    )


def _guardrail(guardrail: GuardrailPower) -> Card:
    return Card(
        Text.of("ab.card.guardrail", metric=guardrail.metric.label),
        Text.of("common.percent", value=guardrail.power.value),
        guardrail.power,
        tone="good" if guardrail.is_enough else "warn",
        status=Text(f"design.card.guardrail_{'enough' if guardrail.is_enough else 'weak'}"),
    )


def _count(name: str, fact: Fact) -> Card:
    return Card(Text(f"design.card.{name}"), Text.of("common.integer", value=fact.value), fact)
