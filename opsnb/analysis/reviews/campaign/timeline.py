"""The steps (days, weeks, ...) of a campaign's analysis: before it, in it, and after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from opsnb.analysis.reviews.campaign.increment import Judged, Lacking
from opsnb.analysis.reviews.campaign.recording_gaps import (
    outage_days,
    post_end,
    unrecorded_days,
)
from opsnb.analysis.reviews.campaign.wording import count, each
from opsnb.base.messages import Said, Text
from opsnb.base.periods import Every, Period, Steps

if TYPE_CHECKING:
    from opsnb.analysis.metrics.series_record import SeriesRecord
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.plans import CampaignPlan

PRE_TIMES_POST = 3
MIN_PRE: dict[Every, int] = {"day": 120, "week": 104, "month": 36, "quarter": 20, "year": 20}
"""The pre-period is at least three times what is judged, and never under four months of days
(those of other campaigns and outages are taken out of it) or two years of weeks."""

LEAST_JUDGED = 0.5
"""Of the campaign's steps, the part that must be on record for an effect to be stated."""


@dataclass(frozen=True)
class Timeline:
    """Consecutive steps around a campaign; `numbers` names them, positions count from 0.

    Attributes
    ----------
    n_pre : int
        Steps before the campaign.
    stop : int
        Position after the last step of the campaign.
    cut : frozenset of int
        Positions of steps that the campaign's first or last day cuts in two: not judged.
    resting : frozenset of int
        Positions of days on which no row is expected: weekends of a series of working days.
    planned_after : int
        Steps after the campaign that the plan watches, on record or not.
    needed : int
        Three times the steps judged.
    """

    steps: Steps
    numbers: range
    n_pre: int
    stop: int
    cut: frozenset[int]
    resting: frozenset[int]
    planned_after: int
    needed: int

    @property
    def every(self) -> Every:
        return self.steps.every

    @property
    def dates(self) -> tuple[dt.date, ...]:
        """The first day of each step."""
        return tuple(self.steps.start(number) for number in self.numbers)

    @property
    def span(self) -> tuple[dt.date, dt.date]:
        """First and last day of all steps."""
        return self.steps.start(self.numbers[0]), self.steps.end(self.numbers[-1])

    @property
    def before(self) -> list[int]:
        """Positions of the steps before the campaign that should hold a row."""
        return self._expected(0, self.n_pre)

    @property
    def window(self) -> list[int]:
        """Positions of the campaign's own."""
        return self._expected(self.n_pre, self.stop)

    @property
    def after(self) -> list[int]:
        """Positions of those after it, as far as the data reach."""
        return self._expected(self.stop, len(self.numbers))

    def _expected(self, start: int, stop: int) -> list[int]:
        return [n for n in range(start, stop) if n not in self.cut and n not in self.resting]

    def periods(self, positions: Collection[int]) -> tuple[Period, ...]:
        return tuple(self.steps.period(self.numbers[n]) for n in sorted(positions))

    def touched_by(self, days: Collection[dt.date]) -> np.ndarray:
        """Which steps hold any of these days, a boolean array of shape (steps,)."""
        found = {self.steps.number(day) for day in days}
        return np.array([number in found for number in self.numbers], dtype=bool)

    def without_first(self, steps: int) -> Timeline:
        """The same without some of the first steps before the campaign."""
        gone = min(steps, self.n_pre)
        return replace(
            self,
            numbers=self.numbers[gone:],
            n_pre=self.n_pre - gone,
            stop=self.stop - gone,
            cut=frozenset(n - gone for n in self.cut),
            resting=frozenset(n - gone for n in self.resting if n >= gone),
        )


def timeline(
    ops: Recorder, plan: CampaignPlan, every: Every, record: SeriesRecord | None = None
) -> Timeline | None:
    """The steps of a dated plan's analysis; None where no whole step lies in the campaign.

    Parameters
    ----------
    record : SeriesRecord, optional
        Of the metric: on which days it expects rows.
    """
    assert plan.start and plan.end
    steps, day = Steps(every, ops.workspace.calendar), dt.timedelta(days=1)
    last = post_end(ops, plan, plan.end)
    window, after = steps.within(plan.start, plan.end), steps.within(plan.end + day, last)
    if not window:
        return None
    begun = steps.number(plan.start)
    judged = [n for n in (*window, *after) if record is None or record.expects(n)]
    needed = PRE_TIMES_POST * len(judged)
    begin = begun - max(MIN_PRE[every], needed)
    numbers = range(begin, (after[-1] if after else steps.number(plan.end)) + 1)
    whole = {*range(begin, begun), *window, *after}
    return Timeline(
        steps,
        numbers,
        n_pre=begun - begin,
        stop=window[-1] + 1 - begin,
        cut=frozenset(n - begin for n in numbers if n not in whole),
        resting=frozenset(n - begin for n in numbers if record and not record.expects(n)),
        planned_after=len(steps.within(plan.end + day, plan.end + plan.post_days * day)),
        needed=needed,
    )


def unusable(ops: Recorder, plan: CampaignPlan, line: Timeline) -> np.ndarray:
    """Steps that are cut, or with days that are not on record or lost to an outage; (steps,)."""
    lost = outage_days(ops, plan.metric, *line.span)
    found = line.touched_by(unrecorded_days(ops, plan.metric, *line.span) | lost)
    found[list(line.cut)] = True
    return found


def lacking_of(what: Said, line: Timeline, missing: np.ndarray) -> Lacking | None:
    """Which of the steps, of shape (steps,), lack a value that they should hold."""
    judged = [n for n in (*line.window, *line.after) if missing[n]]
    before = sum(bool(missing[n]) for n in line.before)
    return Lacking(what, line.periods(judged), before) if judged or before else None


def judged_steps(line: Timeline, usable: np.ndarray, lacking: Collection[Lacking | None]) -> Judged:
    """How much of the campaign and of the steps after it is judged: those that are usable."""
    return Judged(
        line.every,
        sum(bool(usable[n]) for n in line.window),
        len(line.window),
        sum(bool(usable[n]) for n in line.after),
        len(line.after),
        line.planned_after,
        tuple(one for one in lacking if one is not None),
        line.periods(line.cut),
    )


# -- why nothing can be said --------------------------------------------------------------


def no_whole_step(plan: CampaignPlan, every: Every) -> Text:
    """Rows come so seldom that none is of the campaign alone."""
    key = "campaign.effect.skip_no_step"
    return Text.of(key, each=each(every), start=plan.start, end=plan.end)


def too_little(line: Timeline, judged: int) -> Text:
    """Too much of the campaign is not on record."""
    of = count(len(line.window), line.every)
    return Text.of(
        "campaign.effect.skip_judged", judged=judged, of=of, unit=Text(f"step.unit.{line.every}")
    )


def too_little_before(line: Timeline, usable: int, least: int) -> Text:
    """Too few steps before the campaign, or nothing that varies in them."""
    key = "campaign.effect.skip_fit" if line.every == "day" else "campaign.effect.skip_fit_steps"
    return Text.of(
        key, days=count(usable, line.every), each=each(line.every), least=count(least, line.every)
    )
