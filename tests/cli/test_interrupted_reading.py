"""A signal while a large file is being opened ends the command, not with a traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from tests.faults.floor import hears_signals, wait_for

TOML = """
[workspace]
name = "Shop"
timezone = "Asia/Shanghai"
currency = "CNY"
[sources.d]
url = "csv://data"
[tables.events]
source = "d"
table = "events"
"""


@pytest.mark.survives(
    "SIGTERM while a large CSV file is being read",
    sees="Interrupted: nothing is left running (exit code 130)",
)
def test_sigterm_while_a_large_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "opsnb.toml").write_text(TOML)
    (tmp_path / "data").mkdir()
    duckdb.sql(
        f"COPY (SELECT 'u' || i AS user_id, 'visit' AS event, TIMESTAMP '2026-10-01' AS event_at "
        f"FROM range(4000000) t(i)) TO '{tmp_path}/data/events.csv'"
    )
    command = [sys.executable, "-m", "opsnb", "--workspace", str(tmp_path), "check"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: hears_signals(process.pid))
        time.sleep(2)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert said.strip().splitlines()[-1].startswith("Interrupted: nothing is left running")
    assert "Traceback" not in said
