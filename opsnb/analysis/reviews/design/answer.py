"""Whether a planned experiment is feasible: the verdict and the cards of a design."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from opsnb.analysis.findings import Card, Fact, Verdict
from opsnb.analysis.metrics import Metric
from opsnb.base.messages import Text

LONGEST = 56
"""Days beyond which a run is too long: users change devices, seasons change users."""


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
    """

    metric: Metric
    mde: float
    users: Fact
    days: Fact
    baseline: Fact
    traffic: Fact

    @property
    def is_feasible(self) -> bool:
        """Whether the users come within `LONGEST` days."""
        return self.days.value is not None and self.days.value <= LONGEST

    @property
    def word(self) -> Literal["feasible", "too_long"]:
        return "feasible" if self.is_feasible else "too_long"

    def verdict(self) -> Verdict:
        """Whether the question can be answered at this traffic."""
        days = self.days.value or 0
        args = {
            "metric": self.metric.label,
            "mde": self.mde,
            "users": self.users.value,
            "days": days,
            "weeks": days // 7,
        }
        return Verdict(
            word=Text(f"design.word.{self.word}"),
            sentence=Text(f"design.verdict.{self.word if days else 'never'}", args),
            grade="E",
            tone="good" if self.is_feasible else "warn",
            rule=Text.of("design.rule", days=LONGEST),
            evidence=(self.users, self.days),
        )

    def cards(self) -> list[Card]:
        """Users, days, baseline and traffic."""
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
        ]


def _count(name: str, fact: Fact) -> Card:
    return Card(Text(f"design.card.{name}"), Text.of("common.integer", value=fact.value), fact)
