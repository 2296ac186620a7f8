"""experiment_design: its answers by formula and by simulation, and the plan it writes."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import opsnb
from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.compare import difference
from opsnb.analysis.methods.dunnett import arm_levels
from opsnb.analysis.methods.guardrail import non_inferiority
from opsnb.analysis.methods.moments import Moments
from opsnb.analysis.methods.multiplicity import holm
from opsnb.analysis.methods.planning import best_shares
from opsnb.analysis.methods.power import users_for_share
from opsnb.analysis.metrics import Metric
from opsnb.analysis.reviews.design.answer import Answer
from opsnb.analysis.reviews.design.guardrail_power import GuardrailPower
from opsnb.analysis.reviews.design.plan_file import plan_text, write_plan
from opsnb.analysis.session import Session
from opsnb.base.errors import ParameterError, PlanError, TableError
from opsnb.base.messages import Language
from opsnb.base.workspace import Workspace

MakeWorkspace = Callable[..., Workspace]
DAYS, A_DAY = 28, 100
METRICS = """
[metrics.bought]
label = "Bought"
kind = "proportion"
table = "orders"
unit = "share"
[metrics.spent]
label = "Spent"
kind = "mean"
table = "orders"
value = "amount"
unit = "money"
"""


def session(workspace: MakeWorkspace, *, users: int = A_DAY) -> Session:
    """A hundred users a day for four weeks, every fourth of whom orders, after an earlier order
    for every second user."""
    first = pd.Timestamp("2026-10-19")
    n = users * DAYS
    met = first + pd.to_timedelta(np.arange(n) % DAYS, unit="D") + pd.Timedelta(hours=9)
    names = [f"u{i}" for i in range(n)]
    events = pd.DataFrame({"user_id": names, "event_at": met, "event": "visit"})
    buys = np.arange(n) // DAYS % 4 == 0
    spends = np.random.default_rng(3).lognormal(3, 1, n)
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(n)],
            "user_id": names,
            "ordered_at": met + pd.Timedelta(minutes=5),
            "amount": spends,
        }
    )[buys]
    earlier = pd.DataFrame(
        {
            "order_id": [f"e{i}" for i in range(n)],
            "user_id": names,
            "ordered_at": met - pd.Timedelta(days=3),
            "amount": spends * 0.8,
        }
    )[np.arange(n) % 2 == 0]
    made = workspace({"events": events, "orders": pd.concat([orders, earlier])}, more=METRICS)
    return Session(made, "experiment_design", cycle="2026-10", languages=["en", "zh"])


def design(ops: Session, metric: str = "bought", **more: Any) -> Any:
    return opsnb.Design(ops, metric, **{"mde": 0.1, **more})


def test_baseline_and_traffic_are_those_of_the_data(workspace: MakeWorkspace) -> None:
    made = design(session(workspace))
    assert made.baseline.mean == pytest.approx(0.25)
    assert made.history.users == DAYS * A_DAY
    assert made.history.pace == pytest.approx(A_DAY)
    assert made.days_for(1400) == 14
    assert made.days_for(7000) == 70


def test_users_are_those_of_the_score_test(workspace: MakeWorkspace) -> None:
    made = design(session(workspace))
    assert made.users_needed(adjusted=False) == users_for_share(0.25, 0.275).total
    uneven = design(session(workspace), split=[0.8, 0.2])
    assert uneven.users_needed() > made.users_needed()


def test_power_of_the_answer_by_simulation(workspace: MakeWorkspace) -> None:
    """20,000 experiments of the size the design names find the effect as often as promised."""
    made = design(session(workspace))
    users = made.users_needed(adjusted=False)
    rng, runs = np.random.default_rng(5), 20_000
    shares = [rng.binomial(users // 2, share, runs) / (users // 2) for share in (0.25, 0.275)]
    pooled = (shares[0] + shares[1]) / 2
    z = (shares[1] - shares[0]) / np.sqrt(pooled * (1 - pooled) * 4 / users)
    found = float((np.abs(z) > stats.norm.ppf(0.975)).mean())
    assert found == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("procedure", ["holm", "dunnett"])
@pytest.mark.parametrize("split", [[0.5, 0.25, 0.25], [0.4, 0.2, 0.2, 0.2]])
def test_power_of_the_answer_with_several_arms(
    workspace: MakeWorkspace, procedure: str, split: list[float]
) -> None:
    """4,000 experiments of the size the design names, with an effect in one arm alone: the
    readout's own procedure over the arms finds it as often as promised, within 2 points."""
    made = design(session(workspace), "spent", split=split, across_arms=procedure)
    base, rng, runs = made.baseline, np.random.default_rng(6), 4000
    users = made.users_needed(adjusted=False)
    sizes = [round(users * share) for share in made.shares]
    shifts = [0.0, made.mde * base.mean, *([0.0] * (len(sizes) - 2))]
    means = [
        rng.normal(base.mean + shift, np.sqrt(base.moments.var / n), runs)
        for n, shift in zip(sizes, shifts, strict=True)
    ]
    arms = [Moments(n, base.mean, base.moments.var) for n in sizes]
    pairs = {i: (arms[0], arm) for i, arm in enumerate(arms[1:])}
    tests = {i: difference(*pair) for i, pair in pairs.items()}
    p_values = [
        2 * stats.t.sf(np.abs(mean - means[0]) / tests[i].diff.se, tests[i].df)
        for i, mean in enumerate(means[1:])
    ]
    if procedure == "dunnett":  # an arm's level hangs on sizes and variances alone
        found = p_values[0] < arm_levels(pairs, tests)[0].level
    else:
        found = np.array([holm(list(row))[0] < 0.05 for row in zip(*p_values, strict=True)])
    assert found.mean() == pytest.approx(0.8, abs=0.02)


