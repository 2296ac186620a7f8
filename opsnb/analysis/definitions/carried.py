"""What becomes of another tool's definitions: a metric, a plan, or a reason why not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opsnb.analysis.metrics.catalogue import load_catalogue

_ID = re.compile(r"[a-z][a-z0-9_]*")
_SLUG = re.compile(r"[^a-z0-9]+")


class NotCarried(Exception):
    """A definition that has no equal here.

    Parameters
    ----------
    reason : str
        Why, as a sentence without its full stop.
    hint : str
        What would help, where something would.
    """

    def __init__(self, reason: str, hint: str = "") -> None:
        self.reason = reason
        self.hint = hint
        super().__init__(reason)


@dataclass(frozen=True)
class Refused:
    """A definition that was not carried over: `what` it is (metric, experiment, exposures)."""

    what: str
    name: str
    reason: str
    hint: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"what": self.what, "name": self.name, "reason": self.reason, "fix": self.hint}


@dataclass(frozen=True)
class MetricDraft:
    """A metric as metrics.toml would hold it.

    Attributes
    ----------
    id : str
        Its id here.
    source : str
        Its id in the other tool.
    fields : dict
        As in metrics.toml; `definition` ends in the source's mark.
    note : str
        What a reader of metrics.toml should know, as a comment.
    """

    id: str
    source: str
    fields: Mapping[str, Any]
    note: str = ""


@dataclass(frozen=True)
class PlanDraft:
    """An experiment as plans/experiments/ID.toml would hold it.

    Attributes
    ----------
    id : str
        The file's name without `.toml`.
    source : str
        What the other tool calls the experiment in its exposures.
    fields : dict
        As in the file.
    variants : dict
        The arms' names in the plan, by what exposures call them.
    notes : tuple of str
        What the file should say beside its keys, as comments.
    """

    id: str
    source: str
    fields: Mapping[str, Any]
    variants: Mapping[str, str]
    notes: tuple[str, ...] = ()


def mark(tool: str, id: str) -> str:
    """How a definition names where it comes from: `(dbt: order_total)`."""
    return f"({tool}: {id})"


def slug(text: str) -> str:
    """An id made of a name: lower-case letters, digits and underscores, a letter first."""
    if _ID.fullmatch(text):
        return text
    made = _SLUG.sub("_", text.lower()).strip("_")
    return made if made[:1].isalpha() else f"m_{made}" if made else ""


@dataclass
class Ids:
    """Which id a definition of the other tool has here.

    A metric that carries the source's mark is that one, whatever people call it; a name that
    is taken, by the team or by opsnb itself, is put behind the tool's name.
    """

    tool: str
    own: Mapping[str, Mapping[str, Any]]
    renamed: dict[str, str] = field(default_factory=dict)
    _given: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._taken = {*self.own, *load_catalogue(self.own)}

    def known(self, source: str) -> str | None:
        """The metric of the workspace that carries the mark of a definition."""
        sought = mark(self.tool, source)
        return next((id for id, fields in self.own.items() if _says(fields, sought)), None)

    def of(self, source: str, wanted: str) -> str:
        """The id of a definition; the same one whenever it is asked for."""
        if source not in self._given:
            self._given[source] = self.known(source) or self._free(source, wanted)
        return self._given[source]

    def _free(self, source: str, wanted: str) -> str:
        base = slug(wanted) or slug(source) or self.tool.lower()
        with_tool = f"{self.tool.lower()}_{base}"
        names = [base, with_tool, *(f"{with_tool}_{n}" for n in range(2, 1000))]
        free = next(name for name in names if name not in self._taken)
        self._taken.add(free)
        if free != base:
            self.renamed[free] = base
        return free


def _says(fields: Mapping[str, Any], sought: str) -> bool:
    said = fields.get("definition", "")
    texts: Iterable[object] = said.values() if isinstance(said, Mapping) else [said]
    return any(sought in str(text) for text in texts)
