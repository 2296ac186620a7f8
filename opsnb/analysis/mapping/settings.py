"""The head of a new opsnb.toml: zone, currency and language, guessed out of the data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import available_timezones

from babel.numbers import list_currencies

from opsnb.analysis.mapping.profile import TableProfile
from opsnb.analysis.mapping.propose import Proposal
from opsnb.analysis.mapping.questions import Answers, Question

__all__ = ["Settings", "settings_of"]

_CHINESE = re.compile("[\u3400-\u9fff]")
_ZONES = ("Asia/Shanghai", "UTC", "Europe/London", "America/New_York")
_MONEY = ("CNY", "USD", "EUR", "GBP")


@dataclass(frozen=True)
class Settings:
    """[workspace] of a new file; a reason behind what is a guess."""

    name: str
    language: str
    timezone: tuple[str, str]
    currency: tuple[str, str]

    @property
    def lines(self) -> list[tuple[str, str, str]]:
        return [("timezone", *self.timezone), ("currency", *self.currency)]


def settings_of(
    name: str, tables: Sequence[TableProfile], proposal: Proposal, answers: Answers
) -> tuple[Settings, list[Question]]:
    """The settings, and what has to be asked for them.

    Raises
    ------
    ParameterError
        An answer is no zone or no currency.
    """
    zone = answers.among("workspace.timezone", sorted(available_timezones()))
    money = answers.among("workspace.currency", sorted(list_currencies()))
    chinese = _is_chinese(tables)
    asked = []
    naive = _naive(proposal)
    guess = "Asia/Shanghai" if chinese else "UTC"
    if zone is None and naive:
        ask = f"in which zone are times without one ({', '.join(naive[:3])})?"
        asked.append(Question("workspace.timezone", ask, tuple((z, "") for z in _ZONES), guess))
    found = _currency(proposal)
    currency = money or found or ("CNY" if chinese else "USD")
    if money is None and not found:
        ask = "in which currency are amounts?"
        asked.append(Question("workspace.currency", ask, tuple((c, "") for c in _MONEY), currency))
    return Settings(
        name,
        "zh" if chinese else "en",
        (zone or guess, "" if zone else "guess: the zone that times are shown in"),
        (currency, "" if money else "as the data say" if found else "guess"),
    ), asked


def _is_chinese(tables: Sequence[TableProfile]) -> bool:
    names = [name for table in tables for name in table.columns]
    return sum(bool(_CHINESE.search(name)) for name in names) > 0.3 * max(len(names), 1)


def _naive(proposal: Proposal) -> list[str]:
    """Columns of times that carry no zone."""
    found = []
    for draft in proposal.written:
        for line in draft.lines:
            one = draft.table.columns.get(line.source)
            if one and one.is_time and not one.zoned and one.moment not in ("day", "yearless"):
                found.append(one.name)
    return found


def _currency(proposal: Proposal) -> str:
    for draft in proposal.written:
        if (line := draft.line("currency")) and line.source in draft.table.columns:
            first = draft.table.columns[line.source].values[0].strip().upper()
            if first in list_currencies():
                return str(first)
    return ""
