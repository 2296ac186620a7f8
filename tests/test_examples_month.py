"""The monthly retrospective over public data: what it finds, and what it leaves in peace."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from opsnb.analysis.reviews.period.change_by_group import split
from opsnb.analysis.reviews.period.month import Month
from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace

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
    assert may.evidence.kpis[0].measured.value == own


def rates(month: Month, metric: str) -> dict[str, tuple[float, float]]:
    found = split(month.evidence, metric, "device")
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
    [kpi] = made.evidence.kpis
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
    short = {
        c: (pd.Period("2018-05", "M") - pd.Period(c, "M")).n - last for c, last in ages.items()
    }
    # Nothing beyond the data's end; cells of a few deals are withheld, so one may end sooner.
    assert set(short.values()) == {0, 1}
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


# -- churn ------------------------------------------------------------------------------------


def test_telco_churn_by_contract_is_as_known(month) -> None:
    september = month("telco_churn", "2018-09")
    page = september.churn().plain(september.ops.language)
    raw = pd.read_csv(DATA / "telco_churn" / "WA_Fn-UseC_-Telco-Customer-Churn.csv")
    left = raw["Churn"] == "Yes"
    assert (len(raw), left.sum()) == (7043, 1869)  # the published 26.54 %
    facts = september.ops.facts
    total = facts["churn.rate"]
    assert (total.n, total.value) == (7043 - 11, pytest.approx(1869 / 7032))  # 11 had just come
    known = raw[raw["tenure"] > 0].groupby("Contract")["Churn"].agg(lambda c: (c == "Yes").mean())
    for contract, rate in known.items():
        assert facts[f"churn.rate///{contract}"].value == pytest.approx(rate)
    assert facts["churn.rate///Month-to-month"].value == pytest.approx(0.427, abs=1e-3)
    assert "42.7%" in page
    bills = september.evidence.kpi("gmv_net").measured.value
    assert bills == pytest.approx(raw.loc[raw["tenure"] > 0, "MonthlyCharges"].sum())


def test_telco_tenure_is_no_time_to_leaving(month) -> None:
    """One month of ends: the age of those who are left contradicts it, and no survival is shown."""
    september = month("telco_churn", "2018-09")
    page = september.churn().plain(september.ops.language)
    assert september.ops.checks["contract_ages"].status == "warn"
    raw = pd.read_csv(DATA / "telco_churn" / "WA_Fn-UseC_-Telco-Customer-Churn.csv")
    assert september.ops.facts["churn.older"].value == (raw["tenure"] > 12).sum()
    assert september.ops.facts["churn.older_expected"].value < 10
    assert "Kaplan" not in page
    young = september.ops.facts["churn.by_age///1-3"]
    own = raw[raw["tenure"].between(1, 3)]
    assert (young.value, young.n) == (pytest.approx((own["Churn"] == "Yes").mean()), len(own))


def test_telco_read_as_tutorials_read_it(month) -> None:
    """As if everybody who ever left were in the file: Kaplan and Meier by statsmodels."""
    september = month("telco_churn", "2018-09")
    september.churn(complete=True)
    raw = pd.read_csv(DATA / "telco_churn" / "WA_Fn-UseC_-Telco-Customer-Churn.csv")
    for contract in ("Month-to-month", "One year"):
        own = raw[(raw["Contract"] == contract) & (raw["tenure"] > 0)]
        known = SurvfuncRight(own["tenure"], (own["Churn"] == "Yes").astype(int))
        at_year = known.surv_prob[known.surv_times <= 12][-1]
        fact = september.ops.facts[f"churn.survival///{contract}"]
        assert fact.value == pytest.approx(at_year, abs=1e-12)
    assert "contract_ages" not in september.ops.checks


def test_cdnow_is_judged_on_weeks_it_never_saw(month) -> None:
    """Predicted against actual buyers by tenths of the customers, counted by hand as well."""
    june = month("cdnow", "1998-06")
    page = june.churn().plain(june.ops.language)
    lines = (DATA / "cdnow" / "CDNOW_sample.txt").read_text().split("\n")
    parts = [line.split() for line in lines if line.strip()]
    later = {customer for _, customer, day, *_ in parts if day > "19980331"}
    facts = june.ops.facts
    actual = [f for f in facts.values() if f.id == "churn.actual"]
    assert sum(f.n for f in actual) == 2357
    assert sum(round(f.value * f.n) for f in actual) == len(later) == 300
    assert june.ops.checks["churn_model"].status == "pass" and "PASS" in page
    assert facts["churn.discrimination"].value > 0.8
    shares = [f.value for f in actual]
    assert shares[-1] > 0.5 > 0.05 > shares[0]


def test_cdnow_over_39_weeks_is_too_far_off_to_pick_by(month) -> None:
    june = month("cdnow", "1998-06")
    page = june.churn(39).plain(june.ops.language)
    assert june.ops.checks["churn_model"].status == "warn" and "Do not pick" in page
    predicted = sum(f.value * f.n for f in june.ops.facts.values() if f.id == "churn.predicted")
    assert predicted == pytest.approx(617, abs=1)


# -- who comes and who returns ---------------------------------------------------------------------


def test_november_of_online_retail_against_pandas(month) -> None:
    """Buyers, new among them, retained and lost, and months after arrival, by brute force."""
    november = month("online_retail", "2011-11")
    raw = pd.read_parquet(DATA / "online_retail" / "online_retail.parquet")
    made = november.ops.rows.table("orders").expr.execute()
    assert len(made) <= len(raw)
    sold = made.groupby("order_id")["amount"].transform("sum") >= 0  # who cancels is not active
    own = made[sold & made["user_id"].notna()]
    if "status" in own.columns:
        own = own[own["status"].fillna("paid") != "cancelled"]
    seen = own.assign(month=pd.to_datetime(own["order_date"]).dt.to_period("M"))
    by_month = {m: set(g["user_id"]) for m, g in seen.groupby("month")}
    this, before = pd.Period("2011-11", "M"), pd.Period("2011-10", "M")
    ever = set().union(*(users for m, users in by_month.items() if m < this))
    november.growth()
    facts = november.ops.facts
    assert facts["active.new////2011-11"].value == len(by_month[this] - ever)
    assert facts["active.retained////2011-11"].value == len(by_month[this] & by_month[before])
    assert facts["active.lost////2011-11"].value == len(by_month[before] - by_month[this])
    november.cohorts(9)
    first = seen.groupby("user_id")["month"].min()
    cells = [f for f in facts.values() if f.id == "retention.cohort"]
    assert len(cells) == 36
    for fact in cells:
        start, age = fact.segment.split("+")
        born = set(first.index[first == pd.Period(start, "M")])
        back = born & by_month[pd.Period(start, "M") + int(age)]
        assert (fact.n, fact.value) == (len(born), pytest.approx(len(back) / len(born)))
