"""Tables of the docs are those that the models give."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsnb.analysis.metrics.metric import KINDS
from opsnb.analysis.tables import CONTRACTS
from tests.data_page import COMMAND, PAGE, PAGES, contracts, keys, kinds, page


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_tables_are_those_of_the_models(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert page(text, PAGES[path]) == text, f"run `{COMMAND}`"


def test_a_change_by_hand_is_undone() -> None:
    text = PAGE.read_text(encoding="utf-8")
    changed = text.replace("| tickets | ticket_id, opened_at", "| tickets | ticket_id")
    assert changed != text and page(changed) == text


def test_every_table_kind_and_required_key_has_its_row() -> None:
    assert [line.split(" | ")[0] for line in contracts().splitlines()[2:]] == [
        f"| {name}" for name in CONTRACTS
    ]
    assert {line.split(" | ")[0] for line in kinds().splitlines()[2:]} == {
        f"| {name}" for name in KINDS
    }
    url = '| `[sources.NAME]` | `url` | such as `"duckdb://data/shop.duckdb"` | required |'
    assert url in keys().splitlines()
