"""What the tables of a workspace read of its sources: text files and workbooks are typed by it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from opsnb.analysis.sources import Ask
from opsnb.analysis.tables.own_tables import contract_from
from opsnb.base.errors import OpsnbError
from opsnb.base.workspace import Workspace


def asks(workspace: Workspace) -> Iterator[Ask]:
    """What each mapped table asks of its source; those that cannot be read say so later."""
    for config in workspace.tables.values():
        with contextlib.suppress(OpsnbError):
            types = {column.name: column.type for column in contract_from(config).columns}
            nulls = None if config.nulls is None else tuple(config.nulls)
            yield Ask(config.source, config.table, config.expanded_sql, types, nulls)
