"""Arms in which nothing happens, nobody is, or all are alike: the readout stands and says so."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import opsnb
from opsnb.analysis.methods.compare import two_proportions
from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace
from tests.analysis.reviews.experiments import METRICS as OF_OUTCOMES
from tests.analysis.reviews.experiments import STEPS

MakeWorkspace = Callable[..., Workspace]

N = 1000
METRICS = (
    OF_OUTCOMES
    + """
[metrics.paid]
label = "Paid"
kind = "mean"
table = "outcomes"
value = "spent"
unit = "money"
[metrics.spent_p50]
label = "Median spent"
kind = "quantile"
quantile = 0.5
table = "outcomes"
value = "spent"
unit = "money"
"""
)
PLAN = """
name = "Test"
owner = "Li Na"
start = 2026-10-05
end = 2026-10-18
control = "control"
split = {{{split}}}
segments = ["device"]
annual_users = 100000
{more}
[primary]
metric = "{primary}"
mde = 0.05
{guardrails}
[[secondary]]
metric = "paid"
"""
GUARDRAIL = '[[guardrails]]\nmetric = "{}"\nmargin = 0.1\n'


def arm(name: str, bought: int, spent: Callable[[np.ndarray], Any], n: int = N) -> pd.DataFrame:
    """An arm of which so many users bought, in all devices and days alike."""
    index = np.arange(n)
    return pd.DataFrame(
        {
            "user_id": [f"{name}{i}" for i in index],
            "variant": name,
            "device": np.where(index % 3 == 0, "ios", "android"),
            "assigned_at": pd.Timestamp("2026-10-05") + pd.to_timedelta(index % 14, unit="D"),
            "bought": (index < bought).astype(float),
            "spent": np.broadcast_to(np.asarray(spent(index), dtype=float), n),
        }
    )


def spread(index: np.ndarray) -> np.ndarray:
    return index % 10 + 1.0


def same(value: float) -> Callable[[np.ndarray], Any]:
    return lambda _: value


def session(
    workspace: MakeWorkspace, *arms: pd.DataFrame, primary: str = "bought", more: str = "",
    guardrail: str = "", split: str = "control = 0.5, treatment = 0.5",
) -> Session:  # fmt: skip
    people = pd.concat(arms, ignore_index=True)
    keys = ["user_id", "variant", "assigned_at", "device"]
    text = PLAN.format(
        primary=primary, more=more, split=split,
        guardrails=GUARDRAIL.format(guardrail) if guardrail else "",
    )  # fmt: skip
    made = workspace(
        {
            "assignments": people[keys].assign(experiment_id="e"),
            "outcomes": people[["user_id", "bought", "spent"]],
        },
        plans={"experiments/e.toml": text},
        more=METRICS,
        as_of="2026-11-16",
    )
    return Session(made, "ab_readout", cycle="2026-10", languages=["en", "zh"])


def read(ops: Session) -> dict[str, Any]:
    """Every step of the readout, rendered in both languages."""
    readout, shown = opsnb.Experiment(ops, "e"), {}
    for step in STEPS:
        shown[step] = getattr(readout, step)()
        shown[step].payload()
    return shown


def word(ops: Session) -> Any:
    return ops.facts["ab.verdict"].value


def said(ops: Session, check: str) -> str:
    return ops.languages[0].say(ops.checks[check].message)


@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize(
    ("control", "treatment", "verdict"),
    [
        (200, 0, "stop"), (0, 50, "ship"), (N, N, "hold"), (0, 0, "hold"), (N, 0, "stop"),
        (0, 2, "hold"), (2, 0, "hold"), (N, N - 2, "hold"),
    ],
)  # fmt: skip
def test_shares_at_their_ends(
    workspace: MakeWorkspace, control: int, treatment: int, verdict: str, stratified: bool
) -> None:
    """The score test has an answer for every pair of counts, and the page shows it."""
    more = "ramp = [{until = 2026-10-06, split = {control = 0.5, treatment = 0.5}}]"
    ops = session(
        workspace, arm("control", control, spread), arm("treatment", treatment, spread),
        guardrail="spent", more=more if stratified else "",
    )  # fmt: skip
    read(ops)
    assert word(ops) == verdict
    diff = ops.facts["ab.diff/bought/treatment"]
    assert diff.value == pytest.approx((treatment - control) / N)
    assert diff.low < diff.high and math.isfinite(diff.low + diff.high)
    if not stratified:
        exact = two_proportions(control, N, treatment, N).diff
        assert (diff.low, diff.high) == pytest.approx((exact.low, exact.high))


def test_a_control_without_an_event_is_not_called_plausible(workspace: MakeWorkspace) -> None:
    ops = session(workspace, arm("control", 0, spread), arm("treatment", 50, spread))
    shown = read(ops)
    assert "plausible" not in ops.checks and ops.checks["plausible.treatment"].status == "warn"
    assert "0 for all 1,000 of the control" in said(ops, "plausible.treatment")
    sentence = shown["summary"].payload()["languages"]["en"]["verdict"]["sentence"]
    assert "too large to be believed unchecked" in sentence


def test_nobody_in_either_arm_is_said(workspace: MakeWorkspace) -> None:
    ops = session(workspace, arm("control", 0, spread), arm("treatment", 0, spread))
    read(ops)
    assert ops.checks["plausible"].status == "warn"
    assert "check that it is recorded at all" in said(ops, "plausible")


@pytest.mark.parametrize(
    ("control", "treatment", "why"),
    [
        (same(3), same(3), "the same for every user"),
        (same(3), same(4), "the same for every user"),
        (same(0), same(0), "the same for every user"),
    ],
)
def test_a_constant_primary_is_a_sentence(
    workspace: MakeWorkspace, control: Any, treatment: Any, why: str
) -> None:
    ops = session(
        workspace, arm("control", 300, control), arm("treatment", 300, treatment),
        primary="spent", guardrail="bought",
    )  # fmt: skip
    shown = read(ops)
    assert word(ops) == "hold" and ops.checks["srm"].status == "pass"
    assert why in said(ops, "comparable") and "ab.diff/spent/treatment" not in ops.facts
    verdict = shown["summary"].payload()["languages"]["en"]["verdict"]
    assert why in verdict["sentence"] and "cannot be decided" in verdict["sentence"]


def test_a_broken_guardrail_stops_also_beside_a_constant_primary(workspace: MakeWorkspace) -> None:
    ops = session(
        workspace, arm("control", 500, same(3)), arm("treatment", 200, same(3)),
        primary="spent", guardrail="bought",
    )  # fmt: skip
    read(ops)
    assert word(ops) == "stop"


def test_the_split_alone_decides_that_a_constant_primary_is_invalid(
    workspace: MakeWorkspace,
) -> None:
    ops = session(
        workspace, arm("control", 300, same(3)), arm("treatment", 300, same(3), 800),
        primary="spent",
    )  # fmt: skip
    read(ops)
    assert word(ops) == "invalid"
    assert "Furthest off is treatment: 800 instead of 900." in said(ops, "srm")


@pytest.mark.parametrize("zero", ["control", "treatment"])
def test_an_amount_that_is_zero_in_one_arm(workspace: MakeWorkspace, zero: str) -> None:
    amounts = {"control": spread, "treatment": spread} | {zero: same(0)}
    ops = session(
        workspace, *(arm(name, 300, spent) for name, spent in amounts.items()), primary="spent"
    )
    read(ops)
    assert word(ops) == ("stop" if zero == "treatment" else "ship")
    assert ops.checks["plausible.treatment"].status == "warn"


@pytest.mark.parametrize("procedure", ["holm", "dunnett"])
@pytest.mark.parametrize("metric", ["bought", "spent"])
def test_one_of_two_treatments_has_nothing_as_the_control(
    workspace: MakeWorkspace, metric: str, procedure: str
) -> None:
    ops = session(
        workspace, arm("control", 0, same(0)), arm("one", 0, same(0)), arm("two", 60, spread),
        primary=metric, guardrail="bought", more=f'across_arms = "{procedure}"',
        split="control = 0.34, one = 0.33, two = 0.33",
    )  # fmt: skip
    read(ops)
    assert word(ops) in ("ship", "hold")
    if metric == "spent":
        assert "same for every user" in said(ops, "comparable.one")
        assert "ab.diff/spent/one" not in ops.facts and "ab.diff/spent/two" in ops.facts
    else:
        assert ops.facts["ab.diff/bought/one"].p_value == 1


def test_a_median_among_ties_names_the_way_out(workspace: MakeWorkspace) -> None:
    ops = session(
        workspace, arm("control", 300, same(5)), arm("treatment", 300, spread),
        primary="spent_p50",
    )  # fmt: skip
    read(ops)
    assert word(ops) == "hold" and ops.facts["ab.srm"].value > 0.1
    assert "50% quantile lies among many equal values (5" in said(ops, "comparable")
    assert "share of users above" in said(ops, "comparable")


@pytest.mark.parametrize("names", [("control", "Treatment"), ("Control", "treatment"), ("A", "B")])
def test_arms_of_another_name_are_invalid_and_named(
    workspace: MakeWorkspace, names: tuple[str, str]
) -> None:
    ops = session(workspace, *(arm(name, 300, spread) for name in names))
    read(ops)
    assert word(ops) == "invalid"
    assert all(name in said(ops, "srm") for name in {*names} - {"control", "treatment"})


def test_a_canary_of_three_is_tested_exactly(workspace: MakeWorkspace) -> None:
    ops = session(
        workspace, arm("control", 90, spread, 297), arm("treatment", 1, spread, 3),
        split="control = 0.99, treatment = 0.01",
    )  # fmt: skip
    read(ops)
    assert word(ops) == "hold" and ops.checks["srm"].status == "pass"
    assert ops.facts["ab.srm"].value == pytest.approx(stats.binomtest(3, 300, 0.01).pvalue)
    assert "exact test" in said(ops, "srm")


@pytest.mark.parametrize("users", [0, 1])
@pytest.mark.parametrize("metric", ["bought", "spent", "spent_p50"])
def test_a_canary_of_nobody_yet(workspace: MakeWorkspace, metric: str, users: int) -> None:
    ops = session(
        workspace, arm("control", 90, spread, 299), arm("treatment", 0, spread, users),
        split="control = 0.99, treatment = 0.01", primary=metric,
    )  # fmt: skip
    shown = read(ops)
    assert word(ops) == "hold"
    if not users:
        assert "Nobody" in said(ops, "srm") or ops.checks["srm"].status == "pass"
        assert "nobody is in treatment" in shown["primary"].plain(ops.languages[0])


def test_the_group_in_which_the_split_broke_is_named(workspace: MakeWorkspace) -> None:
    treated = arm("treatment", 300, spread)
    android = treated.index[treated.device == "android"][:200]
    ops = session(workspace, arm("control", 300, spread), treated.drop(android))
    read(ops)
    assert word(ops) == "invalid"
    text = said(ops, "srm.device")
    assert "“android” alone (control 666, treatment 466;" in text
    assert "treatment: 466 instead of 566" in text and "1 of 2 groups" in text


def test_guardrails_and_secondary_metrics_show_levels(workspace: MakeWorkspace) -> None:
    ops = session(
        workspace, arm("control", 51, spread), arm("treatment", 91, spread),
        primary="spent", guardrail="bought",
    )  # fmt: skip
    shown = read(ops)
    for language in ops.languages:
        page = shown["guardrails"].plain(language)
        assert "5.10%" in page and "9.10%" in page and "+4.00" in page
        assert "5.50" in shown["secondary"].plain(language)
