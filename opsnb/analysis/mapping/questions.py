"""What the data cannot tell, and people have to: each question with its choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from opsnb.base.errors import ParameterError, did_you_mean

__all__ = ["NONE", "Answers", "Question"]

NONE = "-"
"""The answer that nothing is meant: no column, no table."""


@dataclass(frozen=True)
class Question:
    """A question to people.

    Attributes
    ----------
    key : str
        What `--answer KEY=VALUE` calls it: `orders.amount`, `tables.crm_export`, ...
    ask : str
        The question, in words.
    choices : tuple of (str, str)
        Answers that may be given, each with what speaks for it; empty: any text.
    now : str
        What is written as long as nobody answers; empty: the table cannot be mapped.
    several : bool
        Several choices may be given, with commas between.
    by_hand : bool
        Its answer is an edit of what was written, nothing that `--answer` takes.
    """

    key: str
    ask: str
    choices: tuple[tuple[str, str], ...] = ()
    now: str = ""
    several: bool = False
    by_hand: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "choices": [{"value": v, "why": why} for v, why in self.choices]}

    @property
    def line(self) -> str:
        """The question in one line, with its choices."""
        shown = "; ".join(f"{value} ({why})" if why else value for value, why in self.choices)
        now = f" Written: {self.now}." if self.now else ""
        return f"{self.key}: {self.ask}{f' {shown}.' if shown else ''}{now}"


class Answers:
    """What people answered, by the key of the question; each is used or it is a mistake."""

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self.given = dict(given or {})
        self._known: set[str] = set()

    def get(self, key: str) -> str | None:
        """The answer to a question, None where there is none."""
        self._known.add(key)
        return self.given.get(key)

    def column(self, key: str, columns: Sequence[str]) -> str | None:
        """The answer to a question that asks for a column of a table; "-" is none of them.

        Raises
        ------
        ParameterError
            The table has no such column.
        """
        answer = self.get(key)
        if answer in (None, NONE):
            return answer
        known = {name.strip().lower(): name for name in columns}
        if answer.strip().lower() not in known:
            raise ParameterError(
                f'no column "{answer}"',
                where=f"--answer {key}",
                hint=did_you_mean(answer, columns, kind="columns") + f', or "{NONE}" for none',
            )
        return known[answer.strip().lower()]

    def among(self, key: str, known: Sequence[str]) -> str | None:
        """The answer to a question with fixed choices.

        Raises
        ------
        ParameterError
            It is none of them.
        """
        answer = self.get(key)
        if answer is not None and answer not in known:
            raise ParameterError(
                f'"{answer}" is no answer',
                where=f"--answer {key}",
                hint=did_you_mean(answer, known, kind="answers"),
            )
        return answer

    def require_used(self) -> None:
        """ParameterError where an answer belongs to no question."""
        for key in self.given:
            if key not in self._known:
                raise ParameterError(
                    f'nothing asks for "{key}"',
                    where="--answer",
                    hint=did_you_mean(key, self._known, kind="questions"),
                )
