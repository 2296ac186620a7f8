"""The trust gate, deviations from the plan, and no plan at all, on data that trips them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

import opsnb
from opsnb.analysis.session import Session
from opsnb.base.errors import ParameterError, PlanError
from opsnb.base.workspace import Workspace
from tests.analysis.reviews.experiments import METRICS, STEPS

MakeWorkspace = Callable[..., Workspace]

N = 2000
START = pd.Timestamp("2026-10-05")
PLAN = """
name = "Test"
owner = "Li Na"
start = 2026-10-05
end = 2026-10-18
control = "control"
split = {control = 0.5, treatment = 0.5}
{more}
[primary]
metric = "{primary}"
"""


def people(control: float = 0.5, treatment: float = 0.5, n: int = N) -> pd.DataFrame:
    """Two arms met evenly over two weeks; exactly these shares bought, whatever the day."""
    parts = []
    for variant, share in (("control", control), ("treatment", treatment)):
        index = np.arange(n)
        parts.append(
            pd.DataFrame(
                {
                    "user_id": [f"{variant}{i}" for i in index],
                    "variant": variant,
                    "assigned_at": START + pd.to_timedelta(index % 14, unit="D"),
                    "bought": (index * 7 % n < round(share * n)).astype(float),
                    "spent": index % 10 + 1.0,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def session(
    workspace: MakeWorkspace,
    frame: pd.DataFrame,
    *,
    outcomes: pd.DataFrame | None = None,
    more: str = "",
    primary: str = "bought",
    plan: bool = True,
    as_of: str = "2026-11-16",
    columns: tuple[str, ...] = (),
    metrics: str = METRICS,
) -> Session:
    keys = ["user_id", "variant", "assigned_at", *columns]
    results = frame.drop_duplicates("user_id") if outcomes is None else outcomes
    text = PLAN.replace("{more}", more).replace("{primary}", primary)
    made = workspace(
        {
            "assignments": frame[keys].assign(experiment_id="e"),
            "outcomes": results.drop(columns=["variant", "assigned_at", *columns], errors="ignore"),
        },
        plans={"experiments/e.toml": text} if plan else None,
        more=metrics,
        as_of=as_of,
    )
    return Session(made, "ab_readout", cycle="2026-10", languages=["en", "zh"])


def run(ops: Session, **given: Any) -> Mapping[str, Any]:
    readout = opsnb.Experiment(ops, "e", **given)
    shown = {}
    for step in STEPS:
        shown[step] = getattr(readout, step)()
        shown[step].payload()  # rendered before the next cell runs
    return shown


def said(ops: Session, check: str) -> str:
    return ops.languages[0].say(ops.checks[check].message)


def status(ops: Session, check: str) -> str:
    return ops.checks[check].status


# -- exposure ----------------------------------------------------------------------------


def test_exposure_outside_the_dates_is_counted_by_user(workspace: MakeWorkspace) -> None:
    frame = people()
    frame.loc[:4, "assigned_at"] = pd.Timestamp("2026-10-01")
    frame.loc[10:12, "assigned_at"] = pd.Timestamp("2026-10-25")
    ops = session(workspace, frame)
    run(ops)
    assert status(ops, "exposure_dates") == "warn"
    assert "5 before the planned start" in said(ops, "exposure_dates")
    assert "3 after the end" in said(ops, "exposure_dates")
    assert ops.facts["ab.outside_dates"].value == pytest.approx(8 / (2 * N))
    assert {"deviation.start", "deviation.end"} <= set(ops.checks)


def test_repeated_exposures_count_once_from_the_first(workspace: MakeWorkspace) -> None:
    frame = people()
    again = frame.head(30).assign(assigned_at=lambda t: t.assigned_at + pd.Timedelta(days=2))
    ops = session(workspace, pd.concat([frame, again]))
    run(ops)
    assert ops.facts["ab.repeated_exposures"].value == 30
    assert ops.facts["ab.users//control"].value == N
    assert ops.facts["ab.several_arms"].value == 0


# -- outcomes ----------------------------------------------------------------------------


def test_outcomes_before_exposure_do_not_count(workspace: MakeWorkspace) -> None:
    frame = people(0.5, 0.5)
    outcomes = frame.assign(date=frame.assigned_at.dt.date)
    early = frame.head(50).assign(date=frame.assigned_at.dt.date.min() - pd.Timedelta(days=3),
                                  bought=1.0)  # fmt: skip
    ops = session(workspace, frame, outcomes=pd.concat([outcomes, early]))
    run(ops)
    assert status(ops, "early_outcomes") == "warn"
    assert ops.facts["ab.early_outcomes"].value == pytest.approx(50 / (2 * N))
    assert ops.facts["ab.value/bought/control"].value == pytest.approx(0.5)


def test_unequal_attrition_blocks_and_equal_attrition_does_not(workspace: MakeWorkspace) -> None:
    frame = people()
    lost = frame.variant.eq("control") & (frame.index % 20 == 0)
    ops = session(workspace, frame, outcomes=frame[~lost])
    run(ops)
    assert status(ops, "missing_outcomes") == "block"
    assert ops.facts["ab.verdict"].value == "invalid"
    assert ops.facts["ab.missing_outcomes//control"].value == pytest.approx(0.05)
    alike = session(workspace, frame, outcomes=frame[frame.index % 20 != 0])
    run(alike)
    assert status(alike, "missing_outcomes") == "warn"
    assert alike.facts["ab.verdict"].value != "invalid"


def test_null_values_are_counted_and_unequal_ones_block(workspace: MakeWorkspace) -> None:
    frame = people()
    frame.loc[frame.index % 50 == 0, "spent"] = None
    ops = session(workspace, frame, primary="spent")
    run(ops)
    assert ops.facts["ab.null_share/spent"].value == pytest.approx(0.02)
    assert status(ops, "nulls.spent") == "pass"
    frame.loc[frame.variant.eq("control") & (frame.index % 10 == 0), "spent"] = None
    unequal = session(workspace, frame, primary="spent")
    run(unequal)
    assert status(unequal, "nulls.spent") == "block"


def test_a_lift_too_good_to_be_true_is_flagged_with_its_threshold(workspace: MakeWorkspace) -> None:
    ops = session(workspace, people(0.3, 0.45))
    run(ops)
    assert status(ops, "plausible.treatment") == "warn"
    assert "beyond ±30%" in said(ops, "plausible.treatment")
    modest = session(workspace, people(0.5, 0.55))
    run(modest)
    assert status(modest, "plausible") == "pass"


# -- the split ---------------------------------------------------------------------------


def crook() -> pd.DataFrame:
    """Crook et al. 2009 in small: the treatment wins on each day and loses pooled."""
    parts = []
    for day, variant, n, hits in (
        (0, "control", 19800, 400), (0, "treatment", 200, 5),
        (1, "control", 10000, 100), (1, "treatment", 10000, 120),
    ):  # fmt: skip
        index = np.arange(n)
        parts.append(
            pd.DataFrame(
                {
                    "user_id": [f"{day}{variant}{i}" for i in index],
                    "variant": variant,
                    "assigned_at": START + pd.Timedelta(days=day),
                    "bought": (index < hits).astype(float),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


RAMP = "[[ramp]]\nuntil = 2026-10-05\nsplit = {control = 0.99, treatment = 0.01}\n"


def test_a_planned_ramp_is_compared_within_days(workspace: MakeWorkspace) -> None:
    """Pooled 1.68 % against 1.23 %; within days 2.02 v 2.50 and 1.00 v 1.20."""
    ops = session(workspace, crook(), more=RAMP)
    shown = run(ops)
    assert status(ops, "srm") == "pass" and status(ops, "srm.assigned_date") == "pass"
    diff = ops.facts["ab.diff/bought/treatment"]
    expected = 0.5 * (5 / 200 - 400 / 19800) + 0.5 * (120 - 100) / 10000
    assert diff.value == pytest.approx(expected)
    assert diff.method == "stratified"
    pooled = ops.facts["ab.robustness/bought/treatment/unstratified"]
    assert pooled.value < 0 < diff.value
    assert "within days" in shown["primary"].plain(ops.languages[0])


def test_an_unplanned_change_of_the_split_is_said_and_blocks(workspace: MakeWorkspace) -> None:
    ops = session(workspace, crook())
    run(ops)
    assert status(ops, "split_changed") == "warn"
    assert ops.facts["ab.diff/bought/treatment"].value > 0
    assert status(ops, "srm") == "block"


# -- segments ----------------------------------------------------------------------------


def test_a_segment_recorded_after_exposure_is_refused(workspace: MakeWorkspace) -> None:
    frame = people().assign(level=lambda t: (t.index % 3).astype(str))
    ops = session(workspace, frame, more='segments = ["level", "planet"]')
    text = run(ops)["segments"].plain(ops.languages[0])
    assert "Refused: level is a column of outcomes, recorded after exposure" in text
    assert "no attribute planet" in text
    assert "deviation.segments" in ops.checks
    assert not [key for key in ops.facts if key.startswith("ab.segment/")]


def test_a_segment_of_the_assignment_is_read(workspace: MakeWorkspace) -> None:
    frame = people(0.5, 0.56).assign(level=lambda t: np.where(t.index % 2, "odd", "even"))
    ops = session(workspace, frame, more='segments = ["level"]', columns=("level",))
    run(ops)
    assert ops.facts["ab.segment/bought/treatment/level=odd"].n == N
    assert ops.facts["ab.heterogeneity/bought/treatment/level"].p_value is not None


# -- the plan ----------------------------------------------------------------------------


def test_a_run_as_planned_has_no_deviation(workspace: MakeWorkspace) -> None:
    ops = session(workspace, people())
    shown = run(ops)["show_plan"].plain(ops.languages[0])
    assert ops.facts["ab.deviations"].value == 0
    assert "no deviation" in shown


def test_deviations_are_listed(workspace: MakeWorkspace) -> None:
    frame = people()
    frame.loc[frame.index < 20, "variant"] = "c"
    more = "looks = 1\n[[guardrails]]\nmetric = 'refund_rate'\nmargin = 0.1\n"
    ops = session(workspace, frame, more=more)
    run(ops, looks=3)
    assert {"deviation.arms", "deviation.metrics", "deviation.looks"} <= set(ops.checks)
    assert "read 3 times; 1 were planned" in said(ops, "deviation.looks")


def test_an_experiment_without_a_plan(workspace: MakeWorkspace) -> None:
    ops = session(workspace, people(0.5, 0.56), plan=False)
    shown = run(ops, metric="bought")
    verdict = shown["summary"].payload()["languages"]["en"]["verdict"]
    assert verdict["sentence"].startswith("Unregistered. ")
    assert verdict["grade"] == "B"
    assert status(ops, "unregistered") == "warn"
    assert status(ops, "srm") == "warn" and ops.facts["ab.srm"].value is None
    assert ops.facts["ab.verdict"].value == "ship"
    assert {row["grade"] for row in shown["primary"].payload()["languages"]["en"]["findings"]} == {
        "B"
    }


def test_unequal_shares_without_a_plan_are_no_reason_to_refuse(workspace: MakeWorkspace) -> None:
    frame = people(0.5, 0.56)
    ops = session(workspace, frame.drop(frame.index[:1000]), plan=False)
    run(ops, metric="bought")
    assert ops.facts["ab.verdict"].value != "invalid"
    assert "nobody registered the split" in said(ops, "srm")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, r'"e" has no plan, so its primary metric must be given.*-p metric=ID'),
        ({"metric": "bougt"}, r'unknown metric "bougt".*did you mean "bought"'),
        ({"metric": "bought", "control": "x"}, r'the control "x" is no arm.*control, treatment'),
    ],
)
def test_what_a_missing_plan_needs(
    workspace: MakeWorkspace, given: dict[str, str], said: str
) -> None:
    with pytest.raises(ParameterError, match=said):
        opsnb.Experiment(session(workspace, people(), plan=False), "e", **given)


def test_a_control_that_no_name_tells(workspace: MakeWorkspace) -> None:
    frame = people().replace({"variant": {"control": "old", "treatment": "new"}})
    with pytest.raises(ParameterError, match=r"which arm of .e. is the control cannot be told"):
        opsnb.Experiment(session(workspace, frame, plan=False), "e", metric="bought")


def test_the_registered_primary_metric_stays(workspace: MakeWorkspace) -> None:
    with pytest.raises(ParameterError, match=r'registers "bought" as the primary metric'):
        opsnb.Experiment(session(workspace, people()), "e", metric="spent")


# -- reading early -----------------------------------------------------------------------


def test_a_fixed_test_read_early_is_decided_by_the_confidence_sequence(
    workspace: MakeWorkspace,
) -> None:
    frame = people(0.5, 0.55)
    frame = frame[frame.assigned_at < "2026-10-12"]
    ops = session(workspace, frame, as_of="2026-10-12")
    shown = run(ops)
    fact = ops.facts["ab.sequential/bought/treatment"]
    usual = ops.facts["ab.lift/bought/treatment"]
    assert fact.method == "confidence_sequence"
    assert usual.low > 0 > fact.low  # significant at a fixed end, not yet for daily reading
    assert ops.facts["ab.verdict"].value == "hold"
    assert "deviation.early" in ops.checks
    verdict = shown["summary"].payload()["languages"]["en"]["verdict"]["sentence"]
    assert verdict.startswith("Interim, not decision-grade. ")


def test_a_planned_look_is_decided_by_its_bound(workspace: MakeWorkspace) -> None:
    frame = people(0.5, 0.6)
    frame = frame[frame.assigned_at < "2026-10-12"]
    ops = session(workspace, frame, more="looks = 2", as_of="2026-10-12")
    run(ops)
    fact = ops.facts["ab.sequential/bought/treatment"]
    assert fact.method == "lan_demets"
    assert "look 1 of 2" in said(ops, "early")
    assert "deviation.early" not in ops.checks
    assert ops.facts["ab.verdict"].value == "ship"


# -- clusters ----------------------------------------------------------------------------


def test_rows_of_a_randomised_cluster_are_not_independent(workspace: MakeWorkspace) -> None:
    """Forty stores of fifty users: each store's users are alike, so n is forty."""
    frame = people().assign(store=lambda t: t.variant + (t.index % 20).astype(str))
    frame["spent"] = frame.store.map(hash_of) + frame.variant.eq("treatment")
    ops = session(workspace, frame, more='unit = "store"', primary="spent", columns=("store",))
    run(ops)
    diff = ops.facts["ab.diff/spent/treatment"]
    means = frame.groupby(["variant", "store"]).spent.mean()
    assert diff.n == 40
    assert diff.value == pytest.approx(means["treatment"].mean() - means["control"].mean())
    spread = means.groupby("variant").var() / 20
    half = (diff.high - diff.low) / 2
    assert half == pytest.approx(2.02 * np.sqrt(spread.sum()), rel=0.01)
    assert ops.facts["ab.users//control"].value == 20


@pytest.mark.parametrize(("stores", "state"), [(3, "block"), (4, "warn")])
def test_three_clusters_an_arm_conclude_nothing(
    workspace: MakeWorkspace, stores: int, state: str
) -> None:
    """Of six stores three can be drawn in 20 ways: no draw has a two-sided p below .1."""
    frame = people().assign(assigned_at=START)
    number = frame.index % np.where(frame.variant == "treatment", stores, 10)
    frame["store"] = frame.variant + number.astype(str)
    frame["spent"] = frame.store.map(hash_of) + 20.0 * frame.variant.eq("treatment")
    ops = session(workspace, frame, more='unit = "store"', primary="spent", columns=("store",))
    run(ops)
    assert status(ops, "few_clusters") == state
    assert (ops.facts["ab.verdict"].value == "invalid") == (state == "block")
    assert ("even the most extreme draw" in said(ops, "few_clusters")) == (state == "block")


def hash_of(store: str) -> float:
    return float(sum(map(ord, store)) % 7)


def test_a_cluster_without_its_column_is_refused(workspace: MakeWorkspace) -> None:
    with pytest.raises(PlanError, match=r'randomises by "store", but the assignments have no'):
        opsnb.Experiment(session(workspace, people(), more='unit = "store"'), "e")
