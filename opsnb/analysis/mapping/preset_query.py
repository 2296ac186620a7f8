"""Builds a preset's queries: only over columns that are there, and each row left out counted."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from opsnb.analysis.mapping.preset_model import PresetTable, Rest, Select, TableShape
from opsnb.analysis.mapping.preset_sql import Columns, identifier, literal, places
from opsnb.analysis.tables.contract import Column
from opsnb.analysis.tables.contracts import CONTRACTS
from opsnb.base.errors import WorkspaceError
from opsnb.base.messages import Language, known_languages
from opsnb.base.messages import Said as Words

_EMPTY = {"text": "VARCHAR", "number": "DOUBLE", "time": "TIMESTAMP", "date": "DATE"}

_TEST = "is_test"
"""Marks rows that the data gate leaves out and counts."""


@dataclass(frozen=True)
class Export:
    """A file of an export: the source's tables that make it, with their columns.

    `also` names tables that look the same and are not read.
    """

    file: str
    tables: Mapping[str, Sequence[str]]
    also: list[str] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(name for names in self.tables.values() for name in names))

    @property
    def sql(self) -> str:
        """What stands behind FROM."""
        parts = [identifier(name) for name in self.tables]
        if len(parts) == 1:
            return f"{parts[0]} AS {identifier(self.file)}"
        union = " UNION ALL BY NAME ".join(f"SELECT * FROM {part}" for part in parts)
        return f"({union}) AS {identifier(self.file)}"


@dataclass(frozen=True)
class _Query:
    """A SELECT in its parts.

    Attributes
    ----------
    columns : dict
        SQL of those that found a source.
    conditions : dict
        What rows to leave out meet, by rule.
    marked : set of str
        Rules whose rows stay, marked in `is_test`.
    repeated : str, optional
        Whether a row repeats another.
    """

    columns: Mapping[str, str]
    from_: str
    conditions: Mapping[str, str]
    marked: frozenset[str]
    group: Sequence[str]
    repeated: str | None

    def sql(self, columns: Mapping[str, str], indent: str = "") -> str:
        chosen = ",\n".join(f"  {sql} AS {identifier(name)}" for name, sql in columns.items())
        lines = [f"SELECT\n{chosen}", f"FROM {self.from_}"]
        if rules := self._none({*self.conditions} - self.marked):
            lines.append("WHERE " + "\n  AND ".join(rules))
        if self.group:
            lines.append(f"GROUP BY {', '.join(self.group)}")
        if self.repeated:
            lines.append(f"QUALIFY ({self.repeated}) IS NOT TRUE")
        return "\n".join(lines).replace("\n", f"\n{indent}")

    def counts(self) -> dict[str, str]:
        """SQL that counts the rows each rule leaves out, of those that the rules before kept."""
        found = {}
        for number, (name, condition) in enumerate(self.conditions.items()):
            rules = [*self._none([*self.conditions][:number]), f"({condition}) IS TRUE"]
            found[name] = f"SELECT count(*) FROM {self.from_} WHERE {' AND '.join(rules)}"
        if self.repeated:
            where = f" WHERE {' AND '.join(self._none(self.conditions))}" if self.conditions else ""
            rows = f"SELECT 1 FROM {self.from_}{where} QUALIFY {self.repeated}"
            found["repeats"] = f"SELECT count(*) FROM ({rows}) AS repeated"
        return found

    def _none(self, rules: Container[str]) -> list[str]:
        """That a row meets none of the rules."""
        met = [condition for name, condition in self.conditions.items() if name in rules]
        return [f"({condition}) IS NOT TRUE" for condition in met]


def table_of(
    contract: str, shape: TableShape, files: Mapping[str, Export], where: str
) -> PresetTable | None:
    """A table of the contract over an export; None for an optional one that lacks a column.

    Raises
    ------
    WorkspaceError
        A column has no source that cannot be empty, or of which the preset asks nothing.
    """
    export = files[shape.file]
    joins, known = _joined(shape, files)
    from_, read = export.sql, [export]
    for alias, query in joins.items():
        rows = query.sql(query.columns, "  ")
        on = known.fill(shape.joins[alias].on)
        from_ += f"\nLEFT JOIN (\n  {rows}\n) AS {identifier(alias)} ON {on}"
        read.append(files[shape.joins[alias].file])
    can_mark = not shape.group and any(one.name == _TEST for one in CONTRACTS[contract].columns)
    query = _query(shape, from_, known, can_mark)
    columns = {name: _worded(sql, shape.words.get(name, {})) for name, sql in query.columns.items()}
    if query.marked:
        met = [f"({query.conditions[name]}) IS TRUE" for name in sorted(query.marked)]
        columns[_TEST] = " OR ".join(met)
    empty = _empty(contract, shape, columns, where)
    if empty is None:
        return None
    return PresetTable(
        contract=contract,
        sql=query.sql({**columns, **empty}),
        grain=shape.grain,
        sources=tuple(dict.fromkeys(name for one in read for name in one.tables)),
        columns=tuple(columns),
        comments=tuple(one for one in shape.comments if one.column in {None, *columns}),
        questions=tuple(_questions(shape, columns, read)),
        checks=tuple(one for one in shape.checks if set(one.needs) <= set(columns)),
        left_out=tuple(_rests(shape, query)),
    )


def _empty(
    contract: str, shape: TableShape, columns: Container[str], where: str
) -> dict[str, str] | None:
    """NULL for required columns without a source that may be empty, and that people are asked of.

    Of others an error; None where the table is optional.
    """
    asked = {one.when_missing for one in shape.questions}
    found = {}
    for column in CONTRACTS[contract].columns:
        if not column.required or column.name in columns:
            continue
        if column.empty != "out" and column.name in asked:
            found[column.name] = f"CAST(NULL AS {_EMPTY[column.type]})"
            continue
        if shape.optional:
            return None
        raise WorkspaceError(
            f"the file {shape.file} has no column for {column.name}",
            where=f"{where}, tables.{contract}",
            hint=f"it is made from {_wanted(shape, column)}: export that column too, or write the "
            "table's sql by hand",
        )
    return found


def _joined(shape: TableShape, files: Mapping[str, Export]) -> tuple[dict[str, _Query], Columns]:
    """The joins whose file is there with all columns that they need, and what may be named."""
    found = {}
    for alias, join in shape.joins.items():
        if (other := files.get(join.file)) is None:
            continue
        query = _query(join, other.sql, Columns(other.columns, join.file), can_mark=False)
        if set(query.columns) == set(join.columns):
            found[alias] = query

    def known() -> Columns:
        joined = {alias: list(query.columns) for alias, query in found.items()}
        return Columns(files[shape.file].columns, shape.file, joined)

    for alias in [alias for alias in found if known().fill(shape.joins[alias].on) is None]:
        del found[alias]
    return found, known()


def _questions(
    shape: TableShape, columns: Mapping[str, str], read: Sequence[Export]
) -> Iterator[tuple[str, Words]]:
    for one in shape.questions:
        if one.when_missing is None or one.when_missing not in columns:
            yield one.id, one.ask
    if also := sorted({name for export in read for name in export.also}):
        used = [name for export in read for name in export.tables]
        yield (
            "further_tables",
            {
                code: Language(code).text("map.preset.further", tables=also, used=used)
                for code in known_languages()
            },
        )


def _rests(shape: TableShape, query: _Query) -> Iterator[Rest]:
    labels: dict[str, Words] = {rule.id: rule.label for rule in shape.left_out}
    if shape.repeats:
        labels["repeats"] = shape.repeats.label
    for name, sql in query.counts().items():
        yield Rest(name, labels[name], sql)


def _query(shape: Select, from_: str, known: Columns, can_mark: bool) -> _Query:
    filled = {name: known.fill(template) for name, template in shape.columns.items()}
    rules = {rule.id: known.fill(rule.where) for rule in shape.left_out}
    group = [sql for one in shape.group if (sql := known.fill(one)) is not None]
    return _Query(
        columns={name: sql for name, sql in filled.items() if sql is not None},
        from_=from_,
        conditions={name: sql for name, sql in rules.items() if sql is not None},
        marked=frozenset(
            rule.id for rule in shape.left_out if can_mark and rule.test and rules[rule.id]
        ),
        group=group,
        repeated=_repeated(shape, known),
    )


def _repeated(shape: Select, known: Columns) -> str | None:
    """Whether a row is the same as one that stays; None where the columns cannot tell."""
    if shape.repeats is None:
        return None
    by = [known.fill(one) for one in shape.repeats.by]
    keep = known.fill(shape.repeats.keep)
    if by[0] is None or keep is None:
        return None
    same = ", ".join(sql for sql in by if sql is not None)
    number = f"row_number() OVER (PARTITION BY {same} ORDER BY {keep})"
    return f"{by[0]} IS NOT NULL AND {number} > 1"


def _worded(sql: str, words: Mapping[str, Sequence[str]]) -> str:
    """The platform's words as the contract's; others stay, so that the data gate lists them."""
    if not words:
        return sql
    said = f"lower(trim(CAST({sql} AS VARCHAR)))"
    cases = " ".join(
        f"WHEN {literal(one.lower())} THEN {literal(ours)}"
        for ours, theirs in words.items()
        for one in theirs
    )
    return f"CASE {said} {cases} ELSE {said} END"


def _wanted(shape: TableShape, column: Column) -> str:
    template = shape.columns.get(column.name, [])
    names = [name for found, _ in places(template) for name in found]
    return " or ".join(f'"{name}"' for name in dict.fromkeys(names)) or "no column of the platform"
