"""The decision rule of an experiment, as registered: which case applies and what it says.

INVALID when a trust check blocks. STOP when the primary metric or a guardrail got worse.
SHIP when the primary metric improved and every guardrail is non-inferior, at the planned end or
at a planned look. HOLD otherwise, also where the primary metric cannot be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from opsnb.analysis.findings import Fact, Tone, Verdict
from opsnb.analysis.reviews.experiment.effect_facts import MeasuredEffect
from opsnb.analysis.reviews.experiment.guardrail_tests import GuardrailResult
from opsnb.analysis.reviews.experiment.other_arms import other_arms_said
from opsnb.analysis.reviews.experiment.results import Results
from opsnb.base.messages import Said, Text

Word = Literal["ship", "hold", "stop", "invalid"]
Reason = Literal[
    "blocked",
    "untrusted",
    "primary_worse",
    "guardrail_broken",
    "won",
    "early",
    "guardrail_open",
    "guardrail_unread",
    "denominator",
    "inconclusive",
    "ruled_out",
    "unread",
]

_ORDER: tuple[Reason, ...] = (
    "blocked", "untrusted", "won", "early", "guardrail_open", "guardrail_unread",
    "denominator", "inconclusive", "ruled_out", "unread", "guardrail_broken", "primary_worse",
)  # fmt: skip
"""Of several arms, the case that is best for the experiment decides."""

OF_DATA = ("data.", "set_aside.", "primary")
"""How checks of tables begin; the others are of the split and of outcomes."""

_TONE: dict[Word, Tone] = {"ship": "good", "hold": "warn", "stop": "bad", "invalid": "bad"}


@dataclass(frozen=True)
class Ruling:
    """What the rule says, the case that decided, and the effect it rests on.

    Attributes
    ----------
    primary : MeasuredEffect or None
        The arm's effect on the primary metric; None where a trust test blocks.
    guardrails : tuple of GuardrailResult
        The arm's guardrails that decided: the broken one, or those that are open.
    """

    word: Word
    reason: Reason
    primary: MeasuredEffect | None = None
    guardrails: tuple[GuardrailResult, ...] = ()

    @property
    def variant(self) -> str | None:
        """The arm that it is about."""
        return self.measured.effect.variant if self.measured else None

    @property
    def measured(self) -> MeasuredEffect | None:
        """The effect that the sentence gives: of a broken guardrail, else of the primary metric."""
        broken = self.guardrails if self.reason == "guardrail_broken" else ()
        return broken[0].measured if broken else self.primary

    @property
    def question(self) -> str:
        """What is to be decided: as the word has it, or as the case does where it differs."""
        return self.reason if self.reason in ("blocked", "early", "ruled_out") else self.word

    def named(self, text: Text, results: Results) -> Text:
        """A text that speaks of "the variant", with the arm in front where there are several."""
        if self.variant is None or not results.has_several_arms:
            return text
        return Text.of("ab.verdict.arm", variant=self.variant, sentence=text)

    def name(self, results: Results) -> Said:
        """The experiment's name, with the arm where there are several."""
        name = results.plan.name
        if self.variant is None or not results.has_several_arms:
            return name
        return Text.of("ab.arms.name", name=name, variant=self.variant)

    def verdict(self, results: Results) -> Verdict:
        """The verdict line: word, sentence with the deciding interval, what would change it."""
        unguarded = self.reason == "won" and not results.plan.guardrails
        case = "won_unguarded" if unguarded else self.reason
        args: dict[str, Any] = {"name": results.plan.name}
        evidence: tuple[Fact, ...] = ()
        if self.measured is not None:
            effect, diff, lift = self.measured.effect, self.measured.diff, self.measured.lift
            lift = diff if lift.value is None else lift
            args |= {"metric": effect.metric.label, "lift": lift, "mde": results.plan.primary.mde}
            args["open"] = [result.effect.metric.label for result in self.guardrails]
            evidence = (lift, diff)
            if self.reason == "denominator" and (parts := results.parts_of_ratio(self.variant)):
                args |= {"numerator": parts[0], "denominator": parts[1]}
                evidence += parts
        elif self.reason == "unread":
            args |= {"reason": results.unread}
        else:
            args |= {"reason": results.trust.blocking[0].message}
            srm = results.trust.fact("ab.srm")
            evidence = (srm,) if srm else ()
        sentence = self.named(Text(f"ab.verdict.{case}", args), results)
        if self.word == "ship" and results.is_implausible(str(self.variant)):
            sentence = Text.of("ab.verdict.implausible", sentence=sentence)
        sentence = self._all_said(sentence, results)
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

    def _all_said(self, sentence: Text, results: Results) -> Text:
        """The sentence, how weak the tests of its guardrails were, and what of the other arms."""
        said = [sentence]
        weak = [result for result in self.guardrails if result.is_weak(results.plan.power)]
        if weak:
            said.append(Text.of("ab.guardrail.weak", guardrails=[weak_said(each) for each in weak]))
        if self.primary is not None and self.variant is not None:
            reasons = {str(r.variant): r.reason for r in arm_rulings(results)}
            said += other_arms_said(self.variant, reasons, results.pairs)
        whole = said[0]
        for more in said[1:]:
            whole = Text.of("common.and", sentence=whole, more=more)
        return whole


