"""plans/targets/CYCLE.toml and plans/events.toml: what was aimed at, and what happened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field, RootModel

from opsnb.base.periods import Period, between
from opsnb.base.plans.common_keys import reversed_dates
from opsnb.base.toml_model import Day, Problem, Said, Strict


class Target(Strict):
    """The value that a metric has to reach in a cycle, or its growth on the one before.

    `growth` is a fraction: 0.2 asks for 20 % more than in the cycle before.
    """

    target: float | None = Field(default=None, examples=["5200000"])
    growth: float | None = Field(default=None, gt=-1, examples=["0.2"])
    owner: Said | None = Field(default=None, examples=['"Li Na"'])
    note: Said | None = Field(default=None, examples=['"agreed on 1 October"'])

    def problems(self) -> Iterable[Problem]:
        if (self.target is None) == (self.growth is None):
            what = "has both target and growth" if self.growth else "has no target"
            yield Problem("", what, "give one: target = 5200000, or growth = 0.2")


class Targets(RootModel[dict[str, Target]]):
    pass


class Event(Strict):
    """Something that happened and may explain a number."""

    start: Day = Field(examples=["2026-10-14"])
    end: Day | None = Field(default=None, examples=["2026-10-15"])
    kind: Literal["release", "outage", "tracking", "holiday", "campaign", "other"] = "other"
    name: Said = Field(examples=['"Payment outage"'])

    @property
    def period(self) -> Period:
        """Its days; one day where no end is given."""
        return between(self.start, self.end or self.start)

    def problems(self) -> Iterable[Problem]:
        yield from reversed_dates(self.start, self.end or self.start)


class Events(Strict):
    event: list[Event] = Field(default=[])
