"""Ids of the data and amounts of a metric, as people say them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsnb.base.messages import Said, Text
from opsnb.base.periods import Every, Period

if TYPE_CHECKING:
    from opsnb.analysis.findings.records import Unit
    from opsnb.analysis.recorder import Recorder


def word(ops: Recorder, group: str, name: str) -> Said:
    """A kind of cost, dimension or event for people, as far as the languages know it."""
    key = f"{group}.{name}"
    return Text(key) if ops.language.has(key) else name


def number_format(unit: Unit) -> str:
    """How amounts of a metric are written."""
    return "money" if unit == "money" else "integer"


def amount(value: float, unit: Unit, *, signed: bool = False) -> Text:
    """A registered amount of the metric, in its own unit."""
    return Text.of(f"common.{'signed_' if signed else ''}{number_format(unit)}", value=value)


def each(every: Every) -> Text:
    """What a step is called: a day, a week."""
    return Text(f"step.each.{every}")


def count(number: int, every: Every) -> Text:
    """So many days, weeks, ..."""
    return Text.of(f"step.{'one' if number == 1 else 'many'}.{every}", n=number)


def spans(periods: Sequence[Period], most: int = 6) -> list[Text]:
    """Steps by their dates, neighbours together; of many the first ones, and how many are left."""
    runs: list[list[Period]] = []
    for period in periods:
        if runs and period.start == runs[-1][-1].next().start:
            runs[-1].append(period)
        else:
            runs.append([period])
    said = [
        Text.of("step.day_of", day=run[0].start)
        if run[0].start == run[-1].end
        else Text.of("common.from_to", start=run[0].start, end=run[-1].end)
        for run in runs[:most]
    ]
    left = sum(len(run) for run in runs[most:])
    return [*said, Text.of("step.more", n=left)] if left else said
