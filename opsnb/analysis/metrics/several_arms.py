"""Users who are on record in several arms, by the arm that they were in first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsnb.analysis.metrics.assignments import Assigned
    from opsnb.analysis.metrics.rows import Rows


def first_arms(rows: Rows, assigned: Assigned) -> dict[str, int]:
    """Users in several arms by their first one; empty where exposures have no times.

    Users who were in two arms at the same moment came from neither.
    """
    if not assigned.timed or not assigned.several:
        return {}
    table = rows.table("assignments").expr
    mine = table.filter(
        (table.experiment_id == assigned.experiment_id)
        & table.user_id.notnull() & table.variant.notnull() & table.assigned_at.notnull()
    )  # fmt: skip
    by_arm = mine.group_by(["user_id", "variant"]).agg(at=mine.assigned_at.min())
    seen = by_arm.group_by("user_id").agg(first=by_arm["at"].min(), arms=by_arm.count())
    seen = seen.filter(seen.arms > 1)
    met = by_arm.inner_join(seen, "user_id")
    met = met.filter(met["at"] == met["first"])
    came = met.group_by("user_id").agg(arm=met.variant.min(), ties=met.count())
    came = came.filter(came.ties == 1)
    counts = came.group_by("arm").agg(n=came.count()).execute()
    return {str(row["arm"]): int(row["n"]) for row in counts.to_dict("records")}
