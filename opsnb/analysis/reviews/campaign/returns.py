"""What a campaign returned: ROAS, classic and incremental ROI, each with its definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from opsnb.analysis.display import Absent, Column, Note, Paragraph, Part, Table, charts
from opsnb.analysis.reviews.campaign.lifetime_model import DISCOUNT, Lifetime
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.findings import Fact
    from opsnb.analysis.reviews.campaign.case import CampaignCase
    from opsnb.analysis.reviews.campaign.return_figures import CreditedReturn, IncrementalReturn
    from opsnb.analysis.reviews.campaign.worth import Worth


def return_parts(case: CampaignCase) -> list[Part]:
    """The three figures as a table, the waterfall behind the third, and what was assumed."""
    credited, incremental = case.credited, case.incremental
    if credited is None and incremental is None:
        known = "unpriced" if case.effect is not None else "none"
        return [Absent(Text(f"campaign.returns.{known}"))]
    for found in (credited, incremental):
        if found is not None:
            case.ops.record(*found.facts)
    parts: list[Part] = []
    if not case.costs.complete:
        parts.append(Paragraph(Text("campaign.returns.incomplete"), "warn"))
    parts.append(_table([_incremental_row(incremental), *_credited_rows(case, credited)]))
    parts += _values(case)
    if incremental is not None:
        parts += [_waterfall(case, incremental), *_break_even(case, incremental)]
    if credited is not None:
        parts.append(Note(_credited_note(case, credited)))
    one = case.worth
    if case.margin is not None and (credited is not None or (one and one.basis != "plan")):
        parts.append(Note(Text.of("campaign.returns.margin", margin=case.margin)))
    return parts + _basis(case, one)


def _credited_rows(case: CampaignCase, credited: CreditedReturn | None) -> list[dict[str, Any]]:
    """ROAS and classic ROI, as far as they are known."""
    if credited is None:
        return []
    definition = "" if case.plan.totals is None else "classic_totals"
    rows = [("roas", credited.roas, ""), ("classic", credited.classic, definition)]
    return [_row(name, fact, how) for name, fact, how in rows if fact is not None]


def _credited_note(case: CampaignCase, credited: CreditedReturn) -> Text:
    """What the figures are made of."""
    if case.plan.totals is not None:
        total = sum(fact.value for fact in credited.values.values())
        return Text.of("campaign.returns.totals", total=total, **credited.values)
    assert case.attributed is not None
    return Text.of(
        "campaign.returns.attributed",
        revenue=credited.revenue,
        revenue_orders=case.attributed.orders,
    )


def _incremental_row(found: IncrementalReturn | None) -> dict[str, Any]:
    if found is None:
        return {
            "name": Text("campaign.returns.incremental"),
            "value": Text("campaign.returns.unknown"),
            "interval": None,
            "definition": Text("campaign.returns.unknown_definition"),
        }
    name = {"margin": "incremental", "plan": "incremental_assumed", "model": "incremental_model"}
    return _row("incremental", found.roi, name[found.worth.basis])


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


def _values(case: CampaignCase) -> list[Part]:
    """Direct, indirect and brand value, each with what it rests on; brand enters no return."""
    facts: dict[str, Fact] = dict(case.credited.values) if case.credited is not None else {}
    if case.incremental is not None:
        facts[case.incremental.kind] = case.incremental.value
    counted = case.plan.totals is not None
    if not counted and case.plan.cpm and case.has_spend:
        shown = sum(row.impressions or 0 for row in case.channel_rows)
        if shown:
            worth = shown * case.plan.cpm / 1000
            facts["brand"] = case.ops.fact("campaign.value.brand", worth, "money")
    rows: list[dict[str, Any]] = []
    for name in ("direct", "indirect", "brand"):
        fact = facts.get(name)
        if fact is not None:
            basis = _basis_of(name, counted, case.worth)
            rows.append({"name": Text(f"campaign.value.{name}"), "value": fact, "basis": basis,
                         "interval": fact if fact.low is not None else None})  # fmt: skip
        elif name == "indirect" and case.plan.ltv is not None:
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


def _waterfall(case: CampaignCase, found: IncrementalReturn) -> Part:
    gross, left = found.gain.value, found.left
    first = "campaign.returns.worth" if found.worth.assumed else "campaign.returns.gross"
    steps = [
        charts.Step(Text(first), gross, is_total=True),
        *(
            charts.Step(Text.of("campaign.returns.less", kind=case.word("kind", kind)), -amount)
            for kind, amount in case.costs.booked.items()
        ),
        charts.Step(Text("campaign.returns.left"), left.value, is_total=True),
    ]
    key = "campaign.returns.claim_gain" if left.value > 0 else "campaign.returns.claim_loss"
    return charts.bridge(
        steps,
        claim=Text.of(key, left=left),
        alt=Text("campaign.returns.alt"),
        source=case.source,
        format="money",
    )


def _break_even(case: CampaignCase, found: IncrementalReturn) -> list[Part]:
    """The increment from which the campaign earns its cost, against the one that came."""
    roi = found.roi
    if case.effect is None or found.break_even is None:
        return []
    assert roi.low is not None and roi.high is not None
    state = "above" if roi.low > 0 else "below" if roi.high < 0 else "open"
    state += "" if found.worth.draws is None else "_expected"
    text = Text.of(
        f"campaign.returns.even_{state}", line=found.break_even, effect=case.effect.headline,
        metric=case.metric.label,
    )  # fmt: skip
    return [Paragraph(text)]


def _basis(case: CampaignCase, one: Worth | None) -> list[Part]:
    """What a new user is taken to be worth, and the plan's own figure beside the model's."""
    ltv, notes = case.plan.ltv, []
    if one is not None and one.basis == "model":
        assert isinstance(case.lifetime, Lifetime)
        kind, low, high = case.lifetime.kind, None, None
        if one.draws is not None:
            low, high = np.quantile(one.draws, [0.025, 0.975]).tolist()
        fact = case.ops.fact("campaign.ltv", one.of_one, "money", low=low, high=high, method=kind)
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
