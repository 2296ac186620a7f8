"""What a plan may choose: quantiles, windows after exposure, Dunnett, a covariate; and order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import opsnb
from opsnb.analysis.methods.compare import difference
from opsnb.analysis.methods.cuped import cuped
from opsnb.analysis.methods.dunnett import dunnett
from opsnb.analysis.methods.moments import Joint, Moments
from opsnb.analysis.methods.quantiles import quantile_moments, quantile_ranks
from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace

from .test_experiment_trust import METRICS, PLAN, STEPS, N, people, run, said, session, status

MakeWorkspace = Callable[..., Workspace]

OWN = (
    METRICS
    + """
[metrics.load_p90]
label = "Load time, P90"
kind = "quantile"
quantile = 0.9
table = "events"
value = "value"
unit = "number"
direction = "down"
[metrics.load_mean]
label = "Load time"
kind = "ratio"
table = "events"
value = "value"
unit = "number"
direction = "down"
[metrics.visited]
label = "Visited"
kind = "proportion"
table = "events"
unit = "share"
"""
)
DAY = pd.Timedelta(days=1)
START = pd.Timestamp("2026-10-05")
END = pd.Timestamp("2026-10-19")


def visits(users: int = 600, seed: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Assignments over two weeks, and page loads of users of whom each is fast or slow."""
    rng = np.random.default_rng(seed)
    assigned = pd.DataFrame(
        {
            "experiment_id": "e",
            "user_id": [f"u{i}" for i in range(users)],
            "variant": np.where(np.arange(users) % 2, "treatment", "control"),
            "assigned_at": START + pd.to_timedelta(rng.integers(0, 14 * 24, users), unit="h"),
        }
    )
    loads = rng.poisson(5, users)
    who = np.repeat(np.arange(users), loads)
    slow = rng.normal(0, 0.6, users)[who] + 0.2 * (who % 2)
    events = pd.DataFrame(
        {
            "user_id": assigned.user_id.to_numpy()[who],
            "event": "visit",
            "event_at": assigned.assigned_at.to_numpy()[who]
            + pd.to_timedelta(rng.uniform(-4, 20, len(who)) * 86_400, unit="s"),
            "value": np.exp(slow + rng.normal(0, 0.5, len(who))),
        }
    )
    return assigned, events


def opened(
    workspace: MakeWorkspace, *, primary: str, more: str = "", as_of: str = "2026-11-16"
) -> tuple[Session, pd.DataFrame, pd.DataFrame]:
    assigned, events = visits()
    text = PLAN.replace("{more}", more).replace("{primary}", primary)
    made = workspace(
        {"assignments": assigned, "events": events},
        plans={"experiments/e.toml": text},
        more=OWN,
        as_of=as_of,
    )
    return Session(made, "ab_readout", languages=["en", "zh"]), assigned, events


# -- quantiles ---------------------------------------------------------------------------


def p90(values: pd.DataFrame) -> Moments:
    """The oracle: order statistics by pandas, and whose values they are."""
    ordered = np.sort(values.value.to_numpy())
    ranks = quantile_ranks(0.9, len(ordered))
    low, point, high = (ordered[r - 1] for r in (ranks.low, ranks.point, ranks.high))
    users = values.groupby("user_id").value.agg(below=lambda v: (v <= point).sum(), size="count")
    below = Joint.from_values(users.below, users["size"])
    return quantile_moments(len(ordered), 0.9, point, low, high, below=below)


def test_a_quantile_is_read_over_values_and_judged_over_users(workspace: MakeWorkspace) -> None:
    ops, assigned, events = opened(workspace, primary="load_p90")
    shown = run(ops)
    joined = events.merge(assigned, on="user_id")
    end = pd.Timestamp("2026-10-19")
    joined = joined[(joined.event_at >= joined.assigned_at) & (joined.event_at < end)]
    arms = {name: p90(part) for name, part in joined.groupby("variant")}
    expected = difference(arms["control"], arms["treatment"])
    diff = ops.facts["ab.diff/load_p90/treatment"]
    assert diff.value == pytest.approx(expected.diff.value)
    assert (diff.low, diff.high) == pytest.approx((expected.diff.low, expected.diff.high))
    assert diff.n == arms["control"].n + arms["treatment"].n < len(assigned)
    english, chinese = (shown["primary"].plain(language) for language in ops.languages)
    assert f"90% quantile of {len(joined):,} values" in english and "90% 分位" in chinese
    assert "quantile of all users" in shown["cumulative"].plain(ops.languages[0])
    assert ops.facts["ab.verdict"].value in {"hold", "stop"}


