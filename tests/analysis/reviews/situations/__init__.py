"""Small worlds that bring every playbook into its cases: sound, doubtful, and not to be read."""

from __future__ import annotations

from collections.abc import Mapping

from tests.analysis.reviews.situations.campaigns import CAMPAIGNS
from tests.analysis.reviews.situations.experiments import EXPERIMENTS
from tests.analysis.reviews.situations.periods import DESIGNS, MONTHS, WEEKS
from tests.analysis.reviews.situations.world import Situation

SITUATIONS: Mapping[str, Mapping[str, Situation]] = {
    "ab_readout": EXPERIMENTS,
    "campaign_review": CAMPAIGNS,
    "monthly_retrospective": MONTHS,
    "weekly_review": WEEKS,
    "experiment_design": DESIGNS,
}
"""By playbook; a new playbook brings its own."""
