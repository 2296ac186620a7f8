"""Every metric, contract and analysis on every engine: DuckDB's answer to 1e-9."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.engines.questions import QUESTIONS, Asked, plain
from tests.engines.servers import ENGINES

RELATIVE = 1e-9

CASES = [
    pytest.param(engine, feature, name, id=f"{engine}-{name}-{number}")
    for engine in ENGINES
    if engine != "duckdb"
    for number, (feature, questions) in enumerate(QUESTIONS.items())
    for name in questions
]


@pytest.fixture(scope="module")
def duckdb_says(asked: Callable[[str], Asked]) -> Callable[[str, str], Any]:
    return cache(lambda feature, name: plain(QUESTIONS[feature][name](asked("duckdb"))))


@pytest.mark.parametrize(("engine", "feature", "name"), CASES)
def test_an_engine_says_what_duckdb_says(
    asked: Callable[[str], Asked],
    duckdb_says: Callable[[str, str], Any],
    engine: str,
    feature: str,
    name: str,
) -> None:
    found = plain(QUESTIONS[feature][name](asked(engine)))
    assert differences(duckdb_says(feature, name), found) == []


def differences(wanted: Any, found: Any, where: str = "") -> list[str]:
    """Where two answers are not the same, at most ten."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        keys = [*wanted, *(key for key in found if key not in wanted)]
        parts = [differences(wanted.get(key), found.get(key), f"{where}.{key}") for key in keys]
    elif isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            return [f"{where}: {len(wanted)} rows against {len(found)}"]
        parts = [
            differences(one, other, f"{where}[{number}]")
            for number, (one, other) in enumerate(zip(wanted, found, strict=True))
        ]
    elif isinstance(wanted, float) and isinstance(found, float):
        close = math.isclose(wanted, found, rel_tol=RELATIVE, abs_tol=1e-12)
        parts = [] if close else [[f"{where}: {wanted!r} against {found!r}"]]
    else:
        parts = [] if wanted == found else [[f"{where}: {wanted!r} against {found!r}"]]
    return [line for part in parts for line in part][:10]
