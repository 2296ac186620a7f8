"""What each channel took and counted, whom it brought, and whether money should move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Checks, Column, Note, Paragraph, Part, Table, charts
from opsnb.analysis.metrics.newcomers import newcomers
from opsnb.analysis.reviews.campaign import costs
from opsnb.analysis.reviews.campaign.marginal_return import Response, better, responses
from opsnb.analysis.reviews.shared.data_gate import data_end
from opsnb.base.errors import ParameterError, did_you_mean
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.case import CampaignCase

COLUMNS = (
    ("spend", "exact_money"), ("impressions", "integer"), ("clicks", "integer"),
    ("ctr", "percent"), ("cpc", "exact_money"), ("conversions", "integer"),
    ("cpa", "exact_money"),
)  # fmt: skip
OF_USERS = (
    ("new_users", "integer"), ("all_spend", "money"), ("cac", "exact_money"),
    ("retained", "percent"),
)  # fmt: skip
UNITS: dict[str, Any] = {"spend": "money", "cpc": "money", "cpa": "money", "ctr": "share"}


def channel_parts(case: CampaignCase, by: str) -> list[Part]:
    """Spend and counts by a column of the spend table, its oddities, and the money question."""
    ops = case.ops
    if not case.has_spend:
        return [Absent(Text("campaign.cost.absent"))]
    columns = ops.rows.table("spend").expr.columns
    if by not in columns:
        raise ParameterError(
            f'the spend table has no column "{by}"',
            where="parameter breakdown",
            hint=did_you_mean(by, columns, kind="columns"),
        )
    rows = _rows(case, by)
    if not rows:
        return [Absent(Text("campaign.channels.empty"))]
    parts: list[Part] = [_table(case, by, rows, COLUMNS, order=Text("campaign.channels.order"))]
    if len(rows) > 1:
        parts.append(_chart(case, rows))
    if any(row["new_users"] for row in rows):
        caption = Text("campaign.channels.users_caption")
        parts.append(_table(case, by, rows, OF_USERS, caption=caption))
    parts += [*_oddities(case), *(_money_question(case) if by == "channel" else [])]
    parts.append(Note(Text("campaign.channels.note")))
    return parts


def _table(
    case: CampaignCase,
    by: str,
    rows: list[dict[str, Any]],
    columns: Sequence[tuple[str, str]],
    *,
    caption: Text | None = None,
    order: Text | None = None,
) -> Part:
    """Columns in which any row has a value."""
    shown = [
        Column(name, Text(f"campaign.channels.{name}"), format)
        for name, format in columns
        if any(row.get(name) is not None for row in rows)
    ]
    heads = [Column("name", case.word("dimension", by)), *shown]
    return Table(heads, rows, caption=caption, order=order)


def _rows(case: CampaignCase, by: str) -> list[dict[str, Any]]:
    ops = case.ops
    rows: list[dict[str, Any]] = []
    kept = _retained(case) if by == "channel" else {}
    paid = costs.spent_on_channels(ops, case.plan) if by == "channel" else {}
    for row in costs.channels(ops, case.plan, by):
        for name in ("spend", "impressions", "clicks", "conversions", "ctr", "cpc", "cpa"):
            value = getattr(row, name)
            if value is not None:
                unit = UNITS.get(name, "count")
                ops.fact(f"campaign.channel.{name}", value, unit, segment=row.name)
        all_spend = paid.get(row.name)
        few = by == "channel" and row.name in case.small_channels
        new_users: Any = ops.withheld if few and row.new_users else row.new_users
        each: Any = all_spend / row.new_users if all_spend and row.new_users else None
        if each is not None and few:
            each = ops.withheld
        elif each is not None:
            ops.fact("campaign.channel.blended_cac", each, "money", segment=row.name)
        rows.append(
            {
                "name": row.name, "spend": row.spend, "impressions": row.impressions,
                "clicks": row.clicks, "ctr": row.ctr, "cpc": row.cpc,
                "conversions": row.conversions, "cpa": row.cpa, "new_users": new_users,
                "retained": kept.get(row.name), "all_spend": all_spend, "cac": each,
            }
        )  # fmt: skip
    return rows


def _retained(case: CampaignCase) -> dict[str, Any]:
    """Share of the users whom each channel brought who were back in their second week."""
    ops, plan = case.ops, case.plan
    last = data_end(ops, "events") if ops.rows.has("events") else None
    if last is None or not ops.rows.has("users") or plan.start is None or plan.end is None:
        return {}
    out: dict[str, Any] = {}
    found = newcomers(ops.rows, plan.start, plan.end, last, ages=(7,))
    second_week = {row.channel: row.retained[0] for row in found}
    few = ops.groups_to_withhold(
        "campaign.channel.retention",
        {channel: share.n for channel, share in second_week.items()},
        {channel: share.hits for channel, share in second_week.items()},
        already=case.small_channels,
    )
    for row in found:
        share = row.retained[0]
        if row.channel in few:
            out[row.channel] = ops.withheld
        elif share.rate is not None:
            fact = ops.fact(
                "campaign.channel.retention", share.rate, "share", segment=row.channel, n=share.n
            )
            out[row.channel] = fact.value
    return out


def _chart(case: CampaignCase, rows: Sequence[dict[str, Any]]) -> Part:
    """Cost a conversion where conversions were counted, else the spend."""
    known = [row for row in rows if row["cpa"] is not None]
    key, use = ("cpa", known) if len(known) > 1 else ("spend", list(rows))
    ranked = sorted(use, key=lambda row: -row[key])
    claim = Text.of(
        f"campaign.channels.chart_{key}",
        dearest=ranked[0]["name"],
        most=ranked[0][key],
        cheapest=ranked[-1]["name"],
        least=ranked[-1][key],
    )
    if key == "cpa" and len(use) > 2:
        return _quadrant(case, use, sum(row["spend"] for row in rows), claim)
    return charts.bars(
        [charts.Bar(row["name"], row[key]) for row in use],
        claim=claim,
        alt=Text.of("campaign.channels.alt", rows=len(use)),
        source=case.source,
        format="exact_money" if key == "cpa" else "money",
    )


def _quadrant(
    case: CampaignCase, rows: Sequence[dict[str, Any]], spent: float, claim: Text
) -> Part:
    """Where the money went, against what a counted conversion cost there.

    Counted, not incremental: what a channel caused is known only where its spend varied.
    """
    average = sum(row["spend"] for row in rows) / sum(row["conversions"] for row in rows)
    return charts.quadrant(
        [charts.Point(row["name"], row["spend"] / spent, row["cpa"] / average - 1) for row in rows],
        x_label=Text("campaign.channels.quadrant_x"),
        y_label=Text.of("campaign.channels.quadrant_y", average=average),
        x_format="percent",
        x_line=1 / len(rows),
        claim=claim,
        alt=Text.of("campaign.channels.quadrant_alt", rows=len(rows), average=average),
        source=case.source,
    )


def _oddities(case: CampaignCase) -> list[Part]:
    """Channels, and rows of the spend table, whose counts contradict each other."""
    return [*_odd_channels(case), *_odd_rows(case)]


def _odd_channels(case: CampaignCase) -> list[Part]:
    silent = [row.name for row in case.channel_rows if row.clicks == 0 and row.impressions]
    over = [
        row.name
        for row in case.channel_rows
        if row.clicks is not None and (row.conversions or 0) > row.clicks
    ]
    checks = [
        case.ops.check(
            f"channel.{state}", "warn", Text.of(f"campaign.channels.{state}", channels=names)
        )
        for state, names in (("silent", silent), ("unclicked", over))
        if names
    ]
    return [Checks(checks)] if checks else []


def _odd_rows(case: CampaignCase) -> list[Part]:
    odd = costs.oddities(case.ops, case.plan)
    if odd is None or not (odd.no_clicks or odd.more_conversions_than_clicks):
        return []
    fact = case.ops.fact(
        "campaign.channel.oddities", odd.more_conversions_than_clicks, "count", n=odd.rows
    )
    message = Text.of(
        "campaign.channels.odd", rows=odd.rows, none=odd.no_clicks,
        over=odd.more_conversions_than_clicks,
    )  # fmt: skip
    return [Checks([case.ops.check("ledger_counts", "warn", message, fact)])]


def _money_question(case: CampaignCase) -> list[Part]:
    """A shift to try where the margins differ beyond doubt; else why none is proposed."""
    rows = responses(case.ops, case.plan)
    if len(rows) < 2:
        return [Paragraph(Text("campaign.channels.refuse_counts"))]
    for row in rows:
        if row.elasticity is not None:
            case.ops.fact(
                "campaign.channel.elasticity", row.elasticity, "number", low=row.low,
                high=row.high, segment=row.channel,
            )  # fmt: skip
    known = [row for row in rows if row.elasticity is not None]
    if len(known) < 2:
        return [Paragraph(Text("campaign.channels.refuse_spend"))]
    parts: list[Part] = [_margins(known)]
    pair = better(known)
    if pair is None:
        return [*parts, Paragraph(Text("campaign.channels.refuse_margin"))]
    dear, cheap = pair
    text = Text.of("campaign.channels.propose", dear=dear.channel, cheap=cheap.channel)
    case.ops.act(text, case.plan.owner or None, source=case.ops.period.key)
    return [*parts, Paragraph(text, "neutral")]


def _margins(rows: Sequence[Response]) -> Part:
    return Table(
        [
            Column("channel", Text("dimension.channel")),
            Column("average", Text("campaign.channels.average"), "exact_money"),
            Column("low", Text("campaign.channels.margin_low"), "exact_money"),
            Column("high", Text("campaign.channels.margin_high"), "exact_money"),
        ],
        [
            {
                "channel": row.channel,
                "average": row.average,
                "low": row.marginal[0] if row.marginal else None,
                "high": row.marginal[1] if row.marginal else None,
            }
            for row in rows
        ],
        caption=Text("campaign.channels.margins"),
    )
