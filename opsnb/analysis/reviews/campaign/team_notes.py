"""Looking back: goal, result, why the result moved, and what the team made of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from opsnb.analysis.display import (
    Absent,
    Checks,
    Column,
    Fold,
    Note,
    Paragraph,
    Part,
    Table,
    charts,
)
from opsnb.analysis.methods.decomposition import MixRate, mix_and_rate, product_parts
from opsnb.analysis.metrics.funnel import FunnelCount
from opsnb.analysis.reviews.campaign import costs
from opsnb.analysis.reviews.campaign.funnels import too_few
from opsnb.analysis.reviews.shared.breakdowns import TOGETHER
from opsnb.base.errors import MethodError
from opsnb.base.messages import Said, Text
from opsnb.base.periods import between
from opsnb.base.plans import CampaignNotes

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.review import Campaign

FACTORS = ("active_users", "buyers", "orders", "gmv_net")
"""Each over the one before: users, buyers a user, orders a buyer, revenue an order."""


def why_parts(campaign: Campaign) -> list[Part]:
    """The counted change in exact parts: by factor, and by mix and rate of the channels."""
    if not campaign.dated:
        return [Absent(Text("campaign.result.undated"))]
    plan = campaign.plan
    assert plan.start and plan.end
    before = costs.window_before(plan.start, plan.end)
    parts = [*_factors(campaign, before), *_mix(campaign, before)]
    if not parts:
        return [Absent(Text("campaign.why.absent"))]
    return [*parts, Note(Text("campaign.why.note"))]


def _factors(campaign: Campaign, before: tuple[dt.date, dt.date]) -> list[Part]:
    """Net revenue as a product, each factor's part of its change (Das Gupta)."""
    ops, plan = campaign.ops, campaign.plan
    if plan.metric != "gmv_net" or any(ops.meter.absent(name) for name in FACTORS):
        return []
    assert plan.start and plan.end
    spans = [between(*before), between(plan.start, plan.end)]
    totals = [[ops.meter.value(name, span).value or 0.0 for name in FACTORS] for span in spans]
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
            source=campaign.source,
            format="money",
        )
    ]


def _chain(totals: list[float]) -> dict[str, float]:
    ratios = [totals[0], *(b / a for a, b in pairwise(totals))]
    return dict(zip(FACTORS, ratios, strict=True))


def _mix(campaign: Campaign, before: tuple[dt.date, dt.date]) -> list[Part]:
    """The change of the whole funnel's rate by channel: mix and rate, and Simpson's paradox."""
    ops, plan = campaign.ops, campaign.plan
    if not plan.funnel or not ops.rows.has("events"):
        return []
    assert plan.start and plan.end
    spans = {"before": before, "now": (plan.start, plan.end)}
    funnels = {name: campaign.funnel_over(*span).by for name, span in spans.items()}
    if any("channel" not in by for by in funnels.values()):
        return []
    found_by = {name: by["channel"] for name, by in funnels.items()}
    few = {
        channel
        for name, groups in found_by.items()
        for channel in too_few(campaign, f"channel/{name}", groups)
    }
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
    return [Paragraph(text), _groups(campaign, found), Checks([check])]


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


def _groups(campaign: Campaign, found: MixRate) -> Part:
    together = Text.of("month.why.together", minimum=campaign.ops.workspace.min_cell)
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
                "channel": together if name == TOGETHER else name,
                "before": part.weight_before,
                "after": part.weight_after,
                "mix": part.mix,
                "rate": part.rate,
            }
            for name, part in ranked
        ],
        order=Text("campaign.why.order"),
    )


# -- what the team made of it --------------------------------------------------------------

TEMPLATE = """\
why = ["Why ...?", "Why ...?"]
lessons = ["..."]
went_well = ["..."]
went_wrong = ["..."]
lucky = ["..."]

[[actions]]
title = "..."
owner = "..."
due = {due}
"""


def notes_parts(campaign: Campaign) -> list[Part]:
    """Goal, result, analysis, insight: from the plan, the effect and the team's own notes."""
    ops, plan, notes = campaign.ops, campaign.plan, campaign.notes
    rows = [*_review("goal", [_goal(campaign)]), *_review("outcome", [_outcome(campaign)])]
    if notes is None:
        due = ops.workspace.as_of + dt.timedelta(days=14)
        return [
            _table(rows),
            Absent(Text.of("campaign.notes.absent", file=f"plans/notes/{plan.id}.toml")),
            Fold(
                Text("campaign.notes.template"),
                [Paragraph(line) for line in TEMPLATE.format(due=due).splitlines() if line],
            ),
        ]
    groups: list[tuple[str, Sequence[Said]]] = [
        ("why", notes.why), ("lessons", notes.lessons), ("went_well", notes.went_well),
        ("went_wrong", notes.went_wrong), ("lucky", notes.lucky),
    ]  # fmt: skip
    rows += [row for name, said in groups for row in _review(name, said)]
    _record_actions(campaign, notes)
    parts: list[Part] = [_table(rows)]
    if notes.actions:
        parts.append(_agreed(notes))
    return [*parts, Note(Text.of("campaign.notes.kept", file=f"plans/notes/{plan.id}.toml"))]


def _goal(campaign: Campaign) -> Said:
    success, objective = campaign.plan.success, campaign.plan.objective
    if success is None:
        return objective or Text("campaign.goal.none")
    line = Text.of("campaign.goal.value_increment", value=campaign.amount(success.increment))
    return Text.of("campaign.notes.goal_line", objective=objective or "–", line=line)


def _outcome(campaign: Campaign) -> Said:
    fact = campaign.effect_fact
    if fact is None:
        return Text("campaign.notes.unknown")
    return Text.of("campaign.notes.outcome_line", metric=campaign.metric.label, effect=fact)


def _review(name: str, said: Sequence[Said]) -> list[dict[str, Said]]:
    """A row a sentence; those after the first carry a number."""
    return [{"part": _part(name, number), "said": text} for number, text in enumerate(said, 1)]


def _part(name: str, number: int) -> Text:
    part = Text(f"campaign.notes.{name}")
    return part if number == 1 else Text.of("campaign.notes.nth", part=part, number=number)


def _table(rows: list[dict[str, Said]]) -> Part:
    return Table(
        [
            Column("part", Text("campaign.goal.item"), "said"),
            Column("said", Text("campaign.notes.said"), "said"),
        ],
        rows,
    )


def _record_actions(campaign: Campaign, notes: CampaignNotes) -> None:
    for action in notes.actions:
        late = action.status == "open" and action.due < campaign.ops.workspace.as_of
        campaign.ops.act(
            action.title,
            action.owner,
            due=action.due,
            status="late" if late else action.status,
            source=f"plans/notes/{campaign.plan.id}.toml",
        )


def _agreed(notes: CampaignNotes) -> Part:
    return Table(
        [
            Column("title", Text("display.action"), "said"),
            Column("owner", Text("display.owner"), "said"),
            Column("due", Text("display.due"), "date"),
        ],
        [{"title": a.title, "owner": a.owner, "due": a.due} for a in notes.actions],
        caption=Text("campaign.notes.actions"),
    )
