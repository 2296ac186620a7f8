"""BigQuery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.sources.server import server

if TYPE_CHECKING:
    from ibis.backends import BaseBackend


def _bigquery(url: str, timeout: int) -> BaseBackend:
    import ibis

    return ibis.connect(url)


CONNECTOR = server(_bigquery, "google.cloud.bigquery", "ibis-framework[bigquery]==12.0.*")
