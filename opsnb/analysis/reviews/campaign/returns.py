"""What a campaign returned: ROAS, classic and incremental ROI, each with its definition."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from opsnb.analysis.display import Absent, Column, Note, Paragraph, Part, Table, charts
from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.estimate import Estimate
from opsnb.analysis.methods.product import times
from opsnb.analysis.reviews.campaign.lifetime import DISCOUNT, Lifetime, buyer_share
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.review import Campaign


@dataclass(frozen=True)
class Worth:
    """Gross profit of one unit of the campaign's metric, and what it rests on.

    `margin` is realised; `plan` and `model` are lifetime values of a new user within
    `horizon_days`, which nobody has earned yet. `draws` are other values that the model would
    allow; without them the worth is taken as it is.
    """

    of_one: float
    basis: Literal["margin", "plan", "model"]
    horizon_days: int = 0
    share: float | None = None
    draws: np.ndarray | None = field(default=None, compare=False, repr=False)

    @property
    def assumed(self) -> bool:
        return self.basis != "margin"

    def of(self, effect: Estimate) -> Estimate:
        """What an effect is worth; the interval holds both uncertainties where both are known."""
        return times(effect, self.of_one, self.draws)


def worth(campaign: Campaign) -> Worth | None:
    """The gross margin of a metric in money; the lifetime value of new users."""
    metric, ltv = campaign.metric, campaign.plan.ltv
    if metric.id == "gross_profit":
        return Worth(1.0, "margin")
    if metric.unit == "money":
        return None if campaign.margin is None else Worth(campaign.margin, "margin")
    if metric.table != "users" or metric.unit != "count":
        return None
    modelled = _modelled(campaign)
    if modelled is not None:
        return modelled
    return None if ltv is None else Worth(ltv.value, "plan", ltv.horizon_days)


def _modelled(campaign: Campaign) -> Worth | None:
    """Repeats of a new user after the campaign's window, where the model held up."""
    found, margin = campaign.lifetime, campaign.margin
    share = buyer_share(campaign.ops)
    if not isinstance(found, Lifetime) or not found.good or not margin or not share:
        return None
    horizon = campaign.plan.ltv.horizon_days if campaign.plan.ltv else 365
    start, end = campaign.plan.start, campaign.plan.end
    window = (end - start).days + 1 if start and end else 0
    buyers, users = share
    value = buyers / users * margin * found.repeats_worth(window, horizon)
    draws = found.worth_draws(window, horizon)
    if draws is not None:
        rng = np.random.default_rng(1)
        draws = draws * margin * rng.beta(buyers + 0.5, users - buyers + 0.5, len(draws))
    return Worth(value, "model", horizon, buyers / users, draws)


def return_parts(campaign: Campaign) -> list[Part]:
    """The three figures as a table, the waterfall behind the third, and what was assumed."""
    attributed, notes = _attributed_rows(campaign)
    one, cost = campaign.worth, campaign.ledger.total
    incremental = _incremental(campaign, one, cost)
    if not attributed and not incremental:
        known = "unpriced" if campaign.increment.headline is not None else "none"
        return [Absent(Text(f"campaign.returns.{known}"))]
    parts: list[Part] = []
    if not campaign.ledger.complete:
        parts.append(Paragraph(Text("campaign.returns.incomplete"), "warn"))
    unknown = {
        "name": Text("campaign.returns.incremental"),
        "value": Text("campaign.returns.unknown"),
        "interval": None,
        "definition": Text("campaign.returns.unknown_definition"),
    }
    parts.append(_table([incremental or unknown, *attributed]))
    parts += _values(campaign, one)
    if incremental and one:
        parts += [_waterfall(campaign, one, cost), *_break_even(campaign, one, cost)]
    parts += notes
    if campaign.margin is not None and (attributed or (one and one.basis != "plan")):
        parts.append(Note(Text.of("campaign.returns.margin", margin=campaign.margin)))
    return parts + _basis(campaign, one)


