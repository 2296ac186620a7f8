"""One workspace over the nasty tables at each engine; servers start once a worker."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from opsnb.base.workspace import Workspace
from tests.engines import nasty
from tests.engines.questions import Asked
from tests.engines.servers import ENGINES, Place


@pytest.fixture(scope="session")
def place() -> Iterator[Callable[[str], Place]]:
    """A place for tables at an engine; started at first use, stopped at the end."""
    with contextlib.ExitStack() as running:
        yield cache(lambda engine: running.enter_context(ENGINES[engine]()))


@pytest.fixture(scope="session")
def asked(
    place: Callable[[str], Place], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Asked]:
    """The nasty workspace at an engine."""

    @cache
    def ask(engine: str) -> Asked:
        root = tmp_path_factory.mktemp(engine)
        nasty.write(root / "data")
        url = place(engine).load(root / "data")
        (root / "opsnb.toml").write_text(nasty.settings(url), encoding="utf-8")
        return Asked(Workspace.load(root))

    return ask


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
