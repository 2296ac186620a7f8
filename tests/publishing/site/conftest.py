"""Reports written as report.json alone: a month, a campaign, an experiment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.publishing.reports.conftest import notebook, run  # noqa: F401


def record(**changes: Any) -> dict[str, Any]:
    return {
        "schema": "opsnb.report/1", "playbook": "monthly_retrospective",
        "title": "Monthly retrospective", "subject": None, "subject_label": None,
        "cycle": "2026-10", "language": "en", "languages": ["en"], "status": "ready",
        "reason": None, "parameters": {}, "provenance": {}, "tables": {}, "checks": [],
        "facts": [], "verdict": None, "cards": [], "findings": [], "decisions": [],
        "actions": [], "predictions": [],
        "cells": {"n": 1, "failed": None, "error": None}, **changes,
    }  # fmt: skip


def fact(id: str, value: Any, unit: str = "money", **more: Any) -> dict[str, Any]:
    parts = [more.get(name) or "" for name in ("metric", "variant", "segment", "period")]
    key = "/".join([id, *parts]).rstrip("/")
    return {"key": key, "id": id, "value": value, "unit": unit, **more}


def month(cycle: str, gmv: float, **changes: Any) -> dict[str, Any]:
    facts = [
        fact("kpi.value", gmv, metric="gmv_net"),
        fact("kpi.value", 9e9, metric="gmv_net", segment="app"),
        fact("kpi.target", 3_000_000.0, metric="gmv_net"),
        fact("kpi.status", "hit" if gmv >= 3e6 else "missed", "text", metric="gmv_net"),
        fact("kpi.value", 0.14, "share", metric="our_own_rate"),
    ]
    return record(cycle=cycle, facts=facts, **changes)


def campaign(**changes: Any) -> dict[str, Any]:
    facts = [
        fact("campaign.cost", 84_000.0),
        fact("campaign.cost", 500.0, segment="media"),
        fact("campaign.effect", 397_000.0, metric="gmv_net", period="campaign", low=1.0, high=2.0),
        fact("campaign.effect", 343_613.0, metric="gmv_net", period="net",
             low=213_067.0, high=474_158.0),
        fact("campaign.roi_incremental", 0.423, "relative", low=-0.117, high=0.964),
    ]  # fmt: skip
    verdict = {
        "word": "WORKED", "sentence": "It worked.", "rule": None, "grade": "A", "tone": "good",
        "evidence": ["campaign.effect/gmv_net///net"],
    }  # fmt: skip
    card = {"label": "ROI", "value": "+42%", "status": "break-even open", "tone": "warn",
            "evidence": ["campaign.roi_incremental"]}  # fmt: skip
    predicted = {"what": "Increment of the sale", "metric": "gmv_net", "value": 300_000.0,
                 "low": 150_000.0, "high": 450_000.0, "due": "2026-10-08",
                 "observed": 343_613.0}  # fmt: skip
    return record(
        playbook="campaign_review", title="Campaign review", subject="golden_week",
        subject_label="Golden Week sale", facts=facts, verdict=verdict, cards=[card],
        predictions=[predicted], **changes,
    )  # fmt: skip


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    return tmp_path / "reports"


@pytest.fixture
def lay(reports: Path) -> Any:
    """Writes a record as `reports/CYCLE/SLUG/report.json`, with a page beside it."""

    def write(report: dict[str, Any], slug: str) -> Path:
        folder = reports / report["cycle"] / slug
        folder.mkdir(parents=True)
        (folder / "report.json").write_text(json.dumps(report), "utf-8")
        (folder / "report.html").write_text("<p>report</p>", "utf-8")
        return folder

    return write
