"""The next outlook learns from how the earlier ones came out."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from opsnb.analysis.methods.forecast import Forecast
from opsnb.analysis.reviews.period import outlook
from opsnb.base.ledger import Entry

NOW = dt.date(2026, 10, 31)


def predicted(due: dt.date, observed: float | None, playbook: str = "monthly_retrospective") -> Any:
    return Entry(
        f"p-{due}-{observed}", "prediction", "2026-01", "x", dt.datetime.now(dt.UTC),
        playbook=playbook, metric="gmv_net", due=due, value=100.0, low=90.0, high=110.0,
        observed=observed,
    )  # fmt: skip


def month(entries: list[Entry], value: float | None = None) -> Any:
    kpi = SimpleNamespace(
        metric=SimpleNamespace(id="gmv_net"), measured=SimpleNamespace(value=value)
    )
    return SimpleNamespace(
        kpis=[kpi],
        period=SimpleNamespace(end=NOW),
        ops=SimpleNamespace(
            playbook="monthly_retrospective",
            names=frozenset({"monthly_retrospective"}),
            workspace=SimpleNamespace(remembered=lambda before: entries),
        ),
    )


def dues(count: int) -> list[dt.date]:
    return [dt.date(2026, 1 + index, 28) for index in range(count)]


def test_six_months_that_missed_widen_the_next_ranges() -> None:
    missed = [predicted(due, 120.0 + index) for index, due in enumerate(dues(6))]
    # Scores 2.0, 2.1, ..., 2.5; the sixth of six (7 x .8 rounded up) is 2.5.
    assert outlook._widening(month(missed)) == pytest.approx(2.5)
    own = Forecast(10.0, 8.0, 13.0, 0.8, 12, "local_level")
    wide = outlook._stretched(own, 2.5)
    assert (wide.low, wide.high, wide.value) == (5.0, 17.5, 10.0)


def test_a_few_months_change_nothing_however_many_metrics_missed() -> None:
    assert outlook._widening(month([predicted(due, 150.0) for due in dues(5) * 12])) == 1.0


def test_ranges_that_held_are_left_alone() -> None:
    assert outlook._widening(month([predicted(due, 101.0) for due in dues(8)])) == 1.0


def test_this_months_outcomes_count_before_the_ledger_has_them() -> None:
    entries = [predicted(due, 101.0) for due in dues(5)] + [predicted(NOW, None)]
    assert outlook._widening(month(entries, value=140.0)) == pytest.approx(4.0)
    assert outlook._widening(month(entries)) == 1.0


def test_other_playbooks_predictions_do_not_count() -> None:
    entries = [predicted(due, 150.0, "weekly_review") for due in dues(8)]
    assert outlook._widening(month(entries)) == 1.0
