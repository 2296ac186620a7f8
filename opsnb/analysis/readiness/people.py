"""What tells who people are: columns of mapped tables, by their names alone."""

from __future__ import annotations

from collections.abc import Iterator

from opsnb.analysis.readiness.known import Known
from opsnb.analysis.tables import CONTRACTS
from opsnb.base.concerns import Concern
from opsnb.base.personal_data import is_personal_name


def concerns(known: Known) -> Iterator[Concern]:
    """Columns named like personal data that no contract asks for; `--privacy` reads values."""
    for name in known.workspace.tables:
        table = known.table(name)
        if table is None:
            continue
        asked = {column.name for column in CONTRACTS[name].columns} if name in CONTRACTS else set()
        found = [c for c in table.columns if c not in asked and is_personal_name(c)]
        if found:
            what = f"holds columns that look personal: {', '.join(found)}"
            hint = "leave them out of the sql unless a report needs them; see opsnb check --privacy"
            key = f"tables.{name}"
            yield Concern("people", "personal_column", "warn", "opsnb.toml", key, what, hint)