def weak_said(result: GuardrailResult) -> Text:
    """A guardrail, and the chance that a test of this size would show that it holds."""
    return Text.of(
        "ab.guardrail.chance", metric=result.effect.metric.label, power=result.power.value
    )


def rule(results: Results) -> Ruling:
    """The first case that applies, in the order of the module's docstring.

    Of several arms each is judged by itself, and the best one decides: a failed arm does not
    stop another that won.
    """
    if results.trust.blocking:
        of_data = results.trust.blocking[0].id.startswith(OF_DATA)
        return Ruling("invalid", "blocked" if of_data else "untrusted")
    if not results.effects:
        return _unread(results)
    return arm_rulings(results)[0]


def _unread(results: Results) -> Ruling:
    """What is left where the primary metric cannot be compared: guardrails that all arms broke."""
    broken = {r.effect.variant: r for r in results.guardrails if r.test.status == "fail"}
    guarded = {r.effect.variant for r in results.guardrails}
    if broken and guarded == set(broken):
        return Ruling("stop", "guardrail_broken", guardrails=(next(iter(broken.values())),))
    return Ruling("hold", "unread")


def arm_rulings(results: Results) -> list[Ruling]:
    """What the rule says of each arm: the best case first, of equal ones the best estimate."""
    rulings = [_arm(results, measured) for measured in results.effects]
    return sorted(rulings, key=lambda ruling: (_ORDER.index(ruling.reason), -_benefit(ruling)))


def stopped_beside(ruling: Ruling, results: Results) -> list[Ruling]:
    """The arms that did harm, where another one decides: they are to be switched off too."""
    if ruling.word == "invalid":
        return []
    return [each for each in arm_rulings(results)[1:] if each.word == "stop"]


def _benefit(ruling: Ruling) -> float:
    return ruling.primary.effect.benefit if ruling.primary else 0.0


def _arm(results: Results, measured: MeasuredEffect) -> Ruling:
    """What the rule says of one arm."""
    effect = measured.effect
    hangs_on_denominator = results.hangs_on_denominator(effect)
    if effect.worsened and not hangs_on_denominator:
        return Ruling("stop", "primary_worse", measured)
    guarded = tuple(r for r in results.guardrails if r.effect.variant == effect.variant)
    broken = tuple(result for result in guarded if result.test.status == "fail")
    if broken:
        return Ruling("stop", "guardrail_broken", measured, broken)
    if hangs_on_denominator:
        return Ruling("hold", "denominator", measured)
    if not effect.improved:
        is_final = not results.is_interim and _is_ruled_out(results, measured)
        return Ruling("hold", "ruled_out" if is_final else "inconclusive", measured)
    unproven = tuple(result for result in guarded if result.test.status != "pass")
    if unproven:
        return Ruling("hold", "guardrail_open", measured, unproven)
    if len(guarded) < len(results.plan.guardrails):
        return Ruling("hold", "guardrail_unread", measured)
    if results.is_interim:
        return Ruling("hold", "early", measured)  # the end that was promised decides
    return Ruling("ship", "won", measured)


def _is_ruled_out(results: Results, measured: MeasuredEffect) -> bool:
    """Whether even the largest plausible improvement is below the one worth finding."""
    gain, mde = measured.effect.most_gained, results.plan.primary.mde
    return gain is not None and mde is not None and gain < mde
