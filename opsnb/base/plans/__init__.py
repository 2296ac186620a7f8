"""What was promised beforehand: experiments, campaigns, targets, and what happened.

Each file of `plans/` becomes one frozen object. Texts for people are labels: a string, or
a dict by language. docs/data.md shows every key.
"""

from opsnb.base.plans.calendar import Event, Target
from opsnb.base.plans.campaigns import (
    Attribution,
    Budget,
    CampaignNotes,
    CampaignPlan,
    Holdout,
    LifetimeValue,
    NotedAction,
    Phase,
    Predicted,
    Success,
    Totals,
)
from opsnb.base.plans.experiments import (
    Covariate,
    Daily,
    ExperimentPlan,
    Guardrail,
    Primary,
    Ramp,
    Secondary,
)
from opsnb.base.plans.plan_files import read_events, read_notes, read_plans, read_targets

__all__ = [
    "Attribution",
    "Budget",
    "CampaignNotes",
    "CampaignPlan",
    "Covariate",
    "Daily",
    "Event",
    "ExperimentPlan",
    "Guardrail",
    "Holdout",
    "LifetimeValue",
    "NotedAction",
    "Phase",
    "Predicted",
    "Primary",
    "Ramp",
    "Secondary",
    "Success",
    "Target",
    "Totals",
    "read_events",
    "read_notes",
    "read_plans",
    "read_targets",
]