def test_several_arms_cost_users_and_a_larger_control_saves_some(
    workspace: MakeWorkspace,
) -> None:
    two, three = (
        design(session(workspace), "spent", split=[1 / n] * n).users_needed() for n in (2, 3)
    )
    assert three > 1.5 * two
    equal = design(session(workspace), "spent", split=[0.2] * 5)
    assert equal.users_needed(shares=best_shares(4)) < equal.users_needed()
    sharp = design(session(workspace), "spent", split=[0.2] * 5, across_arms="dunnett")
    assert sharp.users_needed() < equal.users_needed()
    assert sharp.detectable(sharp.users_needed()) == pytest.approx(0.1, rel=0.01)


def test_the_plan_of_several_arms(workspace: MakeWorkspace) -> None:
    ops = session(workspace)
    made = design(ops, split=[0.4, 0.3, 0.3], across_arms="dunnett", window_days=7)
    shown = [made.show_baseline(), made.sample_size(), made.duration(), made.choices()]
    made.plan("three", write=True)
    plan = Workspace.load(ops.workspace.root).experiments["three"]
    assert plan.split == {"control": 0.4, "treatment_1": 0.3, "treatment_2": 0.3}
    assert (plan.across_arms, plan.window_days) == ("dunnett", 7)
    text = "\n".join(part.plain(ops.languages[0]) for part in shown)
    assert "2 treatments against one control" in text and "complete 7 days after" in text
    assert "one treatment only" in text and "control larger" in text


def test_a_window_reads_those_whose_days_are_over(workspace: MakeWorkspace) -> None:
    made = design(session(workspace), window_days=7)
    assert made.baseline.moments.n == (DAYS - 7) * A_DAY
    assert made.history.users == DAYS * A_DAY


def test_smallest_effect_and_users_answer_each_other(workspace: MakeWorkspace) -> None:
    for metric in ("bought", "spent"):
        made = design(session(workspace), metric)
        for adjusted in (True, False):
            users = made.users_needed(adjusted=adjusted)
            assert made.detectable(users, adjusted=adjusted) == pytest.approx(0.1, rel=0.01)


def test_earlier_behaviour_and_looks(workspace: MakeWorkspace) -> None:
    made = design(session(workspace), "spent")
    assert 0 <= made.baseline.reduction < 1
    assert made.users == pytest.approx(
        made.users_needed(adjusted=False) * (1 - made.baseline.reduction), rel=0.01
    )
    looks = design(session(workspace), "spent", looks=4)
    assert 1 < looks.users / made.users < 1.1  # O'Brien and Fleming's price is small


def test_steps_say_users_days_and_guardrails(workspace: MakeWorkspace) -> None:
    ops = session(workspace)
    made = design(ops, guardrails=["spent"], margin=0.1, looks=2, split=[0.6, 0.4])
    steps = ("show_baseline", "sample_size", "duration", "choices", "guardrail_power", "plan")
    shown = [getattr(made, step)() for step in steps] + [made.summary()]
    for language in ops.languages:
        assert all(part.html(language) for part in shown)
    assert ops.facts["design.users/bought"].value == made.users
    assert ops.facts["design.days/bought"].value == made.days
    assert 0 < ops.facts["design.guardrail_power/spent"].value < 1
    verdict = shown[-1].payload()["languages"]["en"]["verdict"]
    assert verdict["word"] == "TOO LONG" and made.days > 56


