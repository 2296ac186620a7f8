"""The team's tables as the contract has them: typed, dated, checked.

table = open_table(workspace, "orders")
table.expr          an Ibis expression: canonical types, local times, order_date, no bad rows
table.report        what the data gate says of it
"""

from opsnb.analysis.tables.contracts import (
    CONTRACTS,
    Column,
    Contract,
    Level,
    Rule,
    tables_of_people,
    tables_where,
)
from opsnb.analysis.tables.table import Table, check, compared, fingerprints, open_table
from opsnb.analysis.tables.table_report import Issue, TableReport

__all__ = [
    "CONTRACTS",
    "Column",
    "Contract",
    "Issue",
    "Level",
    "Rule",
    "Table",
    "TableReport",
    "check",
    "compared",
    "fingerprints",
    "open_table",
    "tables_of_people",
    "tables_where",
]
