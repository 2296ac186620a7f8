"""Experiments that end in each of the readout's cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from tests.analysis.reviews.situations.world import (
    Frames,
    Situation,
)
from tests.analysis.reviews.test_rulings import METRICS

BOUGHT = (
    METRICS
    + """\
[metrics.spent]
label = "Spent"
kind = "mean"
table = "outcomes"
value = "spent"
unit = "money"
"""
)

TEST = """
name = {en = "Test", zh = "测试"}
hypothesis = "It sells more"
owner = "Li Na"
start = 2026-10-05
end = 2026-10-18
control = "control"
split = {SPLIT}
segments = ["device"]
annual_users = 100000
[primary]
metric = "bought"
[[guardrails]]
metric = "complained"
margin = 0.15
[[secondary]]
metric = "spent"
"""

HALVES = "{control = 0.5, treatment = 0.5}"
THIRDS = "{control = 0.3333, a = 0.3333, b = 0.3334}"


def arms(given: Mapping[str, tuple[float, float, int]]) -> Callable[[], Frames]:
    """By arm the shares who bought and complained, and the number of users."""

    def tables() -> Frames:
        parts = []
        for name, (bought, complained, users) in given.items():
            index = np.arange(users)
            parts.append(
                pd.DataFrame(
                    {
                        "user_id": [f"{name}{i}" for i in index],
                        "variant": name,
                        "assigned_at": pd.Timestamp("2026-10-05 09:00")
                        + pd.to_timedelta(index % 14, unit="D"),
                        "device": np.where(index % 2, "ios", "android"),
                        "bought": (index * 7 % users < round(bought * users)).astype(float),
                        "complained": (index % 100 < round(complained * 100)).astype(float),
                        "spent": index % 10 + 10 * bought,
                    }
                )
            )
        people = pd.concat(parts, ignore_index=True)
        exposed = ["user_id", "variant", "assigned_at", "device"]
        return {
            "assignments": people[exposed].assign(experiment_id="test"),
            "outcomes": people[["user_id", "bought", "complained", "spent"]],
        }

    return tables


def experiment(
    verdict: str,
    status: str,
    given: Mapping[str, tuple[float, float, int]],
    *,
    split: str = HALVES,
    planned: bool = True,
    more: Mapping[str, Any] | None = None,
    **others: Any,
) -> Situation:
    plans = {"experiments/test.toml": TEST.replace("{SPLIT}", split)} if planned else {}
    parameters = {"experiment": "test", "cycle": "2026-10", **(more or {})}
    return Situation(verdict, status, arms(given), plans, parameters, BOUGHT, **others)


CONTROL = (0.5, 0.2, 2000)

EXPERIMENTS = {
    "won": experiment("ship", "ready", {"control": CONTROL, "treatment": (0.6, 0.2, 2000)}),
    "split_broken": experiment(
        "invalid", "invalid", {"control": CONTROL, "treatment": (0.6, 0.2, 1600)}
    ),
    "guardrail_failed": experiment(
        "stop", "ready", {"control": CONTROL, "treatment": (0.6, 0.4, 2000)}
    ),
    "guardrail_open": experiment(
        "hold", "ready", {"control": CONTROL, "treatment": (0.6, 0.22, 2000)}
    ),
    "early": experiment(
        "hold", "provisional", {"control": CONTROL, "treatment": (0.65, 0.2, 2000)},
        as_of="2026-10-12",
    ),
    "unregistered": experiment(
        "ship", "ready", {"control": CONTROL, "treatment": (0.6, 0.2, 2000)},
        planned=False, more={"metric": "bought", "control": "control"},
    ),
    "two_treatments": experiment(
        "ship", "ready", {"control": CONTROL, "a": (0.4, 0.2, 2000), "b": (0.6, 0.15, 2000)},
        split=THIRDS,
    ),
}  # fmt: skip