DESIGN_STEPS = (
    "show_baseline", "sample_size", "duration", "choices", "guardrail_power", "plan", "summary",
)  # fmt: skip


@pytest.mark.parametrize("mde", [0.15, 0.02, 0.001])
def test_the_verdict_does_not_hang_on_other_cells(workspace: MakeWorkspace, mde: float) -> None:
    """Without each step, alone, and first: the same verdict and cards, all their facts said."""
    made = session(workspace).workspace
    copies = [
        DESIGN_STEPS,
        *([s for s in DESIGN_STEPS if s != step] for step in DESIGN_STEPS[:-1]),
        ["summary"],
        DESIGN_STEPS[::-1],
    ]
    said = []
    for steps in copies:
        ops = Session(made, "experiment_design", cycle="2026-10", languages=["en", "zh"])
        case = design(ops, mde=mde, guardrails=["spent"])
        payloads = {step: getattr(case, step)().payload() for step in steps}
        known = {fact["key"] for p in payloads.values() for fact in p["facts"]}
        texts = payloads["summary"]["languages"]
        said.append([(texts[c]["verdict"], texts[c]["cards"]) for c in ("en", "zh")])
        for record in (texts["en"]["verdict"], *texts["en"]["cards"]):
            assert set(record["evidence"]) <= known
    assert all(one == said[0] for one in said)
    words = {0.15: "GUARDRAILS TOO WEAK", 0.02: "TOO LONG", 0.001: "TOO LONG"}
    assert said[0][0][0]["word"] == words[mde]


def test_the_answer_by_hand() -> None:
    """Verdict and cards are functions of four facts."""
    metric = Metric(id="m", label="Bought", kind="proportion", table="orders", unit="share")
    users = Fact("design.users", 12_000, "count", metric="m")
    weeks = Fact("design.days", 56, "days", metric="m")
    base = Fact("design.baseline", 0.25, "share", metric="m")
    made = Answer(metric, 0.05, users, weeks, base, Fact("design.traffic", 300.0, "count"))
    say = Language("en").say
    assert (say(made.verdict().word), made.verdict().evidence) == ("FEASIBLE", (users, weeks))
    assert [say(card.value) for card in made.cards()] == ["12,000", "56", "25.0%", "300"]
    for days in (63, None):
        late = replace(made, days=replace(weeks, value=days))
        assert (say(late.verdict().word), late.cards()[1].tone) == ("TOO LONG", "warn")
        assert ("ever brings" in say(late.verdict().sentence)) == (days is None)


def test_weak_guardrails_by_hand() -> None:
    metric = Metric(id="m", label="Bought", kind="proportion", table="orders", unit="share")
    fact = Fact("design.users", 12_000, "count", metric="m")

    def guardrail(name: str, power: float | None) -> GuardrailPower:
        guarded = metric.model_copy(update={"id": name, "label": name.title()})
        needed = Fact("design.guardrail_users", power and 40_000, "count", metric=name)
        return GuardrailPower(
            guarded, Fact("design.guardrail_power", power, "share", metric=name), needed, 0.8
        )

    rails = (guardrail("late", 0.27), guardrail("lost", None), guardrail("held", 0.8))
    made = Answer(metric, 0.05, fact, replace(fact, value=56), fact, fact, rails)
    say = Language("en").say
    assert (made.word, made.verdict().tone) == ("weak_guardrails", "warn")
    assert say(made.verdict().sentence).endswith(
        "Late in 27.0% of runs (40,000 users would be enough), "
        "Lost never (no spread, or a mean of zero, in this history)."
    )
    assert [card.fact.metric for card in made.cards()[-2:]] == ["lost", "late"]
    assert replace(made, guardrails=rails[2:]).word == "feasible"
    assert replace(made, days=replace(fact, value=63)).word == "too_long"


