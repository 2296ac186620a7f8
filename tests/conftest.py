"""Shared by all tests: tiny workspaces from a few rows, and the sample company, built once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from opsnb.analysis.metrics import Meter, load_catalogue
from opsnb.analysis.metrics.rows import Rows
from opsnb.base.workspace import Workspace
from opsnb.sample import build

CHROMIUM = next(
    (p for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
     if Path(p).is_file()),
    None,
)  # fmt: skip

REPOSITORY = Path(__file__).resolve().parent.parent

HEAD = """\
[workspace]
name = "Test Shop"
timezone = "Asia/Shanghai"
currency = "CNY"
languages = ["en", "zh"]
as_of = {as_of}
gross_margin = 0.4
min_cell = {min_cell}
[sources.here]
url = "{kind}://data"
"""

Tables = Mapping[str, pd.DataFrame | str]
MakeWorkspace = Callable[..., Workspace]
MakeMeter = Callable[..., Meter]


@pytest.fixture
def workspace(tmp_path: Path) -> MakeWorkspace:
    """A workspace in `tmp_path`: `workspace({"orders": frame_or_csv}, plans={...}, more="...")`.

    Tables are data frames (written as Parquet) or CSV texts, one kind at a time; `plans` are
    texts by path under plans/, `more` is added to opsnb.toml. No group is too small to show,
    unless `min_cell` says so: most tests count a handful of people. `recorded` says from when
    to when every table is on record: of a handful of rows nobody could tell.
    """

    def make(
        tables: Tables | None = None,
        *,
        plans: Mapping[str, str] | None = None,
        more: str = "",
        grain: str | None = None,
        as_of: str = "2026-11-16",
        min_cell: int = 0,
        recorded: tuple[str, str] | None = None,
    ) -> Workspace:
        tables = tables or {}
        texts = any(isinstance(table, str) for table in tables.values())
        kind = "csv" if texts else "parquet"
        (tmp_path / "data").mkdir(exist_ok=True)
        lines = [HEAD.format(as_of=as_of, kind=kind, min_cell=min_cell)]
        for name, table in tables.items():
            path = tmp_path / "data" / f"{name}.{kind}"
            if isinstance(table, str):
                path.write_text(table, encoding="utf-8")
            else:
                table.to_parquet(path, index=False)
            lines.append(f'[tables.{name}]\nsource = "here"\ntable = "{name}"\n')
            if recorded:
                lines.append("recorded_from = {}\nrecorded_until = {}\n".format(*recorded))
            if name == "orders" and grain:
                lines.append(f'grain = "{grain}"\n')
        (tmp_path / "opsnb.toml").write_text("".join(lines) + more, encoding="utf-8")
        for name, text in (plans or {}).items():
            path = tmp_path / "plans" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Workspace.load(tmp_path)

    return make


@pytest.fixture
def meter(workspace: MakeWorkspace) -> MakeMeter:
    """What measures a tiny workspace; the arguments are those of `workspace`."""

    def make(tables: Tables, **more: object) -> Meter:
        made = workspace(tables, **more)
        return Meter(Rows(made), load_catalogue(made.metrics))

    return make


@pytest.fixture(scope="session")
def sample_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company as `opsnb sample` leaves it: data, plans and opsnb.toml."""
    root = tmp_path_factory.mktemp("lantern")
    build(root)
    shutil.copy(REPOSITORY / "opsnb.toml", root)
    shutil.copytree(REPOSITORY / "plans", root / "plans")
    if (REPOSITORY / "metrics.toml").is_file():
        shutil.copy(REPOSITORY / "metrics.toml", root)
    return root


@pytest.fixture(scope="session")
def sample(sample_root: Path) -> Workspace:
    return Workspace.load(sample_root)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium; skips where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()
