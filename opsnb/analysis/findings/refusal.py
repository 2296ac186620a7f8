"""The verdict of a report that a check blocks: there is none, and why."""

from __future__ import annotations

from collections.abc import Sequence

from opsnb.analysis.findings.records import Check, Verdict
from opsnb.base.messages import Text


def refusal(blocks: Sequence[Check]) -> Verdict:
    """The first of the checks that block (at least one) says why nothing is judged."""
    first = blocks[0]
    return Verdict(
        word=Text("blocked.word"),
        sentence=Text.of("blocked.verdict", reason=first.message),
        grade="E",
        tone="bad",
        rule=Text("blocked.rule"),
        evidence=first.evidence,
    )
