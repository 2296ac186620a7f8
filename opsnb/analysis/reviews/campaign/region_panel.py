"""A campaign's metric by region: which regions and which steps are on record and compared."""

from __future__ import annotations

import datetime as dt
import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from opsnb.analysis.metrics.stepwise import by_step
from opsnb.analysis.reviews.campaign.increment import Judged
from opsnb.analysis.reviews.campaign.timeline import (
    LEAST_JUDGED,
    Timeline,
    judged_steps,
    lacking_of,
    too_little,
    unusable,
)
from opsnb.base.messages import Text
from opsnb.base.periods import Steps

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.plans import CampaignPlan

MOST_BEFORE, MOST_JUDGED = 0.1, 0.25
"""Share of the steps before, and of those judged, that a region may lack: above it the region is
left out, below it the steps are; all regions together may lack twice as much."""

SHOWN = 12
"""Names of regions that a message lists."""


@dataclass(frozen=True)
class Panel:
    """Steps by regions: `treated` (steps, regions), `others` (steps, k), the first `n_pre` before.

    Attributes
    ----------
    steps : Steps
    numbers : ndarray of shape (steps,)
        The steps that are on record in every region.
    expected : tuple of int
        All of the steps that should be, and those that are cut.
    incomplete : tuple of str
        Regions left out since they lack much.
    judged : Judged
    end : date
        Of the campaign.
    """

    steps: Steps
    numbers: np.ndarray
    expected: tuple[int, ...]
    treated: np.ndarray
    others: np.ndarray
    names: list[str]
    n_pre: int
    incomplete: tuple[str, ...]
    judged: Judged
    end: dt.date

    @property
    def dates(self) -> tuple[dt.date, ...]:
        """The first day of each step."""
        return tuple(self.steps.start(int(number)) for number in self.numbers)

    def until(self, stop: int) -> Panel:
        return self.rows(np.arange(stop), self.n_pre)

    def after(self, first: dt.date, last: dt.date) -> Panel:
        """The steps before the start, then only some of those after it."""
        kept = [n < self.n_pre or first <= day <= last for n, day in enumerate(self.dates)]
        return self.rows(np.flatnonzero(kept), self.n_pre)

    def rows(self, keep: np.ndarray, n_pre: int) -> Panel:
        return replace(
            self,
            numbers=self.numbers[keep],
            treated=self.treated[keep],
            others=self.others[keep],
            n_pre=n_pre,
        )


def panel_of(ops: Recorder, plan: CampaignPlan, line: Timeline) -> Panel | Text:
    """The metric by region and step, of the steps on record in all regions; or why it is none."""
    assert plan.end
    table = by_step(ops.meter, plan.metric, *line.span, every=line.every, by=plan.unit_column)
    wide = table.pivot(index="step", columns="group", values="value")
    wide = wide.drop(columns=["all", "(none)"], errors="ignore").rename(columns=str)
    unknown = [name for name in plan.treated_units if name not in wide.columns]
    if unknown or wide.shape[1] < len(plan.treated_units) + 2:
        return _no_regions(plan, unknown, list(wide.columns))
    begun = wide.index.min()
    wide = wide.reindex(line.numbers)
    if ops.meter.record(plan.metric) is None:
        wide = wide.fillna(0.0)
        wide[wide.index < begun] = np.nan
    wide[unusable(ops, plan, line)] = np.nan
    known = wide[list(plan.treated_units)].notna().all(axis=1).to_numpy()
    line, wide = _from_first(line, wide, known)
    wide, left_out = _with_few_gaps(line, wide, list(plan.treated_units))
    if wide.shape[1] < len(plan.treated_units) + 2:
        return Text.of("campaign.effect.skip_regions", regions=plan.treated_units)
    usable = wide.notna().all(axis=1).to_numpy()
    gaps = [lacking_of(name, line, wide[name].isna().to_numpy()) for name in wide.columns]
    judged = judged_steps(line, usable, gaps)
    if judged.window < LEAST_JUDGED * judged.of:
        return too_little(line, judged.window)
    taught = usable & ~(_extraordinary(ops, line) & (np.arange(len(usable)) < line.n_pre))
    wide = wide[taught]
    others = [str(name) for name in wide.columns if name not in plan.treated_units]
    return Panel(
        line.steps,
        wide.index.to_numpy(),
        tuple(number for n, number in enumerate(line.numbers) if n not in line.resting),
        wide[list(plan.treated_units)].to_numpy(dtype=float),
        wide[others].to_numpy(dtype=float),
        others,
        int(taught[: line.n_pre].sum()),
        left_out,
        judged,
        plan.end,
    )


def _no_regions(plan: CampaignPlan, unknown: list[str], known: list[str]) -> Text:
    """Names that the data do not have, each with the nearest one that they do."""
    if not unknown:
        return Text.of("campaign.effect.skip_regions", regions=plan.treated_units)
    near = {name.casefold(): name for name in known}
    found = [
        near[match]
        for name in unknown
        for match in difflib.get_close_matches(name.casefold(), near, n=1)
    ]
    key = "skip_region_near" if found else "skip_region_unknown"
    return Text.of(f"campaign.effect.{key}", regions=unknown, near=found, known=known[:SHOWN])


def _from_first(
    line: Timeline, wide: pd.DataFrame, known: np.ndarray
) -> tuple[Timeline, pd.DataFrame]:
    """Without the steps before the treated regions are on record."""
    unknown = int(known.argmax()) if known.any() else 0
    return line.without_first(unknown), wide.iloc[min(unknown, line.n_pre) :]


def _with_few_gaps(
    line: Timeline, wide: pd.DataFrame, treated: list[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Without the other regions that lack much; of the rest, steps are left out, not regions."""
    left_out: list[str] = []
    spans = [(places, most) for places, most in (
        (line.before, MOST_BEFORE), ([*line.window, *line.after], MOST_JUDGED)
    ) if places]  # fmt: skip
    while True:
        lacks = wide.isna().to_numpy()
        own = lacks[:, [wide.columns.get_loc(name) for name in treated]].any(axis=1)
        extra = pd.DataFrame(lacks & ~own[:, None], columns=wide.columns).drop(columns=treated)
        share = pd.concat([extra.iloc[at].mean() / most for at, most in spans], axis=1).max(axis=1)
        together = max(extra.iloc[at].any(axis=1).mean() / (2 * most) for at, most in spans)
        if share.empty or not share.max() or (share.max() <= 1 and together <= 1):
            return wide, tuple(left_out)
        left_out.append(str(share.idxmax()))
        wide = wide.drop(columns=left_out[-1])


def _extraordinary(ops: Recorder, line: Timeline) -> np.ndarray:
    """Steps with an outage or a gap of tracking, shape (steps,)."""
    events = [event for event in ops.workspace.events if event.kind in {"outage", "tracking"}]
    first, last = line.span
    return line.touched_by(
        {day for event in events for day in event.period.dates if first <= day <= last}
    )
