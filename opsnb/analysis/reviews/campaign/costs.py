"""What a campaign cost, by kind and by channel, and what it returned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from opsnb.analysis.findings import Check, Fact
from opsnb.analysis.metrics.rows import number
from opsnb.analysis.reviews.campaign.wording import word
from opsnb.analysis.tables import refund_rows
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.plans import CampaignPlan


@dataclass(frozen=True)
class CostBook:
    """Costs of a campaign by kind, planned and booked.

    `unread`: the ledger cannot be relied on, so that neither is known.
    """

    booked: dict[str, float]
    planned: dict[str, float]
    unread: bool = False

    @property
    def total(self) -> float:
        return sum(self.booked.values())

    @property
    def budget(self) -> float:
        return sum(self.planned.values())

    @property
    def missing(self) -> list[str]:
        """Kinds that the plan budgets and nobody booked."""
        return [kind for kind in self.planned if not self.booked.get(kind)]

    @property
    def complete(self) -> bool:
        """Nothing that was budgeted is missing, and something was booked at all."""
        return bool(self.booked) and not self.missing

    @property
    def fact(self) -> Fact:
        """All that was booked; None where nothing was."""
        return Fact("campaign.cost", self.total if self.booked else None, "money")

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The total, then each kind."""
        kinds = [
            Fact("campaign.cost", amount, "money", segment=kind)
            for kind, amount in self.booked.items()
        ]
        return self.fact, *kinds


def cost_book(ops: Recorder, plan: CampaignPlan) -> CostBook:
    """Everything booked on the campaign, whatever its date; nothing without a spend table."""
    if not ops.rows.has("spend"):
        return CostBook({}, plan.budget.by_kind)
    spend = ops.rows.table("spend").expr
    mine = spend.filter(spend.campaign_id == plan.id)
    frame = mine.group_by("kind").agg(amount=mine.amount.sum()).execute()
    booked = {str(row.kind): float(row.amount) for row in frame.itertuples()}
    order = [*plan.budget.by_kind, *sorted(set(booked) - set(plan.budget.by_kind))]
    return CostBook({kind: booked[kind] for kind in order if kind in booked}, plan.budget.by_kind)


def cost_checks(ops: Recorder, book: CostBook) -> tuple[Check, ...]:
    """Whether every cost is on record; nothing to say without a cost or a budget."""
    if not book.booked and not book.planned:
        return ()
    unplanned = [kind for kind in ("reward", "labour") if kind not in book.booked]
    if not book.complete:
        message = Text.of(
            "campaign.cost.missing", kinds=[word(ops, "kind", kind) for kind in book.missing]
        )
        return (Check("cost", "block", message, (book.fact,)),)
    if book.planned and unplanned:
        message = Text.of(
            "campaign.cost.unplanned", kinds=[word(ops, "kind", kind) for kind in unplanned]
        )
        return (Check("cost", "warn", message, (book.fact,)),)
    if book.planned:
        return (Check("cost", "pass", Text("campaign.cost.complete"), (book.fact,)),)
    return (Check("cost", "warn", Text("campaign.cost.no_budget"), (book.fact,)),)


@dataclass(frozen=True)
class Attributed:
    """What the shop's own tag credits to a campaign: an attribution, not an effect."""

    revenue: float
    margin: float | None
    orders: int

    @property
    def fact(self) -> Fact:
        return Fact("campaign.net_revenue", self.revenue, "money", n=self.orders)


def attributed(ops: Recorder, plan: CampaignPlan) -> Attributed | None:
    """Paid orders that carry the campaign's id; None where orders carry none at all.

    `margin` is the gross margin of those orders where they have a cost, else the plan's,
    else the workspace's.
    """
    if not ops.rows.has("orders"):
        return None
    orders = ops.rows.orders
    if "campaign_id" not in orders.columns:
        return None
    mine = orders.filter(orders.campaign_id == plan.id)
    if "status" in orders.columns:
        mine = mine.filter(mine.status.coalesce("paid") == "paid")
    totals: dict[str, Any] = {
        "revenue": refund_rows.net(mine).sum(),
        "orders": mine.order_id.nunique(where=~mine.is_refund),
    }
    if "cost" in orders.columns:
        totals["cost"] = (mine.cost * refund_rows.kept_share(mine)).sum()
    row = mine.agg(**totals).execute().iloc[0]
    revenue = number(row["revenue"]) or 0.0
    cost = number(row["cost"]) if "cost" in totals else None
    realised = 1 - cost / revenue if cost is not None and revenue else None
    margin = realised if realised is not None else plan.gross_margin or ops.workspace.gross_margin
    return Attributed(revenue, margin, int(row["orders"]))


