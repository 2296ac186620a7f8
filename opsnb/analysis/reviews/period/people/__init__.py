"""The people behind the month's numbers: active, new, staying, moving, leaving, and their cost."""

from opsnb.analysis.reviews.period.people.aarrr import aarrr_stages
from opsnb.analysis.reviews.period.people.active import (
    daily_actives,
    growth_accounting,
    rolling_actives,
)
from opsnb.analysis.reviews.period.people.activity_levels import level_moves
from opsnb.analysis.reviews.period.people.churn import churn_risk, churn_scores
from opsnb.analysis.reviews.period.people.cohorts import cohort_retention
from opsnb.analysis.reviews.period.people.contract_churn import contract_churn
from opsnb.analysis.reviews.period.people.rfm import rfm, win_back_users
from opsnb.analysis.reviews.period.people.unit_economics import unit_economics

__all__ = [
    "aarrr_stages", "churn_risk", "churn_scores", "cohort_retention", "contract_churn",
    "daily_actives", "growth_accounting", "level_moves", "rfm", "rolling_actives",
    "unit_economics", "win_back_users",
]  # fmt: skip
