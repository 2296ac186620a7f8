"""Lifetime value in the review: renewals of published cohorts, and an interval that holds both."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.methods.ltv import fit_shifted_beta_geometric
from opsnb.analysis.methods.product import times
from opsnb.analysis.metrics.renewals import contracts
from opsnb.base.messages import Text
from tests.analysis.reviews.campaigns import days, long, open_campaign, said

HIGH_END = (
    1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394,
)  # fmt: skip
"""Customers of 1,000 left after 0 to 12 renewals (Fader and Hardie 2007, table 1, high end)."""

PLAN = """\
name = "Test campaign"
start = 2026-10-01
end = 2026-10-10
post_days = 0
metric = "gmv_net"
ltv = {value = 30, horizon_days = 336, renewal_days = 28}
"""


def subscriptions(kept=HIGH_END, period: int = 28, start: str = "2025-11-01") -> pd.DataFrame:
    """Orders of a cohort that renews on its day, or up to two days around it."""
    rng = np.random.default_rng(1)
    rows = [
        (f"c{customer}", pd.Timestamp(start) + pd.Timedelta(days=int(period * n + slip)), 20.0)
        for n, left in enumerate(kept)
        for customer, slip in enumerate(rng.integers(-2, 3, left) * (n > 0))
    ]
    frame = pd.DataFrame(rows, columns=["user_id", "ordered_at", "amount"])
    return frame.assign(order_id=[f"o{n}" for n in range(len(frame))])


def test_renewals_are_read_from_orders():
    frame = subscriptions().rename(columns={"ordered_at": "day"}).sort_values(["user_id", "day"])
    found = contracts(frame, 28)
    assert [int((found.kept >= n).sum()) for n in range(13)] == list(HIGH_END)
    could, left = found.table(pd.Timestamp("2025-11-01").date() + pd.Timedelta(days=28 * 8))
    assert could.tolist() == list(HIGH_END[:7])
    assert left.tolist() == [int(n) for n in -np.diff(HIGH_END[:8])]


def test_a_gap_ends_a_contract_and_two_orders_are_one_renewal():
    day = pd.to_datetime(["2026-01-01", "2026-01-29", "2026-01-30", "2026-03-26"])
    found = contracts(pd.DataFrame({"user_id": "a", "day": day}), 28)
    assert found.kept.tolist() == [1]
    assert found.due(pd.Timestamp("2026-02-11").date()).tolist() == [0]
    assert found.due(pd.Timestamp("2026-02-12").date()).tolist() == [1]


def test_the_review_models_renewals_and_scores_them_on_weeks_it_never_saw(workspace):
    """Fitted to five renewals, sBG foretells the seven published after them within 8 %."""
    campaign = open_campaign(
        workspace({"orders": subscriptions()}, plans={"campaigns/test.toml": PLAN})
    )
    text = said(campaign, "lifetime_value")
    found, facts = campaign.lifetime, campaign.ops.facts
    assert not isinstance(found, Text) and found.kind == "sbg"
    assert campaign.ops.checks["lifetime"].status == "pass"
    # The cutoff lies after renewal 5; renewal 12 is the last one, and orders that come in batches
    # are on record up to the day before the next batch is due: it can be judged.
    assert found.actual[-1] == sum(HIGH_END[6:13])
    assert found.error == pytest.approx(0, abs=0.08)
    cohort = fit_shifted_beta_geometric(np.array(HIGH_END[:6]))
    assert found.parameters == pytest.approx({"alpha": cohort.alpha, "beta": cohort.beta})
    assert "Renewals after the cut" in text and "Shifted beta-geometric" in text
    renewed = 20 * cohort.survival(12)[1:] * 1.1 ** -(np.arange(1, 13) * 28 / 365.25)
    assert facts["campaign.ltv_repeats"].value == pytest.approx(renewed.sum(), rel=0.005)
    low, high = facts["campaign.ltv_repeats"].low, facts["campaign.ltv_repeats"].high
    assert low < facts["campaign.ltv_repeats"].value < high


def test_a_model_that_misses_carries_no_value(workspace):
    """Renewals that suddenly stop: nothing rests on a model that did not foresee it."""
    kept = (*HIGH_END[:6], 60, 40, 30, 20, 10, 5, 3)
    campaign = open_campaign(
        workspace({"orders": subscriptions(kept)}, plans={"campaigns/test.toml": PLAN})
    )
    assert "no value rests on it" in said(campaign, "lifetime_value")
    assert campaign.ops.checks["lifetime"].status == "warn"
    assert "campaign.ltv_repeats" not in campaign.ops.facts


def test_the_return_carries_the_uncertainty_of_effect_and_value(workspace):
    index, rng = days(), np.random.default_rng(2)
    season = 3 * np.sin(np.arange(len(index)) / 9)
    inside = (index >= "2026-10-01") & (index <= "2026-10-10")
    born = pd.DatetimeIndex(
        np.repeat(
            index, np.round(20 + season + 12 * inside + rng.normal(0, 1, len(index))).astype(int)
        )
    )
    users = pd.DataFrame({"user_id": [f"n{n}" for n in range(len(born))], "registered_at": born})
    old = pd.DataFrame({"user_id": [f"c{n}" for n in range(1000)], "registered_at": "2025-11-02"})
    old["registered_at"] = pd.to_datetime(old["registered_at"])
    orders = subscriptions(start="2025-11-02")
    first = orders.iloc[[0]].assign(
        user_id="x", order_id="x", ordered_at=pd.Timestamp("2025-11-01")
    )
    series = long({"x1": 20 + season + rng.normal(0, 0.5, len(index))}, index)
    spend = pd.DataFrame(
        {"campaign_id": ["test"], "date": ["2026-10-02"], "channel": ["ads"], "kind": ["media"],
         "amount": [500.0]}
    )  # fmt: skip
    plan = PLAN.replace("gmv_net", "new_users") + 'controls = ["x1"]\n'
    tables = {"users": pd.concat([users, old]), "orders": pd.concat([orders, first]),
              "series": series, "spend": spend}  # fmt: skip
    campaign = open_campaign(workspace(tables, plans={"campaigns/test.toml": plan}))
    text = said(campaign, "costs", "effect", "returns")
    worth, head = campaign.worth, campaign.increment.headline
    roi = campaign.ops.facts["campaign.roi_incremental"]
    assert worth.basis == "model" and worth.draws is not None
    alone = times(head, worth.of_one)
    assert roi.value == pytest.approx(alone.value / 500 - 1)
    assert roi.low < alone.low / 500 - 1 and roi.high > alone.high / 500 - 1
    assert "carries the uncertainty of the effect, of the share who buy" in text
