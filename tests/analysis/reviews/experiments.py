"""What tests of experiments share: the steps of a readout, and two metrics of outcomes."""

from __future__ import annotations

STEPS = ("show_plan", "trust_gate", "primary", "guardrails", "secondary", "cumulative",
         "novelty", "segments", "impact", "robustness", "details", "summary")  # fmt: skip
METRICS = """
[metrics.bought]
label = "Bought"
kind = "proportion"
table = "outcomes"
value = "bought"
unit = "share"
[metrics.spent]
label = "Spent"
kind = "mean"
table = "outcomes"
value = "spent"
unit = "money"
"""
