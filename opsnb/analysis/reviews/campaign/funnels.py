"""How far users got, by channel and device, against the weeks before and the last campaign."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Checks, Column, Note, Part, Table
from opsnb.analysis.findings import Check
from opsnb.analysis.methods.compare import two_proportions
from opsnb.analysis.methods.multiplicity import benjamini_hochberg
from opsnb.analysis.methods.proportions import newcombe
from opsnb.analysis.metrics.funnel import Funnel, FunnelCount
from opsnb.analysis.reviews.campaign.before_after import window_before
from opsnb.analysis.reviews.shared.breakdowns import group_name
from opsnb.analysis.reviews.shared.days_said import said_days
from opsnb.analysis.reviews.shared.funnel_chart import funnel_chart
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.case import CampaignCase
    from opsnb.base.plans import CampaignPlan

Steps = Sequence[FunnelCount]

FALSE_SHARE = 0.05
"""Of the changes called real, the share that may be false (false discovery rate)."""


@dataclass(frozen=True)
class Against:
    """Days that the campaign's funnel is held against."""

    id: str
    first: dt.date
    last: dt.date
    label: Said


@dataclass(frozen=True)
class Compared:
    """The campaign's funnel and another span's, both without the days that either lacks.

    Attributes
    ----------
    left_out : frozenset of date
        Days of either span that are not on record.
    """

    now: Funnel
    then: Funnel
    left_out: frozenset[dt.date]


@dataclass(frozen=True)
class Change:
    """A group's rate against other days: the interval's side of zero, and its p-value."""

    group: str
    against: str
    shown: bool
    p_value: float | None


def funnel_parts(case: CampaignCase) -> list[Part]:
    """Users by step in order; whole-funnel rates by channel and device with their changes."""
    ops, plan = case.ops, case.plan
    if not plan.funnel or not case.dated or not ops.rows.has("events"):
        return [Absent(Text("campaign.funnel.absent"))]
    assert plan.start and plan.end
    if not ops.rows.record("events").lacks(plan.start, plan.end) < _days(plan.start, plan.end):
        return [Absent(Text("campaign.funnel.not_recorded"))]
    found = case.funnel_over(plan.start, plan.end)
    now = found.steps
    if not now[0].users:
        return [Absent(Text("campaign.funnel.empty"))]
    if ops.groups_to_withhold("campaign.funnel", *({step.step: step.users} for step in now)):
        return [Absent(ops.withheld.whole)]
    for step in now:
        ops.fact("campaign.funnel", step.users, "count", segment=step.step)
    others = against(case)
    pairs = {other.id: compared(case, other) for other in others}
    parts: list[Part] = [_chart(case, now, pairs["before"].then.steps, others[0])]
    changes: list[Change] = []
    both = {id_: (pair.now.steps, pair.then.steps) for id_, pair in pairs.items()}
    everybody = _row(case, "", now, both, others, [])
    known: list[str | None] = list(found.by)
    for by in known or [None]:
        rows = _groups(case, by, found.by[by], pairs, others, changes) if by else []
        first = [everybody] if by == (known or [None])[0] else []
        parts.append(_table(case, by, [*first, *rows], others))
    if changes:
        parts.append(Checks([_multiplicity(case, changes)]))
    key = "campaign.funnel.note_days" if plan.funnel_days else "campaign.funnel.note"
    notes = [Note(Text.of(key, days=plan.funnel_days))]
    left_out = frozenset[dt.date]().union(*(pair.left_out for pair in pairs.values()))
    if left_out:
        spans = said_days(left_out)
        notes.insert(0, Note(Text.of("campaign.funnel.left_out", spans=spans)))
    if len(others) > 1:
        other, earlier = others[1], last_campaign(case)
        assert earlier is not None
        named = Text.of(
            "campaign.funnel.last_named", name=earlier.name, start=other.first, end=other.last
        )
        notes.append(Note(named))
    return [*parts, *notes]


def against(case: CampaignCase) -> list[Against]:
    """The same weekdays right before; and the last campaign, for at most as many days."""
    plan = case.plan
    assert plan.start and plan.end
    first, last = window_before(plan.start, plan.end)
    found = [Against("before", first, last, Text("campaign.funnel.before"))]
    earlier = last_campaign(case)
    if earlier is not None:
        assert earlier.start and earlier.end
        end = min(earlier.end, earlier.start + (plan.end - plan.start))
        found.append(Against("last_campaign", earlier.start, end, Text("campaign.funnel.last")))
    return found


def compared(case: CampaignCase, other: Against) -> Compared:
    """Both spans' funnels over the days that are on record on both sides, counted from their
    first days."""
    plan, record = case.plan, case.ops.rows.record("events")
    assert plan.start and plan.end
    spans = ((plan.start, plan.end), (other.first, other.last))
    lacks = [record.lacks(*span) for span in spans]
    ages = {(day - span[0]) for span, days in zip(spans, lacks, strict=True) for day in days}
    now, then = (
        case.funnel_over(*span, leaving_out=_days(*span) & {span[0] + age for age in ages})
        for span in spans
    )
    return Compared(now, then, lacks[0] | lacks[1])


def _days(first: dt.date, last: dt.date) -> frozenset[dt.date]:
    return frozenset(first + dt.timedelta(days=n) for n in range((last - first).days + 1))


def last_campaign(case: CampaignCase) -> CampaignPlan | None:
    """The campaign of the plans that ended last before this one began."""
    plan, known = case.plan, case.ops.workspace.campaigns.values()
    over = [other for other in known if other.end and plan.start and other.end < plan.start]
    return max(over, key=lambda other: other.end or dt.date.min, default=None)


