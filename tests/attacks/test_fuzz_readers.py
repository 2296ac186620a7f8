"""Readers of people's files: a mutated document is read or refused in words, never a traceback."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.fuzzing import Target, attempt, mutated, targets
from tests.publishing.site.conftest import fact, record

REPORT = record(facts=[fact("a.share", 0.1, "share", low=0.08, high=0.12)])
TARGETS = targets(REPORT)
TRIES = 150


@pytest.mark.parametrize("name", TARGETS)
def test_a_valid_document_is_read(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    for seed in target.seeds:
        assert attempt(target, tmp_path, seed)


@pytest.mark.survives(
    "mutated opsnb.toml, metrics, plans, targets, events, report.json, ledger, playbooks",
    sees="the document is read, or a named error with file and key",
)
@pytest.mark.parametrize("name", TARGETS)
def test_a_mutated_document_is_read_or_refused_in_words(
    name: str, tmp_path: Path, record_property: Any
) -> None:
    record_property("tries", TRIES)
    target: Target = TARGETS[name]
    draw = random.Random(f"opsnb {name}")
    outcomes = set()
    for _ in range(TRIES):
        document = mutated(target, draw)
        try:
            outcomes.add(attempt(target, tmp_path, document))
        except Exception as error:
            pytest.fail(f"{name}: {error!r} on {document[:4000]!r}")
    assert outcomes == {True, False}, "the mutations are too mild or too wild to tell anything"


DEEP = 3000
ENDLESS = {
    "toml": ("x = " + "[" * DEEP + "]" * DEEP, "x = " + "9" * 5000, "x = " + "{a = " * DEEP),
    "json": ("[" * DEEP + "]" * DEEP, "9" * 5000, '{"a": ' * DEEP),
    "jsonl": ('{"id": ' + "[" * DEEP + "]" * DEEP + "}\n", '{"at": ' + "9" * 5000 + "}\n"),
}
"""Documents without end, by kind: nested, or of a number of thousands of digits."""


@pytest.mark.survives(
    "lists nested thousands deep and numbers of thousands of digits in every file",
    sees="a named error with the file, or the file is taken for none",
)
@pytest.mark.parametrize("name", TARGETS)
def test_a_document_without_end_is_refused_in_words(name: str, tmp_path: Path) -> None:
    target: Target = TARGETS[name]
    for text in ENDLESS[target.kind]:
        assert not attempt(target, tmp_path, text.encode())
