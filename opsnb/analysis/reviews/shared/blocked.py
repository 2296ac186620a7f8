"""What a blocked table keeps back: metrics, the sections made of them, the verdict on them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opsnb.analysis.display import Absent, Part
from opsnb.analysis.findings import Check
from opsnb.analysis.findings.refusal import refusal
from opsnb.analysis.tables import Contract, Issue
from opsnb.base.messages import Language, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opsnb.analysis.metrics import Meter
    from opsnb.analysis.metrics.columns_read import Reads
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.shown import Shown


REPAIR = dt.timedelta(days=7)
"""Until when what blocks a report should be repaired, from the day the data was taken."""


@dataclass(frozen=True)
class Block:
    """An issue of the data gate that blocks, and the check that says so."""

    contract: Contract
    issue: Issue
    check: Check

    @property
    def table(self) -> str:
        return self.contract.name

    def touches(self, columns: Iterable[str]) -> bool:
        """Whether what is read of these columns is wrong.

        An issue of no column, or of the table's key or clock, is one of all its rows.
        """
        contract, column = self.contract, self.issue.column
        of_rows = column is None or column == contract.clock
        named = set((column or "").split(", "))
        return of_rows or bool(named & {*contract.key, *columns})

    @property
    def why(self) -> Text:
        """What stands in the place of what is kept back."""
        return Text.of("blocked.withheld", reason=self.check.message)


@dataclass(frozen=True)
class Blocked:
    """The blocks of the tables that a review reads; none where `blocks` is empty."""

    blocks: tuple[Block, ...] = ()

    def of_tables(self, *tables: str) -> list[Block]:
        """The blocks of these tables."""
        return [block for block in self.blocks if block.table in tables]

    def that_touch(self, reads: Reads) -> list[Block]:
        """The blocks of what is read."""
        return [b for b in self.blocks if b.table in reads and b.touches(reads[b.table])]

    def of_metrics(self, meter: Meter, *metrics: str) -> list[Block]:
        """The blocks of what these metrics read."""
        if not self.blocks:
            return []
        return [block for metric in metrics for block in self.that_touch(meter.reads(metric))]


def why_blocked(table: str, issue: Issue) -> Text:
    """Which table cannot be used and why: a sentence without a number, then the issue's own."""
    why = f"blocked.why.{issue.rule}"
    known = Text(why if Language("en").has(why) else "blocked.why.other")
    return Text.of("blocked.reason", table=table, why=known, message=issue.message)


def withhold(ops: Recorder, blocked: Blocked, metrics: Mapping[str, Block] | None = None) -> None:
    """Mark the report as one that lacks what rests on blocked tables.

    Parameters
    ----------
    metrics : mapping, optional
        Metrics that it would have shown, by id, with the block that keeps each back.
    """
    for table, block in {block.table: block for block in blocked.blocks}.items():
        lost = [ops.label(name) for name, by in (metrics or {}).items() if by.table == table]
        key = "blocked.in_part_metrics" if lost else "blocked.in_part"
        args = {"table": table, "metrics": lost, "reason": block.check.message}
        ops.status("provisional", Text(key, args))


def withheld_metrics(ops: Recorder, metrics: Mapping[str, Block]) -> list[Part]:
    """What stands in the place of metrics that are kept back, by id: a line a table."""
    lines: list[Part] = []
    for block in {block.table: block for block in metrics.values()}.values():
        lost = [ops.label(name) for name, by in metrics.items() if by.table == block.table]
        said = Text.of("blocked.metrics", metrics=lost, reason=block.check.message)
        lines.append(Absent(said))
    return lines


def refuse(ops: Recorder, blocks: Sequence[Check]) -> Shown:
    """The first screen of a report that checks block: why, and who clears it up."""
    due = ops.workspace.as_of + REPAIR
    ops.status("invalid", blocks[0].message)
    ops.decide(Text("blocked.decision"), recommendation=Text("blocked.recommend"), due=due)
    ops.act(Text("blocked.action"), due=due, source=ops.period.key)
    return ops.first_screen(refusal(blocks), [])
