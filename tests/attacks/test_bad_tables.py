"""Spoilt tables through whole playbooks: each works or ends in words; no number is nonsense."""

from __future__ import annotations

import json
import math
import os
from typing import Any

import pytest

from opsnb.base.errors import OpsnbError
from tests.analysis.reviews.conftest import Played, play
from tests.conftest import MakeWorkspace

from .shop import PLANS, SPOILT, shop

RUNS: dict[str, dict[str, Any]] = {
    "ab_readout": {"experiment": "trial"},
    "campaign_review": {"campaign": "sale"},
    "monthly_retrospective": {"cycle": "2026-10"},
    "weekly_review": {"cycle": "2026-W43"},
    "experiment_design": {},
}


FEW = ("nothing", "every table empty")
"""Of the slowest playbook, what is tried unless all is asked for (OPSNB_FAULT_TRIES=100)."""

ALL = int(os.environ.get("OPSNB_FAULT_TRIES", "0")) >= 100
CASES = [
    (playbook, kind)
    for playbook in RUNS
    for kind in SPOILT
    if ALL or playbook != "monthly_retrospective" or kind in FEW
]


def nonsense(played: Played) -> list[str]:
    """Facts that JSON cannot hold, shares outside 0 to 1, p values that are none."""
    found = []
    for payload in played.payloads.values():
        for fact in payload["facts"]:
            numbers = [fact.get(k) for k in ("value", "low", "high", "p_value")]
            numbers = [n for n in numbers if isinstance(n, float)]
            if not all(math.isfinite(n) for n in numbers):
                found.append(f"not finite: {fact}")
            p_value = fact.get("p_value")
            if p_value is not None and not 0 <= p_value <= 1:
                found.append(f"no p value: {fact}")
            low, high = fact.get("low"), fact.get("high")
            if low is not None and high is not None and low > high:
                found.append(f"bounds swapped: {fact}")
        json.dumps(payload, allow_nan=False)
    return found


@pytest.mark.parametrize(("playbook", "kind"), CASES)
def test_a_spoilt_table_is_read_or_refused_in_words(
    workspace: MakeWorkspace, playbook: str, kind: str
) -> None:
    tables = shop()
    SPOILT[kind](tables)
    made = workspace(tables, plans=PLANS, min_cell=10)
    try:
        played = play(made, playbook, **RUNS[playbook])
    except OpsnbError as error:
        assert kind != "nothing", f"healthy tables are refused: {error}"
        assert len(str(error)) > 20
        return
    assert nonsense(played) == []
    for code in ("en", "zh"):
        for cell in played.cells:
            html = played.html(cell, code)
            assert "nan" not in html.lower().replace("finan", "").split(), cell
