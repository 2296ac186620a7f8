"""What a campaign cost: the budget against what was booked, by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Checks, Column, Part, Table
from opsnb.analysis.reviews.campaign.phases import phase_parts
from opsnb.analysis.reviews.campaign.report_status import record_checks
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.case import CampaignCase


def cost_parts(case: CampaignCase) -> list[Part]:
    """Costs by kind, whether they are complete, and what each phase cost."""
    ops, book = case.ops, case.costs
    ops.record(*book.facts)
    if not case.cost_checks:
        return [Absent(Text("campaign.cost.absent"))]
    record_checks(ops, case.cost_checks)
    return [_table(case), Checks(case.cost_checks), *phase_parts(case)]


def _table(case: CampaignCase) -> Table:
    book = case.costs
    rows = [
        _row(case.word("kind", kind), book.planned.get(kind), book.booked.get(kind))
        for kind in dict.fromkeys([*book.planned, *book.booked])
    ]
    return Table(
        [
            Column("kind", Text("campaign.cost.kind"), "said"),
            Column("planned", Text("campaign.cost.planned"), "exact_money"),
            Column("booked", Text("campaign.cost.booked"), "exact_money"),
            Column("gap", Text("campaign.cost.gap"), "signed_money"),
        ],
        [*rows, _row(Text("kind.total"), book.budget or None, book.total)],
    )


def _row(kind: Said, planned: float | None, booked: float | None) -> dict[str, Any]:
    gap = booked - planned if planned is not None and booked is not None else None
    return {"kind": kind, "planned": planned, "booked": booked, "gap": gap}
