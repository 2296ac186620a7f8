"""What the checks of a campaign make of its whole report: invalid, or provisional."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from opsnb.analysis.findings import Check, Status

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder

STATUS: dict[tuple[str, str], Status] = {
    ("holdout", "block"): "invalid",
    ("cost", "block"): "provisional",
    ("window_recorded", "warn"): "provisional",
    ("refunds", "warn"): "provisional",
}
"""Status of the report by a check and how it came out; any other leaves the report as it is."""


def is_invalid(checks: Iterable[Check]) -> bool:
    """Whether a check makes the report unreadable."""
    return any(status == "invalid" for status, _ in _statuses(checks))


def record_checks(ops: Recorder, checks: Iterable[Check]) -> None:
    """Record what a section shows, and what it makes of the report."""
    checks = tuple(checks)
    ops.record_checks(*checks)
    _mark(ops, checks)


def record_missing_checks(ops: Recorder, checks: Iterable[Check]) -> None:
    """Record what a verdict rests on and no section has shown; the report's status follows."""
    checks = tuple(checks)
    ops.record_missing_checks(*checks)
    _mark(ops, checks)


def _mark(ops: Recorder, checks: Iterable[Check]) -> None:
    for status, check in _statuses(checks):
        ops.status(status, check.message)


def _statuses(checks: Iterable[Check]) -> Iterator[tuple[Status, Check]]:
    for check in checks:
        status = STATUS.get((check.id, check.status))
        if status is not None:
            yield status, check
