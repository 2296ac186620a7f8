"""Predictions of the ledger: which of them count, how they came out, and which may be replaced.

A prediction belongs to the data, mapping and metrics that made it. It may be replaced by one from
others as long as nobody can have known more of its period than when it was registered, so that
a first run on wrong data can be mended and a miss cannot be made good.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from opsnb.base.entries import Entry


@dataclass(frozen=True)
class Score:
    """How predictions with a range came out: how many there are, and where the outcomes lay."""

    n: int
    hits: int
    above: int
    below: int


def score(entries: Iterable[Entry]) -> Score:
    """The score of the ledger's predictions, the same wherever it is told."""
    return tally((e.observed, e.low, e.high) for e in scored(entries))  # type: ignore[misc]


def tally(outcomes: Iterable[tuple[float, float, float]]) -> Score:
    """The score of outcomes, each with the lower and upper end of its range."""
    sides = [(seen > high) - (seen < low) for seen, low, high in outcomes]
    return Score(len(sides), sides.count(0), sides.count(1), sides.count(-1))


def scored(entries: Iterable[Entry]) -> list[Entry]:
    """Predictions that stand, have a range, and whose outcome is known, the oldest first.

    What several playbooks foretold of one metric, subject and day in one cycle counts once, as
    it was registered first.
    """
    found: dict[tuple[object, ...], Entry] = {}
    for entry in sorted(entries, key=lambda entry: entry.added):
        if entry.kind == "prediction" and entry.state == "open" and entry.hit is not None:
            same = (entry.cycle, entry.subject, entry.metric, entry.due)
            found.setdefault(same, entry)
    return list(found.values())


def taken_back(entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Predictions that were superseded, and those that somebody withdrew."""
    gone = [e for e in entries if e.kind == "prediction" and e.state == "withdrawn"]
    return [e for e in gone if e.superseded_by], [e for e in gone if not e.superseded_by]


def may_be_replaced(entry: Entry, as_of: dt.date, begins: dt.date | None) -> bool:
    """Whether a prediction may still be replaced by one that other inputs make.

    Parameters
    ----------
    as_of : date
        The day of the data from which its report is made again.
    begins : date or None
        The first day of the period that is foretold; None where it is not known.

    Returns
    -------
    bool
        False once its outcome is on record. Else True before its period begins; until the end
        of the day on which it was registered; and where it was registered only after its
        period was over, so that it never foretold anything.
    """
    if entry.observed is not None:
        return False
    registered = entry.as_of or entry.added.date()
    in_hindsight = entry.due is not None and registered > entry.due
    return in_hindsight or as_of <= registered or (begins is not None and as_of < begins)
