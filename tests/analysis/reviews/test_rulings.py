"""The decision rules, case by case, on counts that leave no doubt about the case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportions_ztest

import opsnb
from opsnb.analysis.session import Session
from opsnb.analysis.shown import Shown
from opsnb.base.errors import OpsnbError, ParameterError
from opsnb.base.messages import Language
from opsnb.base.workspace import Workspace

MakeWorkspace = Callable[..., Workspace]

USERS = 2000
METRICS = """
[metrics.bought]
label = "Bought"
kind = "proportion"
table = "outcomes"
value = "bought"
unit = "share"
[metrics.complained]
label = "Complained"
kind = "proportion"
table = "outcomes"
value = "complained"
unit = "share"
direction = "down"
"""
PLAN = """
name = {{en = "Test", zh = "测试"}}
hypothesis = "It sells more"
owner = "Li Na"
start = 2026-10-05
end = 2026-10-18
control = "control"
split = {{{split}}}
[primary]
metric = "bought"
{guardrails}
"""
GUARDRAIL = '[[guardrails]]\nmetric = "complained"\nmargin = 0.15\n'


def arm(variant: str, bought: float, complained: float, users: int = USERS) -> pd.DataFrame:
    """An arm in which exactly these shares of users bought and complained, independently."""
    index = np.arange(users)
    return pd.DataFrame(
        {
            "user_id": [f"{variant}{i}" for i in index],
            "variant": variant,
            "bought": (index < round(bought * users)).astype(float),
            "complained": (index % 100 < round(complained * 100)).astype(float),
        }
    )


def session(
    workspace: MakeWorkspace,
    arms: list[pd.DataFrame],
    guardrails: str = GUARDRAIL,
    split: str = "control = 0.5, treatment = 0.5",
    as_of: str = "2026-11-16",
) -> Session:
    people = pd.concat(arms, ignore_index=True)
    made = workspace(
        {
            "assignments": people[["user_id", "variant"]].assign(experiment_id="e"),
            "outcomes": people[["user_id", "bought", "complained"]],
        },
        plans={"experiments/e.toml": PLAN.format(guardrails=guardrails, split=split)},
        more=METRICS,
        as_of=as_of,
    )
    return Session(made, "ab_readout", cycle="2026-10", languages=["en", "zh"])


def readout(ops: Session) -> Mapping[str, Shown]:
    """The steps of the playbook that the rule rests on."""
    made = opsnb.Experiment(ops, "e")
    steps = ("trust_gate", "primary", "guardrails", "secondary", "impact", "summary")
    return {step: getattr(made, step)() for step in steps}


CASES = {
    # case: (bought of treatment, complained of treatment, users of treatment, word)
    "won": (0.60, 0.20, USERS, "SHIP"),
    "primary_worse": (0.40, 0.20, USERS, "STOP"),
    "guardrail_broken": (0.60, 0.40, USERS, "STOP"),
    "guardrail_open": (0.60, 0.22, USERS, "HOLD"),
    "inconclusive": (0.51, 0.20, USERS, "HOLD"),
    "untrusted": (0.60, 0.20, USERS - 400, "INVALID"),
}


@pytest.mark.parametrize(("case", "given"), CASES.items())
def test_each_case(workspace: MakeWorkspace, case: str, given: tuple[Any, ...]) -> None:
    bought, complained, users, word = given
    ops = session(
        workspace, [arm("control", 0.5, 0.2), arm("treatment", bought, complained, users)]
    )
    payload = readout(ops)["summary"].payload()
    verdict = payload["languages"]["en"]["verdict"]
    assert verdict["word"] == word
    assert verdict["rule"] == Language("en").text(f"ab.rule.{case}")
    assert ops.facts["ab.verdict"].value == word.lower()
    assert verdict["grade"] == ("E" if word == "INVALID" else "A")
    for code in ("en", "zh"):
        language = Language(code)
        texts = payload["languages"][code]
        assert texts["decisions"][0]["recommendation"] == language.text(f"ab.recommend.{case}")
        assert texts["actions"][0]["title"] == language.text(f"ab.action.{case}")
        assert texts["decisions"][0]["by"] == "Li Na"


def test_a_worse_primary_metric_comes_before_a_broken_guardrail(workspace: MakeWorkspace) -> None:
    ops = session(workspace, [arm("control", 0.5, 0.2), arm("treatment", 0.4, 0.4)])
    verdict = readout(ops)["summary"].payload()["languages"]["en"]["verdict"]
    assert verdict["rule"] == Language("en").text("ab.rule.primary_worse")


def test_without_guardrails_a_win_ships(workspace: MakeWorkspace) -> None:
    ops = session(workspace, [arm("control", 0.5, 0.2), arm("treatment", 0.6, 0.4)], guardrails="")
    assert readout(ops)["summary"].payload()["languages"]["en"]["verdict"]["word"] == "SHIP"


def test_a_guardrail_that_cannot_be_measured_is_not_held(workspace: MakeWorkspace) -> None:
    guardrails = '[[guardrails]]\nmetric = "refund_rate"\nmargin = 0.3\n'
    ops = session(workspace, [arm("control", 0.5, 0.2), arm("treatment", 0.6, 0.2)], guardrails)
    verdict = readout(ops)["summary"].payload()["languages"]["en"]["verdict"]
    assert verdict["word"] == "HOLD"
    assert ops.checks["guardrail.refund_rate"].status == "warn"


def test_a_guardrail_that_is_the_same_for_everybody_is_not_held(workspace: MakeWorkspace) -> None:
    """Nobody complained at all: nothing was shown, and nothing breaks."""
    ops = session(workspace, [arm("control", 0.5, 0.0), arm("treatment", 0.6, 0.0)])
    verdict = readout(ops)["summary"].payload()["languages"]["en"]["verdict"]
    assert verdict["rule"] == Language("en").text("ab.rule.guardrail_open")
    assert ops.facts["ab.guardrail/complained/treatment"].value == "not_proven"


def test_two_treatments_the_better_one_ships(workspace: MakeWorkspace) -> None:
    arms = [arm("control", 0.5, 0.2, 2 * USERS), arm("b", 0.58, 0.2), arm("c", 0.66, 0.2)]
    ops = session(workspace, arms, split="control = 0.5, b = 0.25, c = 0.25")
    verdict = readout(ops)["summary"].payload()["languages"]["en"]["verdict"]
    assert verdict["word"] == "SHIP"
    assert verdict["evidence"][0].endswith("/bought/c")


def test_two_winners_are_held_against_each_other(workspace: MakeWorkspace) -> None:
    """58 % and 66 % of 2,000 differ by 8 points: z = 5.2 by the pooled test."""
    arms = [arm("control", 0.5, 0.2, 2 * USERS), arm("b", 0.58, 0.2), arm("c", 0.66, 0.2)]
    ops = session(workspace, arms, split="control = 0.5, b = 0.25, c = 0.25")
    shown = readout(ops)
    fact = ops.facts["ab.between/bought/c/against=b"]
    pooled = np.sqrt(0.62 * 0.38 * 2 / USERS)
    assert fact.value == pytest.approx(0.08)
    assert fact.p_value == pytest.approx(2 * stats.norm.sf(0.08 / pooled), rel=1e-6)
    payload = shown["summary"].payload()["languages"]
    assert "c is shown to be better than b" in payload["en"]["verdict"]["sentence"]
    assert payload["en"]["decisions"][0]["question"] == "Roll out “Test, arm c” to all users?"
    assert payload["zh"]["decisions"][0]["question"] == "是否向全部用户上线“测试（c 组）”？"
    assert payload["en"]["actions"][0]["title"].startswith("Arm c: Roll out")
    assert payload["zh"]["actions"][0]["title"].startswith("c 组：")
    assert payload["en"]["decisions"][0]["recommendation"].startswith("Arm c:")
    assert "Arms against each other" in shown["primary"].plain(Language("en"))


def test_three_winners_have_holms_levels_over_their_pairs(workspace: MakeWorkspace) -> None:
    bought = {"b": 0.60, "c": 0.62, "d": 0.64}
    arms = [arm("control", 0.5, 0.2), *(arm(name, x, 0.2) for name, x in bought.items())]
    split = "control = 0.25, b = 0.25, c = 0.25, d = 0.25"
    ops = session(workspace, arms, "", split=split)
    sentence = readout(ops)["summary"].payload()["languages"]["en"]["verdict"]["sentence"]
    found = {key: fact for key, fact in ops.facts.items() if key.startswith("ab.between/")}
    assert len(found) == 3
    plain = multipletests(
        [
            proportions_ztest([bought[x] * USERS, bought[y] * USERS], [USERS, USERS])[1]
            for x, y in (("b", "c"), ("b", "d"), ("c", "d"))
        ],
        method="holm",
    )[1]
    for (base, better), p_value in zip((("b", "c"), ("b", "d"), ("c", "d")), plain, strict=True):
        fact = found[f"ab.between/bought/{better}/against={base}"]
        assert fact.p_value == pytest.approx(p_value, rel=1e-6)
        assert (fact.low > 0) == (fact.p_value < 0.05)
    assert "d is shown to be better than b" in sentence
    assert "Improved as well: c; whether d is better is open." in sentence


def test_an_effect_worth_finding_that_is_ruled_out(workspace: MakeWorkspace) -> None:
    plan_arms = [arm("control", 0.5, 0.2), arm("treatment", 0.5, 0.2)]
    ops = session(workspace, plan_arms, guardrails="mde = 0.1\n" + GUARDRAIL)
    texts = readout(ops)["summary"].payload()["languages"]
    for code in ("en", "zh"):
        language = Language(code)
        assert texts[code]["verdict"]["word"] == language.text("ab.word.hold")
        assert texts[code]["verdict"]["rule"] == language.text("ab.rule.ruled_out")
        assert texts[code]["actions"][0]["title"] == language.text("ab.action.ruled_out")
    assert (
        texts["en"]["decisions"][0]["question"]
        == "What follows for “Test”: redesign it, or drop it?"
    )
    assert "an improvement of 10%" in texts["en"]["verdict"]["sentence"]


def test_an_early_reading_is_marked(workspace: MakeWorkspace) -> None:
    arms = [arm("control", 0.5, 0.2), arm("treatment", 0.6, 0.2)]
    ops = session(workspace, arms, as_of="2026-10-12")
    shown = readout(ops)
    assert ops.checks["early"].status == "warn"
    assert shown["trust_gate"].payload()["status"] == {"status": "provisional"}
    assert "Interim reading" in shown["trust_gate"].payload()["languages"]["en"]["status_reason"]


def test_an_early_win_waits_for_its_end(workspace: MakeWorkspace) -> None:
    arms = [arm("control", 0.5, 0.2), arm("treatment", 0.6, 0.2)]
    ops = session(workspace, arms, guardrails="", as_of="2026-10-12")
    said = readout(ops)["summary"].payload()["languages"]["en"]
    assert (said["verdict"]["word"], said["verdict"]["grade"]) == ("HOLD", "B")
    language = Language("en")
    assert said["decisions"][0]["recommendation"] == language.text("ab.recommend.early")
    assert said["actions"][0]["title"] == language.text("ab.action.early")
    assert {finding["grade"] for finding in said["findings"]} <= {"B"}


def test_users_in_several_arms_and_without_outcomes(workspace: MakeWorkspace) -> None:
    people = [arm("control", 0.5, 0.2), arm("treatment", 0.6, 0.2)]
    both = people[0].head(100).assign(variant="treatment")
    ops = session(workspace, [*people, both])
    readout(ops)
    assert ops.facts["ab.several_arms"].value == pytest.approx(100 / 4000)
    assert ops.checks["several_arms"].status == "warn"
    assert ops.checks["missing_outcomes"].status == "pass"


def test_unknown_experiment(workspace: MakeWorkspace) -> None:
    ops = session(workspace, [arm("control", 0.5, 0.2), arm("treatment", 0.6, 0.2)])
    with pytest.raises(OpsnbError, match=r'experiment "x".*known experiments: e'):
        opsnb.Experiment(ops, "x")


def test_a_control_that_nobody_is_in(workspace: MakeWorkspace) -> None:
    """The grossest mismatch of all: invalid, with the arms of both sides named."""
    ops = session(workspace, [arm("a", 0.5, 0.2), arm("treatment", 0.6, 0.2)])
    sentence = readout(ops)["summary"].payload()["languages"]["en"]["verdict"]["sentence"]
    assert ops.facts["ab.verdict"].value == "invalid" and ops.facts["ab.srm"].value == 0
    assert "Nobody is in control, where 1,000 were planned" in sentence
    assert "arms that the plan does not: a." in sentence


# -- campaigns -----------------------------------------------------------------------------

CAMPAIGN = """
name = "Sale"
objective = "Sell"
owner = "Li Na"
start = 2026-10-01
end = 2026-10-07
post_days = 0
metric = "gmv_net"
{more}
[budget]
media = 1000
{budget}
"""
HOLDOUT = 'holdout = {experiment = "e", control = "held", treated = "exposed", share = 0.5}\n'


def campaign(
    workspace: MakeWorkspace,
    held: float,
    exposed: float,
    *,
    more: str = HOLDOUT,
    budget: str = "",
    users: int = 400,
    cost: float = 1000.0,
) -> Session:
    """Users of both arms who spend this much on average in the campaign, half of them twice it."""
    rng = np.random.default_rng(1)
    parts = []
    for variant, mean, size in (("held", held, 400), ("exposed", exposed, users)):
        parts.append(
            pd.DataFrame(
                {
                    "user_id": [f"{variant}{i}" for i in range(size)],
                    "variant": variant,
                    "amount": mean + rng.normal(0, 10, size),
                }
            )
        )
    people = pd.concat(parts, ignore_index=True)
    orders = people.assign(
        order_id=[f"o{i}" for i in range(len(people))],
        ordered_at=pd.Timestamp("2026-10-03 10:00"),
    )[["order_id", "user_id", "ordered_at", "amount"]]
    spend = pd.DataFrame(
        {
            "campaign_id": ["sale"], "date": [dt.date(2026, 10, 2)], "channel": ["wechat"],
            "kind": ["media"], "amount": [cost],
        }
    )  # fmt: skip
    made = workspace(
        {
            "assignments": people[["user_id", "variant"]].assign(
                experiment_id="e", assigned_at=pd.Timestamp("2026-10-01")
            ),
            "orders": orders,
            "spend": spend,
        },
        plans={"campaigns/sale.toml": CAMPAIGN.format(more=more, budget=budget)},
    )
    return Session(made, "campaign_review", cycle="2026-10", languages=["en", "zh"])


def review(ops: Session) -> Mapping[str, Shown]:
    made = opsnb.Campaign(ops, "sale")
    steps = ("goal", "costs", "data_gate", "result", "effect", "returns", "channels", "summary")
    return {step: getattr(made, step)() for step in steps}


CAMPAIGN_CASES: dict[str, tuple[dict[str, Any], str]] = {
    "paid": ({"held": 100, "exposed": 150}, "PAID OFF"),
    "loss": ({"held": 100, "exposed": 102, "cost": 5000.0}, "WORKED, AT A LOSS"),
    "unclear": ({"held": 100, "exposed": 106}, "WORKED, RETURN UNCLEAR"),
    "unproven": ({"held": 100, "exposed": 100.5}, "NOT PROVEN"),
    "harmful": ({"held": 110, "exposed": 100}, "HARMED"),
    "cost_open": ({"held": 100, "exposed": 150, "budget": "labour = 10"}, "WORKED, COST OPEN"),
    "description": ({"held": 100, "exposed": 150, "more": ""}, "NO COUNTERFACTUAL"),
    "invalid": ({"held": 100, "exposed": 150, "users": 600}, "INVALID"),
}


@pytest.mark.parametrize(("case", "given"), CAMPAIGN_CASES.items())
def test_each_campaign_case(
    workspace: MakeWorkspace, case: str, given: tuple[dict[str, Any], str]
) -> None:
    settings, word = given
    ops = campaign(workspace, **settings)
    shown = review(ops)
    texts = shown["summary"].payload()["languages"]
    assert texts["en"]["verdict"]["word"] == word
    assert texts["en"]["verdict"]["rule"] == Language("en").text(f"campaign.rule.{case}")
    assert texts["zh"]["verdict"]["word"] == Language("zh").text(f"campaign.word.{case}")
    assert ops.facts["campaign.verdict"].value == case
    returns = [card["label"] for card in texts["en"]["cards"] if "RO" in card["label"]]
    if case in {"cost_open", "description", "invalid"}:
        assert not returns
    if case == "invalid":
        assert texts["en"]["cards"] == [] and not ops.findings


CAUSAL = {
    "en": ("caused", "effect of", "because of", "incremental", "uplift", "lift ", "added",
           "worked", "thanks to", "led to", "drove"),
    "zh": ("带来", "导致", "增量", "效应", "拉动", "促成", "得益于"),
}  # fmt: skip


@pytest.mark.parametrize("code", ["en", "zh"])
def test_without_a_counterfactual_nothing_causal_is_said(
    workspace: MakeWorkspace, code: str
) -> None:
    """Apart from the sentences that say what is unknown, and what a counterfactual would be."""
    ops = campaign(workspace, 100, 150, more="")
    shown = review(ops)
    language = Language(code)
    allowed = [
        language.text(key)
        for key in ("campaign.effect.none", "campaign.effect.order", "campaign.result.not_causal",
                    "campaign.returns.none", "campaign.channels.note",
                    "campaign.returns.roas_definition", "campaign.returns.classic_definition",
                    "campaign.goal.predicted")
    ]  # fmt: skip
    allowed.append(shown["summary"].payload()["languages"][code]["verdict"]["sentence"])
    said = "\n".join(part.plain(language) for part in shown.values())
    for text in allowed:
        said = said.replace(text, "")
    found = [word for word in CAUSAL[code] if word in said.lower()]
    assert not found, said
    assert "campaign.effect/gmv_net///campaign" not in ops.facts


def test_unknown_campaign_and_column(workspace: MakeWorkspace) -> None:
    ops = campaign(workspace, 100, 150)
    with pytest.raises(ParameterError, match=r'unknown campaign "sael".*did you mean "sale"\?'):
        opsnb.Campaign(ops, "sael")
    with pytest.raises(ParameterError, match=r'the spend table has no column "chanel".*"channel"'):
        opsnb.Campaign(ops, "sale").channels(by="chanel")
