"""What the plans of experiments and campaigns share: an id, a name, an owner, dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from pydantic import Field, PrivateAttr

from opsnb.base.periods import Period, between
from opsnb.base.toml_model import Day, Problem, Said, Strict


def reversed_dates(
    start: dt.date | None, end: dt.date | None, key: str = "end"
) -> Iterator[Problem]:
    if start and end and end < start:
        yield Problem(key, f"{end} is before the start {start}", "swap the two dates")


class Plan(Strict):
    """What experiments and campaigns share: an id (the file's name), a name, dates.

    Data without any dates (totals an ad, outcomes a user) has plans without dates.
    """

    name: Said = Field(examples=['"One-page checkout"'])
    owner: Said | None = Field(default=None, examples=['"Wang Lei"'])
    start: Day | None = Field(default=None, examples=["2026-09-14"])
    end: Day | None = Field(default=None, examples=["2026-10-11"])
    _id: str = PrivateAttr("")

    @property
    def id(self) -> str:
        """The file's name without `.toml`."""
        return self._id

    @property
    def period(self) -> Period | None:
        """From start to end, both inside; None for a plan without dates."""
        return between(self.start, self.end) if self.start and self.end else None

    def problems(self) -> Iterable[Problem]:
        yield from reversed_dates(self.start, self.end)
        if (self.start is None) != (self.end is None):
            lacking = "start" if self.start is None else "end"
            yield Problem(lacking, "is missing", "give both start and end, or neither")


def repeated(values: Iterable[str]) -> list[str]:
    seen: list[str] = list(values)
    return sorted({value for value in seen if seen.count(value) > 1})
