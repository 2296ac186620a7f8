"""The trust gate: every check that comes before a result, and what they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.display import Checks, Paragraph, Part
from opsnb.analysis.reviews.experiment.evidence import Evidence
from opsnb.analysis.reviews.experiment.trust_tests import TrustTests
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder


def trust_parts(experiment: Evidence) -> list[Part]:
    """Whether the data can be trusted, and the checks that say so."""
    ops, trust = experiment.ops, experiment.trust
    ops.inspect(
        "series" if experiment.plan.daily else "assignments",
        ops.catalogue[experiment.plan.primary.metric].table or "",
    )
    record_trust(ops, trust)
    said = Paragraph(Text("ab.trust.summary_pass"), "good")
    if trust.blocking:
        said = Paragraph(Text("ab.trust.summary_block"), "bad")
    return [said, Checks(trust.checks)]


def record_trust(ops: Recorder, trust: TrustTests) -> None:
    """The gate's facts and checks, and that the report is provisional or invalid."""
    ops.record(*trust.facts)
    ops.record_missing_checks(*trust.checks)
    if trust.status:
        ops.status(*trust.status)
