"""What reports over a workspace's tables would expose of people, before any is made.

Columns that look personal, texts with addresses or numbers of people in them, groups that are
withheld, and populations so small that their totals speak of single people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from opsnb.analysis.methods.disclosure import hidden_groups
from opsnb.analysis.tables import contract_of, open_table
from opsnb.base.messages import Language, Text
from opsnb.base.personal_data import KINDS, counted, is_personal_name

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from opsnb.analysis.tables import Contract
    from opsnb.base.workspace import Workspace

Kind = Literal["column", "text", "cells", "population", "arms", "off"]

LOOKED_AT = 5_000
"""Rows whose texts are read; the rest is assumed to be like them."""

MOST_GROUPS = 60
"""Values of a column beyond which no report breaks people down by it."""

FEW_TIMES = 10
"""Populations below so many times `min_cell` are called small."""


@dataclass(frozen=True)
class Exposure:
    """One thing that somebody should know before a report over a table is handed on.

    Attributes
    ----------
    kind : str
        column, text, cells, population, arms or off.
    level : str
        warn: look at it; note: opsnb hides or masks it by itself.
    counts : dict
        What was counted, by name.
    """

    kind: Kind
    level: Literal["warn", "note"]
    table: str
    column: str | None
    said: Text
    counts: dict[str, int]

    def as_dict(self, language: Language) -> dict[str, Any]:
        return {
            "kind": self.kind, "level": self.level, "table": self.table, "column": self.column,
            "said": language.say(self.said), "counts": self.counts,
        }  # fmt: skip


def exposures(workspace: Workspace, tables: Sequence[str] = ()) -> list[Exposure]:
    """What the tables (default all mapped) would let a report say of people, warnings first.

    Raises
    ------
    OpsnbError
        A table cannot be opened.
    """
    found: list[Exposure] = []
    if workspace.min_cell < 2:
        found.append(Exposure("off", "warn", "", None, Text("privacy.off"), {}))
    for name in tables or list(workspace.tables):
        rows, contract = open_table(workspace, name).expr, contract_of(workspace, name)
        found += personal_columns(name, rows, contract)
        if contract.people:
            found += _populations(name, rows, workspace.min_cell)
            found += _cells(name, rows, workspace.min_cell)
    return sorted(found, key=lambda one: one.level != "warn")


def _texts(rows: ir.Table) -> list[str]:
    return [name for name in rows.columns if rows[name].type().is_string()]


def personal_columns(
    table: str, rows: ir.Table, contract: Contract, limit: int = LOOKED_AT
) -> Iterator[Exposure]:
    """Columns that look personal, by their name or by what is in them.

    Parameters
    ----------
    limit : int
        Rows whose texts are read.
    """
    texts = _texts(rows)
    frame = rows.select(texts).limit(limit).execute() if texts else None
    for column in rows.columns:
        kinds: Counter[str] = Counter()
        read, different = 0, None
        if frame is not None and column in texts:
            values = frame[column].dropna().astype(str).value_counts()
            read, different = int(values.sum()), len(values)
            for value, times in values.items():
                kinds.update({kind: n * int(times) for kind, n in counted(str(value)).items()})
        if kinds:
            yield _with_matches(table, column, read, kinds, contract.comment == column)
        elif column not in contract.ids and is_personal_name(column, different):
            said = Text.of("privacy.named", table=table, column=column)
            yield Exposure("column", "warn", table, column, said, {})


def _with_matches(
    table: str, column: str, read: int, kinds: Counter[str], quoted: bool
) -> Exposure:
    """A quoted comment is masked; any other column may name groups in a table."""
    args = {"table": table, "column": column, "read": read, **{k: kinds[k] for k in KINDS}}
    key = "privacy.quoted" if quoted else "privacy.holds"
    counts = {"read": read, **kinds}
    level: Literal["warn", "note"] = "note" if quoted else "warn"
    return Exposure("text" if quoted else "column", level, table, column, Text(key, args), counts)


def _people(rows: ir.Table) -> Any:
    return rows.user_id.nunique() if "user_id" in rows.columns else rows.count()


def _populations(table: str, rows: ir.Table, minimum: int) -> Iterator[Exposure]:
    """Tables of few people, and arms of experiments, which no rule hides."""
    n = int(rows.agg(n=_people(rows)).execute()["n"].iloc[0])
    if 0 < n < FEW_TIMES * max(minimum, 1):
        said = Text.of("privacy.population", table=table, n=n)
        yield Exposure("population", "warn", table, None, said, {"people": n})
    if table == "assignments":
        arms = rows.group_by(["experiment_id", "variant"]).agg(n=_people(rows)).execute()
        small = arms[arms["n"] < minimum]
        for experiment, own in small.groupby("experiment_id"):
            said = Text.of("privacy.arms", experiment=str(experiment), n=len(own), minimum=minimum)
            yield Exposure("arms", "warn", table, "variant", said, {"arms": len(own)})


def _cells(table: str, rows: ir.Table, minimum: int) -> Iterator[Exposure]:
    """Groups of too few people, in each column that a report may break people down by."""
    texts = [name for name in _texts(rows) if not name.endswith("_id") and name != "comment"]
    if not texts or minimum < 2:
        return
    distinct = rows.agg(**{name: rows[name].nunique() for name in texts}).execute()
    for column in texts:
        if not 1 < int(distinct[column].iloc[0]) <= MOST_GROUPS:
            continue
        frame = rows.group_by(_group=rows[column].coalesce("(none)")).agg(n=_people(rows)).execute()
        counts = dict(zip(frame["_group"], map(int, frame["n"]), strict=True))
        small = sum(0 < n < minimum for n in counts.values())
        if small:
            also = len(hidden_groups(counts, minimum=minimum)) - small
            args = {"table": table, "column": column, "small": small, "groups": len(counts),
                    "also": also, "minimum": minimum}  # fmt: skip
            told = {"small": small, "also": also, "groups": len(counts)}
            yield Exposure("cells", "note", table, column, Text("privacy.cells", args), told)
