"""What an analysis says: facts, checks, findings, decisions, actions, predictions.

All are plain frozen records. Numbers are unrounded; texts are `opsnb.base.messages.Said`
(a key with arguments, or a label), put into words only when a page is drawn.
"""

from opsnb.analysis.findings.records import (
    Action,
    Card,
    Check,
    Decision,
    Fact,
    Finding,
    Prediction,
    Verdict,
)
from opsnb.base.seam import MIME, SCHEMA, Grade, Status, Tone

__all__ = [
    "MIME",
    "SCHEMA",
    "Action",
    "Card",
    "Check",
    "Decision",
    "Fact",
    "Finding",
    "Grade",
    "Prediction",
    "Status",
    "Tone",
    "Verdict",
]
