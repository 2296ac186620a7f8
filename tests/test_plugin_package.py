"""A second package, installed in an environment of its own: its playbook reads through its
source, uses its metric, and comes out in its format."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tests" / "plugin_package"

Run = subprocess.CompletedProcess[str]
Opsnb = Callable[..., Run]

SHOP = """\
[workspace]
name = "Stalls"
timezone = "Asia/Shanghai"
currency = "CNY"
languages = ["en", "zh"]
as_of = 2026-11-16
[sources.stalls]
url = "jsonl://data"
[tables.orders]
source = "stalls"
table = "orders"
[report]
formats = ["html", "facts"]
[[cycles.month]]
playbook = "stall_review"
"""

AMOUNTS = (30.0, 50.0, 70.0)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the plug-in; the rest is lent to it."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    lent = f"{sysconfig.get_path('purelib')}\n{ROOT}\n"
    Path(own, "lent.pth").write_text(lent, encoding="utf-8")
    source = shutil.copytree(PACKAGE, home / "source")
    install = ["install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", str(source)]
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, *install],
        check=True, env=_environment(), capture_output=True,
    )  # fmt: skip
    return python


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "OPSNB"))}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    orders = [
        {"order_id": f"o{n}", "user_id": f"u{n}", "ordered_at": f"2026-10-0{n + 1} 10:00:00",
         "amount": amount, "status": "paid"}
        for n, amount in enumerate(AMOUNTS)
    ]  # fmt: skip
    lines = "".join(json.dumps(order) + "\n" for order in orders)
    (tmp_path / "data" / "orders.jsonl").write_text(lines, encoding="utf-8")
    (tmp_path / "opsnb.toml").write_text(SHOP, encoding="utf-8")
    return tmp_path


@pytest.fixture
def opsnb(python: Path, shop: Path) -> Opsnb:
    def call(*words: str, code: int = 0) -> Run:
        done = subprocess.run(
            [python, "-c", "from opsnb.cli import main; main()", *words],
            cwd=shop, env=_environment(), capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return call


def test_a_plug_in_works_end_to_end(opsnb: Opsnb, shop: Path) -> None:
    names = {each["name"] for each in json.loads(opsnb("list", "--json").stdout)}
    assert {"stall_review", "monthly_retrospective"} <= names

    said = opsnb("run", "stall_review", "--cycle", "2026-10").stdout.split()
    place = "reports/2026-10/stall-review"
    written = ["report.html", "facts.csv", "report.zh.html", "facts.zh.csv"]
    assert [f"{place}/{name}" for name in written] == said[:4]

    report = json.loads((shop / place / "report.json").read_text(encoding="utf-8"))
    (fact,) = [each for each in report["facts"] if each["id"] == "acme.basket"]
    assert fact["value"] == sum(AMOUNTS) / len(AMOUNTS)
    assert report["provenance"]["plugins"] == {"acme": "1.2"}
    assert not (shop / place / "report.pdf").exists()
    with (shop / place / "facts.csv").open(encoding="utf-8") as file:
        assert [row["value"] for row in csv.DictReader(file) if row["key"] == fact["key"]] == [
            "50.0"
        ]

    page = (shop / place / "report.html").read_text(encoding="utf-8")
    assert "A basket held ¥50.00." in page and '<a href="facts.csv">Facts</a>' in page
    assert "acme 1.2" in page
    chinese = (shop / place / "report.zh.html").read_text(encoding="utf-8")
    assert "摊位复盘" in chinese and "每单金额为 ¥50.00。" in chinese
    index = (shop / "reports/index.html").read_text(encoding="utf-8")
    assert 'href="2026-10/stall-review/facts.csv"' in index


def test_a_report_rests_on_its_plug_in(opsnb: Opsnb, python: Path, shop: Path) -> None:
    def made() -> tuple[str, list[str]]:
        (report,) = json.loads(opsnb("cycle", "2026-10", "--json", "-l", "en").stdout)["reports"]
        return report["made"], report["changed"]

    assert made() == ("executed", ["no report yet"])
    assert made() == ("unchanged", [])
    (module,) = python.parent.parent.rglob("site-packages/acme_opsnb/fact_list.py")
    with module.open("a", encoding="utf-8") as file:
        file.write("\n# as mended without a new version\n")
    assert made() == ("executed", ["plug-ins"])
    orders = shop / "data" / "orders.jsonl"
    orders.write_text(orders.read_text(encoding="utf-8").replace("70.0", "71.0"), encoding="utf-8")
    assert made() == ("executed", ["table orders"]), "its source is one of files"


def test_a_plug_in_that_is_off_brings_nothing(opsnb: Opsnb, shop: Path) -> None:
    with (shop / "opsnb.toml").open("a", encoding="utf-8") as file:
        file.write('[plugins]\noff = ["acme"]\n')
    assert 'no playbook "stall_review"' in opsnb("run", "stall_review", "-f", "html", code=2).stderr
    found = json.loads(opsnb("doctor", "--json", code=1).stdout)
    told = {each["name"]: each for each in found}
    assert told["plug-in acme"]["detail"] == "acme-opsnb 1.2, switched off in opsnb.toml"
    assert told["formats"]["detail"] == 'no format "facts"'
