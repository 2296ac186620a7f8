"""A metric by days since each user's exposure, from the rows that the panel keeps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import ibis
import numpy as np

from opsnb.analysis.metrics.aggregates import ArmAggregates, arm_from
from opsnb.analysis.metrics.arms import Panel
from opsnb.analysis.metrics.rows import number
from opsnb.analysis.metrics.user_panel import ages_within


@dataclass(frozen=True, eq=False)
class Since:
    """An arm's stretches of days since exposure.

    Attributes
    ----------
    stretches : list of ArmAggregates
        Group "1-2" is days 1 and 2; users whose whole stretch was over. Whoever was there for
        a stretch was there for all before.
    between : array of shape (k, k, l, l)
        Sample covariances of two stretches' values (and denominators), over the users of the
        later one.
    """

    variant: str
    stretches: list[ArmAggregates]
    between: np.ndarray


def moments_since(panel: Panel, metric_id: str) -> list[Since]:
    """Moments by arm and stretch, without covariates; empty where stretches were not read.

    They are for the metric that the panel was asked to read so, where it and the assignments
    have times; not for quotients, quantiles and randomised clusters.
    """
    names = panel.stretches(metric_id)
    if not names:
        return []
    users, observed = panel.users, panel.observed
    windowed = observed.window(panel.metrics[metric_id], timed=True) is not None
    ages = ages_within(observed.window(panel.metrics[metric_id], timed=True))
    values: dict[str, Any] = {}
    for index, (_, last) in enumerate(ages):
        over = observed.over(users.assigned_at, last, windowed=windowed)
        for name in names:
            value = users[f"{name}_age{index}"]
            values[f"{name}_age{index}"] = (
                value if over is None else ibis.ifelse(over, value, ibis.null("float64"))
            )
    table = users.select("variant", **values)
    frame = table.group_by("variant").agg(**_wanted(table, list(values), names[0], len(ages)))
    rows = sorted(frame.execute().to_dict("records"), key=lambda row: str(row["variant"]))
    return [_since(row, names, ages) for row in rows]


def _wanted(table: ibis.Table, columns: list[str], first: str, ages: int) -> dict[str, Any]:
    out: dict[str, Any] = {f"n{i}": table[f"{first}_age{i}"].count() for i in range(ages)}
    out |= {f"mean_{name}": table[name].mean() for name in columns}
    for a, b in combinations_with_replacement(columns, 2):
        # Both must be there: the engine leaves out pairs of which one is NULL.
        out[f"cov_{a}_{b}"] = (
            table[a].var(how="sample") if a == b else table[a].cov(table[b], how="sample")
        )
    return out


def _since(row: dict[Any, Any], names: list[str], ages: list[tuple[int, int]]) -> Since:
    kept = [i for i in range(len(ages)) if row[f"n{i}"] > 1]
    arms = [
        arm_from(
            row | {"_group": f"{ages[i][0]}-{ages[i][1]}"},
            {letter: f"{name}_age{i}" for letter, name in zip("xy", names, strict=False)},
            f"n{i}",
        )
        for i in kept
    ]
    between = np.array(
        [
            [
                [[_cov(row, f"{a}_age{i}", f"{b}_age{j}") for b in names] for a in names]
                for j in kept
            ]
            for i in kept
        ]
    )
    return Since(str(row["variant"]), arms, between)


def _cov(row: dict[Any, Any], a: str, b: str) -> float:
    key = f"cov_{a}_{b}" if f"cov_{a}_{b}" in row else f"cov_{b}_{a}"
    return number(row[key]) or 0.0
