"""A campaign's effect from regions that had it and regions that did not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from opsnb.analysis.methods.did import DifferenceInDifferences, difference_in_differences
from opsnb.analysis.methods.estimate import Estimate
from opsnb.analysis.methods.geo import MIN_BEFORE, Synthetic, synthetic_control
from opsnb.analysis.reviews.campaign.increment import (
    DailyPath,
    Increment,
    Scrutiny,
    Week,
    scaled,
    weeks_after,
)
from opsnb.analysis.reviews.campaign.region_panel import Panel, panel_of
from opsnb.analysis.reviews.campaign.timeline import no_whole_step, timeline, too_little_before
from opsnb.base.errors import MethodError
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.plans import CampaignPlan

GOOD_FIT = 0.8
"""A synthetic control whose misfit is above this part of equal weights' is none."""


def by_regions(ops: Recorder, plan: CampaignPlan, start: dt.date, end: dt.date) -> Increment | Text:
    """Synthetic control where it fits, else difference in differences; or why neither can be."""
    lacking = ops.meter.absent(plan.metric)
    if lacking is not None:
        return Text.of("campaign.effect.skip_metric", lacking=lacking)
    every = ops.meter.every(plan.metric)
    line = timeline(ops, plan, every, ops.meter.record(plan.metric))
    if line is None:
        return no_whole_step(plan, every)
    panel = panel_of(ops, plan, line)
    if isinstance(panel, Text):
        return panel
    stop = panel.n_pre + panel.judged.window
    try:
        return _synthetic(panel, stop, line.needed) or _difference(panel, stop, line.needed)
    except MethodError:
        return too_little_before(line, panel.n_pre, MIN_BEFORE)


# -- synthetic control ------------------------------------------------------------------


def _fit(panel: Panel) -> Synthetic:
    return synthetic_control(panel.treated, panel.others, panel.n_pre, names=panel.names)


def _total(found: Synthetic, panel: Panel) -> Estimate:
    """The mean effect a region and step as a sum over regions and steps."""
    days = len(panel.dates) - panel.n_pre
    mean = Estimate(
        found.att, found.low, found.high, found.se, None, days, "synthetic_control", found.alpha
    )
    return scaled(mean, panel.treated.shape[1] * days)


def _synthetic_total(panel: Panel) -> Estimate:
    return _total(_fit(panel), panel)


def _weeks(panel: Panel, stop: int, total: Callable[[Panel], Estimate]) -> tuple[Week, ...]:
    """The weeks after the campaign one by one, of regions that come by the day."""
    if panel.judged.every != "day" or len(panel.dates) == stop:
        return ()
    spans = weeks_after(panel.end, panel.dates[-1])
    some = [(span, panel.after(*span)) for span in spans]
    return tuple(Week(*span, total(part)) for span, part in some if len(part.dates) > part.n_pre)


def _synthetic(panel: Panel, stop: int, needed: int) -> Increment | None:
    """None where the regions without the campaign cannot be weighted to resemble the treated."""
    whole = _fit(panel)
    several = panel.treated.shape[1] > 1
    if several and whole.scaled_l2 > GOOD_FIT:
        return None
    window = panel.until(stop)
    after = net = None
    if len(panel.dates) > stop:
        after = _synthetic_total(panel.after(panel.dates[stop], panel.dates[-1]))
        net = _total(whole, panel)
    mean = float(whole.expected[panel.n_pre :].mean())
    return Increment(
        "geo",
        "B",
        during=_synthetic_total(window),
        after=after,
        net=net,
        weeks=_weeks(panel, stop, _synthetic_total),
        relative=_relative(whole, mean) if mean else None,
        p_value=whole.p_value,
        regions=panel.treated.shape[1],
        after_days=len(panel.dates) - stop,
        window_days=stop - panel.n_pre,
        pre_days=panel.n_pre,
        path=_path(panel, whole.expected),
        scrutiny=Scrutiny(
            r2=_explained(panel, whole.expected),
            pre_days=panel.n_pre,
            pre_needed=needed,
            placebos=_placebos(window),
            space=_placebo_in_space(panel, whole),
            misfit=whole.scaled_l2,
            weights=whole.weights,
            incomplete=panel.incomplete,
        ),
        judged=panel.judged,
    )


def _relative(found: Synthetic, mean: float) -> Estimate:
    return Estimate(
        found.att / mean, found.low / mean, found.high / mean, found.se / mean, None, 0,
        "synthetic_control", found.alpha,
    )  # fmt: skip