@dataclass(frozen=True)
class ChannelRow:
    """A channel's (or other attribute's) share of a campaign's spend and what it counted."""

    name: str
    spend: float
    impressions: float | None
    clicks: float | None
    conversions: float | None
    new_users: int | None

    @property
    def ctr(self) -> float | None:
        return _over(self.clicks, self.impressions)

    @property
    def cpc(self) -> float | None:
        return _over(self.spend, self.clicks)

    @property
    def cpa(self) -> float | None:
        """Cost a conversion."""
        return _over(self.spend, self.conversions)


def channels(ops: Recorder, plan: CampaignPlan, by: str) -> list[ChannelRow]:
    """A campaign's spend by a column of the spend table, the dearest first."""
    spend = ops.rows.table("spend").expr
    mine = spend.filter(spend.campaign_id == plan.id)
    counted = [name for name in ("impressions", "clicks", "conversions") if name in spend.columns]
    group = mine[by].cast("string").coalesce("(none)")
    totals = {name: mine[name].sum() for name in counted}
    frame = mine.group_by(name=group).agg(spend=mine.amount.sum(), **totals).execute()
    came = registered(ops, plan) if by == "channel" else {}
    rows = [
        ChannelRow(
            str(row["name"]),
            float(row["spend"]),
            *_counts(row),
            None if row["name"] == "(none)" else came.get(str(row["name"])),
        )
        for row in frame.to_dict("records")
    ]
    return sorted(rows, key=lambda row: -row.spend)


@dataclass(frozen=True)
class Conversions:
    """What the channels counted: conversions, and what each of them cost there."""

    total: Fact
    each: Fact


def conversions(rows: Sequence[ChannelRow]) -> Conversions | None:
    """Over the channels that counted any; None where none did."""
    counted = [row for row in rows if row.conversions]
    total = sum(row.conversions or 0 for row in counted)
    if not total:
        return None
    each = sum(row.spend for row in counted) / total
    return Conversions(
        Fact("campaign.conversions", total, "count"), Fact("campaign.cac", each, "money")
    )


def spent_on_channels(ops: Recorder, plan: CampaignPlan) -> dict[str, float]:
    """All that is booked on each channel in the campaign's days, whatever the campaign."""
    if plan.start is None or plan.end is None:
        return {}
    spend = ops.rows.table("spend").expr
    if not {"channel", "date"} <= set(spend.columns):
        return {}
    days = spend.date.cast("date").between(ibis.literal(plan.start), ibis.literal(plan.end))
    frame = spend.filter(days).group_by("channel").agg(amount=spend.amount.sum()).execute()
    return {str(row.channel): float(row.amount) for row in frame.itertuples()}


def _counts(row: dict[str, Any]) -> tuple[float | None, float | None, float | None]:
    """Impressions, clicks and conversions, None where the spend table has no such column."""
    return (
        number(row.get("impressions")),
        number(row.get("clicks")),
        number(row.get("conversions")),
    )


def registered(ops: Recorder, plan: CampaignPlan) -> dict[str, int]:
    """Users who registered through each channel during the campaign, "(none)" where unknown."""
    if not ops.rows.has("users") or plan.start is None or plan.end is None:
        return {}
    users = ops.rows.table("users").expr
    if "channel" not in users.columns:
        return {}
    new = users.filter(
        users.registered_date.between(ibis.literal(plan.start), ibis.literal(plan.end))
    )
    channel = new.channel.cast("string").coalesce("(none)")
    frame = new.group_by(channel=channel).agg(n=new.count()).execute()
    return {str(row.channel): int(row.n) for row in frame.itertuples()}


@dataclass(frozen=True)
class Oddities:
    """Rows of the spend table whose counts contradict each other."""

    rows: int
    no_clicks: int
    more_conversions_than_clicks: int


def oddities(ops: Recorder, plan: CampaignPlan) -> Oddities | None:
    """Rows with spend and no clicks, and rows with more conversions than clicks."""
    spend = ops.rows.table("spend").expr
    if "clicks" not in spend.columns:
        return None
    mine = spend.filter((spend.campaign_id == plan.id) & spend.clicks.notnull())
    over = (
        (mine.conversions > mine.clicks).sum()
        if "conversions" in spend.columns
        else ibis.literal(0)
    )
    row = mine.agg(rows=mine.count(), none=(mine.clicks == 0).sum(), over=over).execute().iloc[0]
    if not row["rows"]:
        return None
    return Oddities(int(row["rows"]), int(row["none"] or 0), int(row["over"] or 0))


def _over(top: float | None, bottom: float | None) -> float | None:
    return top / bottom if top is not None and bottom else None
