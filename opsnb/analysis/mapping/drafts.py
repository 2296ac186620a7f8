"""A table of the contract as it may be written: each column with its SQL, score and reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from opsnb.analysis.mapping.names import words
from opsnb.analysis.mapping.profile import ColumnProfile, TableProfile
from opsnb.analysis.mapping.queries import (
    expression,
    filler,
    in_dialect,
    meaning,
    quantity_of,
    status_case,
    unpivoted,
)
from opsnb.analysis.mapping.questions import NONE, Answers
from opsnb.analysis.mapping.score import GUESSED, Match, Reading
from opsnb.analysis.sources.embedded import named, quoted
from opsnb.analysis.tables import CONTRACTS

__all__ = ["Draft", "Line", "draft_of", "outcomes_of"]

_UNIQUE = 0.97
_UNSURE = {
    "ambiguous": "has dates that can be read two ways",
    "yearless": "has days without a year",
}


@dataclass(frozen=True)
class Line:
    """A column of the contract: its SQL, and what speaks for it.

    Attributes
    ----------
    score : float, optional
        From 0 to 1; None where no column of the table is behind it.
    samples : list of str
        Up to three values, personal ones masked.
    """

    column: str
    sql: str
    score: float | None
    why: str
    samples: list[str] = field(default_factory=list)
    source: str = ""

    @property
    def is_guess(self) -> bool:
        return self.score is None or self.score < 0.7


@dataclass(frozen=True)
class Draft:
    """A table of the contract as it may be written.

    Attributes
    ----------
    missing : list of str
        Columns that it must have and has no source for: with any it cannot be mapped.
    rest : list of str
        Columns of the table that serve nothing.
    notes : list of str
        What else people should know, a sentence each.
    groups : list of int
        Places of the lines by which rows are put together.
    where : str
        Which rows are meant; empty: all.
    body : str
        The whole query, where it is not a list of columns.
    metrics : dict
        Metrics that it is made for, each with its fields.
    """

    contract: str
    table: TableProfile
    score: float
    lines: list[Line]
    missing: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    grain: str = ""
    parts: tuple[str, ...] = ()
    body: str = ""
    distinct: bool = False
    groups: Sequence[int] = ()
    where: str = ""
    metrics: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    checks: Sequence[Mapping[str, object]] = ()

    def line(self, column: str) -> Line | None:
        return next((line for line in self.lines if line.column == column), None)

    def with_sql(self, column: str, sql: str, why: str = "") -> Draft:
        """The draft with other SQL for a column."""
        lines = [
            replace(one, sql=sql, why=why or one.why) if one.column == column else one
            for one in self.lines
        ]
        return replace(self, lines=lines)


def draft_of(reading: Reading, answers: Answers, others: Iterable[Reading] = ()) -> Draft:
    """What a reading comes to, with people's answers; `others`: readings that may hold amounts."""
    contract = CONTRACTS[reading.contract]
    lines, missing, notes = [], [], []
    for column in contract.columns:
        match = _answered(reading, column.name, answers)
        if match is not None and column.required and (doubt := _UNSURE.get(match.column.moment)):
            missing.append(column.name)
            notes.append(f'"{match.column.name}" {doubt}: read it by an expression in sql')
        elif match is not None:
            lines.append(_line(reading, column.name, match))
        elif column.required:
            line = _made_up(reading, column.name, lines, others)
            lines += [line] if line else []
            missing += [] if line else [column.name]
    used = {line.source for line in lines}
    rest = [n for n in reading.table.columns if n not in used]
    draft = Draft(reading.contract, reading.table, reading.score, lines, missing, rest, notes)
    return _shaped(draft, reading, answers)


def _answered(reading: Reading, column: str, answers: Answers) -> Match | None:
    """The match that people named, else the one that was found."""
    key = f"{reading.contract}.{column}"
    answer = answers.column(key, list(reading.table.columns))
    if answer == NONE:
        return None
    if answer is not None:
        return Match(reading.table.columns[answer], 1.0, "answered")
    found = reading.columns.get(column)
    taken = {
        given for other in CONTRACTS[reading.contract].columns
        if (given := answers.given.get(f"{reading.contract}.{other.name}"))
    }  # fmt: skip
    if found is None or found.score < GUESSED or found.column.name in taken:
        return None
    return found


