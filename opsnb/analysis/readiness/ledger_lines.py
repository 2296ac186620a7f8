"""The ledger: lines that cannot be read, each with its file and number."""

from __future__ import annotations

from collections.abc import Iterator

from opsnb.analysis.readiness.known import Known
from opsnb.base.concerns import Concern


def concerns(known: Known) -> Iterator[Concern]:
    """Every line of reports/ledger/ that is no entry, and no word on one."""
    for error in known.workspace.ledger.mistakes():
        name, _, line = error.where.partition(", ")
        yield Concern("ledger", "line", "block", f"reports/{name}", line, error.what, error.hint)