def test_a_quantile_of_too_few_values_is_said(workspace: MakeWorkspace) -> None:
    assigned, events = visits(24)
    made = workspace(
        {"assignments": assigned, "events": events.head(20)},
        plans={"experiments/e.toml": PLAN.replace("{more}", "").replace("{primary}", "load_p90")},
        more=OWN,
    )
    ops = Session(made, "ab_readout", languages=["en", "zh"])
    shown = run(ops)
    assert "it has too few values" in shown["primary"].plain(ops.languages[0])
    assert ops.facts["ab.verdict"].value == "hold"


def test_a_guardrail_that_cannot_be_compared_says_so(workspace: MakeWorkspace) -> None:
    """Half of all values are equal: the quantile among them has no standard error."""
    assigned, events = visits()
    events["value"] = events.value.clip(lower=events.value.quantile(0.95))
    more = '[[guardrails]]\nmetric = "load_p90"\nmargin = 0.1\n'
    text = PLAN.replace("{more}\n", "").replace("{primary}", "visited") + more
    made = workspace(
        {"assignments": assigned, "events": events}, plans={"experiments/e.toml": text}, more=OWN
    )
    ops = Session(made, "ab_readout", languages=["en", "zh"])
    run(ops)
    assert status(ops, "guardrail.load_p90") == "warn"
    assert "lies among many equal values" in said(ops, "guardrail.load_p90")
    assert ops.facts["ab.verdict"].value == "hold"


# -- days after exposure -----------------------------------------------------------------


def test_the_plans_window_counts_each_users_own_days(workspace: MakeWorkspace) -> None:
    ops, assigned, events = opened(workspace, primary="visited", more="window_days = 7")
    run(ops)
    joined = events.merge(assigned, on="user_id")
    since = joined.event_at - joined.assigned_at
    came = joined[(since >= 0 * DAY) & (since < 7 * DAY)].user_id.unique()
    share = assigned.assign(came=assigned.user_id.isin(came)).groupby("variant").came.mean()
    for arm in ("control", "treatment"):
        assert ops.facts[f"ab.value/visited/{arm}"].value == pytest.approx(share[arm])
    assert "early" not in ops.checks


def test_until_everybodys_days_are_over_the_reading_is_interim(workspace: MakeWorkspace) -> None:
    """Assignment ended on 18 October; on the 22nd a week is over for those until the 14th."""
    ops, assigned, _ = opened(
        workspace, primary="visited", more="window_days = 7", as_of="2026-10-22"
    )
    shown = run(ops)
    ripe = assigned.assigned_at.dt.normalize() + 7 * DAY <= pd.Timestamp("2026-10-21")
    assert ops.facts["ab.diff/visited/treatment"].n == ripe.sum() < len(assigned)
    assert "are over for everybody only on 25 Oct 2026" in said(ops, "early")
    assert f"{(~ripe).sum()} users are left out" in shown["primary"].plain(ops.languages[0])
    verdict = shown["summary"].payload()["languages"]["en"]["verdict"]["sentence"]
    assert verdict.startswith("Interim, not decision-grade.")
    assert ops.facts["ab.srm"].n == len(assigned)


def test_nobodys_days_are_over_yet(workspace: MakeWorkspace) -> None:
    ops, _, _ = opened(workspace, primary="visited", more="window_days = 60", as_of="2026-10-20")
    shown = run(ops)
    assert "60 days after exposure that it counts are over for nobody in control" in said(
        ops, "comparable"
    )
    assert ops.checks["srm"].status == "pass" and ops.facts["ab.verdict"].value == "hold"
    assert "shorten window_days" in shown["primary"].plain(ops.languages[0])


# -- several arms ------------------------------------------------------------------------

THREE = """
name = "Test"
start = 2026-10-05
end = 2026-10-18
control = "control"
split = {control = 0.4, b = 0.3, c = 0.3}
across_arms = "{procedure}"
[primary]
metric = "spent"
"""


def three() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    sizes = {"control": 800, "b": 600, "c": 600}
    frame = pd.DataFrame({"variant": np.repeat(list(sizes), list(sizes.values()))})
    shift = frame.variant.map({"control": 0.0, "b": 0.27, "c": 0.45})
    return frame.assign(
        user_id=[f"u{i}" for i in range(len(frame))],
        assigned_at=START + pd.to_timedelta(np.arange(len(frame)) % 14, unit="D"),
        spent=rng.normal(10, 2, len(frame)) + shift,
    )


