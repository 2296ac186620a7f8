"""What a run would trip over later, in one shape: what is wrong, where, how bad, the likely fix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from opsnb.base.errors import OpsnbError

Weight = Literal["note", "warn", "block"]
"""note: worth knowing; warn: some of a report will be missing or weak; block: a report will fail,
or be wrong."""

WEIGHTS: tuple[Weight, ...] = ("block", "warn", "note")
"""The worst first."""


@dataclass(frozen=True)
class Concern:
    """One thing found in what a team wrote.

    Attributes
    ----------
    subject : str
        What it is about: workspace, metrics, plans, cycles, ledger, privacy.
    rule : str
        Stable id: `unreadable`, `unknown_metric`, `no_such_arm`, ...
    level : note, warn or block
    file, key : str
        Relative to the workspace; the key within the file, dotted. Either may be empty.
    what, fix : str
        Sentences without their full stops; a fix may be empty.
    """

    subject: str
    rule: str
    level: Weight
    file: str
    key: str
    what: str
    fix: str = ""

    @property
    def where(self) -> str:
        return ": ".join(part for part in (self.file, self.key) if part)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def of_error(
    error: OpsnbError, subject: str, *, file: str = "", level: Weight = "block"
) -> Iterator[Concern]:
    """What an error tells of, each thing by itself where it lists several."""
    file = error.file or file
    if not error.mistakes:
        key = "" if error.where.endswith(file or "?") else error.where
        key = key.removeprefix(f"{file}: ")
        yield Concern(subject, "unreadable", level, file, key, error.what, error.hint)
    for key, what, hint in error.mistakes:
        yield Concern(subject, "unreadable", level, file, key, what, hint)


def worst_first(concerns: Iterable[Concern]) -> list[Concern]:
    """The worst first, those of one file together."""
    found = list(dict.fromkeys(concerns))
    worst: dict[str, int] = {}
    for one in found:
        worst[one.file] = min(worst.get(one.file, len(WEIGHTS)), WEIGHTS.index(one.level))
    return sorted(found, key=lambda c: (worst[c.file], c.file, WEIGHTS.index(c.level)))
