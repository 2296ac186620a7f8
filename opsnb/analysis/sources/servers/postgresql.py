"""PostgreSQL by the longer name of its scheme."""

from __future__ import annotations

from opsnb.analysis.sources.servers.postgres import CONNECTOR

__all__ = ["CONNECTOR"]