def read_three(workspace: MakeWorkspace, procedure: str) -> tuple[Session, pd.DataFrame, str]:
    frame = three()
    made = workspace(
        {
            "assignments": frame[["user_id", "variant", "assigned_at"]].assign(experiment_id="e"),
            "outcomes": frame[["user_id", "spent"]],
        },
        plans={"experiments/e.toml": THREE.replace("{procedure}", procedure)},
        more=METRICS,
    )
    ops = Session(made, "ab_readout", languages=["en", "zh"])
    shown = run(ops)
    text = "\n".join(shown[step].plain(ops.languages[0]) for step in ("show_plan", "primary"))
    return ops, frame, text


def test_dunnett_decides_where_the_plan_says_so(workspace: MakeWorkspace) -> None:
    """Intervals and p-values are those of `dunnett`, which equals scipy's with pooled errors."""
    ops, frame, text = read_three(workspace, "dunnett")
    arms = {name: Moments.from_values(part) for name, part in frame.groupby("variant").spent}
    expected = dunnett(arms.pop("control"), arms)
    for arm in ("b", "c"):
        fact = ops.facts[f"ab.diff.deciding/spent/{arm}"]
        wanted = expected[arm].diff
        assert (fact.low, fact.high) == pytest.approx((wanted.low, wanted.high))
        adjusted = ops.facts[f"ab.p_adjusted/spent/{arm}"]
        assert (adjusted.p_value, adjusted.method) == (pytest.approx(wanted.p_value), "dunnett")
        shown = ops.facts[f"ab.robustness/spent/{arm}/usual"]
        lift = ops.facts[f"ab.lift.deciding/spent/{arm}"]
        plain = ops.facts[f"ab.robustness/spent/{arm}/uncorrected"]
        assert (shown.low, shown.high) == (lift.low, lift.high)
        assert plain.high - plain.low < shown.high - shown.low
    assert "Dunnett’s test over the arms" in text and "hold together" in text


def test_holm_is_said_where_holm_decides(workspace: MakeWorkspace) -> None:
    ops, _, text = read_three(workspace, "holm")
    assert ops.facts["ab.p_adjusted/spent/b"].method == "holm"
    assert "Holm’s procedure" in text and "Dunnett" not in text


# -- the covariate -----------------------------------------------------------------------


