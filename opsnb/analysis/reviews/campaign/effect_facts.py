"""A campaign's effect as facts: in its days, in those after, and both together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opsnb.analysis.findings import Fact, Tone

if TYPE_CHECKING:
    from opsnb.analysis.findings.records import Unit
    from opsnb.analysis.methods.estimate import Estimate
    from opsnb.analysis.reviews.campaign.increment import Increment


@dataclass(frozen=True)
class EffectFacts:
    """What a campaign added, in its metric's unit.

    Attributes
    ----------
    during, after, net : Fact
        In the campaign's window; in the days after it and both together, None where no day
        after the campaign is on record.
    weeks : tuple of Fact
        The weeks after the campaign, one by one.
    average : Fact
        A day of the window, and where regions were treated a region and day: the unit of the
        method's own estimate.
    relative : Fact or None
        The headline over what was expected without the campaign.
    """

    during: Fact
    after: Fact | None
    net: Fact | None
    weeks: tuple[Fact, ...]
    average: Fact
    relative: Fact | None

    @property
    def headline(self) -> Fact:
        """The effect that decides: net of the days after, where they are on record."""
        return self.net or self.during

    @property
    def all(self) -> tuple[Fact, ...]:
        known = (self.during, self.after, self.net, *self.weeks, self.average, self.relative)
        return tuple(fact for fact in known if fact is not None)


def effect_facts(found: Increment, metric: str, unit: Unit) -> EffectFacts | None:
    """The increment as facts; None where nothing causal can be said."""
    if found.during is None:
        return None

    def fact(id: str, estimate: Estimate, period: str) -> Fact:
        return Fact(
            id, estimate.value, unit, low=estimate.low, high=estimate.high,
            p_value=estimate.p_value, n=estimate.n, method=found.method, metric=metric,
            period=period,
        )  # fmt: skip

    return EffectFacts(
        during=fact("campaign.effect", found.during, "campaign"),
        after=fact("campaign.post_dip", found.after, "after") if found.after else None,
        net=fact("campaign.effect", found.net, "net") if found.net else None,
        weeks=tuple(
            fact("campaign.post_dip", week.effect, f"week{number}")
            for number, week in enumerate(found.weeks, 1)
        ),
        average=_average(found, found.during, metric, unit),
        relative=_relative(found, found.relative, metric) if found.relative else None,
    )


def _average(found: Increment, during: Estimate, metric: str, unit: Unit) -> Fact:
    each = found.window_days * max(found.regions, 1)
    return Fact(
        "campaign.effect_average", during.value / each, unit, low=during.low / each,
        high=during.high / each, method=found.method, metric=metric,
    )  # fmt: skip


def _relative(found: Increment, relative: Estimate, metric: str) -> Fact:
    return Fact(
        "campaign.effect_relative", relative.value, "relative", low=relative.low,
        high=relative.high, p_value=found.p_value, method=found.method, metric=metric,
    )  # fmt: skip


def tone(effect: Fact) -> Tone:
    """Good or bad where the whole interval lies on one side of zero."""
    assert effect.low is not None and effect.high is not None
    return "good" if effect.low > 0 else "bad" if effect.high < 0 else "warn"