def _line(reading: Reading, column: str, match: Match) -> Line:
    one, table = match.column, reading.table
    sql = expression(reading.contract, column, one)
    why = match.why
    if (reading.contract, column) == ("orders", "amount") and (count := quantity_of(table, one)):
        sql, why = f"{named(one.name)} * {named(count)}", f'{why}; price of a piece times "{count}"'
    return Line(column, in_dialect(sql, table.dialect), match.score, why, one.samples, one.name)


def _made_up(
    reading: Reading, column: str, lines: Sequence[Line], others: Iterable[Reading]
) -> Line | None:
    """A required column without a source: out of payments beside orders, or a constant."""
    if (reading.contract, column) == ("orders", "amount"):
        return _payments(lines, reading, others)
    found = filler(reading, column)
    if found is None:
        return None
    return Line(column, in_dialect(found[0], reading.table.dialect), None, found[1])


def _payments(lines: Sequence[Line], reading: Reading, others: Iterable[Reading]) -> Line | None:
    """The sum of an order's rows in another table of the same source."""
    own = next((line.source for line in lines if line.column == "order_id"), "")
    if not own:
        return None
    ids = set(reading.table.columns[own].values)
    for other in others:
        key, amount = other.columns.get("order_id"), other.columns.get("amount")
        named_so = key is not None and words(key.column.name) not in ("id", "name")
        if other.table.source != reading.table.source or not (key and amount and named_so):
            continue
        if min(key.score, amount.score) < GUESSED or not _meet(ids, key.column.values):
            continue
        part, of = named(other.table.name), named(reading.table.name)
        sql = (
            f"(select sum({part}.{named(amount.column.name)}) from {part} "
            f"where {part}.{named(key.column.name)} = {of}.{named(own)})"
        )
        why = f'sum of "{amount.column.name}" by order in {other.table.name}'
        return Line(
            "amount", in_dialect(sql, reading.table.dialect), 0.6, why, amount.column.samples
        )
    return None


def _meet(ids: set[str], values: Sequence[str]) -> bool:
    some = values[:200]
    return bool(some) and sum(value in ids for value in some) >= 0.5 * len(some)


def _shaped(draft: Draft, reading: Reading, answers: Answers) -> Draft:
    """What a contract asks beyond its columns: lines of orders, people once, metrics in columns."""
    if draft.contract == "orders" and (own := reading.columns.get("order_id")):
        line = draft.line("order_id")
        if line and line.source == own.column.name and own.column.unique <= _UNIQUE:
            draft = replace(draft, grain="line")
    draft = _numbered(draft, reading)
    if draft.contract == "assignments" and (own := reading.columns.get("user_id")):
        draft = replace(draft, distinct=own.column.unique <= _UNIQUE)
    if draft.contract == "series" and draft.line("metric") is not None:
        draft = _wide(draft, reading)
    return _coded(_statuses(draft, answers), answers)


def _numbered(draft: Draft, reading: Reading) -> Draft:
    """Rows without the key of their table are something else: leads, subtotals, remarks."""
    key = CONTRACTS[draft.contract].key
    line = draft.line(key[0]) if len(key) == 1 else None
    one = draft.table.columns.get(line.source) if line else None
    if line is None or one is None or not 0 < one.filled < 0.95:
        return draft
    empty = f"{1 - one.filled:.0%} of its rows have no {line.column}, and are left out as none"
    return replace(draft, where=f"{named(one.name)} is not null", notes=[*draft.notes, empty])


def _wide(draft: Draft, reading: Reading) -> Draft:
    """A table with days and several numbers: each number is a metric of its own."""
    date, metric, unit = draft.line("date"), draft.line("metric"), draft.line("unit")
    if not date or not metric or metric.source or (unit and unit.source):
        return draft
    numbers = [
        name for name, one in reading.table.columns.items()
        if one.is_number and not one.is_time and name != date.source
    ]  # fmt: skip
    if len(numbers) < 2:
        return _by_day(draft, reading)
    body = in_dialect(unpivoted(reading, numbers, date.sql), reading.table.dialect)
    lines = [line for line in draft.lines if line.column == "date"]
    notes = [f"each number column is a metric of its own: {', '.join(numbers)}"]
    return replace(draft, body=body, lines=lines, missing=[], rest=[], notes=notes)


