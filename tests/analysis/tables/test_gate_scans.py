"""The data gate reads a table once, and once more for each kind of trouble."""

from __future__ import annotations

import re
from collections.abc import Callable

from opsnb.analysis.tables import check, open_table
from opsnb.base.workspace import Workspace


def scans(workspace: Workspace, name: str) -> int:
    """Queries over a table's rows while the data gate looks at it."""
    connection = open_table(workspace, name).source.backend.con
    connection.execute("CALL truncate_duckdb_logs()")
    connection.execute("CALL enable_logging('QueryLog', storage = 'memory')")
    try:
        assert check(workspace, [name])[0].rows
        log = connection.execute("SELECT message FROM duckdb_logs WHERE type = 'QueryLog'")
        texts = [text for (text,) in log.fetchall() if text.startswith(("SELECT", "WITH"))]
        return sum(bool(re.search(rf"FROM .*\b{name}\b", text)) for text in texts)
    finally:
        connection.execute("CALL disable_logging()")


def test_a_sound_table_is_scanned_once(workspace: Callable[..., Workspace]) -> None:
    """Every rule, the key, the bounds and the fingerprint come from one query."""
    orders = (
        "order_id,user_id,ordered_at,amount,status\n1,a,2026-10-01,5,paid\n2,b,2026-10-02,6,paid\n"
    )
    assert scans(workspace({"orders": orders}), "orders") == 1


def test_each_kind_of_trouble_is_looked_up_once(workspace: Callable[..., Workspace]) -> None:
    """A sample of the negative amounts; repeats counted, and a sample of them."""
    orders = "order_id,user_id,ordered_at,amount,status\n1,a,2026-10-01,-5,paid\n"
    assert scans(workspace({"orders": orders}), "orders") == 2
    twice = orders.replace("-5", "5") + "1,a,2026-10-01,7,paid\n"
    assert scans(workspace({"orders": twice}), "orders") == 3
