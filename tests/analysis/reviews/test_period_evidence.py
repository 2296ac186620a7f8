"""What is known of a period is the same whichever cells ran, and asking for it records nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import pytest

from opsnb.analysis.reviews.period.evidence import PeriodEvidence
from opsnb.analysis.reviews.period.month import Month
from opsnb.analysis.reviews.period.week import Week
from opsnb.analysis.reviews.period.week_evidence import WeekEvidence
from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace

MakeWorkspace = Callable[..., Workspace]


def orders(last: str, *, negative: int = 0) -> pd.DataFrame:
    """Five orders a day up to the last day, some of them negative: a breach of the contract."""
    stamps = pd.date_range("2026-01-01", last).repeat(5)
    frame = pd.DataFrame(
        {
            "order_id": [str(n) for n in range(len(stamps))],
            "user_id": [f"u{n % 40}" for n in range(len(stamps))],
            "ordered_at": stamps,
            "amount": 10.0,
        }
    )
    frame.loc[: negative - 1, "amount"] = -1.0 if negative else 10.0
    return frame


def session(made: Workspace, cycle: str) -> Session:
    kind = "week" if "W" in cycle else "month"
    return Session(made, "copied", cycle=cycle, kind=kind)  # type: ignore[arg-type]


def review(ops: Session) -> Any:
    return Week(ops) if ops.period.kind == "week" else Month(ops)


def said(shown: Iterable[Any]) -> dict[str, Any]:
    """Status, verdict, cards and checks of the cells together, as a report would hold them."""
    payloads = [one.payload() for one in shown]
    spoken = [payload["languages"]["en"] for payload in payloads]
    statuses = {p["status"]["status"] for p in payloads if p["status"]}
    return {
        "status": statuses,
        "reason": {s["status_reason"] for s in spoken if s["status_reason"]},
        "verdict": next(s["verdict"] for s in spoken if s["verdict"]),
        "cards": next((s["cards"] for s in spoken if s["cards"]), []),
        "checks": {check["id"]: check for s in spoken for check in s["checks"]},
        "facts": {fact["key"] for payload in payloads for fact in payload["facts"]},
    }


SITUATIONS = {
    "partial": ("2026-10-20", "2026-11-16", "2026-10", {"complete"}, {"provisional"}),
    "refunds": ("2026-11-02", "2026-11-03", "2026-10", {"refunds"}, {"provisional"}),
    "complete": ("2026-11-15", "2026-11-16", "2026-09", {"complete"}, set()),
    "reached": ("2026-09-30", "2026-11-16", "2026-09", {"complete", "reach"}, set()),
    "empty": ("2026-08-31", "2026-11-16", "2026-10", {"complete"}, {"skipped"}),
    "partial week": ("2026-10-20", "2026-10-21", "2026-W43", {"complete"}, {"provisional"}),
    "whole week": ("2026-10-25", "2026-10-28", "2026-W43", {"refunds"}, {"provisional"}),
}
"""Last day of the orders, day they were taken, cycle; checks and status that belong to it."""


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_summary_alone_says_what_the_data_gate_would(workspace: MakeWorkspace, name: str) -> None:
    """Left out of a copied playbook, the gate takes neither status nor checks with it."""
    last, as_of, cycle, checks, status = SITUATIONS[name]
    made = workspace({"orders": orders(last, negative=3)}, as_of=as_of)
    whole = review(session(made, cycle))
    both = said([whole.data_gate(), whole.summary()])
    alone = said([review(session(made, cycle)).summary()])
    assert checks | {"data.orders.negative_amount"} <= set(alone["checks"])
    assert alone["status"] == status
    for part in ("status", "reason", "verdict", "cards", "checks"):
        assert alone[part] == both[part], part


STEPS: dict[str, list[Callable[[Any], Any]]] = {
    "2026-10": [Month.data_gate, Month.scorecard, Month.scores, Month.summary],
    "2026-W43": [Week.data_gate, Week.exceptions, Week.scores, Week.summary],
}


@pytest.mark.parametrize("cycle", STEPS)
def test_the_order_of_the_cells_decides_nothing(workspace: MakeWorkspace, cycle: str) -> None:
    made = workspace({"orders": orders("2026-11-10", negative=2)}, as_of="2026-11-16")
    steps, found = STEPS[cycle], []
    for order in (steps, steps[::-1], steps[2:] + steps[:2]):
        page = review(session(made, cycle))
        found.append(said([step(page) for step in order]))
    assert found[1:] == found[:-1]


@pytest.mark.parametrize("cycle", ["2026-10", "2026-W43"])
def test_a_verdict_alone_records_the_kpis_that_it_counts(
    workspace: MakeWorkspace, cycle: str
) -> None:
    plans = {f"targets/{cycle}.toml": "[orders]\ntarget = 1\n"}
    made = workspace({"orders": orders("2026-11-10")}, plans=plans)
    alone = said([review(session(made, cycle)).summary()])
    assert {"kpi.value/orders", "kpi.target/orders", "kpi.status/orders"} <= alone["facts"]


def test_a_kpi_is_recorded_once(workspace: MakeWorkspace) -> None:
    page = Month(session(workspace({"orders": orders("2026-11-10")}), "2026-10"))
    shown = [page.scorecard(), page.stages(), page.summary()]
    keys = [fact["key"] for one in shown for fact in one.payload()["facts"]]
    assert keys.count("kpi.value/orders") == 1


@pytest.mark.parametrize(
    ("evidence", "cycle"), [(PeriodEvidence, "2026-10"), (WeekEvidence, "2026-W43")]
)
def test_asking_the_evidence_records_nothing(
    workspace: MakeWorkspace, evidence: Any, cycle: str
) -> None:
    surveys = pd.DataFrame(
        {"responded_at": pd.date_range("2026-10-20", periods=12, freq="h"), "kind": "csat",
         "score": 4}
    )  # fmt: skip
    ops = session(workspace({"orders": orders("2026-10-24"), "surveys": surveys}), cycle)
    known = evidence(ops)
    checks = {check.id for check in known.checks}
    assert {"complete", "answers.csat", "data"} <= checks and known.measured.facts
    if isinstance(known, WeekEvidence):
        assert len(known.watched) == len(known.kpis)
    assert not ops.facts and not ops.checks and not ops.findings
    assert known.kpis is known.kpis and known.gate is known.gate  # once


def test_the_outlook_of_a_metric_that_is_no_kpi_of_the_month(workspace: MakeWorkspace) -> None:
    """What it is now is measured; it need not have been recorded by another section."""
    ops = session(workspace({"orders": orders("2026-11-10")}), "2026-10")
    page = Month(ops, ["aov"]).outlook(["orders"])
    assert ops.facts["outlook.expected/orders///2026-11"].value > 0
    assert "155" in page.plain(ops.language)  # five orders on each of 31 days