def _by_day(draft: Draft, reading: Reading) -> Draft:
    """Readings of hours or minutes come together by day: a series has a value a day."""
    date, value = draft.line("date"), draft.line("value")
    if not date or not value or reading.table.columns[date.source].moment != "time":
        return draft
    draft = draft.with_sql("date", f"cast({date.sql} as date)", f"{date.why}; cut to its day")
    draft = draft.with_sql("value", f"sum({value.sql})", f"{value.why}; added up by day")
    groups = [n + 1 for n, line in enumerate(draft.lines) if line.column != "value"]
    return replace(draft, groups=groups, notes=["guess: several rows a day are added up"])


def _statuses(draft: Draft, answers: Answers) -> Draft:
    """Statuses as people answered them: those named are paid, other undecided ones are none."""
    line = draft.line("status")
    if draft.contract != "orders" or line is None or (given := answers.get("orders.paid")) is None:
        return draft
    paid = {value.strip() for value in given.split(",")}
    one = draft.table.columns[line.source]
    known = {value: meaning(value) for value in one.values}
    meant = {
        value: "paid"
        if value.strip() in paid
        else "refunded"
        if said == "refunded"
        else "cancelled"
        for value, said in known.items()
    }
    return draft.with_sql(
        "status", in_dialect(status_case(one, meant), draft.table.dialect), "answered"
    )


def _coded(draft: Draft, answers: Answers) -> Draft:
    """Codes of events and small units of money, as people answered them."""
    line, given = draft.line("event"), answers.get("events.codes")
    if draft.contract == "events" and line and given:
        pairs = [pair.partition("=") for pair in given.split(",")]
        cases = " ".join(
            f"when {quoted(code.strip())} then {quoted(meant.strip())}"
            for code, _, meant in pairs
            if meant
        )
        sql = f"case cast({line.sql} as varchar) {cases} else cast({line.sql} as varchar) end"
        draft = draft.with_sql("event", sql, "answered")
    unit = answers.among(f"{draft.contract}.amount_unit", ("1", "100"))
    if (amount := draft.line("amount")) and unit == "100":
        draft = draft.with_sql("amount", f"{amount.sql} / 100.0", f"{amount.why}; in hundredths")
    return draft


def outcomes_of(draft: Draft) -> Draft | None:
    """The numbers beside the arms of an experiment, as its outcomes; None without any."""
    some = [
        one for one in map(draft.table.columns.__getitem__, draft.rest)
        if _is_outcome(one)
    ]  # fmt: skip
    keys = [line for line in draft.lines if line.column in ("experiment_id", "user_id", "variant")]
    if not some or len(keys) < 3:
        return None
    repeats = draft.distinct
    lines, metrics = list(keys), {}
    for one in some:
        id = re.sub(r"[^a-z0-9]+", "_", words(one.name)).strip("_")
        if not id or not id[0].isalpha() or id in metrics:
            continue
        yes_or_no = one.kind == "flag" or set(one.values) <= {"0", "1"}
        sql = f"cast({named(one.name)} as integer)" if one.kind == "flag" else named(one.name)
        sql = f"{'max' if yes_or_no else 'sum'}({sql})" if repeats else sql
        why = "yes or no" if yes_or_no else "a number" + (", added up by person" if repeats else "")
        lines.append(
            Line(id, in_dialect(sql, draft.table.dialect), None, why, one.samples, one.name)
        )
        metrics[id] = _metric(one, id, yes_or_no)
    return Draft(
        "outcomes", draft.table, draft.score, lines, metrics=metrics,
        groups=(1, 2, 3) if repeats else (),
        notes=["columns beside the arms; take out what was known before exposure"],
    )  # fmt: skip


def _is_outcome(one: ColumnProfile) -> bool:
    plain = words(one.name).split()
    known = bool(plain) and plain[-1] in ("id", "no", "number", "zip")
    return (
        (one.kind == "flag" or one.is_number) and not known and not one.is_time and one.distinct > 1
    )


def _metric(one: ColumnProfile, id: str, yes_or_no: bool) -> dict[str, str]:
    told = {"label": one.name, "definition": f"{one.name} of each person, from outcomes"}
    if yes_or_no:
        return {
            **told,
            "kind": "proportion",
            "table": "outcomes",
            "where": f"{id} = 1",
            "unit": "share",
        }
    return {**told, "kind": "mean", "table": "outcomes", "value": id, "unit": "number"}
