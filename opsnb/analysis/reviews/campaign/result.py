"""What was counted in a campaign's window, beside the weeks before: description, not effect."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from opsnb.analysis.display import Absent, Note, Paragraph, Part, charts
from opsnb.analysis.findings import Fact
from opsnb.analysis.reviews.campaign.before_after import Change, on_record
from opsnb.analysis.reviews.campaign.wording import count, each
from opsnb.analysis.reviews.period.calendar_year import base_period, project
from opsnb.base.messages import Text
from opsnb.base.periods import Steps, between

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.case import CampaignCase

REACH = dt.timedelta(days=42)
"""Days before the start that the chart shows."""


def result_parts(case: CampaignCase) -> list[Part]:
    """The counted number and its change, day by day; else why there is none to show."""
    ops, plan = case.ops, case.plan
    if plan.start is None or plan.end is None:
        return [Absent(Text("campaign.result.undated"))]
    if plan.audience != "all":
        return [Absent(Text("campaign.result.selected"))]
    lacking = ops.meter.absent(plan.metric)
    if lacking is not None:
        return [Absent(Text.of("campaign.result.absent", lacking=lacking))]
    found = case.change
    assert found is not None
    window = ops.fact("campaign.window", found.total, case.unit, metric=plan.metric)
    change = ops.fact("campaign.change", found.relative, "relative", metric=plan.metric)
    notes = [Paragraph(text) for text in _notes(found, window, change)]
    history = _year_before(case, found)
    chart = _chart(case, found, change)
    return [*notes, *history, *chart, Note(Text("campaign.result.not_causal"))]


def _notes(found: Change, window: Fact, change: Fact) -> list[Text]:
    """What was counted, its change, and what both leave out."""
    start, end = found.before
    counts = {
        "now": len(found.now), "now_of": count(found.now_of, found.every),
        "then": len(found.then), "then_of": count(found.then_of, found.every),
        "unit": Text(f"step.unit.{found.every}"), "where": _where(found),
    }  # fmt: skip
    if found.total is None:
        return [Text.of("campaign.result.not_recorded", **counts)]
    if change.value is None:
        key = "campaign.result.nothing_before"
        return [Text.of(key, value=window, before_start=start, before_end=end, **counts)]
    base = _base(found)
    key = "campaign.result.before"
    notes = [
        Text.of(
            key,
            before_start=start,
            before_end=end,
            value=window,
            change=change,
            base=base,
            where=_where(found),
        )
    ]
    if not found.is_whole:
        notes.append(Text.of("campaign.result.part", each=each(found.every), **counts))
    return notes


def _where(found: Change) -> Text:
    """What was counted: the window, or those of its steps that lie in it as a whole."""
    if found.every == "day":
        return Text("campaign.result.in_window")
    return Text.of("campaign.result.in_steps", steps=count(found.now_of, found.every))


def _base(found: Change) -> Text:
    """What the window is compared with."""
    if found.every == "day":
        return Text("campaign.result.same_weekdays")
    steps = count(found.then_of, found.every)
    return Text.of("campaign.result.same_steps", steps=steps)


def _chart(case: CampaignCase, found: Change, change: Fact) -> list[Part]:
    """The metric step by step from the weeks before on; holes where it is not on record."""
    ops, plan, label = case.ops, case.plan, case.metric.label
    assert plan.start and plan.end
    first = min(plan.start - REACH, found.before[0])
    last = min(plan.end + dt.timedelta(days=plan.post_days), ops.workspace.as_of)
    values = on_record(ops, plan, first, last)
    known = values.dropna()
    if known.empty:
        return []
    values = values.loc[known.index[0] :]
    steps = Steps(found.every, ops.workspace.calendar)
    dates = [steps.start(number) for number in values.index]
    state = "claim" if change.value is not None else "claim_alone"
    return [
        charts.trend(
            charts.Series(label, dates, [v if v == v else None for v in values]),
            claim=Text.of(
                f"campaign.result.{state}", metric=label, change=change, base=_base(found)
            ),
            alt=Text.of("campaign.result.alt", metric=label, each=each(found.every)),
            source=Text.of("campaign.result.source", metric=label, start=dates[0], end=last),
            format=case.format,
            events=[charts.Event(plan.start, plan.name, plan.end)],
        )
    ]


def _year_before(case: CampaignCase, found: Change) -> list[Part]:
    """The same days a year before, on this year's weekdays and holidays; where they are on record.

    Around the Spring Festival the lunar calendar says which days are the same.
    """
    ops, plan, country = case.ops, case.plan, case.ops.workspace.country
    assert plan.start and plan.end
    if found.every != "day" or found.total is None:
        return []
    base, lunar = base_period(between(plan.start, plan.end), country)
    daily = ops.meter.daily(plan.metric, base.start, base.end)
    if not (daily["value"] > 0).all():
        return []
    values = dict(zip(daily["day"].dt.date, daily["value"], strict=True))
    then = project(values, map(dt.date.fromordinal, found.now), country)
    if not then:
        return []
    change = ops.fact(
        "campaign.year_change", found.total / then - 1, "relative", metric=plan.metric
    )
    key = "campaign.result.year_lunar" if lunar else "campaign.result.year"
    return [Paragraph(Text.of(key, start=base.start, end=base.end, change=change))]
