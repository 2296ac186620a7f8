"""A table as its workspace has it: one id a person, without what is left out, in one currency.

Each step is worked out where the table is opened, so that checks, metrics and experiments see
the same rows; a workspace that asks for none of them pays for none.
"""

from __future__ import annotations

from collections.abc import Callable

from opsnb.analysis.tables import exchange, exclusions, identities
from opsnb.analysis.tables.typed_table import ALIAS, TypedTable
from opsnb.base.workspace import Workspace


def adjust(table: TypedTable, workspace: Workspace, opened: Callable[[str], TypedTable]) -> None:
    """Puts a table's aliases to people, leaves rows out and converts its amounts.

    Parameters
    ----------
    opened : callable
        Opens another table of the workspace by its name.

    Raises
    ------
    TableError, ContractError, SourceError
        A table or a condition that it takes cannot be used.
    """
    mapped = identities.ALIASES in workspace.tables and table.name != identities.ALIASES
    if mapped and table.contract.people:
        table.typed = identities.with_people(table, opened(identities.ALIASES))
    exclusions.exclude(table, workspace, opened)
    if ALIAS in table.typed.columns and table.contract.key == table.contract.people[:1]:
        table.typed, table.merged = identities.one_row_each(table, table.typed)
    if exchange.RATES in workspace.tables and table.name != exchange.RATES:
        exchange.convert(table, opened(exchange.RATES))
