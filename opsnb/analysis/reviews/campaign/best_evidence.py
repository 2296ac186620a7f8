"""The best evidence that the workspace can give for what a campaign added, and nothing less.

Order of evidence: a randomised holdout; regions judged by a synthetic control, else by
difference in differences; a structural time series with control series; else no
counterfactual, and then nothing causal is said.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from opsnb.analysis.reviews.campaign.by_holdout import by_holdout
from opsnb.analysis.reviews.campaign.by_regions import by_regions
from opsnb.analysis.reviews.campaign.by_series import by_series
from opsnb.analysis.reviews.campaign.increment import Increment
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.metrics.rows import Rows
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.plans import CampaignPlan


def measure_increment(ops: Recorder, plan: CampaignPlan) -> Increment:
    """The effect by the best evidence that the plan and the data allow."""
    if plan.start is None or plan.end is None:
        return Increment("none", "E")
    passed: list[Text] = []
    ways = (
        (plan.holdout is not None, by_holdout),
        (bool(plan.treated_units), by_regions),
        (bool(plan.controls), by_series),
    )
    for planned, way in ways:
        if not planned:
            continue
        found = way(ops, plan, plan.start, plan.end)
        if isinstance(found, Increment):
            return replace(found, passed_over=tuple(passed))
        passed.append(found)
    return Increment("none", "E", passed_over=tuple(passed))


def table_compared(plan: CampaignPlan, table: str | None, rows: Rows) -> str | None:
    """The table that tells with what a plan's metric is compared; None without a comparison.

    Parameters
    ----------
    table : str or None
        The metric's own, which may name its regions itself.
    """
    if plan.start is None or plan.end is None:
        return None
    if plan.holdout is not None and rows.has("assignments"):
        return "assignments"
    if plan.treated_units:
        own = (
            table is not None and rows.has(table) and plan.unit_column in rows.table(table).columns
        )
        return table if own else "users"
    return "series" if plan.controls and rows.has("series") else None
