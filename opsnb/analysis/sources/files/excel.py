"""Excel and OpenDocument workbooks: a sheet is a table, read like a text file."""

from __future__ import annotations

import csv
import datetime as dt
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opsnb.analysis.sources.base import Rejected, Remark, Source, first_line
from opsnb.analysis.sources.embedded import Engine, free_name, named
from opsnb.analysis.sources.file_source import FileSource, file_remarks
from opsnb.analysis.sources.folders import find_files
from opsnb.analysis.sources.text_files import load
from opsnb.analysis.sources.zipped import require_workbook
from opsnb.base.connectors import Connector
from opsnb.base.errors import SourceError
from opsnb.base.workspace import SourceConfig

_ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


@dataclass(frozen=True)
class Books(FileSource):
    """Workbooks, read when the first table is asked for; a broken one stops only its own tables.

    Attributes
    ----------
    open_book : callable
        Reads the workbooks of a stem; gives the tables that they make, or why one cannot be read.
    """

    open_book: Callable[[str], dict[str, SourceError | None]] = lambda stem: {}
    _tables: dict[str, SourceError | None] = field(default_factory=dict)
    _broken: dict[str, SourceError] = field(default_factory=dict)

    def tables(self) -> list[str]:
        for stem in self.found.tables:
            if stem not in self._broken and not self._opened.get(stem):
                self._opened[stem] = True
                try:
                    self._tables.update(self.open_book(stem))
                except SourceError as error:
                    self._broken[stem] = error
        return sorted(self._tables)

    _opened: dict[str, bool] = field(default_factory=dict)

    def ready(self, name: str) -> None:
        known = name in self.tables()
        stems = [stem for stem in self._broken if len(self.found.tables) == 1 or _of(name, stem)]
        error = self._tables[name] if known else self._broken[stems[0]] if stems else None
        if error is not None:
            raise error


def _of(name: str, stem: str) -> bool:
    """Whether a table's name may be that of a workbook's sheet."""
    return name == stem or name.startswith(f"{stem}_")


def open_excel(config: SourceConfig, url: str, engine: Engine) -> Source:
    """A workbook or a folder of them. The first row that is not empty names the columns.

    A workbook with one sheet makes a table named by its file, one with several a table for
    each, named by its sheet (in a folder: `FILE_SHEET`).
    """
    where = f"sources.{config.name}"
    free_name(config.name, where)
    found = find_files(url, engine.root, _ENDINGS, where)
    engine.connection.execute(f"CREATE SCHEMA {named(config.name)}")
    rejected: dict[str, Rejected] = {}
    remarks: dict[str, list[Remark]] = {}

    def open_book(stem: str) -> dict[str, SourceError | None]:
        paths, made = found.tables[stem], dict[str, SourceError | None]()
        engine.opens(paths)
        with tempfile.TemporaryDirectory(prefix="opsnb-") as folder:
            tables: dict[str, dict[Path, Path]] = {}
            for number, path in enumerate(paths):
                place = Path(folder) / str(number)
                place.mkdir()
                many = len(found.tables) > 1
                for name, text in _sheets(path, stem, many, place, config, where).items():
                    tables.setdefault(name, {})[text] = path
            for name, texts in tables.items():
                own = config.text_of(name).model_copy(update=_AS_WRITTEN)
                made[name] = None
                try:
                    loaded = load(engine, config.name, name, own, list(texts), where)
                except SourceError as error:
                    made[name] = error
                    continue
                if loaded.rejected.rows or loaded.rejected.lost:
                    rejected[name] = loaded.rejected
                rows = {texts[text]: count for text, count in loaded.rows.items()}
                said = file_remarks(list(rows), rows, found.left_out.get(stem, []))
                remarks[name] = [*loaded.remarks, *said]
        return made

    return engine.keeps(
        Books(
            config.name,
            engine.backend,
            ("memory", config.name),
            rejected,
            nulls=engine.nulls.setdefault(config.name, {}),
            workbook=True,
            remarks=remarks,
            beside=engine.sources,
            found=found,
            open_book=open_book,
        )
    )


_AS_WRITTEN = {"separator": ",", "encoding": "utf-8", "skip": 0}
"""How `_sheets` writes its text files."""


def _sheets(
    path: Path, stem: str, many: bool, folder: Path, config: SourceConfig, where: str
) -> dict[str, Path]:
    """The sheets that hold something, as text files by name of table."""
    from python_calamine import CalamineError, CalamineWorkbook

    require_workbook(path, where)
    try:
        book = CalamineWorkbook.from_path(str(path))
        grids = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    except (CalamineError, OSError, ValueError) as error:
        raise SourceError(
            f"cannot read {path.name} ({first_line(error)})",
            where=where,
            hint="open it in a spreadsheet and save it as .xlsx, or fetch it once more",
        ) from None
    grids = {name: [r for r in rows if any(map(_full, r))] for name, rows in grids.items()}
    grids = {name: rows for name, rows in grids.items() if rows}
    if not grids:
        raise SourceError(f"{path.name} is empty", where=where, hint="fill a sheet, or remove it")
    made = {}
    for number, (sheet, rows) in enumerate(grids.items()):
        table = stem if len(grids) == 1 else f"{stem}_{sheet}" if many else sheet
        made[table] = folder / f"{stem}-{number}.csv"
        with made[table].open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            skip = config.text_of(table).skip
            writer.writerows([_text(cell) for cell in row] for row in rows[skip:])
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
