"""The names of a text file's columns, each of its own, and the sign between them."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from opsnb.base.errors import SourceError
from opsnb.base.workspace import TextConfig

csv.field_size_limit(1 << 24)

_SEPARATORS = ",;\t|"


class Header(NamedTuple):
    """What a file's first line says.

    Attributes
    ----------
    names : list of str
        A name a column; no two are the same, also without regard to case.
    renamed : dict
        Names that were numbered since another column has them: the new one, and the old one.
    """

    separator: str
    names: list[str]
    renamed: dict[str, str]


def read_header(file: Path, config: TextConfig, name: str, where: str) -> Header:
    """The header of a text file in UTF-8.

    Parameters
    ----------
    name : str
        What people call the file.

    Raises
    ------
    SourceError
        There is no line to read names from, or `columns` gives another number of them.
    """
    with file.open("rb") as content, io.TextIOWrapper(content, "utf-8-sig", newline="") as text:
        for _ in range(config.skip):
            text.readline()
        first = text.readline()
        if not first.strip() and not (config.columns and not config.header):
            hint = "the first line names the columns"
            if config.skip:
                hint = f"skip = {config.skip} leaves no line; {hint}"
            raise SourceError(f"{name} has no line of names", where=where, hint=hint)
        separator = config.separator or _separator(first)
        try:
            cells = next(csv.reader(itertools.chain([first], text), delimiter=separator), [])
        except csv.Error as error:
            raise SourceError(
                f"the line of names of {name} cannot be read ({error})",
                where=where,
                hint="close the quote that is open in it",
            ) from None
    given = config.columns
    if given and cells and len(given) != len(cells):
        raise SourceError(
            f"{name} has {len(cells)} columns, but columns names {len(given)}",
            where=where,
            hint=f"name them all; the first line is {', '.join(cell[:40] for cell in cells[:20])}",
        )
    return Header(separator, *own_names(given or (cells if config.header else [""] * len(cells))))


def own_names(names: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Names without blanks around; an empty one is `column_3`, one that is taken `note_2`."""
    bare = [name.strip().replace("\x00", "") or f"column_{n}" for n, name in enumerate(names, 1)]
    taken = {name.lower() for name in bare}
    seen: set[str] = set()
    found, renamed = [], {}
    for name in bare:
        if name.lower() in seen:
            renamed[new := _free(name, taken | seen)] = name
            name = new
        seen.add(name.lower())
        found.append(name)
    return found, renamed


def _free(name: str, taken: Iterable[str]) -> str:
    return next(new for n in itertools.count(2) if (new := f"{name}_{n}").lower() not in taken)


def _separator(line: str) -> str:
    """The one that the line of names uses most, outside of quotes."""
    outside = "".join(line.split('"')[::2])
    return max(_SEPARATORS, key=outside.count)
