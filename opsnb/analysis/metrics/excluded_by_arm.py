"""Assigned users whom the workspace leaves out, arm by arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.tables.exclusions import LEFT

if TYPE_CHECKING:
    from opsnb.analysis.metrics.rows import Rows


def excluded_by_arm(rows: Rows, experiment_id: str) -> dict[str, tuple[int, int]]:
    """Users of each arm that are left out, and all; empty where the workspace excludes nobody."""
    excluded = rows.table("assignments").excluded
    if excluded is None:
        return {}
    mine = excluded.rows.filter(excluded.rows.experiment_id == experiment_id)
    arms = mine.group_by("variant").agg(
        out=mine.user_id.nunique(where=mine[LEFT]), n=mine.user_id.nunique()
    )
    return {
        str(arm["variant"]): (int(arm["out"]), int(arm["n"]))
        for arm in arms.execute().to_dict("records")
        if arm["variant"] is not None
    }
