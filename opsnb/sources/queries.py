"""The SQL that runs, kept in a file that the runner of a report asks for."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

FILE_VARIABLE = "OPSNB_QUERIES"
"""Names the file; the runner redacts it and puts it beside the report."""

_MADE_UP = re.compile(r"\b(ibis_[a-z_]+?)_[a-z0-9]{20,}\b")


def keep_queries(backend: Any, engine: str) -> Any:
    """Writes each statement that the backend compiles to the file asked for, once each."""
    place = os.environ.get(FILE_VARIABLE)
    if not place or getattr(backend, "_opsnb_keeps", False):
        return backend
    compile_, known = backend.compile, set[str]()

    def compiled(*arguments: Any, **named: Any) -> str:
        sql = compile_(*arguments, **named)
        text = _MADE_UP.sub(r"\1", sql)  # names made up for a session differ from run to run
        if text not in known:
            known.add(text)
            with Path(place).open("a", encoding="utf-8") as file:
                file.write(f"-- {engine}, {len(known)}\n{text};\n\n")
        return sql

    create = backend._create_cached_table

    def created(name: str, table: Any) -> Any:
        compiled(table)  # what a temporary table is filled with
        return create(name, table)

    backend.compile = compiled
    backend._create_cached_table = created
    backend._opsnb_keeps = True
    return backend
