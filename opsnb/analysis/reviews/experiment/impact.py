"""What a year would bring, as a range, with its assumptions."""

from __future__ import annotations

from opsnb.analysis.display import Absent, Note, Paragraph, Part
from opsnb.analysis.reviews.experiment.effect_facts import impact_kind
from opsnb.analysis.reviews.experiment.evidence import Evidence
from opsnb.base.messages import Text


def impact_parts(experiment: Evidence) -> list[Part]:
    """A year's effect of each arm, or why there is none."""
    plan = experiment.plan
    if why := experiment.no_impact:
        return [Absent(why)]
    experiment.ops.record(*experiment.impacts)
    effects = experiment.effects(plan.primary.metric)
    said = [
        Text.of(f"ab.impact.{impact_kind(effect)}", impact=fact, metric=effect.metric.label)
        for effect, fact in zip(effects, experiment.impacts, strict=True)
    ]
    note = Note(Text.of("ab.impact.assumptions", users=plan.annual_users))
    return [*map(Paragraph, said), note]
