"""The people behind the month's numbers: active, new, staying, moving, leaving, and their cost."""

from opsnb.analyses.people.active import accounting, rolling
from opsnb.analyses.people.churn import churn_risk, churn_scores
from opsnb.analyses.people.cohorts import cohort_parts
from opsnb.analyses.people.contracts import contract_churn
from opsnb.analyses.people.economics import economics
from opsnb.analyses.people.levels import level_moves
from opsnb.analyses.people.rfm import rfm, win_back_users
from opsnb.analyses.people.stages import stages

__all__ = [
    "accounting", "churn_risk", "churn_scores", "cohort_parts", "contract_churn", "economics",
    "level_moves", "rfm", "rolling", "stages", "win_back_users",
]  # fmt: skip
