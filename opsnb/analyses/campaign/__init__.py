"""The campaign review, step by step."""

from __future__ import annotations

from opsnb.analyses.campaign.review import Campaign

__all__ = ["Campaign"]
