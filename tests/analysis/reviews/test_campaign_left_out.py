"""A copy of the review that leaves sections out comes to the verdict of the whole one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest

import opsnb
from tests.analysis.reviews.campaigns import HELD_OUT, SALE, open_campaign, sale

STEPS = ("goal", "costs", "data_gate", "fairness", "result", "effect", "returns", "channels")
DECIDING = ("costs", "fairness", "effect", "returns")
ORDER = ("ready", "provisional", "invalid")

LEFT_OUT = [
    *((step,) for step in DECIDING),
    *combinations(DECIDING, 2),
    DECIDING,
    STEPS,
]

BUDGET = "[budget]\nmedia = 1000\n"

CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    # case: (the campaign, word, status of the report)
    "invalid": ({"users": 600, "booked": {"media": 1000.0}}, "INVALID", "invalid"),
    "paid": (
        {"plan": SALE + HELD_OUT + BUDGET, "booked": {"media": 1000.0}},
        "PAID OFF",
        "ready",
    ),
    "loss": (
        {"plan": SALE + HELD_OUT + BUDGET, "booked": {"media": 9e6}},
        "WORKED, AT A LOSS",
        "ready",
    ),
    "cost_open": (
        {"plan": SALE + HELD_OUT + BUDGET + "labour = 10\n", "booked": {"media": 1000.0}},
        "WORKED, COST OPEN",
        "provisional",
    ),
    "uncosted": ({"held": 100, "exposed": 100}, "NOT PROVEN", "ready"),
    "description": ({"plan": SALE}, "NO COUNTERFACTUAL", "ready"),
    "selected": ({"plan": SALE + 'audience = "lapsed"\n'}, "NO COUNTERFACTUAL", "ready"),
    "unripe": (
        {"plan": SALE + HELD_OUT, "booked": {"media": 1000.0}, "as_of": "2026-10-20"},
        "PAID OFF",
        "provisional",
    ),
}


@dataclass
class Report:
    """What leaves a review: its summary in English, its status, and the records of all cells."""

    summary: dict[str, Any]
    status: str
    facts: dict[str, Any]
    blocking: set[str]

    @property
    def verdict(self) -> dict[str, Any]:
        return self.summary["verdict"]


def report(campaign: opsnb.Campaign, left_out: Iterable[str] = ()) -> Report:
    steps = [step for step in (*STEPS, "summary") if step not in left_out]
    payloads = [getattr(campaign, step)().payload() for step in steps]
    statuses = [p["status"]["status"] for p in payloads if p["status"]]
    return Report(
        payloads[-1]["languages"]["en"],
        max(statuses, key=ORDER.index, default="ready"),
        {fact["key"]: fact for p in payloads for fact in p["facts"]},
        {
            check["id"]
            for p in payloads
            for check in p["languages"]["en"]["checks"]
            if check["status"] == "block"
        },
    )


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_does_not_depend_on_which_cells_ran(workspace, case):
    settings, word, status = CASES[case]
    made = sale(workspace, **settings)
    whole = report(open_campaign(made))
    assert whole.verdict["word"] == word
    assert whole.status == status
    assert "–" not in whole.verdict["sentence"]
    for left_out in LEFT_OUT:
        found = report(open_campaign(made), left_out)
        assert found.verdict == whole.verdict, left_out
        assert found.summary["cards"] == whole.summary["cards"], left_out
        assert found.summary["decisions"] == whole.summary["decisions"], left_out
        assert found.status == whole.status, left_out
        assert found.blocking == whole.blocking, left_out
        cited = [*found.verdict["evidence"], *(k for c in found.summary["cards"]
                                               for k in c["evidence"])]  # fmt: skip
        assert {key: found.facts[key] for key in cited} == {key: whole.facts[key] for key in cited}


def test_a_broken_split_is_told_by_the_summary_alone(workspace):
    """Cards and findings of an effect that cannot be read stay away, whoever left it out."""
    campaign = open_campaign(sale(workspace, users=600, booked={"media": 1000.0}))
    payload = campaign.summary().payload()
    assert payload["status"] == {"status": "invalid"}
    assert "does not keep its planned share" in payload["languages"]["en"]["status_reason"]
    assert payload["languages"]["en"]["cards"] == payload["languages"]["en"]["findings"] == []
    checks = {check["id"]: check["status"] for check in payload["languages"]["en"]["checks"]}
    assert checks["holdout"] == "block"


@pytest.mark.parametrize("code", ["en", "zh"])
def test_without_a_cost_no_cost_is_named(workspace, code):
    campaign = open_campaign(sale(workspace, held=100, exposed=100))
    sentence = campaign.summary().payload()["languages"][code]["verdict"]["sentence"]
    assert {"en": "no cost is on record", "zh": "没有费用记录"}[code] in sentence
    assert "–" not in sentence


def test_notes_tell_the_effect_whether_or_not_it_was_shown(workspace):
    made = sale(workspace, booked={"media": 1000.0})
    alone = open_campaign(made).looking_back().plain(open_campaign(made).ops.language)
    campaign = open_campaign(made)
    campaign.effect()
    assert campaign.looking_back().plain(campaign.ops.language) == alone
    assert "not known" not in alone


def rounded(value: object) -> str:
    """The value in words, to nine digits: an engine adds up in several threads."""
    number = r"-?\d+\.\d+(?:e[+-]\d+)?"
    return re.sub(number, lambda found: format(float(found[0]), ".9g"), repr(value))


def test_evidence_is_the_same_before_and_after_the_cells_and_records_nothing(workspace):
    made = sale(workspace, plan=SALE + HELD_OUT + BUDGET, booked={"media": 1000.0})
    untouched = open_campaign(made)
    before = untouched.case.measured
    assert not untouched.ops.facts and not untouched.ops.checks
    played = open_campaign(made)
    report(played)
    assert rounded(played.case.measured) == rounded(before)
