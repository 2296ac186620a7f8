"""The trust gate: every check that comes before a result, and what they come to."""

from __future__ import annotations

from opsnb.analysis.display import Checks, Paragraph, Part
from opsnb.analysis.reviews.experiment.evidence import Evidence
from opsnb.analysis.reviews.experiment.trust_tests import TrustTests
from opsnb.analysis.reviews.shared.blocked import withhold
from opsnb.base.messages import Text


def trust_parts(experiment: Evidence) -> list[Part]:
    """Whether the data can be trusted, and the checks that say so."""
    trust = experiment.trust
    record_trust(experiment, trust)
    said = Paragraph(Text("ab.trust.summary_pass"), "good")
    if trust.blocking:
        said = Paragraph(Text("ab.trust.summary_block"), "bad")
    aside = [block.check for block in experiment.withheld.blocks]
    return [said, Checks([*trust.checks, *aside])]


def record_trust(experiment: Evidence, trust: TrustTests) -> None:
    """The gate's facts and checks, and that the report is provisional or invalid."""
    ops, withheld = experiment.ops, experiment.withheld
    ops.record(*trust.facts)
    ops.record_missing_checks(*trust.checks, *(block.check for block in withheld.blocks))
    if trust.status:
        ops.status(*trust.status)
    if not trust.blocking:
        withhold(ops, withheld)
