"""The same inputs give the same report: facts, figures, and the words of the PDF."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader

from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.runs.plan import plan
from opsnb.publishing.runs.run import run
from tests.attacks.shop import PLANS, shop

OWN = ("started", "ended", "seconds")
"""What of a report's provenance belongs to one run."""


@pytest.mark.survives(
    "one readout made twice from the same inputs: report.json, figures, PDF compared",
    sees="the same facts (on several cores sums are added up in another order: to the ten digits "
    "that report.json keeps), the same drawings byte for byte, the same words",
)
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
def test_two_runs_of_one_key_are_equal(workspace, one_core) -> None:
    made = workspace(shop(), plans=PLANS)
    planned = plan(Playbook.load("ab_readout", made), {"experiment": "trial"}, made)
    first = seen(run(planned, made, languages=["en", "zh"]).folder)
    second = seen(run(planned, made, languages=["en", "zh"]).folder)
    assert first["figures"], "nothing is drawn"
    for part in first:
        assert first[part] == second[part], part


@pytest.fixture
def one_core(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kernels that this process starts have one core, and so DuckDB one thread."""
    monkeypatch.setenv("OPSNB_WARM_KERNELS", "0")  # a zygote may have been started with more
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    yield
    os.sched_setaffinity(0, cores)


def seen(folder: Path) -> dict[str, object]:
    """What of a report has to be the same."""
    records = {}
    for path in sorted(folder.glob("report*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        record["provenance"] = {k: v for k, v in record["provenance"].items() if k not in OWN}
        records[path.name] = record
    pages = {p.name: p.read_text(encoding="utf-8") for p in sorted(folder.glob("*.html"))}
    return {
        "records": records,
        "figures": {n: re.findall(r"<svg.*?</svg>", t, re.DOTALL) for n, t in pages.items()},
        "words": {p.name: words(p) for p in sorted(folder.glob("*.pdf"))},
    }


def words(path: Path) -> list[str]:
    """The PDF's text by page, without the line that says when it was made and how long it took."""
    text = [page.extract_text() for page in PdfReader(path).pages]
    return [re.sub(r"^(Run|运行) \d.*$", "", page, flags=re.MULTILINE) for page in text]
