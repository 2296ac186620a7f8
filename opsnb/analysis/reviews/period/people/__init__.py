"""The people behind the month's numbers: active, new, staying, moving, leaving, and their cost."""

from opsnb.analysis.reviews.period.people.aarrr import stages
from opsnb.analysis.reviews.period.people.active import accounting, rolling
from opsnb.analysis.reviews.period.people.activity_levels import level_moves
from opsnb.analysis.reviews.period.people.churn import churn_risk, churn_scores
from opsnb.analysis.reviews.period.people.cohorts import cohort_parts
from opsnb.analysis.reviews.period.people.contract_churn import contract_churn
from opsnb.analysis.reviews.period.people.rfm import rfm, win_back_users
from opsnb.analysis.reviews.period.people.unit_economics import economics

__all__ = [
    "accounting", "churn_risk", "churn_scores", "cohort_parts", "contract_churn", "economics",
    "level_moves", "rfm", "rolling", "stages", "win_back_users",
]  # fmt: skip
