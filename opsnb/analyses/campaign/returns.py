"""What a campaign returned: ROAS, classic and incremental ROI, each with its definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opsnb.display import Absent, Column, Note, Paragraph, Part, Table, charts
from opsnb.findings import Fact
from opsnb.messages import Text

if TYPE_CHECKING:
    from opsnb.analyses.campaign.review import Campaign


@dataclass(frozen=True)
class Worth:
    """Gross profit of one unit of the campaign's metric; `assumed` by the plan, or realised."""

    of_one: float
    assumed: bool


def worth(campaign: Campaign) -> Worth | None:
    """The gross margin of a metric in money; the plan's lifetime value of new users."""
    metric, ltv = campaign.metric, campaign.plan.ltv
    if metric.unit == "money":
        return None if campaign.margin is None else Worth(campaign.margin, False)
    if metric.table == "users" and metric.unit == "count" and ltv is not None:
        return Worth(ltv.value, True)
    return None


def return_parts(campaign: Campaign) -> list[Part]:
    """The three figures as a table, the waterfall behind the third, and what was assumed."""
    attributed, notes = _attributed_rows(campaign)
    one, cost = worth(campaign), campaign.ledger.total
    incremental = _incremental(campaign, one, cost)
    rows = [*attributed, *([incremental] if incremental else [])]
    if not rows:
        return [Absent(Text("campaign.returns.none"))]
    parts: list[Part] = []
    if not campaign.ledger.complete:
        parts.append(Paragraph(Text("campaign.returns.incomplete"), "warn"))
    parts.append(_table(rows))
    if incremental and one:
        parts.append(_waterfall(campaign, one, cost))
    parts += notes
    if campaign.margin is not None and (attributed or (one and not one.assumed)):
        parts.append(Note(Text.of("campaign.returns.margin", margin=campaign.margin)))
    ltv = campaign.plan.ltv
    if one and one.assumed and ltv is not None:
        parts.append(Note(Text.of("campaign.returns.ltv", value=ltv.value, days=ltv.horizon_days)))
    return parts


def _attributed_rows(campaign: Campaign) -> tuple[list[dict[str, Any]], list[Part]]:
    """ROAS and classic ROI, from the orders that carry the campaign's tag."""
    ops, cost = campaign.ops, campaign.ledger.total
    credited, margin = campaign.attributed, campaign.margin
    if credited is None or not credited.orders or not cost:
        return [], []
    revenue = ops.fact("campaign.net_revenue", credited.revenue, "money", n=credited.orders)
    rows = [_row("roas", ops.fact("campaign.roas", credited.revenue / cost, "factor"))]
    if margin is not None:
        profit = ops.fact("campaign.gross_profit", credited.revenue * margin, "money")
        classic = (profit.value - cost) / cost
        rows.append(_row("classic", ops.fact("campaign.roi_classic", classic, "relative")))
    text = Text.of("campaign.returns.attributed", revenue=revenue, revenue_orders=credited.orders)
    return rows, [Note(text)]


def _incremental(campaign: Campaign, one: Worth | None, cost: float) -> dict[str, Any] | None:
    """Worth of the increment over cost, less one; the interval carried through."""
    head = campaign.increment.headline
    if head is None or one is None or not cost:
        return None
    method = campaign.increment.evidence
    campaign.ops.fact(
        "campaign.value.indirect" if one.assumed else "campaign.value.direct",
        head.value * one.of_one, "money", low=head.low * one.of_one, high=head.high * one.of_one,
        method=method,
    )  # fmt: skip
    low, value, high = (x * one.of_one / cost - 1 for x in (head.low, head.value, head.high))
    fact = campaign.ops.fact(
        "campaign.roi_incremental", value, "relative", low=low, high=high, method=method
    )
    return _row("incremental", fact, "incremental_assumed" if one.assumed else "incremental")


def _row(name: str, fact: Fact, definition: str = "") -> dict[str, Any]:
    return {
        "name": Text(f"campaign.returns.{name}"),
        "value": Text.of("common.change", fact=fact),
        "interval": fact if fact.low is not None else None,
        "definition": Text(f"campaign.returns.{definition or name}_definition"),
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    return Table(
        [
            Column("name", Text("campaign.returns.name"), "said"),
            Column("value", Text("campaign.returns.value"), "said"),
            Column("interval", Text("ab.column.interval"), "signed_percent.interval"),
            Column("definition", Text("ab.column.definition"), "said"),
        ],
        rows,
    )


def _waterfall(campaign: Campaign, one: Worth, cost: float) -> Part:
    head = campaign.increment.headline
    assert head is not None
    gross = head.value * one.of_one
    first = "campaign.returns.worth" if one.assumed else "campaign.returns.gross"
    steps = [
        charts.Step(Text(first), gross, is_total=True),
        *(
            charts.Step(Text.of("campaign.returns.less", kind=campaign.word("kind", kind)), -amount)
            for kind, amount in campaign.ledger.booked.items()
        ),
        charts.Step(Text("campaign.returns.left"), gross - cost, is_total=True),
    ]
    key = "campaign.returns.claim_gain" if gross > cost else "campaign.returns.claim_loss"
    left = campaign.ops.fact("campaign.net_value", gross - cost, "money")
    return charts.bridge(
        steps,
        claim=Text.of(key, left=left),
        alt=Text("campaign.returns.alt"),
        source=campaign.source,
        format="money",
    )
