"""Excel and OpenDocument workbooks: a sheet is a table, read like a text file."""

from __future__ import annotations

import csv
import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

from opsnb.analysis.sources.base import Source, first_line
from opsnb.analysis.sources.embedded import Engine, data_files, free_name, named
from opsnb.analysis.sources.text_files import load
from opsnb.base.connectors import Connector
from opsnb.base.errors import SourceError
from opsnb.base.workspace import SourceConfig

_ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def open_excel(config: SourceConfig, url: str, engine: Engine) -> Source:
    """A workbook or a folder of them. The first row that is not empty names the columns.

    A workbook with one sheet makes a table named by its file, one with several a table for
    each, named by its sheet (in a folder: `FILE_SHEET`).
    """
    where = f"sources.{config.name}"
    free_name(config.name, where)
    books = data_files(url, engine.root, _ENDINGS, where)
    engine.connection.execute(f"CREATE SCHEMA {named(config.name)}")
    rejected = {}
    with tempfile.TemporaryDirectory(prefix="opsnb-") as folder:
        for stem, paths in books.items():
            engine.opens(paths)
            for path in paths:
                for name, text in _sheets(path, stem, len(books) > 1, Path(folder), where).items():
                    found = load(engine, config, name, [text], where)
                    if found.rows or found.lost:
                        rejected[name] = found
    nulls = engine.nulls.get(config.name, {})
    place = ("memory", config.name)
    return Source(config.name, engine.backend, place, rejected, nulls=nulls, workbook=True)


def _sheets(path: Path, stem: str, many: bool, folder: Path, where: str) -> dict[str, Path]:
    """The sheets that hold something, as text files by name of table."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        grids = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    except (CalamineError, OSError, ValueError) as error:
        raise SourceError(
            f"cannot read {path.name} ({first_line(error)})",
            where=where,
            hint="save it as .xlsx without a password",
        ) from None
    grids = {name: rows for name, rows in grids.items() if any(any(map(_full, r)) for r in rows)}
    if not grids:
        raise SourceError(f"{path.name} is empty", where=where, hint="fill a sheet, or remove it")
    made = {}
    for number, (sheet, rows) in enumerate(grids.items()):
        table = stem if len(grids) == 1 else f"{stem}_{sheet}" if many else sheet
        made[table] = folder / f"{stem}-{number}.csv"
        with made[table].open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([_text(cell) for cell in row] for row in rows if any(map(_full, row)))
    return made


def _full(cell: Any) -> bool:
    return cell is not None and cell != ""


def _text(cell: Any) -> str:
    """A cell as a text file would hold it: whole numbers without a fraction, ISO times."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e21:
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        whole_day = cell.time() == dt.time()
        return cell.date().isoformat() if whole_day else cell.isoformat(sep=" ")
    return str(cell)


CONNECTOR = Connector(open_excel, True, "python_calamine", "opsnb[excel]")
