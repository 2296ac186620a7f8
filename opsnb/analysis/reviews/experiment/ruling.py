"""The decision rule of an experiment, as registered: which case applies and what it says.

INVALID when a trust check blocks. STOP when the primary metric or a guardrail got worse.
SHIP when the primary metric improved and every guardrail is non-inferior. HOLD otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from opsnb.analysis.findings import Fact, Tone, Verdict
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.experiment.effects import Effect
    from opsnb.analysis.reviews.experiment.readout import Experiment

Word = Literal["ship", "hold", "stop", "invalid"]
Reason = Literal[
    "untrusted", "primary_worse", "guardrail_broken", "won", "guardrail_open", "inconclusive"
]

_ORDER: tuple[Reason, ...] = (
    "untrusted", "won", "guardrail_open", "inconclusive", "guardrail_broken", "primary_worse",
)  # fmt: skip
"""Of several arms, the case that is best for the experiment decides."""

_TONE: dict[Word, Tone] = {"ship": "good", "hold": "warn", "stop": "bad", "invalid": "bad"}


@dataclass(frozen=True)
class Ruling:
    """What the rule says, the case that decided, and the effect it rests on."""

    word: Word
    reason: Reason
    effect: Effect | None = None

    def verdict(self, experiment: Experiment) -> Verdict:
        """The verdict line: word, sentence with the deciding interval, what would change it."""
        ops = experiment.ops
        args: dict[str, object] = {"name": experiment.plan.name}
        evidence: tuple[Fact, ...] = ()
        unguarded = self.reason == "won" and not experiment.plan.guardrails
        case = "won_unguarded" if unguarded else self.reason
        if self.effect is not None:
            metric, variant = self.effect.metric, self.effect.variant
            suffix = ".cuped" if self.effect.adjusted else ""
            if self.effect.deciding is not self.effect.usual:
                suffix = ".deciding"
            lift = ops.facts[f"ab.lift{suffix}/{metric.id}/{variant}"]
            diff = ops.facts[f"ab.diff{suffix}/{metric.id}/{variant}"]
            if lift.value is None:
                lift = diff
            args |= {"metric": metric.label, "variant": variant, "lift": lift}
            evidence = (lift, diff)
        else:
            srm = ops.facts["ab.srm"]
            evidence = (srm,)
            blocked = [c for c in ops.checks.values() if c.status == "block"]
            args |= {"reason": blocked[0].message}
        sentence = Text(f"ab.verdict.{case}", args)
        if self.effect is not None and len(experiment.treatments) > 1:
            sentence = Text.of("ab.verdict.arm", variant=self.effect.variant, sentence=sentence)
        if self.word != "invalid" and experiment.is_early:
            sentence = Text.of("ab.verdict.interim", sentence=sentence)
        if self.word != "invalid" and not experiment.plan.registered:
            sentence = Text.of("ab.verdict.unregistered", sentence=sentence)
        return Verdict(
            word=Text(f"ab.word.{self.word}"),
            sentence=sentence,
            grade=experiment.grade,
            tone=_TONE[self.word],
            rule=Text(f"ab.rule.{case}"),
            evidence=evidence,
        )


def rule(experiment: Experiment) -> Ruling:
    """The first case that applies, in the order of the module's docstring.

    Of several arms each is judged by itself, and the best one decides: a failed arm does not
    stop another that won.
    """
    if not experiment.valid:
        return Ruling("invalid", "untrusted")
    effects = experiment.effects(experiment.plan.primary.metric)
    rulings = [_arm(experiment, effect) for effect in effects]
    return min(rulings, key=lambda ruling: (_ORDER.index(ruling.reason), -_size(ruling)))


def _arm(experiment: Experiment, effect: Effect) -> Ruling:
    """What the rule says of one arm."""
    if effect.worsened:
        return Ruling("stop", "primary_worse", effect)
    results = [r for e, r in experiment.guardrail_results if e.variant == effect.variant]
    for guarded, result in experiment.guardrail_results:
        if guarded.variant == effect.variant and result.status == "fail":
            return Ruling("stop", "guardrail_broken", guarded)
    if not effect.improved:
        return Ruling("hold", "inconclusive", effect)
    held = all(result.status == "pass" for result in results)
    if held and len(results) == len(experiment.plan.guardrails):
        return Ruling("ship", "won", effect)
    return Ruling("hold", "guardrail_open", effect)


def _size(ruling: Ruling) -> float:
    lift = ruling.effect.lift if ruling.effect else None
    return abs(lift.value) if lift else 0.0
