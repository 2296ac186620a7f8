"""A campaign's effect from a series and control series that it did not touch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from opsnb.analysis.methods.estimate import Estimate
from opsnb.analysis.methods.structural import MIN_BEFORE, Effect, campaign_effect, placebo_in_time
from opsnb.analysis.metrics.series_record import control_definition
from opsnb.analysis.metrics.stepwise import by_step
from opsnb.analysis.reviews.campaign.increment import (
    DailyPath,
    Increment,
    Lacking,
    Scrutiny,
    Week,
    weeks_after,
)
from opsnb.analysis.reviews.campaign.special_days import special_days
from opsnb.analysis.reviews.campaign.timeline import (
    LEAST_JUDGED,
    Timeline,
    judged_steps,
    lacking_of,
    no_whole_step,
    timeline,
    too_little,
    too_little_before,
    unusable,
)
from opsnb.analysis.reviews.campaign.wording import each
from opsnb.base.errors import MethodError, MetricError
from opsnb.base.messages import Text
from opsnb.base.periods import coarsest

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.plans import CampaignPlan

PRIORS = (0.01, 0.05, 0.1)
"""Standard deviations of the level's daily step that the effect is held against."""

LEAST_SPECIAL = 2
"""Special days before the campaign from which a kind of day can be learned."""


@dataclass(frozen=True)
class Observed:
    """What the model sees, by the positions of a timeline; NaN where nothing is on record.

    Attributes
    ----------
    y : ndarray of shape (steps,)
        The metric.
    controls : ndarray of shape (steps, k)
    taught : ndarray of shape (steps,)
        The metric without the steps before the campaign that were not ordinary.
    """

    line: Timeline
    y: np.ndarray
    controls: np.ndarray
    taught: np.ndarray

    @property
    def usable(self) -> np.ndarray:
        """Steps with the metric and every control, shape (steps,)."""
        known: np.ndarray = np.isfinite(self.y) & np.isfinite(self.controls).all(axis=1)
        return known


def by_series(ops: Recorder, plan: CampaignPlan, start: dt.date, end: dt.date) -> Increment | Text:
    """The metric's steps against what its controls led to expect; or why that cannot be said."""
    if not ops.rows.has("series"):
        return Text("campaign.effect.skip_series")
    seen = observe(ops, plan)
    if isinstance(seen, Text):
        return seen
    line, usable = seen.line, seen.usable
    window = [n for n in line.window if usable[n]]
    if len(window) < LEAST_JUDGED * len(line.window):
        return too_little(line, len(window))
    special, unseen = _special(ops, seen)
    y, n_pre, stop, inputs = seen.taught, line.n_pre, line.stop, np.hstack([seen.controls, special])
    fit = partial(campaign_effect, weekly=line.every == "day")
    later = [n for n in line.after if usable[n]]
    try:
        during = fit(y[:stop], n_pre, inputs[:stop])
        whole = fit(y, n_pre, inputs) if later else during
        after = _only(fit, y, n_pre, inputs, later) if later else None
    except MethodError:
        return too_little_before(line, int(usable[:n_pre].sum()), MIN_BEFORE)
    placebos = placebo_in_time(
        y[:stop], n_pre, inputs[:stop], windows=3, length=stop - n_pre, weekly=line.every == "day"
    )
    upto = len(y) if later else stop
    sensitivity = {
        sd: fit(y[:upto], n_pre, inputs[:upto], level_sd=sd).cumulative for sd in PRIORS[1:]
    }
    return Increment(
        "series",
        "D",
        during=during.cumulative,
        after=after,
        net=whole.cumulative if after else None,
        weeks=_weeks(fit, seen, inputs, end),
        relative=whole.relative,
        after_days=len(later),
        window_days=len(window),
        pre_days=n_pre,
        impact=whole,
        path=_path(seen, whole, usable),
        scrutiny=Scrutiny(
            r2=whole.r2,
            pre_days=whole.n_before,
            pre_needed=line.needed,
            placebos=tuple(placebo.effect.average for placebo in placebos),
            sensitivity={PRIORS[0]: whole.cumulative, **sensitivity},
            touched=_touched(plan, seen.controls[:stop], n_pre, fit),
            unseen=unseen,
        ),
        judged=judged_steps(line, usable, _lacking(ops, plan, seen)),
    )


def observe(ops: Recorder, plan: CampaignPlan) -> Observed | Text:
    """The metric and its controls, in the coarsest of the steps in which they come."""
    records = {name: ops.meter.records.of(control_definition(name)) for name in plan.controls}
    every = coarsest([ops.meter.every(plan.metric), *(r.every for r in records.values())])
    record = ops.meter.record(plan.metric, every)
    line = timeline(ops, plan, every, record)
    if line is None:
        return no_whole_step(plan, every)
    try:
        values = by_step(ops.meter, plan.metric, *line.span, every=every)["value"]
    except MetricError:
        key = "campaign.effect.skip_steps"
        return Text.of(key, metric=ops.label(plan.metric), each=each(every))
    y = values.to_numpy(dtype=float, copy=True)
    y[unusable(ops, plan, line)] = np.nan
    begun = np.isfinite(y) if record else y > 0
    unknown = int(begun.argmax())
    line, y = line.without_first(unknown), y[min(unknown, line.n_pre) :]
    controls = control_series(ops, plan, line)
    return Observed(line, y, controls, masked(ops, plan, y, line))


