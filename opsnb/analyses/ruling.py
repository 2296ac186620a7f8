"""The decision rule of an experiment, as registered: which case applies and what it says.

INVALID when a trust check blocks. STOP when the primary metric or a guardrail got worse.
SHIP when the primary metric improved and every guardrail is non-inferior. HOLD otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from opsnb.findings import Fact, Tone, Verdict
from opsnb.messages import Text

if TYPE_CHECKING:
    from opsnb.analyses.effects import Effect
    from opsnb.analyses.experiment import Experiment

Word = Literal["ship", "hold", "stop", "invalid"]
Reason = Literal[
    "untrusted", "primary_worse", "guardrail_broken", "won", "guardrail_open", "inconclusive"
]

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
        key = f"ab.verdict.{self.reason}"
        if self.effect is not None:
            metric, variant = self.effect.metric, self.effect.variant
            suffix = ".cuped" if self.effect.adjusted else ""
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
        return Verdict(
            word=Text(f"ab.word.{self.word}"),
            sentence=Text(key, args),
            grade="E" if self.word == "invalid" else "A",
            tone=_TONE[self.word],
            rule=Text(f"ab.rule.{self.reason}"),
            evidence=evidence,
        )


def rule(experiment: Experiment) -> Ruling:
    """The first case that applies, in the order of the module's docstring."""
    if not experiment.valid:
        return Ruling("invalid", "untrusted")
    primary = experiment.effects(experiment.plan.primary.metric)
    for effect in primary:
        if effect.worsened:
            return Ruling("stop", "primary_worse", effect)
    guardrails = experiment.guardrail_results
    for effect, result in guardrails:
        if result.status == "fail":
            return Ruling("stop", "guardrail_broken", effect)
    winners = [effect for effect in primary if effect.improved]
    if not winners:
        return Ruling("hold", "inconclusive", primary[0])
    best = max(winners, key=lambda effect: abs(effect.lift.value) if effect.lift else 0.0)
    mine = [result for effect, result in guardrails if effect.variant == best.variant]
    if all(result.status == "pass" for result in mine) and len(mine) == len(
        experiment.plan.guardrails
    ):
        return Ruling("ship", "won", best)
    return Ruling("hold", "guardrail_open", best)
