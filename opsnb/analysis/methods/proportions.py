"""Shares of one group and their differences; NPS and CSAT."""

from __future__ import annotations

import math
from dataclasses import dataclass

from opsnb.analysis.methods.distributions import norm
from opsnb.analysis.methods.estimate import (
    Estimate,
    need_count,
    need_fraction,
    need_successes,
    refuse,
)


def wilson(successes: int, n: int, *, alpha: float = 0.05) -> Estimate:
    """A share with Wilson's score interval (1927), sound at 0, at n and for small n.

    Raises
    ------
    MethodError
        When n is 0, a count is no whole number, or successes exceed n.
    """
    need_fraction("alpha", alpha)
    need_successes("share", successes, n)
    q = float(norm.ppf(1 - alpha / 2))
    share = successes / n
    centre = (share + q * q / (2 * n)) / (1 + q * q / n)
    reach = q * math.sqrt(share * (1 - share) / n + q * q / (4 * n * n)) / (1 + q * q / n)
    low = 0.0 if successes == 0 else centre - reach
    high = 1.0 if successes == n else centre + reach
    se = math.sqrt(share * (1 - share) / n)
    return Estimate(share, low, high, se, None, int(n), "wilson", alpha)


def newcombe(
    successes0: int, n0: int, successes1: int, n1: int, *, alpha: float = 0.05
) -> Estimate:
    """Share 1 minus share 0 with Newcombe's hybrid score interval (1998, method 10).

    For description; `compare.two_proportions` is the test.
    """
    a, b = wilson(successes0, n0, alpha=alpha), wilson(successes1, n1, alpha=alpha)
    value = b.value - a.value
    low = value - math.hypot(b.value - b.low, a.high - a.value)
    high = value + math.hypot(b.high - b.value, a.value - a.low)
    return Estimate(value, low, high, math.hypot(a.se, b.se), None, n0 + n1, "newcombe", alpha)


@dataclass(frozen=True)
class Votes:
    """Answers to "would you recommend us?": 9-10, 7-8 and 0-6 points."""

    promoters: int
    passives: int
    detractors: int

    def __post_init__(self) -> None:
        for name in ("promoters", "passives", "detractors"):
            need_count(name, getattr(self, name))
        if self.n == 0:
            refuse("number of answers", 0, "at least 1")

    @property
    def n(self) -> int:
        """All answers."""
        return self.promoters + self.passives + self.detractors

    def adjusted(self) -> tuple[float, float]:
        """Score and its variance after 3/4 promoter, 3/2 passives and 3/4 detractor are added."""
        n = self.n + 3
        up, down = (self.promoters + 0.75) / n, (self.detractors + 0.75) / n
        return up - down, (up + down - (up - down) ** 2) / n


def nps(votes: Votes, *, alpha: float = 0.05) -> Estimate:
    """Net promoter score from -1 to 1, with the adjusted Wald interval (n + 3).

    The value is the score as counted; the interval is centred on the adjusted score (Rocks
    2016; Bonett and Price 2012), which keeps its coverage down to some ten answers.
    """
    need_fraction("alpha", alpha)
    value = (votes.promoters - votes.detractors) / votes.n
    centre, variance = votes.adjusted()
    reach = float(norm.ppf(1 - alpha / 2)) * math.sqrt(variance)
    low, high = max(centre - reach, -1.0), min(centre + reach, 1.0)
    # Near -1 and 1 the shrunken centre may leave the score itself outside.
    return Estimate(
        value,
        min(low, value),
        max(high, value),
        math.sqrt(variance),
        None,
        votes.n,
        "adjusted_wald",
        alpha,
    )


def nps_difference(before: Votes, after: Votes, *, alpha: float = 0.05) -> Estimate:
    """Change of the net promoter score between two samples of different people.

    Value as counted; interval and p-value from the adjusted scores.
    """
    need_fraction("alpha", alpha)
    value = nps(after).value - nps(before).value
    (centre0, variance0), (centre1, variance1) = before.adjusted(), after.adjusted()
    centre, se = centre1 - centre0, math.sqrt(variance0 + variance1)
    reach = float(norm.ppf(1 - alpha / 2)) * se
    p_value = 2 * float(norm.sf(abs(centre) / se))
    low, high = max(centre - reach, -2.0), min(centre + reach, 2.0)
    return Estimate(value, low, high, se, p_value, before.n + after.n, "adjusted_wald", alpha)


def csat(satisfied: int, answers: int, *, alpha: float = 0.05) -> Estimate:
    """Customer satisfaction: share of answers in the top classes, with Wilson's interval."""
    return wilson(satisfied, answers, alpha=alpha)
