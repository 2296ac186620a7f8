"""`columns` under [tables.NAME]: what a table of the team's own holds, column by column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from opsnb.base.errors import did_you_mean
from opsnb.base.toml_model import Problem, Said, Strict, mistake

ColumnType = Literal["id", "user", "text", "number", "time", "date"]
"""id: names a thing; user: names a person, an id of `users`; the others as in a contract."""

_TYPES = get_args(ColumnType)
_LONG = 'name = "number", or name = {type = "number", required = true, label = "Minutes"}'


class ColumnConfig(Strict):
    """[tables.NAME.columns] NAME: a type, or a type and what else is known of the column."""

    type: ColumnType
    required: bool = Field(default=False, examples=["true"])
    label: Said | None = Field(default=None, examples=['{en = "Host", zh = "主播"}'])


def _column(given: Any) -> Any:
    """The short form, a type alone, as the long one."""
    if isinstance(given, ColumnConfig):
        return given
    if isinstance(given, str):
        given = {"type": given}
    if not isinstance(given, Mapping):
        raise mistake(f"{given!r} is no type", _LONG)
    if (type_ := given.get("type")) not in _TYPES:
        what = f'unknown type "{type_}"' if "type" in given else "has no type"
        raise mistake(what, did_you_mean(str(type_), _TYPES, kind="types"))
    return dict(given)


def _named(given: Any) -> Any:
    if not isinstance(given, Mapping) or not given:
        raise mistake("must name columns with their types", _LONG)
    return given


OwnColumns = Annotated[
    dict[str, Annotated[ColumnConfig, BeforeValidator(_column)]], BeforeValidator(_named)
]
"""Columns by name, in the table's own spelling."""


def problems_of(
    columns: Mapping[str, ColumnConfig] | None, day: str | None, key: Iterable[str], label: Any
) -> Iterable[Problem]:
    """What is wrong between the keys of a table of one's own."""
    if columns is None:
        for name, given in (("day", day), ("key", list(key)), ("label", label)):
            if given:
                hint = "name its columns and their types under columns, or remove the line"
                yield Problem(name, "is for a table of your own, which names columns", hint)
        return
    for name in dict.fromkeys(key):
        if name not in columns:
            yield Problem("key", f'"{name}" is no column', _among(name, columns))
    if day is not None and day not in columns:
        dated = [name for name, one in columns.items() if one.type in ("time", "date")]
        yield Problem("day", f'"{day}" is no column', _among(day, dated or columns))
    elif day is not None and (found := columns[day].type) not in ("time", "date"):
        hint = f'write {day} = "time" (or "date") under columns, or name another column'
        yield Problem("day", f'"{day}" is of type {found}, which has no day', hint)
    for name, column in columns.items():
        if name.strip().lower() != "user_id" or (name, column.type) == ("user_id", "user"):
            continue
        what = "names people" if name == "user_id" else "is user_id in another spelling"
        hint = 'write user_id = "user": names are found in any case, and small groups protected'
        yield Problem(f"columns.{name}", what, hint)


def _among(name: str, columns: Iterable[str]) -> str:
    """The likely column, and where columns are named."""
    known = list(columns)
    return f"{did_you_mean(name, known, kind='columns')}; or name it under columns with its type"
