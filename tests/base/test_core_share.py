"""Kernels of a cycle share the cores: each engine takes its part, the last one all."""

from __future__ import annotations

import os

import pytest

from opsnb.analysis.sources.embedded import Engine
from opsnb.base import core_share


@pytest.mark.parametrize(
    ("of", "running", "mine"), [(2, 1, 2), (2, 2, 1), (4, 3, 2), (4, 8, 1), (8, 3, 3), (4, 0, 4)]
)
def test_a_share_of_the_cores(tmp_path, monkeypatch, of, running, mine) -> None:
    monkeypatch.setenv(core_share.FOLDER, str(tmp_path))
    core_share.tell_running(tmp_path, running)
    assert core_share.share(of) == mine
    assert [path.name for path in tmp_path.iterdir()] == ["running"]


def test_outside_of_a_cycle_all_cores_are_taken(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv(core_share.FOLDER, raising=False)
    assert core_share.share(6) == 6
    monkeypatch.setenv(core_share.FOLDER, str(tmp_path / "gone"))
    assert core_share.share(6) == 6
    core_share.tell_running(tmp_path / "gone", 2)  # a cycle that is over


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core cannot be shared")
def test_an_engine_follows_while_it_works(tmp_path, monkeypatch) -> None:
    import ibis

    monkeypatch.setenv(core_share.FOLDER, str(tmp_path))
    backend = Engine(tmp_path).backend

    def threads(number: int) -> int:
        backend.execute(ibis.literal(number).name("asked").as_table())
        return backend.con.execute("SELECT current_setting('threads')").fetchone()[0]

    every = threads(1)
    core_share.tell_running(tmp_path, every)
    assert threads(2) == 1
    core_share.tell_running(tmp_path, 1)
    assert threads(3) == every
