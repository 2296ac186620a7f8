"""A metric over one table's rows while it is being carried over, and the ratio of two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from opsnb.analysis.definitions.expressions import both

_ADDED_UP = ("sum", "count")
_MONEY = {"orders": {"amount", "cost"}, "spend": {"amount"}}


@dataclass(frozen=True)
class RowMetric:
    """What a metric counts: the fields of metrics.toml that say so.

    Attributes
    ----------
    kind, table : str
    value : str or None
        SQL of a row's value; None where the kind has one of its own.
    where : str or None
        Which rows count; None: all.
    more : dict
        Further fields (`per`, `quantile`, `day`).
    """

    kind: str
    table: str
    value: str | None = None
    where: str | None = None
    more: Mapping[str, Any] | None = None

    def also(self, condition: str | None) -> RowMetric:
        """The same over fewer rows."""
        return replace(self, where=both(self.where, condition))

    @property
    def fields(self) -> dict[str, Any]:
        """As in metrics.toml."""
        own = {"kind": self.kind, "table": self.table, "value": self.value, **(self.more or {})}
        own["where"] = self.where
        return {name: value for name, value in own.items() if value is not None}

    @property
    def unit(self) -> str:
        """`count` of what is counted, `money` of the contract's amounts, else `number`."""
        if self.kind in ("count", "distinct", "trailing"):
            return "count"
        money = _MONEY.get(self.table, ())
        per = (self.more or {}).get("per", "1")
        return "money" if self.value in money and per not in money else "number"


def ratio_of(top: RowMetric, bottom: RowMetric) -> RowMetric | None:
    """Sum over sum in one table as a ratio; None where it is no such thing."""
    if top.table != bottom.table or not {top.kind, bottom.kind} <= set(_ADDED_UP):
        return None
    value, per = top.value or "1", bottom.value or "1"
    if top.where == bottom.where:
        return RowMetric("ratio", top.table, value, top.where, {"per": per})
    where = None
    if top.where and bottom.where:
        where = f"({top.where}) or ({bottom.where})"
    return RowMetric(
        "ratio", top.table, _where(value, top.where), where, {"per": _where(per, bottom.where)}
    )


def _where(value: str, condition: str | None) -> str:
    return f"case when {condition} then {value} else 0 end" if condition else value
