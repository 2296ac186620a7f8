"""A metric's values in steps coarser than days: those in which rows of `series` come."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd

from opsnb.analysis.metrics.measure import DAY, Meter
from opsnb.analysis.metrics.on_record import SERIES
from opsnb.base.errors import MetricError
from opsnb.base.periods import Every, Steps

if TYPE_CHECKING:
    from opsnb.analysis.metrics.metric import Metric
    from opsnb.analysis.metrics.series_record import SeriesRecord

STEP = "step"


def by_step(
    meter: Meter,
    metric_id: str,
    first: dt.date,
    last: dt.date,
    *,
    every: Every | None = None,
    by: str | None = None,
) -> pd.DataFrame:
    """A metric in each step that lies within some days as a whole.

    Parameters
    ----------
    every : str, optional
        The metric's own step by default; a coarser one adds days up, or averages them.

    Returns
    -------
    pandas.DataFrame
        Columns step (its number), value (float64) and, with `by`, group. Without `by`, every step
        is there; a step of `series` that is not on record is missing.

    Raises
    ------
    MetricError
        Its days (or its rows) do not add up to the step's value.
    """
    every = every or meter.every(metric_id)
    metric = meter.catalogue[metric_id]
    if metric.parts:
        keys = [STEP, *(["group"] if by else [])]
        top, bottom = (
            by_step(meter, name, first, last, every=every, by=by) for name in metric.parts
        )
        both = top.merge(bottom, on=keys, suffixes=("", "_of"))
        both["value"] = both["value"] / both["value_of"].where(both["value_of"] != 0)
        return both[[*keys, "value"]]
    steps = Steps(every, meter.rows.workspace.calendar)
    daily = meter.daily(metric_id, first, last, by)
    daily[STEP] = [steps.number(day) for day in daily[DAY].dt.date]
    inside = steps.within(first, last)
    daily = daily[daily[STEP].isin(inside)]
    grouped = daily.groupby([STEP, *(["group"] if by else [])])["value"]
    if every != "day" and metric.kind.over_days is None and (grouped.count() > 1).any():
        raise MetricError(
            f"its days do not add up to a {every}",
            where=f"metrics.toml [{metric.id}]",
            hint="take a metric of kind sum, or a quotient of two",
        )
    added = grouped.mean() if metric.kind.over_days == "mean" else grouped.sum(min_count=1)
    frame = added.reset_index()
    if not by:
        frame = pd.DataFrame({STEP: list(inside)}).merge(frame, on=STEP, how="left")
    return _on_record(meter, metric, frame, every, by)


def _on_record(
    meter: Meter, metric: Metric, frame: pd.DataFrame, every: Every, by: str | None
) -> pd.DataFrame:
    if metric.table != SERIES:
        return frame
    records: dict[str, SeriesRecord] = (
        meter.records.by(metric, by, every) if by else {"": meter.records.of(metric, every)}
    )
    groups = frame["group"] if by else [""] * len(frame)
    held = [n in records[group].held for n, group in zip(frame[STEP], groups, strict=True)]
    frame["value"] = frame["value"].where(held)
    return frame
