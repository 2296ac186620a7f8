"""Campaign examples over public data: published figures, and what must not be claimed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import opsnb
from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
FOLDERS = {"geolift": "causal_geo", "google_series": "causal_geo", "cdnow": "cdnow",
           "tmall": "tmall_orders", "facebook_ads": "kag_facebook_ads"}  # fmt: skip


def review(
    example: str, campaign: str, monkeypatch: pytest.MonkeyPatch, *steps: str
) -> tuple[opsnb.Campaign, str]:
    """The review after some steps, and what they said in English."""
    default = EXAMPLES.parent.parent / "shared" / "data"
    shared = Path(os.environ.get("OPSNB_SHARED_DATA") or default)
    if example in FOLDERS and not (shared / FOLDERS[example]).is_dir():
        pytest.skip(f"no folder {FOLDERS[example]} in the shared data")
    monkeypatch.setenv("OPSNB_SHARED_DATA", str(shared))
    workspace = Workspace.load(EXAMPLES / example)
    ops = Session(workspace, "campaign_review", languages=["en", "zh"])
    found = opsnb.Campaign(ops, campaign)
    said = [getattr(found, step)().plain(ops.languages[0]) for step in steps]
    return found, "\n".join(said)


def test_geolift_gives_the_walkthroughs_figures(monkeypatch):
    campaign, said = review("geolift", "two_cities", monkeypatch, "costs", "effect", "summary")
    facts = campaign.ops.facts
    assert campaign.increment.grade == "B"
    assert facts["campaign.effect_average/conversions"].value == pytest.approx(155.556, abs=1e-3)
    assert facts["campaign.effect/conversions///campaign"].value == pytest.approx(4667, abs=0.5)
    assert facts["campaign.effect_relative/conversions"].value == pytest.approx(0.054, abs=5e-4)
    assert facts["campaign.scaled_l2"].value == pytest.approx(0.1636, abs=1e-4)
    assert campaign.increment.scrutiny.weights["cincinnati"] == pytest.approx(0.2272, abs=1e-4)
    assert campaign.increment.p_value < 0.02
    assert "synthetic control" in said
    assert campaign.increment.scrutiny.space[1] == 38


def test_google_series_gives_causal_impacts_figures(monkeypatch):
    campaign, _ = review("google_series", "day_62", monkeypatch, "effect")
    average = campaign.ops.facts["campaign.effect_average/y"]
    assert [average.value, average.low, average.high] == pytest.approx([27, 18, 36], abs=1)
    assert set(campaign.increment.scrutiny.sensitivity) == {0.01, 0.05, 0.1}
    assert campaign.ops.checks["pre_period"].status == "warn"  # 61 days, 90 wanted


def test_totals_alone_give_the_classic_figure_and_no_other(monkeypatch):
    campaign, said = review(
        "roi_case", "members_day", monkeypatch, "costs", "effect", "returns", "summary"
    )
    facts = campaign.ops.facts
    assert facts["campaign.roi_classic"].value == pytest.approx(1.9)
    values = [facts[f"campaign.value.{name}"].value for name in ("direct", "indirect", "brand")]
    assert values == pytest.approx([1_000_000, 1_000_000, 900_000])
    assert facts["campaign.cost"].value == 1_000_000
    assert "campaign.roi_incremental" not in facts
    assert facts["campaign.verdict"].value == "description"
    assert "Incremental ROI  not known" in said


def test_cdnow_is_scored_on_weeks_it_never_saw(monkeypatch):
    campaign, said = review("cdnow", "spring_1998", monkeypatch, "lifetime_value")
    facts = campaign.ops.facts
    model = [facts[f"campaign.ltv_model///{name}"].value for name in ("r", "alpha", "a", "b")]
    # Dates are whole days here, fractions of weeks in the authors' file.
    assert model == pytest.approx([0.2426, 4.4136, 0.793, 2.426], rel=0.02)
    assert facts["campaign.ltv_actual////1998-06-30"].value == 1882
    assert facts["campaign.ltv_error"].value == pytest.approx(-0.12, abs=0.01)
    assert "2,357 customers" in said


def test_tmall_keeps_its_totals_and_calls_the_gap_what_it_is(monkeypatch):
    campaign, said = review(
        "tmall", "reopening", monkeypatch, "data_gate", "costs", "fairness", "effect", "summary"
    )
    month = campaign.ops.workspace.period("2020-02")
    meter = campaign.ops.meter
    assert meter.value("gmv_net", month).value == pytest.approx(1_902_487.15)
    assert meter.value("refunds", month).value == pytest.approx(572_335.92)
    assert campaign.ops.checks["calendar.before"].status == "warn"
    assert "COVID-19" in said
    assert campaign.ops.facts["campaign.verdict"].value == "description"


def test_ads_without_dates_flag_rows_that_cannot_be(monkeypatch):
    campaign, _ = review("facebook_ads", "1178", monkeypatch, "costs", "channels", "summary")
    facts = campaign.ops.facts
    assert facts["campaign.cost"].value == pytest.approx(55_662.15, abs=0.01)
    assert facts["campaign.channel.clicks///facebook"].value == 36_068
    assert campaign.ops.checks["ledger_counts"].status == "warn"
    assert facts["campaign.verdict"].value == "description"
