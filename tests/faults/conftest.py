"""Floors to break things on."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.floor import Floor, Forker
from tests.faults.table import TRIES


@pytest.fixture(scope="session")
def forker() -> Iterator[Forker]:
    if sys.platform != "linux":
        pytest.skip("processes are looked after in /proc, which only Linux has")
    found = Forker()
    yield found
    found.close()


@pytest.fixture(scope="session")
def tries() -> int:
    """How often what happens at random is tried."""
    return int(os.environ.get(TRIES, "10"))


@pytest.fixture
def build(tmp_path: Path, forker: Forker) -> Iterator[Callable[..., Floor]]:
    """`build(count)`: a floor of that many playbooks; what lives on it at the end is killed."""
    built = []

    def make(count: int = 1) -> Floor:
        built.append(Floor(tmp_path / f"shop{len(built)}" / "w", forker, count))
        return built[-1]

    yield make
    for each in built:
        each.close()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, forker: Forker) -> Path:
    """The workspace of a floor whose report was made once."""
    floor = Floor(tmp_path_factory.mktemp("made") / "w", forker)
    done = floor.run("cycle", "2026-10")
    assert done.code == 0, done.err
    floor.running()
    floor.close()
    return floor.root


@pytest.fixture
def floor(build: Callable[..., Floor], made: Path) -> Floor:
    """A floor with a good report, version 1."""
    floor = build()
    shutil.rmtree(floor.root)
    shutil.copytree(made, floor.root)
    return floor
