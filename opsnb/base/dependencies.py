"""What a report was made from: tables, plans, files and ledger entries, noted as they are read.

A session hands the notes out with its outputs; whoever asks later whether the report is still
true looks at these things again, and at nothing else.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import Any, TypeVar, cast

from opsnb.base.errors import OpsnbError

P = TypeVar("P")

WHOLE = "*"
"""Instead of a field's name: the whole plan."""


class Reads:
    """Notes of what was read.

    Attributes
    ----------
    tables, sources, files, ledger : set of str
        Names of tables; names of sources opened beside them; files relative to the workspace;
        `all`, or `before CYCLE` for entries of earlier cycles.
    plans : dict
        Fields read by plan (`campaigns/golden_week`); `*` is the whole plan.
    """

    def __init__(self) -> None:
        self.tables: set[str] = set()
        self.sources: set[str] = set()
        self.files: set[str] = set()
        self.ledger: set[str] = set()
        self.plans: dict[str, set[str]] = {}

    def plan(self, name: str, field: str = WHOLE) -> None:
        self.plans.setdefault(name, set()).add(field)

    def as_dict(self) -> dict[str, Any]:
        plain = ("sources", "files", "ledger")
        return {
            **{name: sorted(getattr(self, name)) for name in plain},
            "tables": dict.fromkeys(sorted(self.tables)),
            "plans": {name: sorted(fields) for name, fields in sorted(self.plans.items())},
        }


class _Noted:
    """A plan come upon among others: notes which of its fields are looked at."""

    def __init__(self, plan: Any, name: str, reads: Reads) -> None:
        self.__dict__.update(_plan=plan, _name=name, _reads=reads)

    def __getattr__(self, field: str) -> Any:
        self._reads.plan(self._name, field)
        return getattr(self._plan, field)


class Plans(Mapping[str, P]):
    """The plans of a folder by id, earliest first, which notes what is read of them.

    One that is asked for by its id is read whole; of those that are gone through, what is
    looked at. `broken` are those whose files cannot be used: they are known by their ids, to
    ask for one raises what is wrong with it, and who goes through the plans does not meet them.
    """

    def __init__(
        self,
        plans: Mapping[str, P],
        folder: str,
        reads: Reads,
        broken: Mapping[str, OpsnbError] | None = None,
    ) -> None:
        self._plans, self._folder, self._reads = plans, folder, reads
        self.broken = broken or {}

    def _name(self, id: str) -> str:
        return f"{self._folder}/{id}"

    def __getitem__(self, id: str) -> P:
        if isinstance(id, str):
            self._reads.plan(self._name(id))
        if id in self.broken:
            raise self.broken[id]
        return self._plans[id]

    def __contains__(self, id: object) -> bool:
        return id in self._plans or id in self.broken

    def __iter__(self) -> Iterator[str]:
        self._reads.plan(self._name(WHOLE), "id")
        return iter(self._plans)

    def __len__(self) -> int:
        self._reads.plan(self._name(WHOLE), "id")
        return len(self._plans)

    def values(self) -> ValuesView[P]:
        return dict(self.items()).values()

    def items(self) -> ItemsView[str, P]:
        noted = {id: _Noted(self._plans[id], self._name(id), self._reads) for id in iter(self)}
        return cast("ItemsView[str, P]", noted.items())

    def look(self, id: str, fields: list[str]) -> str | None:
        """What the fields hold now, as text; None where there is no such plan. Notes nothing."""
        plan: Any = self._plans.get(id)
        if id == WHOLE:
            return " ".join([*self._plans, *self.broken])
        if id in self.broken:
            return str(self.broken[id])
        if plan is None:
            return None
        if WHOLE in fields:
            return repr(plan)
        return repr([(field, getattr(plan, field, None)) for field in fields])
