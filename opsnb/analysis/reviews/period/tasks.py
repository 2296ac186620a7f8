"""Tasks that fell due in the period: done, late, open."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Column, Paragraph, Part, Table, Toned
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence

MOST_ROWS = 20
USUAL_GOAL = 0.9
"""Share of tasks to be done on time where no target says otherwise."""


def due_tasks(evidence: PeriodEvidence) -> list[Part]:
    """Counts of the period's tasks, and a table of those late or open."""
    ops = evidence.ops
    if not ops.rows.has("tasks"):
        return [Absent(Text.of("month.absent", table="tasks"))]
    tasks = ops.rows.table("tasks").expr
    due = tasks.filter(
        tasks.due_on.cast("date").between(evidence.period.start, evidence.period.end)
    )
    known = [c for c in ("title", "owner", "project", "done_on") if c in due.columns]
    frame = due.select("task_id", "due_on", *known).order_by("due_on").execute()
    if frame.empty:
        return [Absent(Text("month.actions.none"))]
    done_on = frame["done_on"] if "done_on" in known else frame["due_on"].map(lambda _: None)
    done = done_on.notna()
    late = done & (done_on > frame["due_on"])
    facts = {
        name: ops.fact(f"tasks.{name}", int(mask.sum()), "count", n=len(frame))
        for name, mask in (("open", ~done), ("late", late), ("done", done & ~late))
    }
    rate = ops.fact("tasks.on_time", facts["done"].value / len(frame), "share", n=len(frame))
    line = Text.of("month.actions.line", n=len(frame), **facts)
    goal = _goal(evidence)
    short = rate.value < goal
    said = Text.of(f"month.actions.{'short' if short else 'reached'}", rate=rate, goal=goal)
    share = Paragraph(said, "bad" if short else "good")
    rows = [_row(row) for row in frame[late | ~done].head(MOST_ROWS).to_dict("records")]
    table = Table(
        [
            Column("title", Text("month.actions.task"), "said"),
            Column("owner", Text("display.owner")),
            Column("due", Text("display.due"), "date"),
            Column("state", Text("display.state"), "said"),
        ],
        rows,
        caption=Text("month.actions.caption"),
        order=Text("month.actions.order"),
    )
    return [Paragraph(line), share, *([table] if rows else [])]


def _goal(evidence: PeriodEvidence) -> float:
    """The cycle's target for tasks done on time, else the usual one."""
    target = evidence.targets.get("tasks_on_time")
    return target.target if target is not None and target.target is not None else USUAL_GOAL


def _row(row: dict[str, Any]) -> dict[str, Any]:
    finished = row.get("done_on")
    is_open = finished is None or finished != finished
    word = (
        Text("month.actions.open")
        if is_open
        else Text.of("month.actions.late", day=_date(finished))
    )
    return {
        "title": row.get("title") or str(row["task_id"]),
        "owner": row.get("owner"),
        "due": _date(row["due_on"]),
        "state": Toned(None, "bad" if is_open else "warn", word),
    }


def _date(moment: Any) -> dt.date:
    day: dt.date = moment.date() if hasattr(moment, "date") else moment
    return day
