"""Where the counted number moved: its change in exact parts, by factor and by channel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from opsnb.analysis.display import Absent, Checks, Column, Note, Paragraph, Part, Table, charts
from opsnb.analysis.methods.decomposition import MixRate, mix_and_rate, product_parts
from opsnb.analysis.metrics.funnel import FunnelCount
from opsnb.analysis.reviews.campaign.before_after import window_before
from opsnb.analysis.reviews.campaign.funnels import against, compared, small_groups, too_few
from opsnb.analysis.reviews.shared.breakdowns import TOGETHER, Pooled, group_name, pooled
from opsnb.base.errors import MethodError
from opsnb.base.messages import Text
from opsnb.base.periods import between

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.case import CampaignCase
    from opsnb.base.periods import Period

FACTORS = ("active_users", "buyers", "orders", "gmv_net")
"""Each over the one before: users, buyers a user, orders a buyer, revenue an order."""


def why_parts(case: CampaignCase) -> list[Part]:
    """The counted change in exact parts: by factor, and by mix and rate of the channels."""
    if not case.dated:
        return [Absent(Text("campaign.result.undated"))]
    plan = case.plan
    assert plan.start and plan.end
    before = window_before(plan.start, plan.end)
    parts = [*_factors(case, before), *_mix(case)]
    if not parts:
        return [Absent(Text("campaign.why.absent"))]
    return [*parts, Note(Text("campaign.why.note"))]


def _factors(case: CampaignCase, before: tuple[dt.date, dt.date]) -> list[Part]:
    """Net revenue as a product, each factor's part of its change (Das Gupta)."""
    ops, plan = case.ops, case.plan
    if plan.metric != "gmv_net" or any(ops.meter.absent(name) for name in FACTORS):
        return []
    assert plan.start and plan.end
    spans = [between(*before), between(plan.start, plan.end)]
    lacks = _lacking(case, spans)
    totals = [
        [ops.meter.measure(name, [span], without=days)[0].value or 0.0 for name in FACTORS]
        for span, days in zip(spans, lacks, strict=True)
    ]
    if not all(all(row) for row in totals):
        return []
    then, now = (_chain(row) for row in totals)
    steps = [charts.Step(Text("campaign.why.before"), totals[0][-1], is_total=True)]
    for name, part in product_parts(then, now).items():
        ops.fact("campaign.change_part", part, "money", segment=name)
        steps.append(charts.Step(Text(f"campaign.why.{name}"), part))
    steps.append(charts.Step(Text("campaign.why.window"), totals[1][-1], is_total=True))
    largest = max(steps[1:-1], key=lambda step: abs(step.value))
    return [
        charts.bridge(
            steps,
            claim=Text.of("campaign.why.claim", factor=largest.label, part=largest.value),
            alt=Text.of("campaign.why.alt", factors=len(steps) - 2),
            source=case.source,
            format="money",
        )
    ]


def _lacking(case: CampaignCase, spans: Sequence[Period]) -> list[list[dt.date]]:
    """Days of each span that the factors lack in either, counted from their first days."""
    on_record, catalogue = case.ops.meter.on_record, case.ops.catalogue
    ages = {
        day - span.start
        for span in spans
        for name in FACTORS
        for day in on_record.lacks(catalogue[name], span.start, span.end)
    }
    return [sorted(span.start + age for age in ages) for span in spans]


def _chain(totals: list[float]) -> dict[str, float]:
    ratios = [totals[0], *(b / a for a, b in pairwise(totals))]
    return dict(zip(FACTORS, ratios, strict=True))


def _mix(case: CampaignCase) -> list[Part]:
    """The change of the whole funnel's rate by channel: mix and rate, and Simpson's paradox."""
    ops, plan = case.ops, case.plan
    if not plan.funnel or not ops.rows.has("events"):
        return []
    pair = compared(case, against(case)[0])
    funnels = {"before": pair.then.by, "now": pair.now.by}
    if any("channel" not in by for by in funnels.values()):
        return []
    found_by = {name: by["channel"] for name, by in funnels.items()}
    few = too_few(case, "channel/together", *found_by.values())
    together = pooled(small_groups(case, *found_by.values()), few)
    then, now = (_ends(groups, few) for groups in found_by.values())
    try:
        found = mix_and_rate(then, now)
    except MethodError:
        return []
    mix = ops.fact("campaign.mix", found.mix, "points")
    rate = ops.fact("campaign.rate", found.rate, "points")
    change = ops.fact("campaign.rate_change", found.change, "points")
    text = Text.of("campaign.why.mix", change=change, mix=mix, rate=rate)
    state = "simpson" if found.reversal else "same_sign"
    check = ops.check(
        "simpson", "warn" if found.reversal else "pass", Text(f"campaign.why.{state}"), mix, rate
    )
    return [Paragraph(text), _groups(case, found, together), Checks([check])]


def _ends(
    found: Mapping[str, Sequence[FunnelCount]], few: Collection[str]
) -> dict[str, tuple[float, float]]:
    """Users at the end and at the start by channel; channels of too few together as one."""
    ends: dict[str, tuple[float, float]] = {}
    for name, steps in found.items():
        key = TOGETHER if name in few else name
        last, first = ends.get(key, (0.0, 0.0))
        ends[key] = (last + steps[-1].users, first + steps[0].users)
    return ends


def _groups(case: CampaignCase, found: MixRate, together: Pooled) -> Part:
    least = case.ops.workspace.min_cell
    ranked = sorted(found.groups.items(), key=lambda row: -abs(row[1].mix + row[1].rate))
    return Table(
        [
            Column("channel", Text("dimension.channel"), "said"),
            Column("before", Text("campaign.why.share_before"), "percent"),
            Column("after", Text("campaign.why.share_after"), "percent"),
            Column("mix", Text("campaign.why.mix_part"), "points"),
            Column("rate", Text("campaign.why.rate_part"), "points"),
        ],
        [
            {
                "channel": together.said(least) if name == TOGETHER else group_name(name),
                "before": part.weight_before,
                "after": part.weight_after,
                "mix": part.mix,
                "rate": part.rate,
            }
            for name, part in ranked
        ],
        order=Text("campaign.why.order"),
    )