def _chart(
    case: CampaignCase, now: Sequence[FunnelCount], then: Sequence[FunnelCount], other: Against
) -> Part:
    rate = case.ops.fact("campaign.funnel_rate", _rate(now), "share", n=now[0].users)
    compared = Text.of("common.from_to", start=other.first, end=other.last)
    return funnel_chart(case, now, then, rate=rate, comparison=compared)


def _groups(
    case: CampaignCase,
    by: str,
    now: Mapping[str, Sequence[FunnelCount]],
    pairs: Mapping[str, Compared],
    others: Sequence[Against],
    changes: list[Change],
) -> list[dict[str, Any]]:
    """A row a value of a column of events; what changed is added to `changes`."""
    then = {id_: pair.then.by[by] for id_, pair in pairs.items()}
    few = {id_: too_few(case, f"{by}/{id_}", groups)
           for id_, groups in {"now": now, **then}.items()}  # fmt: skip
    rows = []
    for name, steps in now.items():
        if name in few["now"]:
            rows.append({"name": group_name(name), **_withheld(case, others)})
        elif steps[0].users:
            both = {
                id_: (pair.now.by[by].get(name), pair.then.by[by].get(name))
                for id_, pair in pairs.items()
                if name not in few[id_]
            }
            rows.append(_row(case, f"{by}={name}", steps, both, others, changes))
    return rows


def too_few(
    case: CampaignCase, id: str, *funnels: Mapping[str, Sequence[FunnelCount]]
) -> frozenset[str]:
    """Groups of which too few began, or too few came through, in any of the funnels."""
    return case.ops.groups_to_withhold(f"campaign.funnel/{id}", *_ends(funnels))


def small_groups(
    case: CampaignCase, *funnels: Mapping[str, Sequence[FunnelCount]]
) -> frozenset[str]:
    """Those of them that are small themselves, and not left out to protect another."""
    least = case.ops.workspace.min_cell
    return frozenset(g for count in _ends(funnels) for g, n in count.items() if 0 < n < least)


def _ends(funnels: Sequence[Mapping[str, Sequence[FunnelCount]]]) -> list[dict[str, int]]:
    """Users by group at the first and at the last step of each funnel."""
    return [
        {name: steps[at].users for name, steps in groups.items()}
        for groups in funnels
        for at in (0, -1)
    ]


def _withheld(case: CampaignCase, others: Sequence[Against]) -> dict[str, Any]:
    compared = [key for other in others for key in (other.id, f"{other.id}_change")]
    return dict.fromkeys(("users", "rate", *compared), case.ops.withheld)


def _row(
    case: CampaignCase,
    segment: str,
    now: Sequence[FunnelCount],
    both: Mapping[str, tuple[Steps | None, Steps | None]],
    others: Sequence[Against],
    changes: list[Change],
) -> dict[str, Any]:
    rate = case.ops.fact(
        "campaign.funnel_rate", _rate(now), "share", segment=segment or None, n=now[0].users
    )
    group = segment.partition("=")[2]
    name = group_name(group) if group else Text("campaign.funnel.everybody")
    row: dict[str, Any] = {"name": name, "users": now[0].users, "rate": rate}
    for other in others:
        if other.id in both:
            row |= _against(case, segment or None, *both[other.id], other, changes)
        else:
            row |= dict.fromkeys((other.id, f"{other.id}_change"), case.ops.withheld)
    return row


def _table(
    case: CampaignCase, by: str | None, rows: list[dict[str, Any]], others: Sequence[Against]
) -> Part:
    group = Text("campaign.funnel.group") if by is None else case.word("dimension", by)
    columns = [
        Column("name", group, "said"),
        Column("users", Text("campaign.funnel.users"), "integer"),
        Column("rate", Text("campaign.funnel.rate"), "percent"),
    ]
    for other in others:
        columns += [
            Column(other.id, other.label, "percent"),
            Column(f"{other.id}_change", Text("campaign.funnel.change"), "points.interval"),
        ]
    return Table(columns, rows, order=Text("campaign.funnel.order") if by else None)


def _against(
    case: CampaignCase,
    segment: str | None,
    now: Steps | None,
    then: Steps | None,
    other: Against,
    changes: list[Change],
) -> dict[str, Any]:
    if not now or not now[0].users or not then or not then[0].users:
        return {other.id: None, f"{other.id}_change": None}
    counts = then[-1].users, then[0].users, now[-1].users, now[0].users
    change = newcombe(*counts)
    p_value = two_proportions(*counts).diff.p_value
    changes.append(Change(segment or "", other.id, change.significant, p_value))
    fact = case.ops.fact(
        "campaign.funnel_change", change.value, "points", low=change.low, high=change.high,
        p_value=p_value, segment=segment, period=other.id,
    )  # fmt: skip
    return {other.id: _rate(then), f"{other.id}_change": fact}


def _multiplicity(case: CampaignCase, changes: Sequence[Change]) -> Check:
    """Many intervals at once: how many exclude zero, and how many of those can be believed."""
    adjusted = benjamini_hochberg([change.p_value for change in changes])
    left = sum(p is not None and p < FALSE_SHARE for p in adjusted)
    alone = sum(change.shown for change in changes)
    fact = case.ops.fact("campaign.funnel_changes", left, "count", n=len(changes))
    message = Text.of(
        "campaign.funnel.many", tests=len(changes), alone=alone,
        expected=FALSE_SHARE * len(changes), left=fact,
    )  # fmt: skip
    return case.ops.check("multiplicity", "warn" if left < alone else "pass", message, fact)


def _rate(steps: Sequence[FunnelCount]) -> float:
    return steps[-1].users / steps[0].users if steps[0].users else 0.0
