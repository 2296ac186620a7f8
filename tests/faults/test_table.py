"""docs/reliability.md has a row for each test that is to have one."""

from __future__ import annotations

import re

from tests.faults.table import PAGE, marked


def test_the_page_has_a_row_for_each_fault_and_attack() -> None:
    rows = re.findall(r"^\| (.+?) \| ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    absent = [f"{path.name}: {what}" for path, what in marked() if what not in rows]
    assert not absent, f"run python -m tests.faults.table; there is no row for {absent}"


def test_no_two_rows_have_one_name() -> None:
    names = [what for _, what in marked()]
    assert len(set(names)) == len(names)
