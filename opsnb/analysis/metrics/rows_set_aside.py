"""Rows of assigned users that the data gate left out, arm by arm."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from opsnb.analysis.tables.typed_table import MARK

if TYPE_CHECKING:
    from opsnb.analysis.metrics.assignments import Assigned
    from opsnb.analysis.metrics.rows import Rows


class SetAside(NamedTuple):
    """Sums over the randomised units of an arm of (rows left out, all rows), and of products."""

    units: int
    totals: tuple[float, float]
    products: tuple[tuple[float, float], tuple[float, float]]


def set_aside_by_arm(rows: Rows, table: str, assigned: Assigned) -> dict[str, SetAside]:
    """How many rows of each arm's units were left out.

    Rows before exposure do not count where both are timed; rows without a user are in no arm,
    and an arm of fewer than two units with rows is left out.
    """
    typed = rows.table(table).typed
    if table == "outcomes":
        typed = assigned.outcomes(typed)
    moment = rows.moment(table)
    own = typed.select(
        "user_id",
        _out=typed[f"{MARK}out"].cast("float64"),
        **({"_at": typed[moment]} if moment and assigned.timed else {}),
    )
    unit = assigned.unit or "user_id"
    users = assigned.users.select(
        "user_id", "variant", _unit=assigned.users[unit],
        **({"_from": assigned.users.assigned_at} if "_at" in own.columns else {}),
    )  # fmt: skip
    met = own.inner_join(users, "user_id")
    if "_at" in own.columns:
        met = met.filter(met._at.isnull() | (met._at >= met._from))
    each = met.group_by(["_unit", "variant"]).agg(x=met._out.sum(), y=met.count().cast("float64"))
    arms = each.group_by("variant").agg(
        n=each.count(), x=each.x.sum(), y=each.y.sum(),
        xx=(each.x * each.x).sum(), xy=(each.x * each.y).sum(), yy=(each.y * each.y).sum(),
    )  # fmt: skip
    return {
        str(arm["variant"]): SetAside(
            int(arm["n"]),
            (arm["x"], arm["y"]),
            ((arm["xx"], arm["xy"]), (arm["xy"], arm["yy"])),
        )
        for arm in arms.execute().to_dict("records")
        if arm["n"] > 1
    }
