"""The example workspaces over public data, through the command line, against known figures."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from opsnb.cli import app

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("OPSNB_SHARED_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory):
    """Runs a playbook in a copy of an example; gives its report.json (or .zh.json)."""
    if not DATA.is_dir():
        pytest.skip(
            f"no public data: neither OPSNB_SHARED_DATA nor {DATA.name} beside the checkout"
        )
    kept: dict[tuple[str, ...], dict] = {}

    def make(example: str, playbook: str, parameter: str) -> dict:
        key = (example, playbook, parameter)
        if key not in kept:
            root = tmp_path_factory.mktemp(example) / example
            own = shutil.ignore_patterns("reports")  # of a run in the checkout
            shutil.copytree(ROOT / "examples" / example, root, ignore=own)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("OPSNB_SHARED_DATA", str(DATA))
                words = ["-w", str(root), "run", playbook, "-p", parameter, "--no-pdf"]
                result = CliRunner().invoke(app, words)
            assert result.exit_code == 0, result.output
            found = next(root.glob("reports/*/*/report.json"))
            kept[key] = json.loads(found.read_text(encoding="utf-8"))
        return kept[key]

    return make


def fact(report: dict, id: str, **marks: str) -> dict:
    """The one fact of that id with these marks."""
    found = [
        f for f in report["facts"]
        if f["id"] == id and all(f.get(name) == value for name, value in marks.items())
    ]  # fmt: skip
    assert len(found) == 1, [f["key"] for f in found]
    return found[0]


def checks(report: dict) -> dict[str, str]:
    return {check["id"]: check["status"] for check in report["checks"]}


def test_cookie_cats(report) -> None:
    """Published: 19.02 % against 18.20 %, -0.82 pp [-1.33, -0.31], p 0.0016; day 1 p 0.0744."""
    read = report("cookie_cats", "ab_readout", "experiment=gate_40")
    day7 = fact(read, "ab.diff", metric="retention_7")
    assert day7["value"] == pytest.approx(-0.0082013, abs=1e-5)
    assert day7["low"] == pytest.approx(-0.013282, abs=1e-5)
    assert day7["high"] == pytest.approx(-0.003121, abs=1e-5)
    assert day7["p_value"] == pytest.approx(0.001554, abs=1e-5)
    assert fact(read, "ab.diff", metric="retention_1")["p_value"] == pytest.approx(0.0744, abs=5e-5)
    lift = fact(read, "ab.lift", metric="retention_7")
    assert (lift["low"], lift["high"]) == (
        pytest.approx(-0.0689, abs=5e-5), pytest.approx(-0.0166, abs=5e-5),
    )  # fmt: skip
    srm = next(f for f in read["facts"] if f["key"] == "ab.srm")
    assert srm["p_value"] == pytest.approx(0.00861, abs=5e-6)
    assert checks(read)["srm"] == "warn"
    assert read["verdict"]["word"] == "STOP"


def test_online_retail_november(report) -> None:
    read = report("online_retail", "monthly_retrospective", "cycle=2011-11")
    assert read["status"] == "ready"
    total = fact(read, "data.total_amount", segment="orders")
    assert total["value"] == pytest.approx(9_747_747.93, abs=0.01)
    assert fact(read, "data.issue", segment="orders.cancellation_lines")["value"] == 9_288
    assert fact(read, "data.issue", segment="orders.empty.user_id")["value"] == 135_080
    shown = " ".join(check["message"] for check in read["checks"])
    assert "135,080" in shown


def test_online_retail_november_equals_pandas(report) -> None:
    pandas = pytest.importorskip("pandas")
    read = report("online_retail", "monthly_retrospective", "cycle=2011-11")
    lines = pandas.read_parquet(DATA / "online_retail" / "online_retail.parquet")
    lines["when"] = pandas.to_datetime(lines["InvoiceDate"])
    lines["amount"] = lines["Quantity"] * lines["UnitPrice"]
    november = lines[(lines["when"] >= "2011-11-01") & (lines["when"] < "2011-12-01")]
    net = fact(read, "kpi.value", metric="gmv_net")
    assert net["value"] == pytest.approx(november["amount"].sum(), abs=1e-4)
    sales = november[november["amount"] >= 0]
    assert fact(read, "kpi.value", metric="buyers")["value"] == sales["CustomerID"].nunique()
    assert fact(read, "kpi.value", metric="orders")["value"] == sales["InvoiceNo"].nunique()
    october = lines[(lines["when"] >= "2011-10-01") & (lines["when"] < "2011-11-01")]
    change = fact(read, "kpi.change", metric="gmv_net")["value"]
    assert change == pytest.approx(november["amount"].sum() / october["amount"].sum() - 1)


def test_online_retail_december_is_provisional(report) -> None:
    read = report("online_retail", "monthly_retrospective", "cycle=2011-12")
    assert read["status"] == "provisional"
    assert "9 Dec 2011" in read["reason"]
    assert not [f for f in read["facts"] if f["id"] in {"kpi.status", "kpi.change"}]


def test_facebook_ads_have_no_counterfactual(report) -> None:
    read = report("facebook_ads", "campaign_review", "campaign=1178")
    cost = next(f for f in read["facts"] if f["key"] == "campaign.cost")
    assert cost["value"] == pytest.approx(55_662.15, abs=0.005)
    assert read["verdict"]["grade"] == "E"
    assert not [f for f in read["facts"] if f["id"].startswith("campaign.effect")]
    conversions = fact(read, "campaign.channel.conversions", segment="facebook")
    assert conversions["value"] == 872
