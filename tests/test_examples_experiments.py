"""The experiments of examples/ on public data, against their published figures."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import opsnb
from opsnb.analysis.session import Session
from opsnb.base.errors import PlanError
from opsnb.base.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("OPSNB_SHARED_DATA") or ROOT.parent / "shared" / "data")
STEPS = ("show_plan", "trust_gate", "primary", "guardrails", "secondary", "cumulative",
         "novelty", "segments", "impact", "robustness", "details", "summary")  # fmt: skip

Read = Callable[[str, str], Session]


@pytest.fixture(scope="module")
def read() -> Read:
    """Runs every step of a readout once; gives the session with its facts."""
    if not DATA.is_dir():
        pytest.skip("no public data: neither OPSNB_SHARED_DATA nor ../shared/data")
    done: dict[tuple[str, str], Session] = {}

    def run(example: str, experiment: str) -> Session:
        if (example, experiment) not in done:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("OPSNB_SHARED_DATA", str(DATA))
                workspace = Workspace.load(ROOT / "examples" / example)
                ops = Session(workspace, "ab_readout", languages=["en", "zh"])
                readout = opsnb.Experiment(ops, experiment)
                for step in STEPS:
                    shown = getattr(readout, step)()
                    assert all(shown.html(language) for language in ops.languages)
            done[example, experiment] = ops
        return done[example, experiment]

    return run


def test_udacity_gross_and_net_conversion(read: Read) -> None:
    """Published: -.020555 [-.029124, -.011986] and -.004874 [-.011604, .001857]."""
    ops = read("udacity", "free_trial_screener")
    gross = ops.facts["ab.diff/gross_conversion/experiment"]
    assert gross.value == pytest.approx(-0.020555, abs=5e-7)
    assert (gross.low, gross.high) == pytest.approx((-0.029124, -0.011986), abs=2e-5)
    net = ops.facts["ab.diff/net_conversion/experiment"]
    assert net.value == pytest.approx(-0.004874, abs=5e-7)
    assert (net.low, net.high) == pytest.approx((-0.011604, 0.001857), abs=2e-5)
    assert gross.n == 17_293 + 17_260


def test_udacity_days_without_outcomes_are_left_out_and_said(read: Read) -> None:
    ops = read("udacity", "free_trial_screener")
    assert ops.facts["ab.days_left_out/gross_conversion"].value == 14
    assert ops.checks["days_left_out"].status == "warn"
    assert "14 (from 3 Nov to 16 Nov)" in ops.languages[0].say(ops.checks["days_left_out"].message)


def test_udacity_split_sign_test_and_verdict(read: Read) -> None:
    """Published: 345,543 and 344,660 cookies; sign test p .0026."""
    ops = read("udacity", "free_trial_screener")
    assert ops.facts["ab.users//control"].value == 345_543
    assert ops.facts["ab.srm"].p_value == pytest.approx(0.2877, abs=5e-4)
    sign = ops.facts["ab.sign_test/gross_conversion/experiment"]
    assert (sign.value, sign.n) == (4, 23)
    assert sign.p_value == pytest.approx(0.0026, abs=5e-5)
    assert ops.facts["ab.verdict"].value == "hold"
    assert ops.facts["ab.guardrail/net_conversion/experiment"].value == "not_proven"


def test_fastfood_the_unit_is_the_store(read: Read) -> None:
    """Store level: 1 against 2 p .00128, 3 against 2 p .0136; means 58.10, 47.33, 55.36."""
    ops = read("fastfood", "promotions")
    one, three = (ops.facts[f"ab.diff/weekly_sales/promotion_{i}"] for i in (1, 3))
    assert one.p_value == pytest.approx(0.00128, abs=1e-5)
    assert three.p_value == pytest.approx(0.0136, abs=5e-5)
    assert (one.n, three.n) == (43 + 47, 47 + 47)
    means = [ops.facts[f"ab.value/weekly_sales/promotion_{i}"].value for i in (1, 2, 3)]
    assert means == pytest.approx([58.10, 47.33, 55.36], abs=0.005)
    adjusted = ops.facts["ab.p_adjusted/weekly_sales/promotion_1"].value
    assert adjusted == pytest.approx(2 * 0.00128, abs=2e-5)
    assert ops.facts["ab.srm"].n == 137


def test_fastfood_one_against_three_is_inconclusive(read: Read) -> None:
    ops = read("fastfood", "promotion_1_or_3")
    assert ops.facts["ab.diff/weekly_sales/promotion_1"].p_value == pytest.approx(0.426, abs=5e-4)
    assert ops.facts["ab.verdict"].value == "hold"


def test_fastfood_store_weeks_are_not_read_as_independent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the store's own column the readout refuses to go on."""
    if not DATA.is_dir():
        pytest.skip("no public data: neither OPSNB_SHARED_DATA nor ../shared/data")
    monkeypatch.setenv("OPSNB_SHARED_DATA", str(DATA))
    source = ROOT / "examples" / "fastfood"
    (tmp_path / "plans" / "experiments").mkdir(parents=True)
    for name in ("metrics.toml", "plans/experiments/promotions.toml"):
        (tmp_path / name).write_text((source / name).read_text())
    text = (source / "opsnb.toml").read_text()
    assert " LocationID as store," in text
    (tmp_path / "opsnb.toml").write_text(text.replace(" LocationID as store,", ""))
    ops = Session(Workspace.load(tmp_path), "ab_readout")
    with pytest.raises(PlanError, match=r'randomises by "store".*pass for independent users'):
        opsnb.Experiment(ops, "promotions")


def test_ad_campaign_unequal_days_and_impossible_funnels(read: Read) -> None:
    """29 against 30 days: 5 August leaves both arms; funnels that cannot be are counted."""
    ops = read("ad_campaign", "average_bidding")
    assert ops.facts["ab.days_left_out/purchase_rate"].value == 1
    assert ops.facts["ab.diff/purchase_rate/test"].n == 29 + 29
    assert ops.facts["ab.impossible_funnel//control"].value == 8
    assert ops.facts["ab.impossible_funnel//test"].value == 1
    assert ops.checks["impossible_funnel"].status == "warn"
    assert ops.facts["ab.users//test"].value == 2_237_544
    assert ops.facts["ab.verdict"].value == "invalid"
