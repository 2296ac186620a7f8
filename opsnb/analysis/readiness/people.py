"""What tells who people are: columns of mapped tables that no contract asks for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from opsnb.analysis.readiness.known import Known
from opsnb.analysis.reviews.shared.privacy_scan import personal_columns
from opsnb.base.concerns import Concern
from opsnb.base.messages import Language
from opsnb.base.workspace import FILE

_LOOKED_AT = 1_000
"""Rows of a table whose texts are read here; `opsnb check --privacy` reads more, and groups."""


def concerns(known: Known) -> Iterator[Concern]:
    """Columns that look personal, by name or by what is in their first rows."""
    english = Language("en")
    for name in known.workspace.tables:
        table = known.table(name)
        if table is None:
            continue
        with contextlib.suppress(Exception):  # rows that cannot be read: the data gate says so
            for found in personal_columns(name, table.sound, table.contract, _LOOKED_AT):
                hint = f"leave {found.column} out of the table's sql unless a report needs it"
                what = english.say(found.said).removeprefix(f"{name}.{found.column}: ")
                key = f"tables.{name}: {found.column}"
                rule = "personal" if found.kind == "column" else "quoted"
                yield Concern(
                    "people", rule, found.level, FILE, key, what, hint if rule == "personal" else ""
                )
