"""Funnel, referral and new users: who came, how far they got, and whether they stayed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from opsnb.analyses.campaign import money
from opsnb.analyses.gate import data_end
from opsnb.display import Absent, Checks, Column, Note, Paragraph, Part, Table, Toned, charts
from opsnb.findings import Tone
from opsnb.messages import Text
from opsnb.methods.proportions import newcombe, wilson
from opsnb.metrics.funnel import FunnelCount, funnel_by, ordered_funnel
from opsnb.metrics.newcomers import Newcomers, Ripe, newcomers
from opsnb.metrics.referral import referral

if TYPE_CHECKING:
    from opsnb.analyses.campaign.review import Campaign

AGES = (7, 14, 28)
BREAKDOWNS = ("channel", "device")
ORGANIC = "organic"


def funnel_parts(campaign: Campaign) -> list[Part]:
    """Users by step in order, in the window and in the weeks before; by channel and device."""
    ops, plan = campaign.ops, campaign.plan
    if not plan.funnel or not campaign.dated or not ops.rows.has("events"):
        return [Absent(Text("campaign.funnel.absent"))]
    assert plan.start and plan.end
    before = money.window_before(plan.start, plan.end)
    now = ordered_funnel(ops.rows, plan.funnel, plan.start, plan.end, within_days=plan.funnel_days)
    then = ordered_funnel(ops.rows, plan.funnel, *before, within_days=plan.funnel_days)
    if not now[0].users:
        return [Absent(Text("campaign.funnel.empty"))]
    for step in now:
        ops.fact("campaign.funnel", step.users, "count", segment=step.step)
    rate = ops.fact("campaign.funnel_rate", _rate(now), "share", n=now[0].users)
    chart = charts.funnel(
        [
            charts.Stage(campaign.word("event", a.step), a.users, b.users)
            for a, b in zip(now, then, strict=True)
        ],
        claim=Text.of(
            "campaign.funnel.claim", rate=rate, first=campaign.word("event", now[0].step),
            last=campaign.word("event", now[-1].step),
        ),
        alt=Text.of("campaign.funnel.alt", steps=len(now)),
        source=campaign.source,
        comparison=Text.of("common.from_to", start=before[0], end=before[1]),
    )  # fmt: skip
    parts: list[Part] = [chart]
    for by in BREAKDOWNS:
        if by in ops.rows.table("events").expr.columns:
            parts.append(_by(campaign, by, before))
    key = "campaign.funnel.note_days" if plan.funnel_days else "campaign.funnel.note"
    return [*parts, Note(Text.of(key, days=plan.funnel_days))]


def _by(campaign: Campaign, by: str, before: tuple[dt.date, dt.date]) -> Part:
    """Whole-funnel rates by a column of events, with the interval of their change."""
    ops, plan = campaign.ops, campaign.plan
    assert plan.start and plan.end
    days = plan.funnel_days
    now = funnel_by(ops.rows, plan.funnel, plan.start, plan.end, by, within_days=days)
    then = funnel_by(ops.rows, plan.funnel, *before, by, within_days=days)
    rows: list[dict[str, Any]] = []
    for name, steps in now.items():
        earlier = then.get(name)
        if not steps[0].users:
            continue
        fact = ops.fact(
            "campaign.funnel_rate", _rate(steps), "share", segment=f"{by}={name}", n=steps[0].users
        )
        row: dict[str, Any] = {"name": name, "users": steps[0].users, "rate": fact}
        if earlier and earlier[0].users:
            change = newcombe(earlier[-1].users, earlier[0].users, steps[-1].users, steps[0].users)
            row |= {
                "before": _rate(earlier),
                "change": ops.fact(
                    "campaign.funnel_change", change.value, "points", low=change.low,
                    high=change.high, segment=f"{by}={name}",
                ),
            }  # fmt: skip
        rows.append(row)
    return Table(
        [
            Column("name", campaign.word("dimension", by)),
            Column("users", Text("campaign.funnel.users"), "integer"),
            Column("rate", Text("campaign.funnel.rate"), "percent"),
            Column("before", Text("campaign.funnel.before"), "percent"),
            Column("change", Text("campaign.funnel.change"), "points.interval"),
        ],
        [{"before": None, "change": None, **row} for row in rows],
        order=Text("campaign.funnel.order"),
    )


def _rate(steps: Sequence[FunnelCount]) -> float:
    return steps[-1].users / steps[0].users if steps[0].users else 0.0


def referral_parts(campaign: Campaign) -> list[Part]:
    """K factor and cost an invited user, beside the weeks before and the other channels."""
    ops, plan = campaign.ops, campaign.plan
    if plan.start is None or plan.end is None:
        return [Absent(Text("campaign.referral.absent"))]
    now = referral(ops.rows, plan.start, plan.end)
    then = referral(ops.rows, *money.window_before(plan.start, plan.end))
    if now is None or then is None or now.k is None:
        return [Absent(Text("campaign.referral.absent"))]
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
        {"name": Text(f"campaign.referral.{name}"), "now": a, "before": b}
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
    parts: list[Part] = [Paragraph(claim), table]
    if campaign.ledger.booked and now.invited and campaign.metric.table == "users":
        each = ops.fact("campaign.referral_cac", campaign.ledger.total / now.invited, "money")
        parts.append(Paragraph(Text.of("campaign.referral.cac", each=each)))
        parts += _other_channels(campaign)
    return [*parts, Note(Text("campaign.referral.note"))]


def _other_channels(campaign: Campaign) -> list[Part]:
    """Media cost a new user of the paid channels in the same days, from the whole ledger."""
    ops, plan = campaign.ops, campaign.plan
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
    rows = [
        {"name": str(row["channel"]), "cost": row["cost"], "users": int(row["n"]),
         "each": ops.fact("campaign.channel.cac", row["cost"] / row["n"], "money",
                          segment=str(row["channel"]))}
        for row in frame.to_dict("records")
    ]  # fmt: skip
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


def newcomer_parts(campaign: Campaign) -> list[Part]:
    """Retention and repeats of the new users, against organic ones of the same days."""
    ops, plan = campaign.ops, campaign.plan
    table = "events" if ops.rows.has("events") else "orders"
    known = ops.rows.has("users") and ops.rows.has(table)
    last = data_end(ops, table) if known else None
    if last is None or plan.start is None or plan.end is None:
        return [Absent(Text("campaign.newcomers.absent"))]
    found = newcomers(ops.rows, plan.start, plan.end, last, AGES)
    if not found:
        return [Absent(Text("campaign.newcomers.none"))]
    ops.fact("campaign.new_users", sum(row.size for row in found), "count")
    base = next((row for row in found if row.channel == ORGANIC), None)
    rows = [_newcomer(campaign, row, base) for row in found]
    columns = [
        Column("channel", Text("dimension.channel")),
        Column("size", Text("campaign.newcomers.size"), "integer"),
        *(
            Column(f"age{age}", Text.of("campaign.newcomers.age", first=age, last=age + 6), "said")
            for age in AGES
        ),
        Column("repeat", Text("campaign.newcomers.repeat"), "said"),
    ]
    young = sum(share.n < row.size for row in found for share in row.retained)
    state = "immature" if young else "mature"
    check = ops.check(
        "maturity",
        "warn" if young else "pass",
        Text.of(f"campaign.newcomers.{state}", last=last, cells=young),
    )
    return [Table(columns, rows), Checks([check]), Note(Text("campaign.newcomers.note"))]


def _newcomer(campaign: Campaign, row: Newcomers, base: Newcomers | None) -> dict[str, Any]:
    own = base is None or base.channel == row.channel
    cells: dict[str, Any] = {"channel": row.channel, "size": row.size}
    for number, age in enumerate(AGES):
        other = None if own or base is None else base.retained[number]
        cells[f"age{age}"] = _cell(campaign, row.retained[number], other, row.channel, f"d{age}")
    if row.repeat is not None:
        other = None if own or base is None else base.repeat
        cells["repeat"] = _cell(campaign, row.repeat, other, row.channel, "repeat")
    return {"repeat": None, **cells}


def _cell(campaign: Campaign, share: Ripe, base: Ripe | None, channel: str, age: str) -> Any:
    """The share, with a word where its difference from the organic one excludes zero."""
    if share.rate is None:
        return Text("campaign.newcomers.unripe")
    campaign.ops.fact(
        "campaign.cohort_retention", share.rate, "share", segment=channel, period=age, n=share.n
    )
    said = Text.of("common.percent", value=share.rate)
    if base is None or not base.n:
        return said
    gap = newcombe(base.hits, base.n, share.hits, share.n)
    if not gap.significant:
        return said
    tone: Tone = "good" if gap.value > 0 else "bad"
    return Toned(said, tone, Text(f"campaign.newcomers.{tone}"))
