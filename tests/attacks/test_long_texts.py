"""Texts of a megabyte in every column of the data: shown in part, told apart, no page grows."""

from __future__ import annotations

import json

import pytest

from opsnb.analysis.tables import CONTRACTS
from opsnb.base.messages import Language
from opsnb.base.unsafe_text import LONGEST, short
from tests.analysis.reviews.conftest import play
from tests.conftest import MakeWorkspace

from .shop import PLANS, shop

MEGABYTE = 1_000_000
MOST = 400_000
"""Characters of a section, whatever the texts in it."""


def test_long_texts_are_told_apart() -> None:
    a, b = "x" * MEGABYTE, "x" * (MEGABYTE - 1)
    assert short(a) != short(b)
    assert len(short(a)) < LONGEST + 20
    assert short("x" * LONGEST) == "x" * LONGEST
    assert len(Language("en").say(a)) < LONGEST + 20
    assert len(Language("zh").format(a)) < LONGEST + 20


@pytest.mark.survives(
    "texts of 1 MB in every text column of the data",
    sees="the report; a text longer than 2,000 characters is cut, with what tells it apart",
)
def test_a_megabyte_in_every_text_column(workspace: MakeWorkspace) -> None:
    tables = shop()
    for name, table in tables.items():
        for column in CONTRACTS[name].columns:
            if column.type == "text" and column.name in table and not column.allowed:
                if column.name.endswith("_id") or column.name == "variant":
                    continue
                long = f"{column.name}{'x' * MEGABYTE}"
                table[column.name] = (
                    table[column.name].astype(object).where(table.index % 3 > 0, long)
                )
    played = play(workspace(tables, plans=PLANS), "campaign_review", campaign="sale")
    told = ""
    for cell, payload in played.payloads.items():
        for code in ("en", "zh"):
            page = played.html(cell, code)
            assert len(page) < MOST, f"{cell}: {len(page):,} characters"
            told += page
        assert len(json.dumps(payload)) < 3 * MOST
    assert "x…#" in told
