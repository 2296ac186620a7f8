"""The project's own promises: its files agree, the wheel works away from the checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "ibis-framework[duckdb]": "ibis-duckdb",
    "matplotlib": "matplotlib-base",
}
"""What conda-forge calls a package, where it differs."""

CONDA_ONLY = {"python", "pip", "pytest"}
"""The interpreter, pip, and what pyproject keeps in an extra."""


def _split(requirement: str) -> tuple[str, str]:
    name, bounds = re.fullmatch(r"([\w.-]+(?:\[\w+\])?)\s*(.*)", requirement).groups()
    return name.lower(), bounds.replace(" ", "")


def _conda() -> tuple[dict[str, str], dict[str, str]]:
    """Packages of environment.yml by name: from conda, and from pip."""
    text = (ROOT / "environment.yml").read_text(encoding="utf-8").split("dependencies:")[1]
    conda = dict(_split(line) for line in re.findall(r"^  - ([^:\n]+)$", text, re.M))
    pip = dict(_split(line) for line in re.findall(r"^      - (\w[^\n]+)$", text, re.M))
    return conda, pip


def test_conda_has_the_same_packages_and_bounds() -> None:
    required = dict(_split(line.split(";")[0].strip()) for line in PROJECT["dependencies"])
    conda, pip = _conda()
    # weasyprint is required only where plutoprint has no wheel; conda names no platforms.
    del required["weasyprint"]
    expected = {CONDA_NAMES.get(name, name): bounds for name, bounds in required.items()}
    found = {name: bounds for name, bounds in {**conda, **pip}.items() if name not in CONDA_ONLY}
    assert found == expected
    assert conda["python"] == PROJECT["requires-python"]


def test_the_fixed_packages_are_there() -> None:
    names = {_split(line.split(";")[0].strip())[0] for line in PROJECT["dependencies"]}
    fixed = {"jupyterlab", "papermill", "nbconvert", "pandas", "seaborn", "scipy"}
    assert fixed <= names
    assert any(line.startswith("pytest") for line in PROJECT["optional-dependencies"]["test"])


def test_known_breakages_stay_pinned() -> None:
    """ibis 12 breaks on duckdb 2 and on sqlglot 30.18."""
    required = dict(_split(line.split(";")[0].strip()) for line in PROJECT["dependencies"])
    assert required["ibis-framework[duckdb]"] == "==12.0.*"
    assert required["duckdb"].endswith("<2")
    assert required["sqlglot"] == "<30.18"
    assert version("ibis-framework").startswith("12.0")
    assert int(version("duckdb").split(".")[0]) < 2
    assert tuple(map(int, version("sqlglot").split(".")[:2])) < (30, 18)


LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-ci.lock")


@pytest.mark.parametrize("name", LOCKS)
def test_locks_hold_exact_versions_with_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    pins = re.split(r"\n(?=\S)", text.strip())
    assert len(pins) > 50
    for pin in pins:
        first, *hashes = pin.replace("\\\n", "\n").splitlines()
        assert re.match(r"[\w.\[\],-]+==\S+", first), first
        assert hashes, f"{first} has no hash"
        assert all(re.fullmatch(r" +--hash=sha256:[0-9a-f]{64} *", line) for line in hashes)


def test_the_lock_holds_every_requirement() -> None:
    locked = {
        re.split(r"[=\[]", line)[0].lower().replace("_", "-")
        for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    }
    for line in PROJECT["dependencies"]:
        name = re.split(r"[\[<>=;~! ]", line)[0].lower()
        assert name in locked


def test_playbooks_hold_no_outputs_and_keep_their_ids() -> None:
    nbformat = pytest.importorskip("nbformat")
    for path in sorted((ROOT / "playbooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        ids = [cell["id"] for cell in notebook.cells]
        assert len(ids) == len(set(ids))
        for cell in notebook.cells:
            if cell.cell_type == "code":
                assert cell.outputs == [], path.name
                assert cell.execution_count is None, path.name
                if "parameters" not in cell.metadata.get("tags", []):  # a line a parameter
                    lines = [line for line in cell.source.splitlines() if line.strip()]
                    most = 7 if "setup" in cell["metadata"].get("tags", []) else 6
                    assert len(lines) <= most, f"{path.name} {cell['id']}"


def test_make_help_names_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, re.M).group(1).split()
    explained = re.findall(r"^([a-z]+):.*## ", text, re.M)
    assert sorted(phony) == sorted([*explained, "setup"] if "setup" not in explained else explained)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("build", reason="the package build is not installed (make test does)")
    pytest.importorskip("hatchling", reason="hatchling is not installed (make test does)")
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_the_wheel_carries_what_a_report_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in (
        "opsnb/_playbooks/ab_readout.ipynb",
        "opsnb/_playbooks/campaign_review.ipynb",
        "opsnb/_playbooks/monthly_retrospective.ipynb",
        "opsnb/_templates/report/index.html.j2",
        "opsnb/_templates/report/fragments.css",
        "opsnb/_templates/site",
        "opsnb/_templates/workspace/opsnb.toml",
        "opsnb/_sample/opsnb.toml",
        "opsnb/_sample/plans/campaigns/golden_week.toml",
        "opsnb/fonts/NotoSansSC-Regular-gb2312.ttf",
        "opsnb/fonts/NotoSansSC-Regular-rare.ttf",
        "opsnb/fonts/OFL.txt",
        "opsnb/base/messages/en.toml",
        "opsnb/base/messages/zh.toml",
        "opsnb/analysis/metrics/metrics.toml",
        "opsnb/sample/words.toml",
    ):
        assert any(name == needed or name.startswith(f"{needed}/") for name in names), needed
    assert not any("__pycache__" in name or name.startswith("tests/") for name in names)


def test_the_wheel_lists_what_it_was_locked_with(wheel: Path) -> None:
    """PEP 770: the bill of materials lies in the metadata, one component a pin."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if ".dist-info/sboms/" in n)
        bill = json.loads(archive.read(name))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["version"] == PROJECT["version"]
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = {(n.lower(), v) for n, v in re.findall(r"^([\w.-]+)(?:\[.*\])?==([^\s;]+)", text, re.M)}
    assert {(one["name"], one["version"]) for one in bill["components"]} == pins
    hashes = sum(len(one["hashes"]) for one in bill["components"])
    assert hashes == text.count("--hash=sha256:") > len(pins)


def test_a_report_runs_from_the_wheel_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """A new environment that holds the wheel; its dependencies are lent by a path file."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(own)
    # Lent packages come after the environment's own; the checkout is on no path.
    Path(own, "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    work = tmp_path / "work"
    work.mkdir()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "OPSNB"))}

    def opsnb(*words: str) -> str:
        done = subprocess.run(
            [python, "-c", "from opsnb.cli import main; main()", *words],
            cwd=work, env=clean, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = subprocess.run(
        [python, "-c", "import opsnb; print(opsnb.__file__)"],
        cwd=work, env=clean, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert where.strip().startswith(str(home))
    opsnb("sample", "market")
    opsnb("-w", "market", "run", "ab_readout", "-p", "experiment=badge_wall")
    report = work / "market/reports/2026-09/ab-readout-badge_wall"
    for name in ("report.html", "report.pdf", "report.json", "report.zh.html", "report.zh.pdf"):
        assert (report / name).stat().st_size > 1000, name
    shutil.rmtree(work)