def _attributed_rows(campaign: Campaign) -> tuple[list[dict[str, Any]], list[Part]]:
    """ROAS and classic ROI, from the orders that carry the campaign's tag, or from totals."""
    ops, cost = campaign.ops, campaign.ledger.total
    credited, margin = campaign.attributed, campaign.margin
    if not cost:
        return [], []
    if campaign.plan.totals is not None:
        return _from_totals(campaign, cost)
    if credited is None or not credited.orders:
        return [], []
    revenue = ops.fact("campaign.net_revenue", credited.revenue, "money", n=credited.orders)
    rows = [_row("roas", ops.fact("campaign.roas", credited.revenue / cost, "factor"))]
    if margin is not None:
        profit = ops.fact("campaign.gross_profit", credited.revenue * margin, "money")
        classic = (profit.value - cost) / cost
        rows.append(_row("classic", ops.fact("campaign.roi_classic", classic, "relative")))
    text = Text.of("campaign.returns.attributed", revenue=revenue, revenue_orders=credited.orders)
    return rows, [Note(text)]


def _from_totals(campaign: Campaign, cost: float) -> tuple[list[dict[str, Any]], list[Part]]:
    """ROI as teams write it: profit of all revenue, value of all new users, worth of exposure."""
    ops, plan, totals = campaign.ops, campaign.plan, campaign.plan.totals
    assert totals is not None
    amounts = {
        "direct": (totals.gmv or 0.0) * campaign.margin if campaign.margin else 0.0,
        "indirect": (totals.new_users or 0) * plan.ltv.value if plan.ltv else 0.0,
        "brand": (totals.impressions or 0) * (plan.cpm or 0.0) / 1000,
    }
    facts = {
        name: ops.fact(f"campaign.value.{name}", amount, "money", method="counted")
        for name, amount in amounts.items()
    }
    rows = []
    if totals.gmv is not None:
        ops.fact("campaign.net_revenue", totals.gmv, "money")
        rows.append(_row("roas", ops.fact("campaign.roas", totals.gmv / cost, "factor")))
    total = sum(amounts.values())
    classic = ops.fact("campaign.roi_classic", (total - cost) / cost, "relative")
    rows.append(_row("classic", classic, "classic_totals"))
    note = Text.of("campaign.returns.totals", total=total, **facts)
    return rows, [Note(note)]


def _incremental(campaign: Campaign, one: Worth | None, cost: float) -> dict[str, Any] | None:
    """Worth of the increment over cost, less one; the interval carried through."""
    head = campaign.increment.headline
    if head is None or one is None or not cost:
        return None
    method, gain = campaign.increment.evidence, one.of(head)
    campaign.ops.fact(
        "campaign.value.indirect" if one.assumed else "campaign.value.direct",
        gain.value, "money", low=gain.low, high=gain.high, method=method,
    )  # fmt: skip
    low, value, high = (x / cost - 1 for x in (gain.low, gain.value, gain.high))
    fact = campaign.ops.fact(
        "campaign.roi_incremental", value, "relative", low=low, high=high, method=method
    )
    name = {"margin": "incremental", "plan": "incremental_assumed", "model": "incremental_model"}
    return _row("incremental", fact, name[one.basis])


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
            Column("value", Text("campaign.returns.value"), "said", "right"),
            Column("interval", Text("campaign.returns.interval"), "signed_percent.interval"),
            Column("definition", Text("campaign.returns.definition"), "said"),
        ],
        rows,
        stacked=True,
    )


