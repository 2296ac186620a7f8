"""Looking back: goal, result, and what the team made of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsnb.analysis.display import Absent, Column, Fold, Note, Paragraph, Part, Table
from opsnb.base.messages import Said, Text
from opsnb.base.plans import CampaignNotes

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.case import CampaignCase

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


def notes_parts(case: CampaignCase) -> list[Part]:
    """Goal, result, analysis, insight: from the plan, the effect and the team's own notes."""
    ops, plan, notes = case.ops, case.plan, case.notes
    rows = [*_review("goal", [_goal(case)]), *_review("outcome", [_outcome(case)])]
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
    _record_actions(case, notes)
    parts: list[Part] = [_table(rows)]
    if notes.actions:
        parts.append(_agreed(notes))
    return [*parts, Note(Text.of("campaign.notes.kept", file=f"plans/notes/{plan.id}.toml"))]


def _goal(case: CampaignCase) -> Said:
    success, objective = case.plan.success, case.plan.objective
    if success is None:
        return objective or Text("campaign.goal.none")
    line = Text.of("campaign.goal.value_increment", value=case.amount(success.increment))
    return Text.of("campaign.notes.goal_line", objective=objective or "–", line=line)


def _outcome(case: CampaignCase) -> Said:
    if case.effect is None:
        return Text("campaign.notes.unknown")
    return Text.of(
        "campaign.notes.outcome_line", metric=case.metric.label, effect=case.effect.headline
    )


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


def _record_actions(case: CampaignCase, notes: CampaignNotes) -> None:
    for action in notes.actions:
        late = action.status == "open" and action.due < case.ops.workspace.as_of
        case.ops.act(
            action.title,
            action.owner,
            due=action.due,
            status="late" if late else action.status,
            source=f"plans/notes/{case.plan.id}.toml",
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
