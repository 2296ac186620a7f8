"""Tables of the team's own: contracts made of `columns`, `day` and `key` in opsnb.toml.

Whoever asks for a table's contract asks here; the ten that come with opsnb are `CONTRACTS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal
from weakref import WeakKeyDictionary

from opsnb.analysis.tables.contract import Column, Contract, Level, Type
from opsnb.analysis.tables.contracts import CONTRACTS, tables_where
from opsnb.base.errors import ContractError, TableError, did_you_mean
from opsnb.base.workspace import FILE, ColumnConfig, TableConfig, Workspace

_TYPES: Mapping[str, Type] = {
    "id": "text", "user": "text", "text": "text", "number": "number", "time": "time",
    "date": "date",
}  # fmt: skip

_USERS: Mapping[str, Level] = {"users.user_id": "warn"}
_EXPOSED: Mapping[str, Level] = {"assignments.user_id": "warn"}
_REFERS: Mapping[str, Mapping[str, Level]] = {
    "user_id": {**_USERS, **_EXPOSED},
    "campaign_id": {"spend.campaign_id": "warn"},
}
"""Where the ids of a column should stand, by its name; other users' ids stand in users."""

_known: WeakKeyDictionary[Workspace, dict[str, Contract]] = WeakKeyDictionary()


def contract_of(workspace: Workspace, name: str) -> Contract:
    """The contract of a table: one of the ten, or the team's own.

    Raises
    ------
    TableError
        There is none; or what opsnb.toml declares makes none, and how to mend it.
    """
    config = workspace.tables.get(name)
    if config is None or config.columns is None:
        if name not in CONTRACTS:
            raise unknown(name, workspace.tables)
        return CONTRACTS[name]
    known = _known.setdefault(workspace, {})
    if name not in known:
        known[name] = contract_from(config)
    return known[name]


def contracts_of(workspace: Workspace) -> dict[str, Contract]:
    """The ten contracts and those of the team's own tables, by name."""
    declared = [name for name, one in workspace.tables.items() if one.columns is not None]
    return CONTRACTS | {name: contract_of(workspace, name) for name in declared}


def tables_of_people(workspace: Workspace) -> tuple[str, ...]:
    """Names of the tables whose rows are about single people."""
    return tables_where(lambda contract: contract.people, contracts_of(workspace))


def contract_from(config: TableConfig) -> Contract:
    """The contract that a section [tables.NAME] stands for.

    Columns of a table that opsnb knows are added to it.
    """
    if config.columns is None:
        if config.name not in CONTRACTS:
            raise unknown(config.name, (config.name,))
        return CONTRACTS[config.name]
    known = CONTRACTS.get(config.name)
    return _own(config, config.columns) if known is None else _extended(known, config)


def require_declared(contract: Contract, columns: Iterable[str]) -> None:
    """Refuse columns of a table of one's own that mean something and are not declared.

    Raises
    ------
    ContractError
        A user_id, by which people are protected; a column called as a local date is.
    """
    if contract.name in CONTRACTS:
        return
    names, declared = list(columns), {column.name for column in contract.columns}
    where = f"tables.{contract.name}.columns"
    for name in names:
        if name.strip().lower() == "user_id" and "user_id" not in declared:
            raise ContractError(
                f"lacks {name}, which the table has",
                where=where,
                hint='add user_id = "user": groups of few people are withheld by it',
            )
        if name in contract.dates:
            raise ContractError(
                f"lacks {name}, which the table has, and which the local date of "
                f"{contract.dates[name]} would be called",
                where=where,
                hint=f'add {name} = "date" (or its own type)',
            )


def unknown(name: str, mapped: Iterable[str]) -> TableError:
    """That a name is no table's: of the ten, or of those that are mapped; and what to write."""
    names = set(mapped)
    where = f"{FILE}: tables.{name}" if name in names else "tables"
    hint = did_you_mean(name, (CONTRACTS.keys() | names) - {name}, kind="tables")
    own = f"or, for a table of your own, give [tables.{name}] columns and a day"
    return TableError(f'the contract has no table "{name}"', where=where, hint=f"{hint}; {own}")


