"""Spark Connect, Spark's scheme for a session that lies elsewhere."""

from __future__ import annotations

from opsnb.analysis.sources.servers.spark import CONNECTOR

__all__ = ["CONNECTOR"]
