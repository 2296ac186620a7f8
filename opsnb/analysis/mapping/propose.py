"""From tables that were looked at to drafts and questions: which table is which contract's."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from opsnb.analysis.mapping.drafts import Draft, Line, draft_of, outcomes_of
from opsnb.analysis.mapping.names import words
from opsnb.analysis.mapping.places import Look
from opsnb.analysis.mapping.profile import TableProfile
from opsnb.analysis.mapping.queries import meaning
from opsnb.analysis.mapping.questions import NONE, Answers, Question
from opsnb.analysis.mapping.score import (
    Candidate,
    Match,
    Reading,
    read_table,
    with_people,
)
from opsnb.analysis.sources.embedded import named
from opsnb.analysis.tables import CONTRACTS
from opsnb.base.personal_data import without_personal

__all__ = ["Proposal", "propose", "read_all"]

_NEAR = 0.6
"""Score from which another column for the same thing is worth a question."""

_ASKED = 3


@dataclass
class Proposal:
    """What may be written, what has to be asked, and what was left, each with its reason."""

    drafts: list[Draft] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)

    @property
    def written(self) -> list[Draft]:
        """Drafts that can be written: they have all that their contract asks for."""
        return [draft for draft in self.drafts if not draft.missing]


def read_all(tables: Sequence[TableProfile]) -> list[Candidate]:
    """Every table read as one of each contract."""
    return with_people([read_table(table) for table in tables if not table.headless])


def propose(
    look: Look, candidates: Sequence[Candidate], mapped: Collection[str], answers: Answers
) -> Proposal:
    """Drafts of the tables that are not mapped yet.

    Parameters
    ----------
    candidates : list of Candidate
        From `read_all(look.tables)`.
    mapped : names of contracts
        That opsnb.toml maps already: they stay as they are.

    Raises
    ------
    ParameterError
        An answer names no choice of its question.
    """
    made = Proposal()
    chosen = _chosen(candidates, mapped, answers, made)
    for contract, readings in chosen.items():
        first, *others = readings
        parts, others = _parts(first, others)
        amounts = [
            reading for other in candidates for reading in other.readings
            if reading.contract == "orders" and reading.table is not first.table
        ]  # fmt: skip
        draft = draft_of(first, answers, amounts)
        draft = replace(draft, parts=tuple(part.table.origin for part in parts))
        made.drafts.append(draft)
        _left_over(contract, first, others, made)
        made.questions += _of_columns(first, draft, answers) + _of_meaning(draft, answers)
    _with_outcomes(made, mapped)
    _unreadable(look, answers, made)
    return made


def _chosen(
    candidates: Sequence[Candidate], mapped: Collection[str], answers: Answers, made: Proposal
) -> dict[str, list[Reading]]:
    """By contract the tables that seem to be it, the likeliest first."""
    found: dict[str, list[tuple[bool, Reading]]] = {}
    for candidate in candidates:
        name = candidate.table.name
        answer = answers.among(f"tables.{name}", [*CONTRACTS, NONE])
        best = candidate.best
        if answer not in (None, NONE):
            best = next(r for r in candidate.readings if r.contract == answer)
        if answer == NONE or best is None:
            made.left[name] = "left out, as answered" if answer else _snapshot(candidate)
            if not answer:
                made.questions.append(_of_table(candidate))
        elif best.contract in mapped:
            made.left[name] = f"[tables.{best.contract}] is mapped already, and stays as it is"
        else:
            found.setdefault(best.contract, []).append((answer is not None, best))
    order = {name: place for place, name in enumerate(CONTRACTS)}
    return {
        contract: [r for _, r in sorted(found[contract], key=lambda one: (-one[0], -one[1].score))]
        for contract in sorted(found, key=lambda name: order[name])
    }


def _snapshot(candidate: Candidate) -> str:
    """Why a table is none of the contract."""
    columns = candidate.table.columns.values()
    ids = any(one.unique > 0.97 and one.distinct > 5 and not one.moment for one in columns)
    timed = any(one.moment for one in columns)
    if ids and not timed:
        return "a snapshot, no contract: a row an id, and no time at which it happened"
    return "no contract fits"


def _of_table(candidate: Candidate) -> Question:
    near = [(r.contract, f"{r.score:.2f}") for r in candidate.readings[:_ASKED] if r.score > 0]
    ask = f"what is {candidate.table.name}? ({candidate.table.example})"
    return Question(f"tables.{candidate.table.name}", ask, (*near, (NONE, "leave it")), NONE)


def _parts(first: Reading, others: list[Reading]) -> tuple[list[Reading], list[Reading]]:
    """Tables that are one in parts: the same columns, names that differ in their digits."""

    def shape(one: Reading) -> tuple[str, tuple[str, ...]]:
        return re.sub(r"[\d_\-]+", "", one.table.name.lower()), tuple(one.table.columns)

    def numbered(one: Reading) -> bool:
        return bool(re.search(r"\d{2}", one.table.name)) and one.table.source == first.table.source

    same = [
        one for one in others if shape(one) == shape(first) and numbered(one) and numbered(first)
    ]
    parts = sorted([first, *same], key=lambda one: one.table.name) if same else []
    return parts, [one for one in others if one not in same]


def _left_over(contract: str, first: Reading, others: Sequence[Reading], made: Proposal) -> None:
    for other in others:
        name = other.table.name
        if (amount := made.drafts[-1].line("amount")) and f"{named(name)}." in amount.sql:
            made.left[name] = f"its amounts are added up in {contract}"
            continue
        made.left[name] = (
            f"{first.table.name} fits {contract} better ({first.score:.2f} to {other.score:.2f})"
        )
        choices = ((contract, f"in place of {first.table.name}"), (NONE, "leave it"))
        ask = f"it reads as {contract}, too; which is meant?"
        made.questions.append(Question(f"tables.{name}", ask, choices, NONE))


def _of_columns(reading: Reading, draft: Draft, answers: Answers) -> list[Question]:
    """Columns that must be there and were not found, and those that several could be."""
    asked = []
    for column in CONTRACTS[reading.contract].columns:
        key = f"{reading.contract}.{column.name}"
        if answers.get(key) is not None:
            continue
        line = draft.line(column.name)
        near = [
            m
            for m in reading.others.get(column.name, [])
            if m.column.name != (line and line.source)
        ]
        if line is None or line.score is None:
            near = [m for m in near if m.score > 0.2 and not _used(draft, m)][:_ASKED]
            if near and column.required and not draft.body:
                ask = f"which column of {reading.table.name} is {column.name}?"
                now = line.sql if line else ""
                asked.append(Question(key, ask, _choices(near), now))
        elif ask := _doubt(reading.contract, column.name):
            near = [m for m in near if m.score >= _NEAR and not _used(draft, m)][: _ASKED - 1]
            if near:
                own = reading.columns[column.name]
                asked.append(Question(key, ask, _choices([own, *near]), line.source))
    return asked


def _doubt(contract: str, column: str) -> str:
    """What the data cannot tell of columns that look alike."""
    if (contract, column) == ("orders", "amount"):
        return "gross or net: which is the amount?"
    if column == "user_id" and contract != "users":
        return "which id is the person?"
    return "by order or by payment: which time counts?" if column == "ordered_at" else ""


def _choices(matches: Sequence[Match]) -> tuple[tuple[str, str], ...]:
    return tuple((m.column.name, ", ".join(m.column.samples) or "empty") for m in matches)


def _used(draft: Draft, match: Match) -> bool:
    return any(line.source == match.column.name for line in draft.lines)


def _of_meaning(draft: Draft, answers: Answers) -> list[Question]:
    """What values mean: statuses, small units, codes, dates."""
    asked = []
    if draft.contract == "orders" and (line := draft.line("status")):
        values = draft.table.columns[line.source].values[:20]
        unsure = [v for v in values if meaning(v) in ("", "open")]
        if unsure and answers.get("orders.paid") is None and line.score is not None:
            paid = [v for v in values if meaning(v) == "paid"]
            ask = f"which statuses are paid? undecided: {', '.join(unsure)}."
            choices = tuple((v, meaning(v) or "unknown") for v in values)
            asked.append(Question("orders.paid", ask, choices, ",".join(paid) or "none", True))
    amount = draft.line("amount")
    key = f"{draft.contract}.amount_unit"
    if amount and answers.get(key) is None and _small_unit(draft, amount):
        ask = f"is the amount in hundredths (cents, fen)? {', '.join(amount.samples)}."
        asked.append(Question(key, ask, (("1", "as it is"), ("100", "divide by 100")), "1"))
    if (
        draft.contract == "events"
        and (line := draft.line("event"))
        and answers.get("events.codes") is None
    ):
        one = draft.table.columns[line.source]
        if one.is_number and one.distinct <= 12:
            ask = f"what do the event codes {', '.join(one.values)} mean? Answer 1=view,2=cart"
            asked.append(Question("events.codes", ask, (), "the codes themselves"))
    return asked


def _small_unit(draft: Draft, line: Line) -> bool:
    """Whether an amount could be in cents: whole numbers, none of them small."""
    one = draft.table.columns.get(line.source)
    if one is None:  # out of another table: its samples show it
        return bool(line.samples) and all(s.isdigit() and int(s) >= 100 for s in line.samples)
    micros = "micros" in words(one.name)
    return one.whole and one.distinct > 5 and one.middle >= 500 and not micros


def _with_outcomes(made: Proposal, mapped: Collection[str]) -> None:
    """The outcomes that lie beside the arms of an experiment."""
    there = {draft.contract for draft in made.drafts} | set(mapped)
    arms = next((d for d in made.drafts if d.contract == "assignments" and not d.missing), None)
    if arms and "outcomes" not in there and (outcomes := outcomes_of(arms)):
        made.drafts.append(outcomes)


def _unreadable(look: Look, answers: Answers, made: Proposal) -> None:
    for table in look.tables:
        if table.headless:
            answers.get(f"columns.{table.name}")
            made.left[table.name] = "its first line holds values, not names"
            shown = "; ".join(
                without_personal(", ".join([name, *one.samples[:2]]))
                for name, one in table.columns.items()
            )
            ask = f"it has no line of names; name its columns, with commas between ({shown})"
            made.questions.append(Question(f"columns.{table.name}", ask))
        else:
            answers.get(f"columns.{table.name}")
    for place, error in look.unread.items():
        made.left[place] = str(error)
        if "day first" in error.hint:
            choices = (("day first", "31/10/2026"), ("month first", "10/31/2026"))
            made.questions.append(Question("dates", error.what, choices))