def _own(config: TableConfig, columns: Mapping[str, ColumnConfig]) -> Contract:
    place = f"{FILE}: tables.{config.name}"
    if (lower := config.name.lower()) in CONTRACTS:
        hint = f"write [tables.{lower}], or choose another name"
        raise TableError(f"is {lower} but for its capitals", where=place, hint=hint)
    if config.day is None:
        dated = [name for name, one in columns.items() if one.type in ("time", "date")]
        say = f'write day = "{dated[0]}"' if dated else "name a column of type time or date as day"
        hint = f"{say}; a list without days, such as shops, is joined in the sql of a table that "
        raise TableError("has no day", where=place, hint=f"{hint}has them")
    people = _people(columns)
    if people and "user_id" not in people:
        what = "the person whose row it is must be called user_id"
        raise TableError(what, where=f"{place}.columns", hint=_called_user_id(config, people[0]))
    return Contract(
        config.name,
        tuple(_column(name, one, config) for name, one in columns.items()),
        key=tuple(config.key),
        clock=config.day,
        people=tuple(sorted(people, key=lambda name: name != "user_id")),
        dates=_local_dates(columns, set(columns), place),
        refers=_refers(columns),
        post_treatment=True,
    )


def _called_user_id(config: TableConfig, name: str) -> str:
    """How a column of people gets the name by which they are found in other tables."""
    named = f"{name if name.isidentifier() else _quoted(name)} as user_id"
    how = f"add {named} to its sql"
    if config.table is not None:
        how = f"write sql = 'select *, {named} from {config.table}' for table"
    return f'{how}, and user_id = "user" under columns; if it names no person, call {name} an id'


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _extended(known: Contract, config: TableConfig) -> Contract:
    """A contract of the ten with further columns."""
    columns, place = config.columns or {}, f"{FILE}: tables.{config.name}"
    for name, given in (("day", config.day), ("key", config.key), ("label", config.label)):
        if given:
            hint = "remove the line, or choose another name for a table of your own"
            raise TableError(f"opsnb knows the {name} of {known.name}", where=place, hint=hint)
    taken = {column.name for column in known.columns} | known.dates.keys()
    if twice := [name for name in columns if name in taken]:
        hint = f"remove {', '.join(twice)}: columns names those beyond the contract"
        what = f"opsnb knows {', '.join(twice)} of {known.name}"
        raise TableError(what, where=f"{place}.columns", hint=hint)
    return replace(
        known,
        columns=(*known.columns, *(_column(name, one, config) for name, one in columns.items())),
        people=(*known.people, *_people(columns)),
        dates={**known.dates, **_local_dates(columns, taken | columns.keys(), place)},
        refers={**known.refers, **_refers(columns)},
    )


def _column(name: str, one: ColumnConfig, config: TableConfig) -> Column:
    is_needed = one.required or name == config.day or name in config.key
    empty: Literal["out", "note"] | None = "note" if one.type in ("id", "user") else None
    if is_needed:
        empty = "out"
    return Column(name, _TYPES[one.type], True, empty, past=name == config.day)


def _people(columns: Mapping[str, ColumnConfig]) -> list[str]:
    return [name for name, one in columns.items() if one.type == "user"]


def _refers(columns: Mapping[str, ColumnConfig]) -> dict[str, Mapping[str, Level]]:
    """By column of ids, where they should stand; of things that no table lists, nowhere."""
    return {
        name: _REFERS.get(name, _USERS if one.type == "user" else {})
        for name, one in columns.items()
        if one.type in ("id", "user")
    }


def _local_dates(
    columns: Mapping[str, ColumnConfig], taken: set[str], place: str
) -> dict[str, str]:
    """Names of the local dates: `started_date` of `started_at`, else `started_at_date`."""
    dates: dict[str, str] = {}
    for name in (name for name, one in columns.items() if one.type == "time"):
        choices = (f"{name.removesuffix('_at')}_date", f"{name}_date")
        day = next((one for one in choices if one not in taken and one not in dates), None)
        if day is None:
            hint = f"give {choices[-1]} another name in sql"
            what = f"{' and '.join(dict.fromkeys(choices))} are taken: {name} needs a local date"
            raise TableError(what, where=f"{place}.columns", hint=hint)
        dates[day] = name
    return dates
