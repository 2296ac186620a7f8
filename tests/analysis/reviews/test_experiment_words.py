"""The wording rules of experiments, over every sentence that the rules produce."""

from __future__ import annotations

import datetime as dt
import re
import string
from collections.abc import Callable, Iterator
from functools import cache

import pandas as pd
import pytest

from opsnb.analysis.findings import Fact
from opsnb.analysis.metrics import ArmAggregates, Metric
from opsnb.analysis.reviews.experiment.effects import compare_arms
from opsnb.base.messages import Language, Text
from opsnb.base.workspace import Workspace

from .test_experiment_trust import RAMP, crook, people, run, session

MakeWorkspace = Callable[..., Workspace]

FORBIDDEN = {
    "en": (
        r"no (significant )?effect\b", r"\d+ ?% (sure|certain|confident|probab|chance)",
        r"trending", r"trends? toward", r"almost significant", r"marginal", r"approach\w* signif",
        r"\bproves?\b(?! nothing)", r"observed power", r"post-hoc power", r"\bworks\b",
        r"confident that",
    ),
    "zh": (
        "没有效果", "没有影响", "无效果", "无影响", "把握", "接近显著", "边缘显著", "几乎显著",
        "趋于显著", "趋向显著", "事后功效", "证明有效", "一定有效",
    ),
}  # fmt: skip

GUARD = '[[guardrails]]\nmetric = "spent"\nmargin = 0.1\n'
CASES: dict[str, tuple[tuple[float, float], dict[str, object]]] = {
    "won": ((0.5, 0.6), {}),
    "won_guarded": ((0.5, 0.6), {"more": GUARD}),
    "open": ((0.5, 0.51), {}),
    "worse": ((0.5, 0.4), {"more": GUARD}),
    "early": ((0.5, 0.51), {"as_of": "2026-10-15"}),
    "look": ((0.5, 0.6), {"more": "looks = 3", "as_of": "2026-10-12"}),
    "unregistered": ((0.5, 0.5), {"plan": False}),
}


@pytest.fixture(params=[*CASES, "ramp", "broken"])
def texts(request: pytest.FixtureRequest, workspace: MakeWorkspace) -> dict[str, str]:
    """All that a readout says, by language."""
    case = request.param
    if case in CASES:
        shares, more = CASES[case]
        ops = session(workspace, people(*shares), **more)  # type: ignore[arg-type]
    else:
        ops = session(workspace, crook(), more=RAMP if case == "ramp" else "")
    shown = run(ops, metric="bought") if case == "unregistered" else run(ops)
    return {
        language.code: "\n".join(part.plain(language) for part in shown.values())
        for language in ops.languages
    }


@pytest.mark.parametrize("code", ["en", "zh"])
def test_nothing_forbidden_is_said(texts: dict[str, str], code: str) -> None:
    found = [p for p in FORBIDDEN[code] if re.search(p, texts[code], re.IGNORECASE)]
    assert not found, texts[code]


@cache
def claims() -> dict[str, list[str]]:
    """The templates of claims and verdicts, by language."""
    return {
        code: [
            text
            for key, text in Language(code).texts.items()
            if key.startswith(("ab.claim.", "ab.verdict.")) and "sentence" not in text
        ]
        for code in ("en", "zh")
    }


@pytest.mark.parametrize("code", ["en", "zh"])
def test_claims_and_verdicts_carry_the_interval(code: str) -> None:
    """Every sentence on an effect shows its interval; "untrusted" has no effect to show."""
    for text in claims()[code]:
        assert ".interval}" in text or "{reason}" in text, text


@pytest.mark.parametrize("code", ["en", "zh"])
def test_an_open_effect_is_inconclusive_with_what_is_ruled_out(code: str) -> None:
    texts = Language(code).texts
    word, out = {"en": ("inconclusive", "ruled out"), "zh": ("尚无定论", "排除")}[code]
    assert word in texts["ab.claim.open"] and out in texts["ab.claim.open"]
    assert word in texts["ab.claim.absolute_open"] and word in texts["ab.verdict.inconclusive"]


@pytest.mark.parametrize("code", ["en", "zh"])
def test_the_rule_says_what_would_change_it(code: str) -> None:
    word = {"en": "would change this", "zh": "改变"}[code]
    rules = {k: t for k, t in Language(code).texts.items() if k.startswith("ab.rule.")}
    assert len(rules) == 13 and all(word in text for text in rules.values())


def test_points_and_percent_are_told_apart(workspace: MakeWorkspace) -> None:
    ops = session(workspace, people(0.5, 0.6))
    shown = run(ops)["primary"]
    english, chinese = (shown.plain(language) for language in ops.languages)
    assert "+10.00 pp" in english and "+20.0%" in english
    assert "+10.00 个百分点" in chinese and "+20.0%" in chinese


