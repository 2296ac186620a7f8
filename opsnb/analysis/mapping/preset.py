"""Presets: what the exports of well-known platforms mean, one TOML file each in `presets/`.

A preset says by which names an export gives itself away, which tables of the contract it yields,
and the traps that its columns do not show: which rows repeat an order, which are tests, what is
unpaid, in which zone and unit times and amounts stand. Its SQL (`preset_sql`) names only columns
that are there.

    title = {en = "Shopify orders (admin export)", zh = "Shopify 订单（后台导出）"}
    verified = "documentation"           # "export": run on one; "memory": not verified
    seen = "where it was read"
    [files.orders]                       # a file or table of the export
    detect = ["Name", "Financial Status", "Created at|创建时间", "Lineitem quantity"]
    [tables.orders]                      # a table of the contract
    file = "orders"
    columns = {order_id = "{Name}", ordered_at = "{Created at @ UTC}", ...}
    words.status = {paid = ["paid"], refunded = ["refunded"]}
    [[tables.orders.left_out]]           # rows that are none; counted, never silent
    id = "item_lines"
    where = "{Financial Status} IS NULL"
    label = {en = "lines of further items", zh = "同一订单的其他商品行"}

`tables.NAME.joins.ALIAS` is a query like a table's own, with `on`; `repeats` keeps one row of
those that are the same; `group` makes one row of several; `questions` are what no column tells
(`when_missing`: only where that column found no source), `comments` are reasons.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, PrivateAttr

from opsnb.analysis.mapping.preset_model import FileShape, PresetTable, TableShape
from opsnb.analysis.mapping.preset_query import Export, table_of
from opsnb.base.errors import WorkspaceError, did_you_mean
from opsnb.base.toml_model import Said, Strict, read_toml, validate

__all__ = ["Preset", "PresetTable", "detect", "get", "names"]

FOLDER = Path(__file__).parent / "presets"


class Preset(Strict):
    """The export of a platform.

    Attributes
    ----------
    name : str
        That of its file, what `opsnb map --preset` takes.
    title : words
        In English and Chinese.
    verified : "export", "documentation" or "memory"
        Run on an export in the platform's shape; written by its documentation or code; neither.
    seen : str
        Where the names and their meaning were read.
    notes : list of words
        What to know of the export as a whole.
    files : dict of FileShape
        The files that it may consist of, by what they are called here.
    tables : dict of TableShape
        The tables of the contract that it yields.
    """

    title: Said
    verified: Literal["export", "documentation", "memory"]
    seen: str
    notes: list[Said] = Field(default=[])
    files: dict[str, FileShape] = Field(min_length=1)
    shapes: dict[str, TableShape] = Field(min_length=1, alias="tables")
    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        return self._name

    def likeness(self, columns: Sequence[str]) -> tuple[int, float]:
        """How many of a file's names are there, and their share; of the file that fits best."""
        return max(shape.likeness(columns) for shape in self.files.values())

    def yields(self, columns: Sequence[str]) -> bool:
        """Whether a table with these columns is enough for one of the contract."""
        try:
            return bool(self.tables({self.name: columns}))
        except WorkspaceError:
            return False

    def tables(self, tables: Mapping[str, Sequence[str]]) -> list[PresetTable]:
        """The contract's tables over an export.

        Parameters
        ----------
        tables : dict
            Columns of the source's tables, by their names.

        Returns
        -------
        list of PresetTable
            Those whose file is there.

        Raises
        ------
        WorkspaceError
            No table looks like one of its files, or one lacks a column that cannot be empty.
        """
        found = self._files(tables)
        made = [
            table
            for contract, shape in self.shapes.items()
            if shape.file in found
            and (table := table_of(contract, shape, found, f"preset {self.name}")) is not None
        ]
        if not made:
            wanted = ", ".join(f'"{shape.file}"' for shape in self.shapes.values())
            looked = {shape.file: self.files[shape.file].detect for shape in self.shapes.values()}
            raise WorkspaceError(
                f"no table here looks like the file {wanted} of the preset {self.name}",
                where=f"tables {', '.join(sorted(tables)) or 'none'}",
                hint="it is told by columns such as "
                + "; or ".join(", ".join(names) for names in looked.values()),
            )
        return made

    def _files(self, tables: Mapping[str, Sequence[str]]) -> dict[str, Export]:
        """The source's tables by the file they are; each is one, the best fit first."""
        fits = {
            (role, name): (likeness, _alike(role, name))
            for role, shape in self.files.items()
            for name, columns in tables.items()
            if (likeness := shape.likeness(columns))[0]
        }
        found: dict[str, Export] = {}
        taken: set[str] = set()
        for role, name in sorted(fits, key=lambda pair: (fits[pair], pair), reverse=True):
            if role in found or name in taken:
                continue
            fitting = [table for other, table in fits if other == role and table not in taken]
            parts = _parts(self.files[role].parts, fitting) or [name]
            also = [table for table in fitting if table not in parts]
            found[role] = Export(role, {table: tables[table] for table in parts}, also)
            taken |= set(parts)
        used = {name for export in found.values() for name in export.tables}
        for export in found.values():
            export.also[:] = sorted(name for name in export.also if name not in used)
        return found


def names() -> list[str]:
    """Names of the presets, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@functools.cache
def get(name: str) -> Preset:
    """A preset by its name; WorkspaceError with the nearest names."""
    if name not in (known := names()):
        raise WorkspaceError(
            f'there is no preset "{name}"',
            where="--preset",
            hint=did_you_mean(name, known, kind="presets"),
        )
    preset = validate(Preset, read_toml(FOLDER / f"{name}.toml"), f"{name}.toml", WorkspaceError)
    preset._name = name
    return preset


def detect(columns: Sequence[str]) -> Preset | None:
    """The preset that a table's names give away, and that makes a table of the contract of it.

    That with most of its names; None where they are nobody's, or those of a file that only adds
    to another (refunds beside charges).
    """
    fits = {name: fit for name in names() if (fit := get(name).likeness(columns))[0]}
    likely = sorted(fits, key=lambda name: fits[name], reverse=True)
    return next((get(name) for name in likely if get(name).yields(columns)), None)


def _parts(forms: Sequence[str], tables: Sequence[str]) -> list[str]:
    """The tables that together are a file: those of the first form that has some."""
    for form in forms:
        if some := sorted(name for name in tables if re.fullmatch(form, name, re.IGNORECASE)):
            return some
    return []


def _alike(role: str, name: str) -> float:
    return difflib.SequenceMatcher(None, role.lower(), name.lower()).ratio()
