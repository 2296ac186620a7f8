"""Experiments whose units are in both arms: stories with two headlines, read as pairs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import opsnb
from opsnb.analysis.session import Session
from opsnb.base.errors import PlanError
from opsnb.base.workspace import Workspace

from .test_experiment_trust import run, said, status

MakeWorkspace = Callable[..., Workspace]

METRICS = """
[metrics.ctr]
label = "CTR"
kind = "ratio"
table = "outcomes"
value = "clicks"
per = "views"
unit = "share"
[metrics.clicks]
label = "Clicks"
kind = "mean"
table = "outcomes"
value = "clicks"
unit = "number"
[metrics.median_clicks]
label = "Median clicks"
kind = "quantile"
quantile = 0.5
table = "outcomes"
value = "clicks"
unit = "number"
"""
PLAN = """
name = "Headlines"
owner = "Li Na"
start = 2026-10-05
end = 2026-10-18
unit = "{unit}"
control = "old"
split = {old = 0.5, new = 0.5}
{more}
[primary]
metric = "{primary}"
"""
PAIRED = 'design = "paired"'


def stories(n: int = 80, lift: float = 0.15, seed: int = 3, copies: int = 1) -> pd.DataFrame:
    """A row a story, arm and copy; click rates of stories differ more than headlines do."""
    rng = np.random.default_rng(seed)
    rates = rng.beta(2, 30, n)
    rows = []
    for story in range(n):
        for variant, rate in (("old", rates[story]), ("new", rates[story] * (1 + lift))):
            for copy in range(copies):
                views = int(rng.poisson(rng.gamma(4, 150))) + 1
                rows.append(
                    {
                        "user_id": f"s{story}-{variant}-{copy}",
                        "story": f"s{story}",
                        "variant": variant,
                        "views": views,
                        "clicks": int(rng.binomial(views, min(rate, 1))),
                    }
                )
    return pd.DataFrame(rows)


def session(
    workspace: MakeWorkspace,
    frame: pd.DataFrame,
    *,
    more: str = PAIRED,
    primary: str = "ctr",
    unit: str = "story",
) -> Session:
    text = PLAN.replace("{more}", more).replace("{primary}", primary).replace("{unit}", unit)
    made = workspace(
        {
            "assignments": frame[["user_id", "story", "variant"]].assign(experiment_id="e"),
            "outcomes": frame[["user_id", "views", "clicks"]].drop_duplicates("user_id"),
        },
        plans={"experiments/e.toml": text},
        more=METRICS,
        as_of="2026-11-16",
    )
    return Session(made, "ab_readout", cycle="2026-10", languages=["en", "zh"])


def by_hand(frame: pd.DataFrame, size: str) -> pd.DataFrame:
    """The terms of Mantel and Haenszel by story, with pandas."""
    sums = frame.assign(one=1).groupby(["story", "variant"])[["clicks", size]].sum()
    wide = sums.unstack("variant").dropna()
    total = wide[size].old + wide[size].new
    return pd.DataFrame(
        {
            "old": wide.clicks.old * wide[size].new / total,
            "new": wide.clicks.new * wide[size].old / total,
            "weight": wide[size].old * wide[size].new / total,
        }
    )


def test_the_effect_within_stories_is_found_where_stories_hide_it(
    workspace: MakeWorkspace,
) -> None:
    frame = stories()
    ops = session(workspace, frame)
    run(ops)
    terms = by_hand(frame, "views")
    diff, lift = ops.facts["ab.diff/ctr/new"], ops.facts["ab.lift/ctr/new"]
    assert lift.value == pytest.approx(terms.new.sum() / terms.old.sum() - 1)
    assert diff.value == pytest.approx((terms.new - terms.old).sum() / terms.weight.sum())
    assert diff.p_value == pytest.approx(stats.ttest_1samp(terms.new - terms.old, 0).pvalue)
    for edge in (lift.low, lift.high):
        shifted = terms.new - (1 + edge) * terms.old
        assert stats.ttest_1samp(shifted, 0).pvalue == pytest.approx(0.05, rel=1e-6)
    assert (diff.n, diff.method) == (80, "paired")
    assert ops.facts["ab.verdict"].value == "ship"
    assert status(ops, "srm") == "pass"
    assert said(ops, "pairs.new") == "All 80 units (story) are in both arms, the control and new."


def test_headlines_that_are_alike_are_not_told_apart(workspace: MakeWorkspace) -> None:
    ops = session(workspace, stories(lift=0.0))
    run(ops)
    assert ops.facts["ab.verdict"].value == "hold"
    assert ops.facts["ab.lift/ctr/new"].low < 0 < ops.facts["ab.lift/ctr/new"].high


def test_a_mean_over_several_rows_weighs_stories_by_their_rows(workspace: MakeWorkspace) -> None:
    frame = stories(copies=3)
    frame = frame[~frame.user_id.isin(["s1-old-2", "s4-new-0", "s4-new-1", "s9-old-1"])]
    ops = session(workspace, frame, primary="clicks")
    run(ops)
    terms = by_hand(frame.assign(one=1), "one")
    found = ops.facts["ab.diff/clicks/new"]
    assert found.value == pytest.approx((terms.new - terms.old).sum() / terms.weight.sum())
    assert ops.facts["ab.srm"].value > 0.05


def test_pairs_that_the_plan_does_not_name_are_read_as_pairs_and_said(
    workspace: MakeWorkspace,
) -> None:
    ops = session(workspace, stories(), more='across_arms = "dunnett"')
    shown = run(ops)
    assert status(ops, "paired") == "warn"
    assert 'write design = "paired" into the plan' in said(ops, "paired")
    assert "deviation.design" in ops.checks
    assert ops.facts["ab.lift/ctr/new"].method == "paired"
    assert ">B</span>" in str(shown["summary"].payload())


def test_a_few_stories_in_both_arms_are_left_out_as_before(workspace: MakeWorkspace) -> None:
    frame = stories()
    number = frame.story.str[1:].astype(int)
    kept = np.where(number % 2, "new", "old") == frame.variant
    frame = frame[kept | (number < 4)]
    ops = session(workspace, frame, more="")
    run(ops)
    assert "paired" not in ops.checks
    assert ops.facts["ab.users//old"].value == 38
    assert ops.facts["ab.several_arms"].value == pytest.approx(4 / 80)


def test_stories_lost_from_one_arm_make_the_pairs_invalid(workspace: MakeWorkspace) -> None:
    frame = stories()
    gone = frame.story.str[1:].astype(int).lt(20) & frame.variant.eq("new")
    ops = session(workspace, frame[~gone])
    run(ops)
    assert status(ops, "pairs.new") == "block"
    assert ops.facts["ab.unpaired//new"].value == pytest.approx(20 / 80)
    assert ops.facts["ab.unpaired//new"].p_value == pytest.approx(2**-19)
    assert ops.facts["ab.verdict"].value == "invalid"


def test_stories_lost_alike_are_left_out_and_said(workspace: MakeWorkspace) -> None:
    frame = stories()
    number = frame.story.str[1:].astype(int)
    gone = number.lt(5) & frame.variant.eq("new") | number.between(5, 8) & frame.variant.eq("old")
    ops = session(workspace, frame[~gone])
    run(ops)
    assert status(ops, "pairs.new") == "pass"
    assert "4 are in old alone" not in said(ops, "pairs.new")
    assert "5 are in old alone and 4 in new alone" in said(ops, "pairs.new")
    assert ops.facts["ab.diff/ctr/new"].n == 71


def test_rows_that_are_not_dealt_out_as_planned_make_it_invalid(workspace: MakeWorkspace) -> None:
    frame = stories(copies=4)
    number, copy = frame.story.str[1:].astype(int), frame.user_id.str[-1].astype(int)
    frame = frame[frame.variant.eq("old") | (copy <= number % 3)]
    ops = session(workspace, frame)
    run(ops)
    assert status(ops, "srm") == "block"
    assert "do not fit the planned split" in said(ops, "srm")
    assert ops.facts["ab.verdict"].value == "invalid"


def test_too_few_pairs_are_no_result(workspace: MakeWorkspace) -> None:
    ops = session(workspace, stories(n=5))
    run(ops)
    assert status(ops, "few_pairs.new") == "block"
    assert ops.facts["ab.verdict"].value == "invalid"
    few = session(workspace, stories(n=12))
    run(few)
    assert status(few, "few_pairs.new") == "warn"


def test_a_guardrail_is_held_within_stories(workspace: MakeWorkspace) -> None:
    frame = stories(n=200, lift=0.1)
    more = f'{PAIRED}\nguardrails = [{{metric = "clicks", margin = 0.05}}]'
    ops = session(workspace, frame, more=more)
    run(ops)
    terms = by_hand(frame.assign(one=1), "one")
    theirs = stats.ttest_1samp(terms.new - 0.95 * terms.old, 0, alternative="greater")
    found = ops.facts["ab.guardrail/clicks/new"]
    assert found.p_value == pytest.approx(theirs.pvalue)
    assert found.value == ("pass" if theirs.pvalue < 0.025 else "not_proven")


def test_users_in_both_arms_under_one_id_are_refused_with_the_way_out(
    workspace: MakeWorkspace,
) -> None:
    frame = stories()
    frame["user_id"] = frame.story
    with pytest.raises(PlanError, match="all 80 users were in several arms") as caught:
        opsnb.Experiment(session(workspace, frame, more="", unit="user"), "e")
    assert 'design = "paired"' in caught.value.hint


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (f"{PAIRED}\ncovariate_days = 14", "has no use in a paired design"),
        (f'{PAIRED}\nacross_arms = "dunnett"', "is dunnett in a paired design"),
    ],
)
def test_what_pairs_cannot_use_is_refused(workspace: MakeWorkspace, more: str, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        opsnb.Experiment(session(workspace, stories(), more=more), "e")


def test_a_quantile_within_units_is_no_result(workspace: MakeWorkspace) -> None:
    ops = session(workspace, stories(), primary="median_clicks")
    run(ops)
    assert "is a quantile" in said(ops, "pairs")
    assert ops.facts["ab.verdict"].value == "invalid"


def test_stories_that_nobody_clicked_are_no_result(workspace: MakeWorkspace) -> None:
    ops = session(workspace, stories().assign(clicks=0))
    run(ops)
    assert "cannot be compared within units (story)" in said(ops, "pairs")
    assert ops.facts["ab.verdict"].value == "invalid"
