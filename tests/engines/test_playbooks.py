"""The sample playbooks on a server and on a cluster: the same TOML but for the URL.

A tenth of the sample's users; report.json has to be DuckDB's, number by number to 1e-9 and
text by text.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from opsnb.playbook import Playbook
from opsnb.run import run
from opsnb.runplan import plan
from opsnb.workspace import Workspace
from tests.engines.servers import ENGINES, Place, load_clickhouse_apart
from tests.engines.test_same_answers import differences

PLAYBOOKS = {
    "ab_readout": {"experiment": "checkout_one_page"},
    "campaign_review": {"campaign": "golden_week"},
    "monthly_retrospective": {"cycle": "2026-10"},
}
BY_USER = ("users", "events", "orders", "assignments")
SAMPLE_URL = "parquet://data/shop"


@pytest.fixture(scope="module")
def place() -> Iterator[Callable[[str], Place]]:
    """Servers of this module's own: a kernel would wait for ever for a Spark cluster's cores
    while this process, as the other tests' driver, holds them."""
    with contextlib.ExitStack() as running:
        yield cache(lambda engine: running.enter_context(ENGINES[engine]()))


@pytest.fixture(scope="module")
def company(
    sample_root: Path, place: Callable[[str], Place], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Workspace]:
    """The sample company with a tenth of its users, its tables at an engine."""

    @cache
    def at(engine: str) -> Workspace:
        root = tmp_path_factory.mktemp(f"company-{engine}")
        (root / "data").mkdir()
        with duckdb.connect() as connection:
            for file in sorted((sample_root / "data" / "shop").glob("*.parquet")):
                part = "WHERE user_id % 10 = 3" if file.stem in BY_USER else ""
                connection.execute(f"COPY (FROM '{file}' {part}) TO '{root}/data/{file.name}'")
        text = (sample_root / "opsnb.toml").read_text(encoding="utf-8")
        assert SAMPLE_URL in text
        if engine == "clickhouse":  # the kernel has to open it, this process must not
            place(engine)
            url = load_clickhouse_apart(root / "data", root / "clickhouse")
        else:
            url = place(engine).load(root / "data")
        (root / "opsnb.toml").write_text(text.replace(SAMPLE_URL, url), encoding="utf-8")
        shutil.copytree(sample_root / "plans", root / "plans")
        return Workspace.load(root)

    return at


@pytest.fixture(scope="module")
def report(company: Callable[[str], Workspace]) -> Callable[[str, str], dict[str, Any]]:
    """report.json of a playbook at an engine, without what names the engine itself."""

    @cache
    def made(engine: str, name: str) -> dict[str, Any]:
        workspace = company(engine)
        planned = plan(Playbook.load(name, workspace), PLAYBOOKS[name], workspace)
        result = run(planned, workspace, pdf=False)
        assert result.status in ("ready", "provisional"), result.reason
        found = json.loads((result.folder / "report.json").read_text(encoding="utf-8"))
        del found["provenance"]
        for table in found["tables"].values():
            del table["fingerprint"]  # each engine hashes rows in its own way
        return json.loads(json.dumps(found), parse_int=float)

    return made


CASES = [("postgres", name) for name in PLAYBOOKS]
CASES += [("clickhouse", "ab_readout"), ("spark", "monthly_retrospective")]


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "name"), CASES)
def test_a_report_is_the_same_on_every_engine(
    report: Callable[[str, str], dict[str, Any]], engine: str, name: str
) -> None:
    wanted = report("parquet", name)
    assert len(wanted["facts"]) > 50
    assert differences(wanted, report(engine, name)) == []