def test_an_interim_reading_says_so_first(workspace: MakeWorkspace) -> None:
    frame: pd.DataFrame = people(0.5, 0.6)
    ops = session(workspace, frame, as_of="2026-10-15")
    payload = run(ops)["summary"].payload()["languages"]
    assert payload["en"]["verdict"]["sentence"].startswith("Interim, not decision-grade.")
    assert payload["zh"]["verdict"]["sentence"].startswith("中途查看，不能据此决策。")


# -- every sentence that the rules can produce ---------------------------------------------

REASONS = (
    "untrusted", "blocked", "primary_worse", "guardrail_broken", "won", "won_unguarded", "early",
    "guardrail_open", "guardrail_unread", "denominator", "inconclusive", "ruled_out",
)  # fmt: skip
SAMPLES = [  # lift, low, high, and the reading they allow
    (0.04, 0.01, 0.07), (-0.04, -0.07, -0.01), (0.004, -0.03, 0.04), (-0.2, -0.5, 0.1),
]  # fmt: skip


def sample(name: str, spec: str, effect: tuple[float, float, float]) -> object:
    """What may stand in a placeholder of that name and format."""
    lift, low, high = effect
    if name in {"lift", "diff", "impact"} or "interval" in spec:
        size, unit = {"diff": (0.2, "points"), "impact": (1e5, "count")}.get(name, (1, "relative"))
        return Fact(f"ab.{name}", size * lift, unit, low=size * low, high=size * high)
    if "date" in spec:
        return dt.date(2026, 10, 5)
    if "integer" in spec:
        return 7
    return 0.05 if spec else "B"


def every_sentence(code: str) -> Iterator[tuple[str, str]]:
    """Each text of the readout, said of each sample effect."""
    language = Language(code)
    for key in sorted(k for k in language.texts if k.startswith("ab.")):
        fields = [(f, s or "") for _, f, s, _ in string.Formatter().parse(language.texts[key]) if f]
        for effect in SAMPLES:
            args = {name: sample(name, spec, effect) for name, spec in fields}
            yield key, language.text(key, **args)


@pytest.mark.parametrize("code", ["en", "zh"])
def test_no_sentence_of_the_readout_says_what_is_forbidden(code: str) -> None:
    """All texts under `ab.`, filled with gains, losses, and intervals around zero."""
    said = list(every_sentence(code))
    assert len({key for key, _ in said}) > 150
    for key, sentence in said:
        assert "{" not in sentence, key
        found = [p for p in FORBIDDEN[code] if re.search(p, sentence, re.IGNORECASE)]
        assert not found, (key, sentence)


@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize(
    "frames", [(), ("interim",), ("planned_look",), ("unregistered",), ("interim", "unregistered")]
)
def test_every_verdict_leads_with_its_interval(
    code: str, reason: str, frames: tuple[str, ...]
) -> None:
    """Each case of the rule, registered or not, early or not, with either kind of effect."""
    language, part = Language(code), Fact("ab.part", 0.1, "relative", low=0.05, high=0.15)
    for lift, low, high in SAMPLES:
        for unit in ("relative", "points"):  # with points where the control is near zero
            fact = Fact("ab.lift", lift, unit, low=low, high=high)
            text = Text.of(
                f"ab.verdict.{reason}",
                name="N", metric="M", variant="b", lift=fact, reason=Text("ab.trust.srm_unknown"),
                open=["L"], mde=0.05,
                numerator=part, denominator=part,
            )  # fmt: skip
            for frame in frames:
                text = Text.of(f"ab.verdict.{frame}", sentence=text)
            sentence = language.say(text)
            judged = reason not in ("untrusted", "blocked")
            if judged:
                bounds = language.format(fact, "signed_percent.interval")
                shown = bounds if unit == "relative" else language.format(fact, "points.interval")
                assert shown in sentence, sentence
            if reason not in ("ruled_out", "denominator"):  # they hold a relative figure, too
                assert ("%" in sentence) == (unit == "relative" and judged), sentence
            if frames:
                opening = language.text(f"ab.verdict.{frames[-1]}", sentence="")
                assert sentence.startswith(opening.strip())


@pytest.mark.parametrize("code", ["en", "zh"])
def test_colour_follows_the_interval_that_decides(code: str) -> None:
    """Nothing is good or bad but where the deciding interval excludes zero."""
    metric = Metric(id="m", label="M", kind="mean", table="outcomes", value="v", unit="number")
    for gap in (-2.0, -0.1, 0.1, 2.0):
        arms = [
            ArmAggregates(name, None, 200, {"x": 10 + shift}, {("x", "x"): 25.0})
            for name, shift in (("a", 0.0), ("b", gap))
        ]
        effect = compare_arms(metric, *arms)
        clear = effect.diff.low > 0 or effect.diff.high < 0
        assert (effect.improved or effect.worsened) == clear
        assert effect.improved == (clear and gap > 0)