def with_past(seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = people().assign(past=lambda t: rng.gamma(4, 2, len(t)))
    return frame.assign(spent=lambda t: t.past + rng.normal(0, 1, len(t)))


def test_a_column_of_the_assignments_serves_as_covariate(workspace: MakeWorkspace) -> None:
    frame = with_past()
    ops = session(
        workspace, frame, primary="spent", columns=("past",), more='covariate = {column = "past"}'
    )
    shown = run(ops)
    arms = {n: Joint.from_values(p.spent, p.past) for n, p in frame.groupby("variant")}
    made = cuped(arms["control"], arms["treatment"])
    wanted = difference(made.control, made.treatment).diff
    fact = ops.facts["ab.diff.cuped/spent/treatment"]
    assert (fact.value, fact.low) == pytest.approx((wanted.value, wanted.low))
    assert made.reduction > 0.8
    assert "Adjusted with past from before the experiment" in shown["primary"].plain(
        ops.languages[0]
    )
    assert "past from before the experiment was alike" in said(ops, "pre_period.treatment")


def test_a_covariate_recorded_after_exposure_is_refused(workspace: MakeWorkspace) -> None:
    frame = with_past()
    ops = session(workspace, frame, primary="spent", more='covariate = {column = "past"}')
    shown = run(ops)
    assert "recorded after exposure" in said(ops, "deviation.covariate")
    assert "recorded after exposure" in shown["primary"].plain(ops.languages[0])
    assert "ab.diff.cuped/spent/treatment" not in ops.facts


def test_a_covariate_that_reaches_into_the_experiment_is_refused(
    workspace: MakeWorkspace,
) -> None:
    frame = with_past()
    more = 'covariate = {column = "past", until = 2026-10-09}'
    ops = session(workspace, frame, primary="spent", columns=("past",), more=more)
    shown = run(ops)
    assert "reaches into the experiment" in shown["primary"].plain(ops.languages[0])
    assert "ab.diff.cuped/spent/treatment" not in ops.facts
    assert "pre_period.treatment" not in ops.checks


def by_past(workspace: MakeWorkspace, frame: pd.DataFrame) -> tuple[Session, str, str]:
    """The session, and what the primary metric's cell says in both languages."""
    more = 'covariate = {column = "past"}'
    ops = session(workspace, frame, primary="spent", columns=("past",), more=more)
    shown = run(ops)["primary"]
    return ops, shown.plain(ops.languages[0]), shown.plain(ops.languages[1])


def test_a_constant_covariate_is_said_by_name(workspace: MakeWorkspace) -> None:
    ops, english, chinese = by_past(workspace, with_past().assign(past=5.0))
    assert "Not adjusted for past: this covariate is the same for everybody" in english
    assert "未用 past 校正" in chinese
    assert "ab.diff.cuped/spent/treatment" not in ops.facts


def test_a_covariate_that_lacks_in_one_arm_is_not_read_as_zeros(workspace: MakeWorkspace) -> None:
    frame = with_past()
    frame.loc[frame.variant.eq("treatment"), "past"] = None
    ops, english, _ = by_past(workspace, frame)
    assert "Not adjusted for past: it is missing for control 0" in english
    assert "treatment 100" in english and "unequally between arms" in english
    assert "ab.diff.cuped/spent/treatment" not in ops.facts
    assert "pre_period.treatment" not in ops.checks
    assert ops.facts["ab.verdict"].value != "invalid"


def test_a_covariate_that_lacks_in_all_arms_alike_gets_the_mean(workspace: MakeWorkspace) -> None:
    frame = with_past()
    frame.loc[frame.index % 4 == 0, "past"] = None
    ops, english, _ = by_past(workspace, frame)
    assert "past is missing for" in english and "alike in all arms" in english
    filled = frame.assign(past=frame.past.fillna(frame.past.mean()))
    arms = {n: Joint.from_values(p.spent, p.past) for n, p in filled.groupby("variant")}
    made = cuped(arms["control"], arms["treatment"])
    wanted = difference(made.control, made.treatment, cov=made.cov)
    diff, lift = (ops.facts[f"ab.{what}.cuped/spent/treatment"] for what in ("diff", "lift"))
    assert (diff.value, diff.low) == pytest.approx((wanted.diff.value, wanted.diff.low))
    assert wanted.lift is not None
    assert (lift.low, lift.high) == pytest.approx((wanted.lift.low, wanted.lift.high))


def test_a_covariate_that_nobody_has_is_said(workspace: MakeWorkspace) -> None:
    frame = with_past()
    frame["past"] = pd.Series(np.nan, index=frame.index, dtype="float64")
    _, english, _ = by_past(workspace, frame)
    assert "Not adjusted for past: it is missing for everybody." in english


# -- ratios ------------------------------------------------------------------------------


@pytest.mark.parametrize("doubled", [True, False])
def test_a_ratio_says_whether_its_denominator_moved(
    workspace: MakeWorkspace, doubled: bool
) -> None:
    assigned, events = visits()
    treated = events.user_id.isin(assigned[assigned.variant.eq("treatment")].user_id)
    again = events[treated].assign(event_at=lambda t: t.event_at + pd.Timedelta(seconds=7))
    if doubled:
        events = pd.concat([events, again])
    text = PLAN.replace("{more}", "").replace("{primary}", "load_mean")
    made = workspace(
        {"assignments": assigned, "events": events},
        plans={"experiments/e.toml": text}, more=OWN, as_of="2026-11-16",
    )  # fmt: skip
    ops = Session(made, "ab_readout", languages=["en", "zh"])
    run(ops)
    assert status(ops, "denominator.treatment") == ("warn" if doubled else "pass")
    assert ("its denominator moved" in said(ops, "denominator.treatment")) is doubled
    joined = events.merge(assigned, on="user_id")
    joined = joined[(joined.event_at >= joined.assigned_at) & (joined.event_at < END)]
    seen = assigned.user_id.map(joined.user_id.value_counts()).fillna(0.0)
    arms = {n: Moments.from_values(part) for n, part in seen.groupby(assigned.variant)}
    wanted = difference(arms["control"], arms["treatment"], alpha=0.01).lift
    found = ops.facts["ab.denominator/load_mean/treatment"]
    assert wanted is not None
    assert (found.value, found.low) == pytest.approx((wanted.value, wanted.low))


# -- chance to win -----------------------------------------------------------------------


def test_the_chance_to_win_goes_with_the_test(workspace: MakeWorkspace) -> None:
    rng = np.random.default_rng(8)
    frame = people()
    share = np.where(frame.variant.eq("treatment"), 0.05, 0.02)
    frame["spent"] = (rng.random(len(frame)) < share) * 80.0
    ops = session(workspace, frame, primary="spent")
    run(ops)
    diff = ops.facts["ab.diff/spent/treatment"]
    chance = ops.facts["ab.chance_to_win/spent/treatment"].value
    assert diff.p_value is not None and diff.p_value < 0.05
    assert chance == pytest.approx(1 - diff.p_value / 2, abs=1e-3)


# -- the split, day by day ---------------------------------------------------------------


def test_a_split_that_breaks_on_the_way_is_dated(workspace: MakeWorkspace) -> None:
    """From 12 October on every second user of the treatment is lost; a day later it is sure."""
    frame = people(n=14_000)
    lost = frame.variant.eq("treatment") & (frame.assigned_at >= "2026-10-12")
    frame = frame[~(lost & (np.arange(len(frame)) // 14 % 2 == 0))]
    ops = session(workspace, frame)
    run(ops)
    assert status(ops, "srm.daily") == "block"
    assert "in alarm since 13 Oct 2026" in said(ops, "srm.daily")
    assert ops.facts["ab.srm_sequential"].p_value < 0.001


def test_a_sound_split_read_early_is_said_to_hold_so_far(workspace: MakeWorkspace) -> None:
    frame = people()
    ops = session(workspace, frame[frame.assigned_at < "2026-10-12"], as_of="2026-10-12")
    run(ops)
    assert status(ops, "srm.daily") == "pass"


# -- each step alone ---------------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS)
def test_every_step_may_be_run_first(workspace: MakeWorkspace, step: str) -> None:
    guard = '[[guardrails]]\nmetric = "spent"\nmargin = 0.1\n'
    ops = session(workspace, people(0.5, 0.56), more=f"annual_users = 1000\n{guard}")
    shown = getattr(opsnb.Experiment(ops, "e"), step)()
    assert all(shown.html(language) for language in ops.languages)


def test_the_summary_alone_says_what_it_says_at_the_end(workspace: MakeWorkspace) -> None:
    guard = '[[guardrails]]\nmetric = "spent"\nmargin = 0.1\n'
    more = f"annual_users = 1000\n{guard}"
    first = opsnb.Experiment(session(workspace, people(0.5, 0.56), more=more), "e").summary()
    last = run(session(workspace, people(0.5, 0.56), more=more))["summary"]
    alone, after = (shown.payload()["languages"]["en"] for shown in (first, last))
    assert alone["verdict"] == after["verdict"] and alone["cards"] == after["cards"]
    assert len(alone["cards"]) == 4


# -- caps ---------------------------------------------------------------------------------

CAPPED = METRICS.replace("[metrics.spent]", "[metrics.spent]\ncap = 0.9")


def under_the_primary(
    workspace: MakeWorkspace, spent: np.ndarray, metrics: str = CAPPED, primary: str = "spent"
) -> tuple[Session, str]:
    """The session, and what is said of the primary metric, of these amounts in both arms."""
    ops = session(
        workspace, people().assign(spent=np.tile(spent, 2)), primary=primary, metrics=metrics
    )
    return ops, opsnb.Experiment(ops, "e").primary().plain(ops.languages[0])


def test_a_cap_at_a_quantile_of_zero_is_said_not_to_apply(workspace: MakeWorkspace) -> None:
    spent = np.where(np.arange(N) % 20 == 0, np.arange(N) + 1.0, 0.0)
    ops, said_ = under_the_primary(workspace, spent)
    assert "The cap at quantile 90% is not applied: that quantile is 0," in said_
    opsnb.Experiment(ops, "e").show_plan()
    assert status(ops, "deviation.cap") == "warn" and "Spent" in said(ops, "deviation.cap")


def test_a_cap_that_applies_is_no_deviation(workspace: MakeWorkspace) -> None:
    ops, said_ = under_the_primary(workspace, np.arange(N) % 50 + 1.0)
    assert "Values are capped at 45" in said_ and "not applied" not in said_
    assert "below 0" not in said_
    opsnb.Experiment(ops, "e").show_plan()
    assert "deviation.cap" not in ops.checks


def test_a_cap_leaves_negative_values_and_says_so(workspace: MakeWorkspace) -> None:
    ops, said_ = under_the_primary(workspace, np.arange(N) % 50 - 4.0)
    assert "Values are capped at 40" in said_
    assert "8.00% of users have a value below 0" in said_
    opsnb.Experiment(ops, "e").show_plan()
    assert "deviation.cap" not in ops.checks


def test_a_cap_of_a_share_is_said_not_to_apply(workspace: MakeWorkspace) -> None:
    metrics = METRICS.replace("[metrics.bought]", "[metrics.bought]\ncap = 0.9")
    _, said_ = under_the_primary(workspace, np.ones(N), metrics, "bought")
    assert "a metric of kind “proportion” has no amount a user that could be cut" in said_
