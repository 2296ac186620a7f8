"""Where rows stand in the text files of a source: looked up only when rows have to be shown.

The files are searched for lines that hold all the values of a row, so that it works whatever a
query made of the table: a row whose values a query has changed is simply not found.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, cast

from opsnb.analysis.sources.base import TextFiles

MOST_BYTES = 200_000_000
"""Characters that are read, at most, before the search is given up."""

_FEWEST = 2
"""Values that must be known of a row: one alone stands in many lines."""

_CELLS = re.compile(r'[",;\t|\r\n]+')


def places_of(files: Iterable[TextFiles], rows: Sequence[Sequence[str]]) -> list[str]:
    """Of each row the file and its line, "data/orders.csv:12"; "" where it is not found.

    Parameters
    ----------
    rows : sequence
        The values of each row as they stand in the file; empty ones are not looked for.

    Returns
    -------
    list of str
        As many as rows; the line of the names is line 1.
    """
    sets = [{value.strip() for value in row if value.strip()} for row in rows]
    wanted = {n: values for n, values in enumerate(sets) if len(values) >= _FEWEST}
    found = [""] * len(rows)
    if not wanted:
        return found
    for path, number, line in _lines(files):
        for n in [n for n, values in wanted.items() if all(one in line for one in values)]:
            if wanted[n] <= {cell.strip() for cell in _CELLS.split(line)}:
                found[n] = f"{path}:{number}"
                del wanted[n]
        if not wanted:
            break
    return found


def _lines(files: Iterable[TextFiles]) -> Iterator[tuple[str, int, str]]:
    """Path, number and text of each line below the names; a file that cannot be read is over."""
    left = MOST_BYTES
    for texts in files:
        for path in texts.paths:
            shown = os.path.relpath(path, texts.root).replace(os.sep, "/")
            with (
                contextlib.suppress(OSError, EOFError, UnicodeError, LookupError),
                _opened(path, texts.encoding) as file,
            ):
                for number, line in enumerate(file, 1):
                    left -= len(line)
                    if left < 0:
                        return
                    if number > texts.above:
                        yield shown, number, line


def _opened(path: Path, encoding: str) -> IO[str]:
    plain = codecs.lookup(encoding).name == "utf-8"
    return io.TextIOWrapper(_raw(path), "utf-8-sig" if plain else encoding, errors="replace")


def _raw(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")
