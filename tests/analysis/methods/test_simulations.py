"""The simulations of benchmarks/, with fewer runs where 2,000 would take long."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def simulations(monkeypatch):
    if not (ROOT / "benchmarks" / "simulations.py").is_file():
        pytest.skip("the benchmarks are not here")
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.simulations")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "runs"),
    [
        ("false_positives", 2000),
        ("coverage", 500),
        ("many_tests", 300),
        ("other_tests", 1000),
        ("peeking", 1000),
        ("variance_reduction", 1500),
        ("adjusted_lifts", 400),
        ("lifts_by_segment", 400),
        ("sample_ratio", 1000),
        ("power", 300),
    ],
)
def test_every_figure_lies_in_its_band(simulations, part, runs):
    rows = simulations.SIMULATIONS[part](np.random.default_rng(2), runs)
    assert [row for row in rows if not row.ok] == []


@pytest.fixture
def readouts(simulations):
    return importlib.import_module("benchmarks.readouts")


@pytest.mark.slow
def test_whole_readouts_lie_in_their_bands(readouts):
    """Few runs and wide bands: the figures of 2,000 are those of the benchmark."""
    for simulate in readouts.READOUTS.values():
        rows = simulate(np.random.default_rng(3), 20)
        assert [row for row in rows if not row.ok] == []


def test_a_whole_readout_finds_what_was_planted(readouts, tmp_path):
    """Orders double on one device alone: the page says that segments differ."""
    readouts.shop(np.random.default_rng(4), tmp_path, {"b": 1.0}, device="ios")
    found = readouts.read(tmp_path)
    assert "segment" in found.found and found.word != "invalid"
    assert found.lift.low > 0.2


def test_a_rate_outside_its_band_is_told(simulations):
    assert simulations.rate("x", 50, 1000, 0.05).ok
    assert not simulations.rate("x", 90, 1000, 0.05).ok
    assert not simulations.rate("x", 10, 1000, 0.05).ok
    assert simulations.rate("x", 10, 1000, 0.05, side="at_most").ok
    assert not simulations.rate("x", 90, 1000, 0.05, side="at_most").ok


def test_the_command_fails_when_a_figure_lies_outside(simulations, monkeypatch, capsys):
    pytest.importorskip("tea_tasting")
    command = importlib.import_module("benchmarks.experiments")
    for value, code in ((0.05, 0), (0.2, 1)):
        row = simulations.Row("a figure", value, 0.04, 0.06)
        monkeypatch.setitem(simulations.SIMULATIONS, "peeking", lambda rng, runs, row=row: [row])
        assert command.main(["--only", "peeking", "--runs", "1"]) == code
    printed = capsys.readouterr().out
    assert "a figure" in printed
    assert "1 outside their band" in printed
