"""JSON exports of other tools, read value by value; an error names the file and the key."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from opsnb.base.errors import DefinitionError

T = TypeVar("T")


@dataclass(frozen=True)
class Node:
    """A JSON object of an export, and where it stands: its file, and the keys that lead to it."""

    value: dict[str, Any]
    file: str
    key: str = ""

    def text(self, name: str, default: str | None = None) -> str:
        """A text or an id; blanks in a row are one. Absent without a default: an error."""
        value = self.value.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float | None):
            raise self.wrong(name, f"is {_kind(value)}, not a text")
        if value is None or (isinstance(value, str) and not value.strip()):
            if default is None:
                raise self.wrong(name, "is missing")
            return default
        return " ".join(str(value).split())

    def sql(self, name: str) -> str | None:
        """SQL: a text as it stands, or a number; None where there is none."""
        value = self.value.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str | int | float):
            raise self.wrong(name, f"is {_kind(value)}, not SQL")
        return str(value).strip()

    def number(self, name: str) -> float | None:
        value = self.value.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(name, f"is {_kind(value)}, not a number")
        return float(value)

    def flag(self, name: str) -> bool:
        value = self.value.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, f"is {_kind(value)}, not true or false")
        return bool(value)

    def moment(self, name: str) -> dt.datetime | None:
        """A time with its zone: ISO 8601 (UTC where it names none), or Unix milliseconds."""
        value = self.value.get(name)
        if value is None or value == "":
            return None
        try:
            if isinstance(value, str):
                found = dt.datetime.fromisoformat(value)
                return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
            return dt.datetime.fromtimestamp(value / 1000, dt.UTC)
        except (ValueError, TypeError, OverflowError, OSError):
            raise self.wrong(name, f"is {str(value)[:40]!r}, which is no time") from None

    def inner(self, name: str) -> Node | None:
        """The object under a key; None where there is none."""
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.wrong(name, f"is {_kind(value)}, not an object")
        return Node(value, self.file, self._at(name))

    def nodes(self, name: str) -> list[Node]:
        """The objects of a list; none where it is absent."""
        out = []
        for number, value in enumerate(self._list(name)):
            if not isinstance(value, dict):
                raise self.wrong(f"{name}[{number}]", f"is {_kind(value)}, not an object")
            out.append(Node(value, self.file, self._at(f"{name}[{number}]")))
        return out

    def texts(self, name: str) -> list[str]:
        """The texts of a list; none where it is absent."""
        values = self._list(name)
        for number, value in enumerate(values):
            if isinstance(value, dict | list | None):
                raise self.wrong(f"{name}[{number}]", f"is {_kind(value)}, not a text")
        return [str(value) for value in values]

    def wrong(self, name: str, what: str) -> DefinitionError:
        return DefinitionError(
            what,
            where=f"{self.file}: {self._at(name)}",
            hint="export it again; the file must be as the tool writes it",
        )

    def _list(self, name: str) -> list[Any]:
        value = self.value.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(name, f"is {_kind(value)}, not a list")
        return value

    def _at(self, name: str) -> str:
        return f"{self.key}.{name}" if self.key else name


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises
    ------
    DefinitionError
        It cannot be read, is not in UTF-8, or is no JSON; it names the line.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        what = f"is no JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        hint = "save the tool's answer as it is: one JSON document a file"
        raise DefinitionError(what, where=str(path), hint=hint) from error
    except RecursionError as error:
        what = "is nested too deeply to be such an export"
        raise DefinitionError(what, where=str(path), hint="export it again") from error
    except UnicodeDecodeError as error:
        raise DefinitionError(
            "is not in UTF-8", where=str(path), hint="save it as UTF-8"
        ) from error
    except ValueError as error:  # an integer of thousands of digits
        what = f"is no JSON that can be read: {error}"
        raise DefinitionError(what, where=str(path), hint="export it again") from error
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise DefinitionError(what, where=str(path), hint="check the path") from error


def read_object(path: Path) -> Node:
    """A file that holds one JSON object."""
    value = read_json(path)
    if not isinstance(value, dict):
        what = f"holds {_kind(value)}, not an object"
        raise DefinitionError(what, where=str(path), hint="give the file that the tool wrote")
    return Node(value, path.name)


def objects(path: Path, one: str = "", many: str = "") -> Iterator[Node]:
    """The objects of an answer: a bare list, or one object, or those under a key.

    Parameters
    ----------
    one, many : str
        Keys under which an answer keeps a single object, and a list of them.
    """
    value = read_json(path)
    tree = {"": value} if isinstance(value, list) else value
    if not isinstance(tree, dict):
        raise DefinitionError(
            f"holds {_kind(value)}, not an object or a list",
            where=str(path),
            hint="save the tool's answer as it is",
        )
    whole = Node(tree, path.name)
    if "" in tree:
        yield from whole.nodes("")
    elif many and isinstance(tree.get(many), list):
        yield from whole.nodes(many)
    elif one and isinstance(tree.get(one), dict):
        yield Node(tree[one], path.name, one)
    else:
        yield whole


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return names.get(type(value), "nothing" if value is None else "a number")
