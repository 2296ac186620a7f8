"""The sample playbooks at every engine, from the same TOML but for the URL.

    python -m tests.engines.playbooks_everywhere [--only postgres spark] [--share 10]

A part of the sample's users (one in `--share`). Each report is made to PDF, in each language, and
its report.json has to be the one that DuckDB gives over Parquet: number by number to 1e-9 and text
by text. Exits with 1 where one differs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from opsnb.base.workspace import Workspace
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.runs.plan import plan
from opsnb.publishing.runs.run import run
from tests.engines.servers import ENGINES, load_clickhouse_apart
from tests.engines.test_same_answers import differences

PLAYBOOKS = {
    "ab_readout": {"experiment": "checkout_one_page"},
    "campaign_review": {"campaign": "golden_week"},
    "monthly_retrospective": {"cycle": "2026-10"},
}
BY_USER = ("users", "events", "orders", "assignments")
SAMPLE_URL = "parquet://data/shop"
BASE = "parquet"


def company(sample_root: Path, root: Path, engine: str, place: Any, share: int = 10) -> Workspace:
    """The sample company with one in `share` of its users, its tables at an engine."""
    (root / "data").mkdir(parents=True)
    with duckdb.connect() as connection:
        for file in sorted((sample_root / "data" / "shop").glob("*.parquet")):
            part = f"WHERE user_id % {share} = {3 % share}" if file.stem in BY_USER else ""
            connection.execute(f"COPY (FROM '{file}' {part}) TO '{root}/data/{file.name}'")
    text = (sample_root / "opsnb.toml").read_text(encoding="utf-8")
    assert SAMPLE_URL in text
    if engine == "clickhouse":  # the kernel has to open it, this process must not
        url = load_clickhouse_apart(root / "data", root / "clickhouse")
    else:
        url = place.load(root / "data")
    (root / "opsnb.toml").write_text(text.replace(SAMPLE_URL, url), encoding="utf-8")
    shutil.copytree(sample_root / "plans", root / "plans")
    return Workspace.load(root)


def reports(workspace: Workspace, name: str, *, pdf: bool) -> dict[str, Any]:
    """A playbook's report.json by language, without what names the engine itself."""
    planned = plan(Playbook.load(name, workspace), PLAYBOOKS[name], workspace)
    result = run(planned, workspace, formats=["pdf"] if pdf else [])
    assert result.status in ("ready", "provisional"), result.reason
    found = {}
    for file in sorted(result.folder.glob("report*.json")):
        said = json.loads(file.read_text(encoding="utf-8"))
        del said["provenance"]
        for table in said["tables"].values():
            del table["fingerprint"]  # each engine hashes rows in its own way
        if pdf:
            assert file.with_suffix(".pdf").read_bytes().startswith(b"%PDF-")
        found[file.stem] = json.loads(json.dumps(said), parse_int=float)  # 3 is 3.0
    assert len(found) == len(workspace.languages)
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.engines.playbooks_everywhere", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--only", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    parser.add_argument("--playbooks", nargs="+", choices=list(PLAYBOOKS), default=list(PLAYBOOKS))
    parser.add_argument("--share", type=int, default=10)
    wanted = parser.parse_args(arguments)
    from opsnb.sample import build

    wrong = 0
    with tempfile.TemporaryDirectory(prefix="opsnb-everywhere-") as folder:
        root = Path(folder)
        sample = root / "sample"
        build(sample)
        for name in ("opsnb.toml", "plans"):
            source = Path(__file__).parents[2] / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, sample / name)
        base: dict[str, Any] = {}
        for engine in (BASE, *(one for one in wanted.only if one != BASE)):
            with ENGINES[engine]() as place:
                workspace = company(sample, root / engine, engine, place, wanted.share)
                for name in wanted.playbooks:
                    began = time.perf_counter()
                    found = reports(workspace, name, pdf=True)
                    spent = time.perf_counter() - began
                    lines = differences(base.setdefault(name, found), found)
                    wrong += bool(lines)
                    facts = len(found["report"]["facts"])
                    said = "; ".join(lines) or "equal, with PDF" * (engine != BASE) or "base"
                    print(
                        f"{engine:<11}{name:<23}{facts:>6} facts{spent:>7.1f} s  {said}", flush=True
                    )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