def _path(panel: Panel, expected: np.ndarray) -> DailyPath:
    """Steps that lack something are holes."""
    regions, known = panel.treated.shape[1], {int(n): k for k, n in enumerate(panel.numbers)}

    def held(values: np.ndarray) -> tuple[float | None, ...]:
        return tuple(
            float(regions * values[known[n]]) if n in known else None for n in panel.expected
        )

    none = (None,) * len(panel.expected)
    dates = tuple(panel.steps.start(number) for number in panel.expected)
    return DailyPath(dates, held(panel.treated.mean(axis=1)), held(expected), none, none)


def _explained(panel: Panel, expected: np.ndarray) -> float:
    own = panel.treated.mean(axis=1)[: panel.n_pre]
    gap = own - expected[: panel.n_pre]
    return float(1 - (gap @ gap) / ((own - own.mean()) @ (own - own.mean())))


def _placebos(window: Panel) -> tuple[Estimate, ...]:
    """Pretended campaigns of the same length before the real one, back to back."""
    size = len(window.dates) - window.n_pre
    found = []
    for back in (3, 2, 1):
        start = window.n_pre - back * size
        if start >= max(2 * size, 21):
            found.append(_fit(window.until(start + size).rows(np.arange(start + size), start)))
    return tuple(
        Estimate(one.att, one.low, one.high, one.se, one.p_value, size, "placebo", one.alpha)
        for one in found
    )


def _placebo_in_space(panel: Panel, found: Synthetic) -> tuple[float, int]:
    """Share of regions (the treated counted in) that left their control at least as far.

    Distances after the start are held against those before: a region that never fitted is
    no surprise (Abadie, Diamond and Hainmueller 2010).
    """

    def departure(y: np.ndarray, expected: np.ndarray) -> float:
        gap = (y - expected) ** 2
        before = float(gap[: panel.n_pre].mean())
        return float(gap[panel.n_pre :].mean()) / before if before else np.inf

    own = departure(panel.treated.mean(axis=1), found.expected)
    larger = 0
    for number in range(panel.others.shape[1]):
        y, rest = panel.others[:, number], np.delete(panel.others, number, axis=1)
        if rest.shape[1] < 2 or np.ptp(y[: panel.n_pre]) == 0:
            continue
        pretended = synthetic_control(y, rest, panel.n_pre, permutations=100)
        larger += departure(y, pretended.expected) >= own
    count = panel.others.shape[1]
    return (1 + larger) / (1 + count), count


# -- difference in differences ------------------------------------------------------------


def _compare(panel: Panel) -> DifferenceInDifferences:
    days, treated = len(panel.dates), panel.treated.shape[1]
    table = np.hstack([panel.treated, panel.others])
    count = table.shape[1]
    return difference_in_differences(
        table.ravel(),
        np.tile(np.arange(count), days),
        np.repeat(panel.numbers, count),
        np.tile(np.arange(count) < treated, days),
        panel.numbers[panel.n_pre],
    )


def _compared_total(panel: Panel) -> Estimate:
    """The effect a region and step as a sum over regions and steps."""
    days = len(panel.dates) - panel.n_pre
    return scaled(_compare(panel).effect, panel.treated.shape[1] * days)


def _difference(panel: Panel, stop: int, needed: int) -> Increment:
    regions = panel.treated.shape[1]
    whole = _compare(panel)
    after = net = None
    if len(panel.dates) > stop:
        after = _compared_total(panel.after(panel.dates[stop], panel.dates[-1]))
        net = _compared_total(panel)
    own, others = panel.treated.mean(axis=1), panel.others.mean(axis=1)
    expected = others + (own - others)[: panel.n_pre].mean()
    mean = float(expected[panel.n_pre :].mean())
    return Increment(
        "did",
        "C",
        during=_compared_total(panel.until(stop)),
        after=after,
        net=net,
        weeks=_weeks(panel, stop, _compared_total),
        relative=scaled(whole.effect, 1 / mean) if mean > 0 else None,
        p_value=whole.effect.p_value,
        regions=regions,
        after_days=len(panel.dates) - stop,
        window_days=stop - panel.n_pre,
        pre_days=panel.n_pre,
        path=_path(panel, expected),
        scrutiny=Scrutiny(
            r2=_explained(panel, expected),
            pre_days=panel.n_pre,
            pre_needed=needed,
            pre_trend=whole.pre_trend,
            clusters=whole.clusters,
            incomplete=panel.incomplete,
        ),
        judged=panel.judged,
    )