def _values(campaign: Campaign, one: Worth | None) -> list[Part]:
    """Direct, indirect and brand value, each with what it rests on; brand enters no return."""
    facts = campaign.ops.facts
    if campaign.plan.totals is None and campaign.plan.cpm and campaign.has_spend:
        shown = sum(row.impressions or 0 for row in campaign.channel_rows)
        if shown:
            campaign.ops.fact("campaign.value.brand", shown * campaign.plan.cpm / 1000, "money")
    counted = campaign.plan.totals is not None
    rows: list[dict[str, Any]] = []
    for name in ("direct", "indirect", "brand"):
        fact = facts.get(f"campaign.value.{name}")
        if fact is not None:
            basis = _basis_of(name, counted, one)
            rows.append({"name": Text(f"campaign.value.{name}"), "value": fact, "basis": basis,
                         "interval": fact if fact.low is not None else None})  # fmt: skip
        elif name == "indirect" and campaign.plan.ltv is not None:
            reason = Text("campaign.value.indirect_unknown")
            rows.append({"name": Text("campaign.value.indirect"), "value": None, "basis": reason})
    if not rows:
        return []
    columns = [
        Column("name", Text("campaign.value.name"), "said"),
        Column("value", Text("campaign.returns.value"), "money"),
        Column("interval", Text("campaign.returns.interval"), "signed_money.interval"),
        Column("basis", Text("campaign.value.basis"), "said"),
    ]
    if not any("interval" in row for row in rows):
        columns.pop(2)
    return [Table(columns, rows, stacked=True)]


def _basis_of(name: str, counted: bool, one: Worth | None) -> Said:
    if counted:
        return Text(f"campaign.value.{name}_counted")
    if name == "indirect" and one is not None:
        return Text(f"campaign.value.indirect_{one.basis}")
    return Text(f"campaign.value.{name}_basis")


def _waterfall(campaign: Campaign, one: Worth, cost: float) -> Part:
    head = campaign.increment.headline
    assert head is not None
    gain = one.of(head)
    gross = gain.value
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
    left = campaign.ops.fact(
        "campaign.net_value", gross - cost, "money", low=gain.low - cost, high=gain.high - cost,
    )  # fmt: skip
    return charts.bridge(
        steps,
        claim=Text.of(key, left=left),
        alt=Text("campaign.returns.alt"),
        source=campaign.source,
        format="money",
    )


def _break_even(campaign: Campaign, one: Worth, cost: float) -> list[Part]:
    """The increment from which the campaign earns its cost, against the one that came."""
    head, roi = campaign.effect_fact, campaign.ops.facts["campaign.roi_incremental"]
    if head is None or one.of_one <= 0:
        return []
    assert roi.low is not None and roi.high is not None
    line = campaign.ops.fact("campaign.break_even", cost / one.of_one, campaign.unit)
    state = "above" if roi.low > 0 else "below" if roi.high < 0 else "open"
    state += "" if one.draws is None else "_expected"
    text = Text.of(
        f"campaign.returns.even_{state}", line=line, effect=head, metric=campaign.metric.label
    )
    return [Paragraph(text)]


def _basis(campaign: Campaign, one: Worth | None) -> list[Part]:
    """What a new user is taken to be worth, and the plan's own figure beside the model's."""
    ltv, notes = campaign.plan.ltv, []
    if one is not None and one.basis == "model":
        assert isinstance(campaign.lifetime, Lifetime)
        kind, low, high = campaign.lifetime.kind, None, None
        if one.draws is not None:
            low, high = np.quantile(one.draws, [0.025, 0.975]).tolist()
        fact = campaign.ops.fact(
            "campaign.ltv", one.of_one, "money", low=low, high=high, method=kind
        )
        notes.append(
            Note(
                Text.of(
                    f"campaign.returns.ltv_{kind}", value=fact, days=one.horizon_days,
                    share=one.share, rate=DISCOUNT,
                )
            )
        )  # fmt: skip
        notes.append(
            Note(Text(f"campaign.returns.carried_{'effect' if one.draws is None else 'both'}"))
        )
        if ltv is not None:
            notes.append(Note(Text.of("campaign.returns.ltv_plan", value=ltv.value)))
    if one is not None and one.basis == "plan" and ltv is not None:
        notes.append(Note(Text.of("campaign.returns.ltv", value=ltv.value, days=ltv.horizon_days)))
        notes.append(Note(Text("campaign.returns.carried_effect")))
    return list(notes)
