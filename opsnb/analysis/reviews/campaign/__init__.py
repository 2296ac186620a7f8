"""The campaign review, step by step."""

from __future__ import annotations

from opsnb.analysis.reviews.campaign.review import Campaign

__all__ = ["Campaign"]
