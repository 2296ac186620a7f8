"""The decision rule of an experiment, as registered: which case applies and what it says.

INVALID when a trust check blocks. STOP when the primary metric or a guardrail got worse.
SHIP when the primary metric improved and every guardrail is non-inferior, at the planned end or
at a planned look. HOLD otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from opsnb.analysis.findings import Fact, Tone, Verdict
from opsnb.analysis.reviews.experiment.effect_facts import MeasuredEffect
from opsnb.analysis.reviews.experiment.results import Results
from opsnb.base.messages import Text

Word = Literal["ship", "hold", "stop", "invalid"]
Reason = Literal[
    "blocked",
    "untrusted",
    "primary_worse",
    "guardrail_broken",
    "won",
    "early",
    "guardrail_open",
    "inconclusive",
]

_ORDER: tuple[Reason, ...] = (
    "blocked", "untrusted", "won", "early", "guardrail_open", "inconclusive",
    "guardrail_broken", "primary_worse",
)  # fmt: skip
"""Of several arms, the case that is best for the experiment decides."""

OF_DATA = ("data.", "set_aside.", "primary")
"""How checks of tables begin; the others are of the split and of outcomes."""

_TONE: dict[Word, Tone] = {"ship": "good", "hold": "warn", "stop": "bad", "invalid": "bad"}


@dataclass(frozen=True)
class Ruling:
    """What the rule says, the case that decided, and the effect it rests on."""

    word: Word
    reason: Reason
    measured: MeasuredEffect | None = None

    def verdict(self, results: Results) -> Verdict:
        """The verdict line: word, sentence with the deciding interval, what would change it."""
        unguarded = self.reason == "won" and not results.plan.guardrails
        case = "won_unguarded" if unguarded else self.reason
        args: dict[str, object] = {"name": results.plan.name}
        evidence: tuple[Fact, ...] = ()
        if self.measured is not None:
            effect, diff, lift = self.measured.effect, self.measured.diff, self.measured.lift
            lift = diff if lift.value is None else lift
            args |= {"metric": effect.metric.label, "variant": effect.variant, "lift": lift}
            evidence = (lift, diff)
        else:
            args |= {"reason": results.trust.blocking[0].message}
            srm = results.trust.fact("ab.srm")
            evidence = (srm,) if srm else ()
        sentence = Text(f"ab.verdict.{case}", args)
        if self.measured is not None and results.has_several_arms:
            variant = self.measured.effect.variant
            sentence = Text.of("ab.verdict.arm", variant=variant, sentence=sentence)
        if self.word != "invalid" and results.is_early:
            frame = "interim" if results.is_interim else "planned_look"
            sentence = Text.of(f"ab.verdict.{frame}", sentence=sentence)
        if self.word != "invalid" and not results.plan.registered:
            sentence = Text.of("ab.verdict.unregistered", sentence=sentence)
        return Verdict(
            word=Text(f"ab.word.{self.word}"),
            sentence=sentence,
            grade=results.grade,
            tone=_TONE[self.word],
            rule=Text(f"ab.rule.{case}"),
            evidence=evidence,
        )


def rule(results: Results) -> Ruling:
    """The first case that applies, in the order of the module's docstring.

    Of several arms each is judged by itself, and the best one decides: a failed arm does not
    stop another that won.
    """
    if results.trust.blocking:
        of_data = results.trust.blocking[0].id.startswith(OF_DATA)
        return Ruling("invalid", "blocked" if of_data else "untrusted")
    rulings = [_arm(results, measured) for measured in results.effects]
    return min(rulings, key=lambda ruling: (_ORDER.index(ruling.reason), -_size(ruling)))


def _arm(results: Results, measured: MeasuredEffect) -> Ruling:
    """What the rule says of one arm."""
    effect = measured.effect
    if effect.worsened:
        return Ruling("stop", "primary_worse", measured)
    guarded = [r for r in results.guardrails if r.effect.variant == effect.variant]
    broken = next((result for result in guarded if result.test.status == "fail"), None)
    if broken:
        return Ruling("stop", "guardrail_broken", broken.measured)
    if not effect.improved:
        return Ruling("hold", "inconclusive", measured)
    held = all(result.test.status == "pass" for result in guarded)
    if held and len(guarded) == len(results.plan.guardrails):
        # Nobody promised to decide today: the end that was promised decides.
        return (
            Ruling("hold", "early", measured)
            if results.is_interim
            else Ruling("ship", "won", measured)
        )
    return Ruling("hold", "guardrail_open", measured)


def _size(ruling: Ruling) -> float:
    lift = ruling.measured.effect.lift if ruling.measured else None
    return abs(lift.value) if lift else 0.0
