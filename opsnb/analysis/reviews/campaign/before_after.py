"""The days before a campaign that its own are held against, and the plain difference."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from opsnb.analysis.findings import Fact
from opsnb.analysis.metrics.stepwise import by_step
from opsnb.analysis.reviews.campaign.recording_gaps import unrecorded_days
from opsnb.base.periods import Every, Steps

if TYPE_CHECKING:
    from opsnb.analysis.findings.records import Unit
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.plans import CampaignPlan


def window_before(start: dt.date, end: dt.date) -> tuple[dt.date, dt.date]:
    """As many days right before, moved by whole weeks so that the weekdays are the same."""
    days = (end - start).days + 1
    shift = dt.timedelta(days=7 * -(-days // 7))
    return start - shift, end - shift


@dataclass(frozen=True)
class Change:
    """What was counted in the campaign's steps, beside as many before it: on record, both.

    Attributes
    ----------
    every : str
        The step in which values come.
    before : tuple of date
        First and last day of what is compared with.
    now, then : dict of int to float
        Values by step, of those on record.
    now_of, then_of : int
        Steps that should be on record.
    """

    every: Every
    before: tuple[dt.date, dt.date]
    now: dict[int, float]
    then: dict[int, float]
    now_of: int
    then_of: int

    @property
    def total(self) -> float | None:
        """What was counted in the steps on record."""
        return sum(self.now.values()) if self.now else None

    @property
    def is_whole(self) -> bool:
        """Whether both sides are on record in full."""
        return len(self.now) == self.now_of and len(self.then) == self.then_of

    @cached_property
    def base(self) -> float | None:
        """What the steps of the campaign would have come to at the averages before it.

        Averages of the same weekday, where values come by the day; None where a weekday of the
        campaign is not on record before it.
        """
        means = {kind: sum(some) / len(some) for kind, some in self._by_kind(self.then).items()}
        kinds = self._by_kind(self.now)
        if not kinds or not kinds.keys() <= means.keys():
            return None
        return sum(means[kind] * len(some) for kind, some in kinds.items())

    @property
    def gap(self) -> float | None:
        """The window less the steps before, in the metric's unit."""
        return None if self.total is None or self.base is None else self.total - self.base

    @property
    def relative(self) -> float | None:
        return self.gap / abs(self.base) if self.gap is not None and self.base else None

    def _by_kind(self, values: dict[int, float]) -> dict[int, list[float]]:
        """Values by weekday; all together where they do not come by the day."""
        kinds: dict[int, list[float]] = {}
        for number, value in values.items():
            kinds.setdefault(number % 7 if self.every == "day" else 0, []).append(value)
        return kinds


def change_of(ops: Recorder, plan: CampaignPlan) -> Change:
    """What the data hold of a dated plan's window and of the steps before it."""
    assert plan.start and plan.end
    every, day = ops.meter.every(plan.metric), dt.timedelta(days=1)
    before = window_before(plan.start, plan.end)
    if every != "day":
        steps = Steps(every, ops.workspace.calendar)
        size, begun = len(steps.within(plan.start, plan.end)), steps.number(plan.start)
        before = steps.start(begun - max(size, 1)), steps.start(begun) - day
    now, then = (on_record(ops, plan, *span) for span in ((plan.start, plan.end), before))
    return Change(
        every, before, now.dropna().to_dict(), then.dropna().to_dict(), len(now), len(then)
    )  # fmt: skip


def on_record(ops: Recorder, plan: CampaignPlan, first: dt.date, last: dt.date) -> pd.Series:
    """The metric by step of some days, missing where it is not on record."""
    frame = by_step(ops.meter, plan.metric, first, last)
    values = frame.set_index("step")["value"]
    record = ops.meter.record(plan.metric)
    if record is not None:
        values = values[[record.expects(number) for number in values.index]]
    steps = Steps(ops.meter.every(plan.metric), ops.workspace.calendar)
    gone = {steps.number(day) for day in unrecorded_days(ops, plan.metric, first, last)}
    return values.where(~values.index.isin(gone))


def before_after(change: Change | None, plan: CampaignPlan, unit: Unit) -> Fact | None:
    """The metric in the window less the same weekdays before, in its own unit."""
    if change is None or change.gap is None:
        return None
    return Fact("campaign.naive", float(change.gap), unit, metric=plan.metric)
