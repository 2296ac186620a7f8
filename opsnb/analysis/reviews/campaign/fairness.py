"""What else may explain the numbers, asked before any of them is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.display import Absent, Checks, Part
from opsnb.analysis.reviews.campaign.report_status import record_checks
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.case import CampaignCase


def fairness_parts(case: CampaignCase) -> list[Part]:
    """Calendar, refunds, selection, attribution and double counting as checks."""
    record_checks(case.ops, case.fairness_checks)
    parts: list[Part] = [] if case.dated else [Absent(Text("campaign.fair.undated"))]
    if case.fairness_checks:
        parts.append(Checks(case.fairness_checks))
    return parts
