"""Every file of opsnb that a kernel opens is in a report's key: what is opened is traced."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import source_from_cache
from pathlib import Path
from typing import Any

import pytest

import opsnb
from opsnb.base import resources
from opsnb.base.workspace import Workspace
from opsnb.publishing.kernels.client import close_all
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.runs import code_hashes, freshness
from opsnb.publishing.runs.plan import plan
from opsnb.publishing.runs.run import RunOptions, run

HOME = Path(opsnb.__file__).resolve().parents[1]
PLAYBOOKS = sorted(path.stem for path in (HOME / "playbooks").glob("*.ipynb"))
READS: dict[str, Any] = {"plans": {}, "files": [], "sources": [], "ledger": []}

TRACER = """\
import os, sys

if os.environ.get("OPSNB_TRACE"):
    _out = os.open(os.environ["OPSNB_TRACE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def _note(event, args):
        if event == "open" and isinstance(args[0], str):
            os.write(_out, os.fsencode(args[0] + "\\n"))

    sys.addaudithook(_note)
"""
"""A process writes down each file that it opens; modules are opened as their bytecode."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def opened(sample: Workspace, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Files of opsnb, relative to its home, that kernels opened while every playbook ran."""
    folder = tmp_path_factory.mktemp("tracer")
    (folder / "sitecustomize.py").write_text(TRACER)
    trace = folder / "opened"
    close_all()  # a process that forks kernels has opened its files already
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        patch.setenv("OPSNB_TRACE", str(trace))
        for name in PLAYBOOKS:
            playbook = Playbook.load(name, None)
            cycle = "2026-W43" if playbook.period == "week" else "2026-10"
            result = run(
                plan(playbook, {"cycle": cycle}, sample), sample, options=RunOptions(formats=())
            )
            assert result.error is None
    close_all()
    return set(_own(trace.read_text(encoding="utf-8").splitlines()))


def _own(lines: list[str]) -> Iterator[str]:
    for path in map(Path, dict.fromkeys(lines)):
        if path.is_relative_to(HOME / "opsnb") or path.is_relative_to(HOME / "templates"):
            if "__pycache__" in path.parts:  # perhaps as it is being written
                path = Path(source_from_cache(str(path.with_suffix(".pyc"))))
            yield path.relative_to(HOME).as_posix()


def test_the_trace_sees_what_is_imported_and_what_is_read(opened: set[str]) -> None:
    assert {
        "opsnb/__init__.py",
        "opsnb/base/ledger.py",
        "opsnb/base/messages/en.toml",
        "opsnb/analysis/session.py",
        "opsnb/analysis/metrics/metrics.toml",
        "opsnb/analysis/reviews/period/voice/fillers.toml",
        "templates/report/fragments.css",
    } <= opened
    assert any(name.endswith(".ttf") for name in opened)


def test_each_file_that_a_kernel_opens_changes_the_key(
    opened: set[str], sample: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("opsnb", "templates"):
        shutil.copytree(
            HOME / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    monkeypatch.setattr(opsnb, "__file__", str(tmp_path / "opsnb/__init__.py"))
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "opsnb")
    planned = plan(Playbook.read(HOME / "playbooks" / f"{PLAYBOOKS[0]}.ipynb"), {}, sample)
    current = freshness.CurrentState(sample)

    def key() -> dict[str, str]:
        code_hashes.own_code.cache_clear()
        return current.key(planned, ["en"], READS)

    before = key()
    assert key() == before
    for name in sorted(opened):
        file = tmp_path / name
        kept = file.read_bytes()
        file.write_bytes(kept + b"\n")
        assert key() != before, f"{name} is read by kernels and is not in the key"
        file.write_bytes(kept)
    assert key() == before
    code_hashes.own_code.cache_clear()


def test_what_only_draws_pages_is_not_in_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change there draws reports again, and runs no cell."""
    shutil.copytree(HOME / "opsnb", tmp_path / "opsnb")
    shutil.copytree(HOME / "templates", tmp_path / "templates")
    monkeypatch.setattr(opsnb, "__file__", str(tmp_path / "opsnb/__init__.py"))
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "opsnb")
    code_hashes.own_code.cache_clear()
    before = code_hashes.own_code()
    for name in ("opsnb/publishing/reports/page.py", "templates/report/page.css"):
        with (tmp_path / name).open("a") as file:
            file.write("\n")
    code_hashes.own_code.cache_clear()
    assert code_hashes.own_code() == before
    code_hashes.own_code.cache_clear()
