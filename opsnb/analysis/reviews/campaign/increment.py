"""What a campaign added, and what was done to break that number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

from opsnb.analysis.methods.estimate import Estimate
from opsnb.base.messages import Said, Text
from opsnb.base.periods import Every, Period

if TYPE_CHECKING:
    from opsnb.analysis.methods.structural import Effect

Method = Literal["holdout", "geo", "did", "series", "none"]


@dataclass(frozen=True)
class DailyPath:
    """Observed and expected values step by step, by its first day; None where there are none."""

    dates: tuple[dt.date, ...]
    observed: tuple[float | None, ...]
    expected: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True)
class Week:
    """The effect in one of the weeks after the campaign, first to last day included."""

    first: dt.date
    last: dt.date
    effect: Estimate


@dataclass(frozen=True)
class Lacking:
    """What is not on record of a metric, a control or a region: steps since the campaign began.

    `before` counts those before it.
    """

    what: Said
    periods: tuple[Period, ...] = ()
    before: int = 0


@dataclass(frozen=True)
class Judged:
    """How much of the campaign was judged, in the steps in which values come.

    Attributes
    ----------
    every : str
    window, of : int
        Steps of the campaign that were judged, and all that lie in it as a whole.
    after, after_of : int
        The same of the steps after it, as far as the data reach.
    planned_after : int
        Steps after it that the plan watches.
    lacking : tuple of Lacking
        Why the others were not.
    cut : tuple of Period
        Steps that its first or last day cuts in two: in no number.
    """

    every: Every = "day"
    window: int = 0
    of: int = 0
    after: int = 0
    after_of: int = 0
    planned_after: int = 0
    lacking: tuple[Lacking, ...] = ()
    cut: tuple[Period, ...] = ()

    @property
    def is_part(self) -> bool:
        """Whether steps in the campaign or after it are missing."""
        return self.window < self.of or self.after < self.after_of


@dataclass(frozen=True)
class Scrutiny:
    """What was done to break the estimate; empty or None where it does not apply.

    Attributes
    ----------
    r2 : float
        Share of the variation before the campaign that the model explains.
    pre_days, pre_needed : int
        Ordinary days (or other steps) before the campaign that taught the model, and three times
        those judged.
    placebos : tuple of Estimate
        Effects found in pretended windows before the start.
    space : tuple of (float, int)
        Share of untreated regions that departed at least as far, and how many there are.
    sensitivity : dict of float to Estimate
        The headline by the prior of the level's daily step.
    touched : dict of str to Estimate
        Relative effect of the campaign on each control series: there should be none.
    unseen : tuple of str
        Kinds of special days in the window that no day before could teach.
    misfit : float
        Of the synthetic control, 1 being no better than equal weights.
    weights : dict of str to float
        Of the regions that make the synthetic control.
    pre_trend : Estimate
        Difference of the slopes before (difference in differences).
    clusters : int
    incomplete : tuple of str
        Regions left out since they lack much.
    balance : Estimate
        Exposed less held-out users before the campaign, scaled to all exposed (holdout).
    """

    r2: float | None = None
    pre_days: int = 0
    pre_needed: int = 0
    placebos: tuple[Estimate, ...] = ()
    space: tuple[float, int] | None = None
    sensitivity: Mapping[float, Estimate] = field(default_factory=dict)
    touched: Mapping[str, Estimate] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    misfit: float | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    pre_trend: Estimate | None = None
    clusters: int | None = None
    incomplete: tuple[str, ...] = ()
    balance: Estimate | None = None


@dataclass(frozen=True)
class Increment:
    """A campaign's incremental effect, in the metric's unit.

    Attributes
    ----------
    method : {"holdout", "geo", "did", "series", "none"}
        By what the campaign's days are held against days without it.
    during, after, net : Estimate or None
        In the campaign's window, in the days after it, and both together. `after` and
        `net` are None where no day after the campaign is on record.
    weeks : tuple of Week
        The weeks after the campaign one by one, where there are two or more.
    relative : Estimate or None
        The headline over what was expected without the campaign.
    users, holdout_users, contaminated : int
        Exposed and held-out users, and held-out users who were reached all the same.
    after_days, window_days : int
        Days (or other steps, as `judged` says) after the campaign, and in it, that were judged.
    judged : Judged
    passed_over : tuple of Text
        Better evidence that the plan names and the data does not give, and why.
    impact : Effect or None
        For the time series: the fit over all days.
    """

    method: Method
    grade: Literal["A", "B", "C", "D", "E"]
    during: Estimate | None = None
    after: Estimate | None = None
    net: Estimate | None = None
    weeks: tuple[Week, ...] = ()
    relative: Estimate | None = None
    p_value: float | None = None
    users: int = 0
    holdout_users: int = 0
    contaminated: int = 0
    srm_counts: dict[str, int] | None = None
    regions: int = 0
    after_days: int = 0
    window_days: int = 0
    path: DailyPath | None = None
    pre_days: int = 0
    impact: Effect | None = None
    scrutiny: Scrutiny = Scrutiny()
    judged: Judged = Judged()
    passed_over: tuple[Text, ...] = ()

    @property
    def headline(self) -> Estimate | None:
        """Net of what came after, where that is on record."""
        return self.net or self.during

    @property
    def given_back(self) -> tuple[Week, ...]:
        """The first weeks after the campaign, in a row, in which the loss is shown.

        Orders that were merely brought forward are missing soonest: weeks are tested in the
        order of time, each at the full level and only as long as all before it were shown.
        Such a fixed sequence keeps the chance of any false alarm at that level (Maurer,
        Hothorn and Lehmacher 1995).
        """
        return tuple(takewhile(lambda week: week.effect.high < 0, self.weeks))


def scaled(estimate: Estimate, by: float) -> Estimate:
    """A difference a user (or a region and day), times how many there are."""
    return Estimate(
        estimate.value * by, estimate.low * by, estimate.high * by, estimate.se * by,
        estimate.p_value, estimate.n, estimate.method, estimate.alpha,
    )  # fmt: skip


def weeks_after(end: dt.date, last: dt.date) -> list[tuple[dt.date, dt.date]]:
    """The days after the end as whole weeks; a rest of under four days joins the last one.

    Empty where the days after make but one week: they are judged as a whole anyway.
    """
    days = (last - end).days
    starts = list(range(1, days - 2, 7))
    if len(starts) < 2:
        return []
    stops = [*(start - 1 for start in starts[1:]), days]
    day = dt.timedelta(days=1)
    return [(end + a * day, end + b * day) for a, b in zip(starts, stops, strict=True)]