def _only(
    fit: Callable[..., Effect],
    y: np.ndarray,
    n_pre: int,
    inputs: np.ndarray,
    wanted: Sequence[int],
) -> Estimate:
    """The effect on some of the steps after the campaign began, by their positions in y."""
    y = y.copy()
    others = np.setdiff1d(np.arange(n_pre, len(y)), wanted)
    y[others] = np.nan
    return fit(y, n_pre, inputs).cumulative


def _weeks(
    fit: Callable[..., Effect], seen: Observed, inputs: np.ndarray, end: dt.date
) -> tuple[Week, ...]:
    """The weeks after the campaign one by one, of a series that comes by the day."""
    line, found = seen.line, []
    if line.every != "day" or not line.after:
        return ()
    for first, last in weeks_after(end, line.dates[-1]):
        days = [n for n in line.after if seen.usable[n] and first <= line.dates[n] <= last]
        if days:
            effect = _only(fit, seen.taught, line.n_pre, inputs, days)
            found.append(Week(first, last, effect))
    return tuple(found)


def _path(seen: Observed, whole: Effect, usable: np.ndarray) -> DailyPath:
    """What was seen and expected of the steps on record; holes elsewhere."""
    n_pre, size = seen.line.n_pre, len(whole.expected)
    known = np.isfinite(seen.controls[:size]).all(axis=1)

    def held(values: np.ndarray, where: np.ndarray) -> tuple[float | None, ...]:
        return tuple(float(v) if ok else None for v, ok in zip(values, where, strict=True))

    banded = known & usable[:size] & (np.arange(size) >= n_pre)
    return DailyPath(
        seen.line.dates[:size],
        held(seen.y[:size], np.isfinite(seen.y[:size])),
        held(whole.expected, known),
        held(whole.low, banded),
        held(whole.high, banded),
    )


def _lacking(ops: Recorder, plan: CampaignPlan, seen: Observed) -> tuple[Lacking, ...]:
    """Steps without the metric or a control, of each on its own."""
    named = [(ops.label(plan.metric), seen.y), *zip(plan.controls, seen.controls.T, strict=True)]
    found = [lacking_of(what, seen.line, np.isnan(values)) for what, values in named]
    return tuple(one for one in found if one is not None)


def control_series(ops: Recorder, plan: CampaignPlan, line: Timeline) -> np.ndarray:
    """Control series as columns, shape (steps, controls); NaN in a step without one."""
    first, last = line.span
    series = ops.rows.table("series").expr
    wanted = series.filter(
        series.metric.isin(plan.controls)
        & (series.unit == "all")
        & series.date.cast("date").between(first, last)
    )
    frame = wanted.group_by(["date", "metric"]).agg(value=wanted.value.sum()).execute()
    frame["step"] = [line.steps.number(stamp.date()) for stamp in pd.to_datetime(frame["date"])]
    wide = frame.pivot_table(index="step", columns="metric", values="value", aggfunc="sum")
    wide = wide.reindex(line.numbers, columns=plan.controls)
    columns: np.ndarray = wide.to_numpy(dtype=float, copy=True)
    for place, name in enumerate(plan.controls):
        held = ops.meter.records.of(control_definition(name), line.every).held
        columns[[number not in held for number in line.numbers], place] = np.nan
    return columns


def masked(ops: Recorder, plan: CampaignPlan, y: np.ndarray, line: Timeline) -> np.ndarray:
    """Steps before the campaign that were not ordinary do not teach the model: outages,
    tracking gaps, other campaigns of the plans and the dips after them."""
    y = y.copy()
    spans = [
        (event.start, event.end or event.start)
        for event in ops.workspace.events
        if event.kind in {"outage", "tracking", "campaign"}
    ]
    spans += [
        (other.start, other.end + dt.timedelta(days=other.post_days))
        for other in ops.workspace.campaigns.values()
        if other.id != plan.id and other.start and other.end
    ]
    for begin, finish in spans:
        low = max(line.steps.number(begin) - line.numbers[0], 0)
        high = min(line.steps.number(finish) + 1 - line.numbers[0], line.n_pre)
        if high > low:
            y[low:high] = np.nan
    return y


def _special(ops: Recorder, seen: Observed) -> tuple[np.ndarray, tuple[str, ...]]:
    """Kinds of special days as inputs (their share of a step), and those in the steps judged
    that nothing before can teach."""
    line, learned, unseen = seen.line, [], []
    first, last = line.span
    ordinary = np.isfinite(seen.taught[: line.n_pre])
    of_day = [line.steps.number(first + dt.timedelta(days=n)) - line.numbers[0]
              for n in range((last - first).days + 1)]  # fmt: skip
    size = np.bincount(of_day)
    for kind, days in special_days(ops.workspace.country, first, last).items():
        share = np.bincount(of_day, days) / size
        if ((share[: line.n_pre] > 0) & ordinary).sum() >= LEAST_SPECIAL:
            learned.append(share)
        elif share[line.n_pre :].any():
            unseen.append(kind)
    table = np.column_stack(learned) if learned else np.empty((len(seen.y), 0))
    return table, tuple(unseen)


def _touched(
    plan: CampaignPlan, controls: np.ndarray, n_pre: int, fit: Callable[..., Effect]
) -> dict[str, Estimate]:
    """The campaign's effect on each control series, judged by the other ones.

    Controls may drift by themselves, so their level moves freely: a jump is looked for.
    """
    found = {}
    for number, name in enumerate(plan.controls):
        others = np.delete(controls, number, axis=1)
        try:
            effect = fit(
                controls[:, number], n_pre, others if others.size else None, level_sd=PRIORS[-1]
            )
        except MethodError:
            continue
        found[name] = effect.relative
    return found
