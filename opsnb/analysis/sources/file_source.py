"""A source of files: each table is read when it is first asked for, so that a broken file that
nobody maps stops nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opsnb.analysis.sources.base import Remark, Source
from opsnb.analysis.sources.folders import Found, LeftOut, Reason, twins
from opsnb.base.errors import SourceError, did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    import ibis.expr.types as ir

Read = Callable[[str, "list[Path]"], Mapping["Path", int] | None]
"""Reads the files of a table to its place; gives the rows of each, where it has counted them."""


@dataclass(frozen=True)
class FileSource(Source):
    """Files whose tables are read as they are asked for.

    Attributes
    ----------
    found : Found
        The files of each table.
    read : callable
        Reads those of one table.
    """

    found: Found = field(default_factory=Found)
    read: Read = lambda name, paths: None
    _were_read: dict[str, SourceError | None] = field(default_factory=dict)

    def tables(self) -> list[str]:
        return sorted(self.found.tables)

    def table(self, name: str) -> ir.Table:
        if name not in self.found.tables and name in self.found.left_out:
            lost = ", ".join(one.file for one in self.found.left_out[name])
            raise SourceError(
                f'no table "{name}": {lost} cannot be read',
                where=f"sources.{self.name}",
                hint="links need the file that they name; "
                + did_you_mean(name, self.tables(), kind="tables"),
            )
        self.ready(name)
        return super().table(name)

    def ready(self, name: str) -> None:
        """Reads a table that was not read yet; SourceError where it cannot be."""
        if name not in self.found.tables:
            return
        if name not in self._were_read:
            paths = self.found.tables[name]
            try:
                rows = self.read(name, paths)
            except SourceError as error:
                self._were_read[name] = error
            else:
                self._were_read[name] = None
                remarks = self.remarks.setdefault(name, [])
                remarks += file_remarks(paths, rows, self.found.left_out.get(name, []))
        if (broken := self._were_read[name]) is not None:
            raise broken


def file_remarks(
    paths: list[Path], rows: Mapping[Path, int] | None, left_out: list[LeftOut]
) -> list[Remark]:
    """What is to be known of a table's files: those read together, and those left out."""
    return [*_together(paths, rows), *_left_out(left_out)]


def _together(paths: list[Path], rows: Mapping[Path, int] | None) -> list[Remark]:
    """That several files were read as one table, and which of them hold the same."""
    paths = [path for path in paths if rows is None or path in rows]
    if len(paths) < 2:
        return []
    sample = tuple(
        {"file": path.name, **({"rows": str(rows[path])} if rows else {})} for path in paths
    )
    shown = [
        f"{path.name} ({rows[path]:,})" if rows is not None else path.name for path in paths[:5]
    ]
    shown += ["..."] if len(paths) > 5 else []
    found = [Remark("files_together", "note", len(paths), {"files": shown}, sample)]
    same = [(one, other) for one, other in twins(paths) if rows is None or rows[one]]
    if same:
        named = [f"{one.name} = {other.name}" for one, other in same]
        pairs = tuple({"file": one.name, "like": other.name} for one, other in same)
        found.append(Remark("files_alike", "warn", len(same), {"files": named[:5]}, pairs))
    return found


def _left_out(files: list[LeftOut]) -> list[Remark]:
    """The files beside a table that were not read with it, by the reason."""
    by_reason: dict[Reason, list[LeftOut]] = {}
    for one in files:
        by_reason.setdefault(one.reason, []).append(one)
    return [
        Remark(
            f"files_{reason}",
            "warn" if reason in ("copy", "link") else "note",
            len(rows),
            {
                "files": [one.file for one in rows[:5]],
                "of": list(dict.fromkeys(one.of for one in rows if one.of)),
            },
            tuple({"file": one.file, **({"like": one.of} if one.of else {})} for one in rows),
        )
        for reason, rows in by_reason.items()
    ]
