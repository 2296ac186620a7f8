"""A cycle in which nothing was recorded: it is said once, and no figure is shown."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from opsnb.analysis.findings import Verdict
from opsnb.base.messages import Text
from opsnb.base.periods import latest

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.reviews.period.month import Month
    from opsnb.analysis.shown import Shown

P = ParamSpec("P")


def needs_rows(
    step: Callable[Concatenate[Any, P], Shown],
) -> Callable[Concatenate[Any, P], Shown]:
    """A step that shows nothing where the cycle has no row: a zero would be no measurement."""

    @functools.wraps(step)
    def shown(month: Any, *args: P.args, **kwargs: P.kwargs) -> Shown:
        return month.ops.show() if month.is_empty else step(month, *args, **kwargs)

    return shown


def say_empty(month: Month) -> None:
    """Marks the report as skipped, with the reason."""
    reason = _reason(month)
    month.ops.status("skipped", reason)
    month.ops.check("complete", "warn", reason)


def empty_verdict(month: Month) -> Verdict:
    """The verdict of a cycle without a row, and where the data can be looked at instead."""
    ops, last = month.ops, month.recorded_until
    ops.fact(f"{month.name}.verdict", "no_data", "text")
    if last is None:
        rule = Text("empty.rule")
    else:
        held = latest(month.period.kind, ops.workspace.as_of, month.period.calendar, reached=last)
        rule = Text.of("empty.rule_held", key=held.key, period=held.text)
    return Verdict(
        word=Text("empty.word"), sentence=_reason(month), grade="E", tone="warn", rule=rule
    )


def _reason(month: Month) -> Text:
    if month.recorded_until is None:
        return Text.of("empty.reason_none", period=month.period.text)
    return Text.of("empty.reason", period=month.period.text, last=month.recorded_until)


def say_reach(ops: Recorder, month: Month) -> None:
    """A check, where later cycles are over by the calendar but not in the data."""
    last = month.recorded_until
    by_calendar = latest(month.period.kind, ops.workspace.as_of, month.period.calendar)
    if last is None or last >= by_calendar.start or month.period == by_calendar:
        return
    held = latest(month.period.kind, ops.workspace.as_of, month.period.calendar, reached=last)
    if month.period == held:
        ops.check(
            "reach", "warn",
            Text.of("empty.reach", period=held.text, last=last, calendar=by_calendar.text),
        )  # fmt: skip
