"""Referral and new users: who brought whom, and whether they stayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Checks, Column, Fold, Note, Paragraph, Part, Table, Toned
from opsnb.analysis.findings import Tone
from opsnb.analysis.methods.compare import two_proportions
from opsnb.analysis.methods.estimate import Estimate
from opsnb.analysis.methods.multiplicity import benjamini_hochberg
from opsnb.analysis.methods.proportions import wilson
from opsnb.analysis.metrics.newcomers import Newcomers, Ripe, newcomers
from opsnb.analysis.metrics.referral import INVITE, referral
from opsnb.analysis.reviews.campaign.before_after import window_before
from opsnb.analysis.reviews.campaign.funnels import FALSE_SHARE
from opsnb.analysis.reviews.shared.data_gate import data_end
from opsnb.analysis.reviews.shared.days_said import said_days
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.case import CampaignCase

AGES = (7, 14, 28)
ORGANIC = "organic"


def referral_parts(case: CampaignCase) -> list[Part]:
    """K factor and cost an invited user, beside the weeks before and the other channels."""
    ops, plan = case.ops, case.plan
    if plan.start is None or plan.end is None:
        return [Absent(Text("campaign.referral.absent"))]
    now = referral(ops.rows, plan.start, plan.end)
    then = referral(ops.rows, *window_before(plan.start, plan.end))
    if now is None or then is None or now.k is None:
        return [Absent(Text("campaign.referral.absent"))]
    if any(
        ops.groups_to_withhold(f"campaign.{name}", {"all": n})
        for name, n in (("inviters", now.inviters), ("invited_users", now.invited))
    ):
        return [Absent(ops.withheld.whole)]
    past = ops.groups_to_withhold(
        "campaign.referral", {"inviters": then.inviters}, {"invited": then.invited}
    )
    k = ops.fact("campaign.k_factor", now.k, "number", n=now.inviters)
    ops.fact("campaign.invitations", now.invitations, "count")
    ops.fact("campaign.invited_users", now.invited, "count")
    if now.invited > now.invitations:
        return [Absent(Text("campaign.referral.unlinked"))]
    interval = wilson(now.invited, now.invitations)
    rate = ops.fact(
        "campaign.invite_conversion", interval.value, "share", low=interval.low,
        high=interval.high, n=now.invitations,
    )  # fmt: skip
    rows = [
        {"name": Text(f"campaign.referral.{name}"), "now": a, "before": ops.withheld if past else b}
        for name, a, b in (
            ("inviters", _whole(now.inviters), _whole(then.inviters)),
            ("invitations", _whole(now.invitations), _whole(then.invitations)),
            ("per_inviter", _number(now.per_inviter), _number(then.per_inviter)),
            ("invited", _whole(now.invited), _whole(then.invited)),
            ("conversion", _percent(now.conversion), _percent(then.conversion)),
            ("k", _number(now.k), _number(then.k)),
        )
    ]
    table = Table(
        [
            Column("name", Text("campaign.referral.name"), "said"),
            Column("now", Text("campaign.referral.now"), "said"),
            Column("before", Text("campaign.funnel.before"), "said"),
        ],
        rows,
    )
    claim = Text.of("campaign.referral.claim", k=k, invitations=_number(now.per_inviter), rate=rate)
    invites = case.metric.table == "users" or INVITE in plan.funnel
    # A campaign that asks for no invitations gets the figures on demand.
    shown = table if invites else Fold(Text("campaign.referral.figures"), [table])
    parts: list[Part] = [Paragraph(claim), shown]
    if case.costs.booked and now.invited and case.metric.table == "users":
        each = ops.fact("campaign.referral_cac", case.costs.total / now.invited, "money")
        parts.append(Paragraph(Text.of("campaign.referral.cac", each=each)))
        parts += _other_channels(case)
    return [*parts, Note(Text("campaign.referral.note"))]


def _other_channels(case: CampaignCase) -> list[Part]:
    """Media cost a new user of the paid channels in the same days, whatever the campaign."""
    ops, plan = case.ops, case.plan
    assert plan.start and plan.end
    spend, users = ops.rows.table("spend").expr, ops.rows.table("users").expr
    if "channel" not in users.columns:
        return []
    paid = spend.filter(
        spend.date.cast("date").between(plan.start, plan.end)
        & (spend.kind == "media")
        & (spend.campaign_id != plan.id)
    )
    cost = paid.group_by("channel").agg(cost=paid.amount.sum())
    born = users.filter(users.registered_date.between(plan.start, plan.end))
    count = born.group_by("channel").agg(n=born.count())
    frame = cost.inner_join(count, "channel").execute().sort_values("channel")
    rows: list[dict[str, Any]] = []
    for row in frame.to_dict("records"):
        name, each = str(row["channel"]), row["cost"] / row["n"]
        if name in case.small_channels:
            hidden = dict.fromkeys(("users", "each"), ops.withheld)
            rows.append({"name": name, "cost": row["cost"], **hidden})
            continue
        fact = ops.fact("campaign.channel.cac", each, "money", segment=name)
        rows.append({"name": name, "cost": row["cost"], "users": int(row["n"]), "each": fact})
    if not rows:
        return []
    return [
        Table(
            [
                Column("name", Text("dimension.channel")),
                Column("cost", Text("campaign.channels.spend"), "money"),
                Column("users", Text("campaign.channels.new_users"), "integer"),
                Column("each", Text("campaign.referral.each"), "exact_money"),
            ],
            rows,
            caption=Text("campaign.referral.others"),
        )
    ]


def _whole(value: int) -> Text:
    return Text.of("common.integer", value=value)


def _number(value: float | None) -> Text:
    return Text.of("common.number", value=value)


def _percent(value: float | None) -> Text:
    return Text.of("common.percent", value=value)


def newcomer_parts(case: CampaignCase) -> list[Part]:
    """Retention and repeats of the new users, against organic ones of the same days."""
    ops, plan = case.ops, case.plan
    table = "events" if ops.rows.has("events") else "orders"
    known = ops.rows.has("users") and ops.rows.has(table)
    last = data_end(ops, table) if known else None
    if last is None or plan.start is None or plan.end is None:
        return [Absent(Text("campaign.newcomers.absent"))]
    found = newcomers(ops.rows, plan.start, plan.end, last, AGES)
    if not found:
        return [Absent(Text("campaign.newcomers.none"))]
    ops.fact("campaign.new_users", sum(row.size for row in found), "count")
    few = _few(case, found)
    base = next((row for row in found if row.channel == ORGANIC), None)
    marked = _marked(found, base)
    rows = [_newcomer(case, row, marked, few) for row in found]
    columns = [
        Column("channel", Text("dimension.channel")),
        Column("size", Text("campaign.newcomers.size"), "integer"),
        *(
            Column(f"age{age}", Text.of("campaign.newcomers.age", first=age, last=age + 6), "said")
            for age in AGES
        ),
        Column("repeat", Text("campaign.newcomers.repeat"), "said"),
    ]
    young = sum(share.n + share.touched < row.size for row in found for share in row.retained)
    state = "immature" if young else "mature"
    check = ops.check(
        "maturity",
        "warn" if young else "pass",
        Text.of(f"campaign.newcomers.{state}", last=last, cells=young),
    )
    notes = [Note(Text("campaign.newcomers.note"))]
    gaps = ops.rows.record(table).gaps_in(plan.start, last)
    if gaps:
        spans = said_days(day for gap in gaps for day in gap.days)
        notes.insert(0, Note(Text.of("campaign.newcomers.gaps", table=table, spans=spans)))
    return [Table(columns, rows), Checks([check]), *notes]


def _few(case: CampaignCase, found: Sequence[Newcomers]) -> frozenset[tuple[str, str]]:
    """Channel and column of what counts, or rests on, too few people."""
    shares = {row.channel: _shares(row) for row in found}
    few = set[tuple[str, str]]()
    for name in next(iter(shares.values())):
        known = {channel: one for channel, own in shares.items() if (one := own[name])}
        hidden = case.ops.groups_to_withhold(
            f"campaign.cohort_retention/{name}",
            {channel: share.n for channel, share in known.items()},
            {channel: share.hits for channel, share in known.items()},
            already=case.small_channels,
        )
        few |= {(channel, name) for channel in hidden}
    return frozenset(few)


def _shares(row: Newcomers) -> dict[str, Ripe | None]:
    return {f"age{age}": share for age, share in zip(AGES, row.retained, strict=True)} | {
        "repeat": row.repeat
    }


def _marked(found: Sequence[Newcomers], base: Newcomers | None) -> dict[tuple[str, str], float]:
    """Differences from organic users that hold, allowing for how many cells are looked at."""
    gaps: dict[tuple[str, str], Estimate] = {}
    for row in found:
        if base is None or row is base:
            continue
        for name, share in _shares(row).items():
            other = _shares(base)[name]
            if share is not None and other is not None and share.n and other.n:
                compared = two_proportions(other.hits, other.n, share.hits, share.n)
                gaps[row.channel, name] = compared.diff
    adjusted = benjamini_hochberg([gap.p_value for gap in gaps.values()])
    return {
        cell: gap.value
        for (cell, gap), p in zip(gaps.items(), adjusted, strict=True)
        if p is not None and p < FALSE_SHARE
    }


def _newcomer(
    case: CampaignCase,
    row: Newcomers,
    marked: Mapping[tuple[str, str], float],
    few: frozenset[tuple[str, str]],
) -> dict[str, Any]:
    withheld = case.ops.withheld
    size = withheld if row.channel in case.small_channels else row.size
    cells: dict[str, Any] = {"channel": row.channel, "size": size, "repeat": None}
    for name, share in _shares(row).items():
        if (row.channel, name) in few:
            cells[name] = withheld
        elif share is not None:
            period = name.replace("age", "d")
            cells[name] = _cell(case, share, row.channel, period, marked.get((row.channel, name)))
    return cells


def _cell(case: CampaignCase, share: Ripe, channel: str, age: str, gap: float | None) -> Any:
    """The share, with a word where its difference from the organic one holds."""
    if share.rate is None:
        return Text(f"campaign.newcomers.{'unrecorded' if share.touched else 'unripe'}")
    case.ops.fact(
        "campaign.cohort_retention", share.rate, "share", segment=channel, period=age, n=share.n
    )
    said = Text.of("common.percent", value=share.rate)
    if gap is None:
        return said
    tone: Tone = "good" if gap > 0 else "bad"
    return Toned(said, tone, Text(f"campaign.newcomers.{tone}"))
