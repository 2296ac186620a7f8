"""Alarms on the sample company: those promised by chance, and no more where nothing happened."""

from __future__ import annotations

import re

import pytest

from opsnb.analysis.reviews.period.month import Month
from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace

QUIET = ("2026-01", "2026-03", "2026-04", "2026-07", "2026-08")
"""Months in which the sample company plants nothing but seasons of a few percent."""


def looked_at(sample: Workspace, cycle: str) -> tuple[Month, str]:
    month = Month(Session(sample, "monthly_retrospective", cycle=cycle), ["orders"])
    return month, month.anomalies(["orders", "active_users"]).plain(month.ops.language)


def test_no_more_false_alarms_than_stated(sample: Workspace) -> None:
    stated = tested = found = 0.0
    for cycle in QUIET:
        month, page = looked_at(sample, cycle)
        match = re.search(r"among (\d+) tested, chance alone would flag ([\d.]+\d)", page)
        assert match is not None
        tested += float(match[1])
        stated += float(match[2])
        found += sum(f.id == "anomaly.day" for f in month.ops.facts.values())
    assert tested >= 300 and stated < 0.2
    assert found <= round(stated)  # none


def test_a_festival_that_nobody_noted_is_named(sample: Workspace) -> None:
    """plans/events.toml begins in 2026; the Double 11 of 2025 is known all the same."""
    month, page = looked_at(sample, "2025-11")
    days = {str(f.period) for f in month.ops.facts.values() if f.id == "anomaly.day"}
    assert {"2025-11-10", "2025-11-12"} <= days
    assert "unknown, investigating" not in "".join(
        line for line in page.splitlines() if re.match(r"\d+ Nov 2025 ", line)
    )
    assert not [f for f in month.ops.findings if f.section == "anomalies"]


@pytest.mark.parametrize("cycle", ["2026-01", "2026-02"])
def test_every_kpi_is_measured_where_the_base_is_lunar(sample: Workspace, cycle: str) -> None:
    month = Month(Session(sample, "monthly_retrospective", cycle=cycle))
    assert {"wau", "gmv_net", "active_users"} <= {kpi.metric.id for kpi in month.evidence.kpis}
    assert month.ops.meter.value("wau", month.ops.period).period == cycle
