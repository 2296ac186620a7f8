"""The sample playbooks on a server and on a cluster: the same TOML but for the URL.

Some pairs; `python -m tests.engines.playbooks_everywhere` makes all of them, to PDF.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.engines.playbooks_everywhere import BASE, PLAYBOOKS, company, reports
from tests.engines.servers import ENGINES, Place
from tests.engines.test_same_answers import differences

CASES = [("postgres", name) for name in PLAYBOOKS]
CASES += [("clickhouse", "campaign_review"), ("spark", "ab_readout")]


@pytest.fixture(scope="module")
def place() -> Iterator[Callable[[str], Place]]:
    """Servers of this module's own: a kernel would wait for a Spark cluster's cores while this
    process, as the other tests' driver, holds them."""
    with contextlib.ExitStack() as running:
        yield cache(lambda engine: running.enter_context(ENGINES[engine]()))


@pytest.fixture(scope="module")
def made(
    sample_root: Path, place: Callable[[str], Place], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], dict[str, Any]]:
    """A playbook's report.json at an engine, by language."""

    @cache
    def at(engine: str) -> Any:
        root = tmp_path_factory.mktemp("company") / engine
        return company(sample_root, root, engine, place(engine))

    return cache(lambda engine, name: reports(at(engine), name, pdf=False))


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "name"), CASES)
def test_a_report_is_the_same_on_every_engine(
    made: Callable[[str, str], dict[str, Any]], engine: str, name: str
) -> None:
    wanted = made(BASE, name)
    assert len(wanted["report"]["facts"]) > 50
    assert differences(said(wanted), said(made(engine, name))) == []


def said(reports: Any) -> Any:
    """Reports without what is said of repeated rows of large tables without a key: DuckDB
    estimates it in the gate's one query, other engines are not asked."""
    if isinstance(reports, dict):
        return {name: said(value) for name, value in reports.items()}
    if isinstance(reports, list):
        return [said(one) for one in reports if not _REPEATS.search(_own_text(one))]
    return reports


_REPEATS = re.compile(
    "repeated_rows|repeats_unseen|repeat another row|rows that repeat|重复|完全相同"
)


def _own_text(one: Any) -> str:
    """The words of a fact or of a table's row, not of what holds many of them."""
    if isinstance(one, dict):
        return str(one.get("key", ""))
    if isinstance(one, list):
        return " ".join(cell for cell in one if isinstance(cell, str))
    return ""