def test_a_guardrail_too_weak_to_be_shown_is_said_first(workspace: MakeWorkspace) -> None:
    """The power of the first screen is that of the table, and of simulated runs."""
    ops = session(workspace)
    made = design(ops, mde=0.2, guardrails=["spent"], margin=0.1)
    payload = made.summary().payload()["languages"]
    power = ops.facts["design.guardrail_power/spent"].value
    assert made.is_feasible and power < 0.8
    verdict, cards = payload["en"]["verdict"], payload["en"]["cards"]
    assert verdict["word"] == "GUARDRAILS TOO WEAK"
    assert f"{power:.1%} of runs" in verdict["sentence"]
    assert verdict["evidence"][-1] == "design.guardrail_power/spent"
    assert cards[-1]["evidence"] == ["design.guardrail_power/spent"]
    assert payload["zh"]["verdict"]["word"] == Language("zh").text("design.word.weak_guardrails")

    base, n, rng = made.history.baselines["spent"], made.users // 2, np.random.default_rng(5)
    sd = base.variance(adjusted=True) ** 0.5
    shown = 0
    for _ in range(2000):
        arms = [Moments(n, rng.normal(base.mean, sd / n**0.5), sd**2) for _ in range(2)]
        shown += non_inferiority(*arms, margin=0.1, alpha=0.025).status == "pass"
    assert shown / 2000 == pytest.approx(power, abs=0.04)

    enough = design(session(workspace), mde=0.2, guardrails=["spent"], margin=0.9)
    assert enough.summary().payload()["languages"]["en"]["verdict"]["word"] == "FEASIBLE"


def test_a_question_that_this_traffic_never_answers(workspace: MakeWorkspace) -> None:
    ops = session(workspace)
    made = design(ops, mde=0.001)
    for step in ("show_baseline", "sample_size", "duration"):
        getattr(made, step)()
    payload = made.summary().payload()
    assert made.days is None
    assert "more than the current traffic ever brings" in str(payload["languages"]["en"]["verdict"])


def test_the_plan_it_writes_is_the_plan_it_reads(workspace: MakeWorkspace) -> None:
    ops = session(workspace)
    made = design(ops, guardrails=["spent"], looks=2, split=["0.7", "0.3"])
    made.plan("new_button", write=True, start="2026-12-07", name='The "new" button')
    plan = Workspace.load(ops.workspace.root).experiments["new_button"]
    assert (plan.primary.metric, plan.primary.mde, plan.looks) == ("bought", 0.1, 2)
    assert plan.split == {"control": 0.7, "treatment": 0.3}
    assert (plan.users, plan.name) == (made.users, 'The "new" button')
    assert plan.guardrails[0].margin == 0.05
    assert plan.start == dt.date(2026, 12, 7)
    assert plan.period is not None and plan.period.days % 7 == 0


def test_a_plan_is_written_only_when_asked_and_never_over_another(workspace: MakeWorkspace) -> None:
    ops = session(workspace)
    made, folder = design(ops), ops.workspace.root / "plans" / "experiments"
    made.plan("once")
    assert not (folder / "once.toml").exists()
    made.plan("once", write=True)
    before = (folder / "once.toml").read_text()
    with pytest.raises(ParameterError, match=r"once.toml exists; a registered plan is not over"):
        design(ops, mde=0.2).plan("once", write=True)
    assert (folder / "once.toml").read_text() == before


@pytest.mark.parametrize(
    ("id", "said"), [("", "the plan has no id"), ("../x", "cannot be the id"), ("A b", "cannot be")]
)
def test_ids_that_are_no_file_names(tmp_path: Path, id: str, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        write_plan(tmp_path, id, "")
    assert not list(tmp_path.rglob("*.toml"))


def test_a_plan_that_breaks_a_rule_is_not_written() -> None:
    plan = {"name": "x", "control": "c", "split": {"a": 0.5, "b": 0.5}, "primary": {"metric": "m"}}
    with pytest.raises(PlanError, match=r'"c" is not in split'):
        plan_text(plan, "x")
    good = plan_text({**plan, "control": "a"}, "x")
    assert tomllib.loads(good)["split"] == {"a": 0.5, "b": 0.5}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"mde": 0}, "mde is 0"),
        ({"alpha": 1.5}, "alpha is 1.5"),
        ({"split": [50, 40]}, "split is 50, 40, which sums to 90"),
        ({"split": [1.0]}, "split is 1, which sums to 1"),
        ({"split": [0.5, 0.3]}, "split is 0.5, 0.3, which sums to 0.8"),
        ({"split": ["half", 0.5]}, r"split is \['half', 0.5\]"),
        ({"across_arms": "tukey"}, 'across_arms is "tukey"'),
        ({"window_days": -1}, "window_days is -1"),
        ({"window_days": 30}, "28 days of history hold no user with 30 days after"),
        ({"traffic": 2}, "traffic is 2"),
        ({"looks": 0}, "looks is 0"),
        ({"guardrails": ["bough"]}, r'unknown metric "bough".*did you mean "bought"'),
        ({"history_days": 10}, "10 days of history are no whole weeks"),
    ],
)
def test_parameters_that_cannot_be(
    workspace: MakeWorkspace, more: dict[str, Any], said: str
) -> None:
    ops = session(workspace)
    with pytest.raises(ParameterError, match=said):
        design(ops, **more).show_baseline()


