"""Why a KPI moved: groups add up to the whole, new users told from old ones, Simpson flagged."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsnb.analysis.metrics.measure import TENURE
from opsnb.analysis.reviews.period.change_by_group import DIMENSIONS, moved, shares, split
from opsnb.analysis.reviews.period.drivers import drivers, tree
from opsnb.analysis.reviews.period.evidence import PeriodEvidence
from opsnb.analysis.reviews.period.why_changed import why
from opsnb.analysis.session import Session
from opsnb.base.errors import MetricError
from opsnb.base.workspace import Workspace


@pytest.fixture(scope="module")
def october(sample: Workspace) -> PeriodEvidence:
    return PeriodEvidence(Session(sample, "monthly_retrospective", cycle="2026-10"))


def value(month: PeriodEvidence, metric: str) -> tuple[float, float]:
    before, now = (
        month.ops.meter.value(metric, period).value
        for period in (month.period.previous(), month.period)
    )
    assert before is not None and now is not None
    return before, now


def test_every_split_adds_up_to_the_change(october: PeriodEvidence) -> None:
    """Each KPI that moved, by every dimension that can split it."""
    tried = 0
    for kpi in moved(october):
        before, now = value(october, kpi.metric.id)
        for dimension in DIMENSIONS:
            rate = split(october, kpi.metric.id, dimension)
            if kpi.metric.kind in ("sum", "count", "distinct"):
                found = shares(october, kpi.metric.id, dimension)
                if found is not None:
                    assert abs(found.change - (now - before)) <= 1e-9 * max(abs(now), 1)
                    tried += 1
            elif rate is not None:
                parts = rate.parts
                assert abs(parts.mix + parts.rate - (now - before)) <= 1e-9 * max(abs(now), 1)
                tried += 1
    assert tried >= 20


def test_trees_of_products_and_sums(october: PeriodEvidence) -> None:
    """CAC is spend over new users, spend the sum of its kinds."""
    drivers(october, "cac")
    part = {
        f.segment: f.value
        for f in october.ops.facts.values()
        if f.id in ("change.driver", "change.subdriver") and f.metric == "cac"
    }
    assert part["new_users"] < 0 < part["spend"]
    kinds = [worth for path, worth in part.items() if path and path.startswith("spend/")]
    assert len(kinds) == 3 and sum(kinds) == pytest.approx(part["spend"], rel=1e-9)
    before, now = value(october, "cac")
    assert part["spend"] + part["new_users"] == pytest.approx(now - before, rel=1e-9)


def test_a_driver_that_cannot_be_measured_makes_a_leaf(workspace: Callable[..., Workspace]) -> None:
    orders = bought([("a", "2026-09-03", 10.0), ("b", "2026-10-03", 30.0)]).assign(status="paid")
    more = '[metrics.aov]\nextends = "aov"\ndrivers = ["gross_order_value", "cac"]\n'
    month = october_of(workspace({"orders": orders}, more=more))
    root = tree(month, "aov")
    assert root is not None and not root.drivers  # cac needs spend, which is not mapped
    assert "maps no spend" in drivers(month, "aov")[0].plain(month.ops.language)


# -- new and old users -----------------------------------------------------------------------


def bought(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    """Orders, and one in November, so that October is over in the data."""
    rows = [*rows, ("later", "2026-11-02", 1.0)]
    return pd.DataFrame(
        {
            "order_id": [str(n) for n in range(len(rows))],
            "user_id": [row[0] for row in rows],
            "ordered_at": pd.to_datetime([row[1] for row in rows]),
            "amount": [row[2] for row in rows],
        }
    )


def october_of(workspace: Workspace) -> PeriodEvidence:
    return PeriodEvidence(Session(workspace, "monthly_retrospective", cycle="2026-10"))


def test_tenure_by_hand(workspace: Callable[..., Workspace]) -> None:
    users = pd.DataFrame(
        {"user_id": ["a", "b"], "registered_at": pd.to_datetime(["2026-08-01", "2026-10-02"])}
    )
    orders = bought(
        [("a", "2026-09-09", 10), ("a", "2026-10-09", 20), ("b", "2026-10-09", 5),
         ("nobody", "2026-10-09", 1)]
    )  # fmt: skip
    told = "recorded_from = 2026-08-01\nclosed = [{start = 2026-08-01, end = 2026-11-02}]"
    month = october_of(workspace({"users": users, "orders": orders}, more=told))
    found = shares(month, "gmv_net", TENURE)
    assert found is not None
    assert found.groups == {"old": (10, 20), "new": (0, 5), "(none)": (0, 1)}
    text = why(month, "gmv_net", TENURE)[0].plain(month.ops.language)
    assert "new users" in text and "existing users" in text
    with pytest.raises(MetricError, match="cannot tell new users"):
        month.ops.meter.measure("new_users", [month.period], by=TENURE)


people = st.dictionaries(
    st.sampled_from("abcdef"),
    st.dates(dt.date.fromisoformat("2026-08-01"), dt.date.fromisoformat("2026-10-31")),
)
purchases = st.lists(
    st.tuples(
        st.sampled_from("abcdefg"),
        st.dates(dt.date.fromisoformat("2026-09-01"), dt.date.fromisoformat("2026-10-31")),
        st.integers(1, 99),
    ),
    min_size=1,
    max_size=12,
)


@given(people, purchases)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_tenure_against_pandas(
    workspace: Callable[..., Workspace], registered: dict[str, object], orders: list[tuple]
) -> None:
    users = pd.DataFrame(
        {"user_id": list(registered) or ["z"],
         "registered_at": pd.to_datetime(list(registered.values()) or ["2026-08-01"])}
    )  # fmt: skip
    frame = bought([(who, str(day), float(amount)) for who, day, amount in orders])
    month = october_of(workspace({"users": users, "orders": frame}))
    joined = frame.merge(users, on="user_id", how="left")
    for period in (month.period.previous(), month.period):
        start = pd.Timestamp(period.start)
        inside = joined[joined["ordered_at"].dt.to_period("M") == start.to_period("M")]
        group = inside["registered_at"].map(
            lambda day: "(none)" if pd.isna(day) else "new" if day >= start else "old"  # noqa: B023
        )
        expected = inside["amount"].groupby(group).sum().to_dict()
        measured = month.ops.meter.measure("gmv_net", [period], by=TENURE)
        assert {m.group: m.value for m in measured if m.group} == pytest.approx(expected)


# -- Simpson -----------------------------------------------------------------------------------


def test_simpsons_paradox_is_flagged(workspace: Callable[..., Workspace]) -> None:
    """Rates rise in both channels while the whole falls: the weak channel grew."""
    rows = []
    for month, counts in (
        ("2026-09", {"strong": (80, 40), "weak": (20, 2)}),
        ("2026-10", {"strong": (20, 11), "weak": (80, 12)}),
    ):
        for channel, (visits, orders) in counts.items():
            rows += [(f"{month}-05", channel, "visit")] * visits
            rows += [(f"{month}-05", channel, "order")] * orders
    events = pd.DataFrame(rows, columns=["event_at", "channel", "event"])
    events["event_at"] = pd.to_datetime(events["event_at"])
    events["user_id"] = "u" + events.index.astype(str)
    orders = bought([("u1", "2026-09-05", 1), ("u1", "2026-10-05", 1)])
    since = "recorded_from = 2026-09-01\nrecorded_until = 2026-11-02"
    month = october_of(workspace({"orders": orders, "events": events}, more=since))
    page = "\n".join(part.plain(month.ops.language) for part in why(month, "conversion_rate"))
    assert "Simpson's paradox" in page
    check = month.ops.checks["simpson.conversion_rate.channel"]
    assert check.status == "warn"
    found = split(month, "conversion_rate", "channel")
    assert found is not None and found.parts.reversal and found.parts.change < 0
    assert math.isclose(found.parts.mix + found.parts.rate, found.parts.change, rel_tol=1e-9)


def test_users_in_several_groups_are_not_split(workspace: Callable[..., Workspace]) -> None:
    """One user on two devices would count twice: that dimension is left out."""
    events = pd.DataFrame(
        {
            "user_id": ["u", "u", "v", "u", "v"],
            "event_at": pd.to_datetime(["2026-09-02"] * 3 + ["2026-10-02"] * 2),
            "event": "visit",
            "device": ["ios", "web", "web", "ios", "web"],
        }
    )
    orders = bought([("u", "2026-09-05", 1), ("u", "2026-10-05", 1)])
    month = october_of(workspace({"orders": orders, "events": events}))
    assert shares(month, "active_users", "device") is None
