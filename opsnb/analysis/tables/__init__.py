"""The team's tables as the contract has them: typed, dated, checked.

table = open_table(workspace, "orders")
table.expr          an Ibis expression: canonical types, local times, order_date, no bad rows
table.report        what the data gate says of it
"""

from opsnb.analysis.tables.asked import asks
from opsnb.analysis.tables.contracts import (
    CONTRACTS,
    Column,
    Contract,
    Level,
    Rule,
    tables_where,
)
from opsnb.analysis.tables.gate import check, compared, report_of
from opsnb.analysis.tables.own_tables import contract_of, contracts_of, tables_of_people
from opsnb.analysis.tables.record import Gap, Record, runs
from opsnb.analysis.tables.recorded import record_of, span_of
from opsnb.analysis.tables.table import Table, fingerprints, open_table
from opsnb.analysis.tables.table_report import Issue, TableReport

__all__ = [
    "CONTRACTS",
    "Column",
    "Contract",
    "Gap",
    "Issue",
    "Level",
    "Record",
    "Rule",
    "Table",
    "TableReport",
    "asks",
    "check",
    "compared",
    "contract_of",
    "contracts_of",
    "fingerprints",
    "open_table",
    "record_of",
    "report_of",
    "runs",
    "span_of",
    "tables_of_people",
    "tables_where",
]