def test_too_few_users_and_an_event_that_nobody_had(workspace: MakeWorkspace) -> None:
    with pytest.raises(TableError, match=r'0 users had the event "share"'):
        design(session(workspace), exposure="share").show_baseline()
    with pytest.raises(TableError, match=r"28 users have a row in events"):
        design(session(workspace, users=1)).show_baseline()


def test_an_event_without_events(workspace: MakeWorkspace) -> None:
    orders = pd.DataFrame(
        {
            "order_id": ["a"], "user_id": ["u"], "amount": [1.0],
            "ordered_at": [pd.Timestamp("2026-11-01")],
        }
    )  # fmt: skip
    ops = Session(workspace({"orders": orders}, more=METRICS), "experiment_design")
    with pytest.raises(ParameterError, match=r'"visit" cannot be looked for: no events are map'):
        design(ops, exposure="visit").show_baseline()


# -- what is on record ----------------------------------------------------------------------


def shop(
    workspace: MakeWorkspace,
    *,
    days: int = 60,
    gone: tuple[int, ...] = (),
    every: int = 4,
    more: str = "",
) -> Session:
    """Sixty new users a day, every fourth of whom orders; events of some days (counted from the
    last) are lost, their orders are not."""
    last = pd.Timestamp("2026-11-15")
    frames = []
    for age in range(days):
        at = (
            last
            - pd.Timedelta(days=age)
            + pd.Timedelta(hours=9)
            + pd.to_timedelta(np.arange(60) * 13, unit="min")
        )
        names = [f"u{age}_{n}" for n in range(60)]
        frames.append(
            pd.DataFrame({"user_id": names, "event_at": at, "event": "visit", "age": age})
        )
    events = pd.concat(frames, ignore_index=True)
    orders = events[events.index % every == 0].rename(columns={"event_at": "ordered_at"})
    orders = orders.assign(order_id=[f"o{i}" for i in range(len(orders))], amount=10.0)
    events = events[~events.age.isin(gone)].drop(columns="age")
    tables = {"events": events, "orders": orders.drop(columns=["event", "age"])}
    made = workspace(tables, more=more + METRICS)
    return Session(made, "experiment_design", cycle="2026-10", languages=["en", "zh"])


def test_traffic_is_that_of_a_recorded_day(workspace: MakeWorkspace) -> None:
    whole = design(shop(workspace))
    mean, needed = whole.baseline.mean, whole.days
    assert whole.history.pace == 60 and whole.history.left_out == ()
    torn = design(shop(workspace, gone=(2, 3)))
    assert torn.history.pace == 60
    assert torn.history.left_out == (dt.date(2026, 11, 12), dt.date(2026, 11, 13))
    assert torn.history.users == 26 * 60
    assert torn.users_after(70) == 70 * 60
    assert torn.baseline.mean == pytest.approx(mean)
    assert torn.days == needed
    shown = torn.show_baseline()
    assert torn.ops.facts["design.days_left_out"].value == 2
    assert "Left out, since not on record: 12 Nov to 13 Nov 2026 (2 of 28 days)" in shown.plain(
        Language("en")
    )
    assert "没有记录，不计入（共 28 天，缺 2 天）" in shown.plain(Language("zh"))


def test_a_history_reaches_back_over_a_gap_that_takes_much_of_it(workspace: MakeWorkspace) -> None:
    torn = design(shop(workspace, gone=tuple(range(2, 16))))
    assert torn.history.start == dt.date(2026, 10, 5)
    assert len(torn.history.days) == 28
    assert torn.history.pace == 60
    assert "42 are read" in torn.show_baseline().plain(Language("en"))


def test_a_short_record_gives_the_days_it_has_and_says_so(workspace: MakeWorkspace) -> None:
    short = design(shop(workspace, days=9))
    assert (short.history.start, len(short.history.days)) == (dt.date(2026, 11, 7), 9)
    assert short.history.pace == 60
    text = short.show_baseline().plain(Language("en"))
    assert "The record begins on 7 Nov 2026: 9 days are read, not the 28 asked for." in text
    assert "只读取 9 天" in short.show_baseline().plain(Language("zh"))


def test_the_sample_company_loses_no_traffic_to_its_tracking_gap(sample: Workspace) -> None:
    ops = Session(sample, "experiment_design", cycle="2026-10", languages=["en", "zh"])
    found = opsnb.Design(ops, "order_conversion", mde=0.05)
    assert round(found.traffic_fact.value) == 262
    assert found.history.left_out == (dt.date(2026, 10, 29), dt.date(2026, 10, 30))
