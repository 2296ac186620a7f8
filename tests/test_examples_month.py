"""The monthly retrospective over public data: what it finds, and what it leaves in peace."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from opsnb.analyses.month import Month
from opsnb.analyses.why import split
from opsnb.session import Session
from opsnb.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("OPSNB_SHARED_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture
def month(monkeypatch: pytest.MonkeyPatch):
    if not DATA.is_dir():
        pytest.skip("no public data: OPSNB_SHARED_DATA names none")
    monkeypatch.setenv("OPSNB_SHARED_DATA", str(DATA))

    def make(example: str, cycle: str, kpis: Sequence[str] = ()) -> Month:
        workspace = Workspace.load(ROOT / "examples" / example)
        return Month(Session(workspace, "monthly_retrospective", cycle=cycle), kpis)

    return make


def flagged(month: Month) -> dict[str, str]:
    """Flagged days and what is said of them."""
    page = month.anomalies(["calls"]).plain(month.ops.language)
    days = [f.period for f in month.ops.facts.values() if f.id == "anomaly.day"]
    lines = {line.strip().split("  ")[0]: line for line in page.splitlines()}
    return {str(day): lines[f"{pd.Timestamp(day):%-d %b %Y}"] for day in days}


def test_a_centre_that_rests_at_weekends_raises_no_alarm_there(month) -> None:
    """164 open days of calls: public holidays are named, no Saturday or Sunday is flagged."""
    found: dict[str, str] = {}
    for cycle in ("2003-05", "2003-06", "2003-07", "2003-08", "2003-09"):
        found |= flagged(month("bank_calls", cycle, ["calls"]))
    assert not [day for day in found if pd.Timestamp(day).weekday() >= 5]
    closed = {"2003-05-26", "2003-07-04", "2003-09-01"}
    assert closed <= set(found)
    for day in closed:
        assert "Public holiday" in found[day]
    assert len(set(found) - closed) <= 5  # mostly the crowded days after them


def test_calls_add_up_to_the_file(month) -> None:
    may = month("bank_calls", "2003-05", ["calls"])
    raw = pd.read_csv(DATA / "bank_calls" / "bank_calls.csv")
    own = raw.loc[raw["DateTime"].str.startswith("2003-05"), "Calls"].sum()
    assert may.kpis[0].measured.value == own


def rates(month: Month, metric: str) -> dict[str, tuple[float, float]]:
    found = split(month, metric, "device")
    assert found is not None
    return {name: (p.rate_before, p.rate_after) for name, p in found.parts.groups.items()}


def test_the_checkout_bug_shows_on_mobile_alone(month) -> None:
    """Planted from 9 April on mobile; the events that name it are left out."""
    april = rates(month("ecom", "2024-04", ["payment_reach"]), "payment_reach")
    before, after = april["mobile"]
    assert after < 0.5 * before
    assert all(after >= before for name, (before, after) in april.items() if name != "mobile")


def test_the_payment_incident_shows_everywhere(month) -> None:
    """Planted from 19 May: no device is spared."""
    made = month("ecom", "2024-05", ["checkout_rate"])
    [kpi] = made.kpis
    assert kpi.change.gap < -0.25
    assert all(after < before for before, after in rates(made, "checkout_rate").values())
    made.why()
    total = next(f for f in made.ops.facts.values() if f.id == "change.total")
    rate = next(f for f in made.ops.facts.values() if f.id == "change.rate")
    assert abs(rate.value) > 0.5 * abs(total.value)  # rates fell; the mix is not to blame


def test_leads_that_cannot_have_closed_yet_are_not_compared(month) -> None:
    """Deals close for months: recent cohorts are short, not bad, and only equal ages meet."""
    may = month("olist_leads", "2018-05")
    claim = may.cohorts(12).plain(may.ops.language)
    cells = {f.segment: f for f in may.ops.facts.values() if f.id == "retention.cohort"}
    ages = {name.split("+")[0]: 0 for name in cells}
    for name in cells:
        cohort, age = name.split("+")
        ages[cohort] = max(ages[cohort], int(age))
    for cohort, last in ages.items():
        start = pd.Period(cohort, "M")
        assert last == (pd.Period("2018-05", "M") - start).n  # nothing beyond the data's end
    assert "2018-05" not in ages  # no later month to be back in
    leads = pd.read_csv(DATA / "olist_leads" / "marketing_qualified_leads.csv")
    deals = pd.read_csv(DATA / "olist_leads" / "closed_deals.csv")
    both = deals.merge(leads, on="mql_id")
    lead = both["first_contact_date"].str[:7] == "2018-03"
    deal = both["won_date"].str[:7] == "2018-04"
    of = (leads["first_contact_date"].str[:7] == "2018-03").sum()
    assert cells["2018-03+1"].value == pytest.approx((lead & deal).sum() / of)
    for word in ("improve", "better", "rose"):
        assert word not in claim
