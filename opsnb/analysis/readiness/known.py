"""What the checks of a workspace share: its tables as they are made, and values asked once."""

from __future__ import annotations

import contextlib
import copy
import difflib
import functools
from collections.abc import Iterable

from opsnb.analysis.metrics.catalogue import Catalogue, read_catalogue
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.metrics.user_panel import absent_by_user
from opsnb.analysis.tables import Table, TableReport, open_table
from opsnb.base.errors import OpsnbError, did_you_mean
from opsnb.base.toml_model import Problem, read_toml
from opsnb.base.workspace import FILE, METRICS, Workspace

_MOST_VALUES = 5_000
"""Different values of a column that are read: one with more is no list of names."""


class Known:
    """A workspace, and what is known of it without reading its rows.

    Attributes
    ----------
    workspace : Workspace
    catalogue : Catalogue
        The metrics whose definitions can be used.
    mistakes : list of Problem
        What is wrong with the others.
    rows : Rows
        The tables with their columns and types; no row is read before one asks for values.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.catalogue: Catalogue
        self.mistakes: list[Problem]
        self.catalogue, self.mistakes = read_catalogue(workspace.metrics)
        self.rows = Rows(workspace, _without_reading)
        self._values: dict[tuple[str, ...], dict[tuple[str, ...], int] | None] = {}

    def table(self, name: str) -> Table | None:
        """The opened table; None where it is not mapped, or cannot be opened: the data gate
        says why."""
        if not self.rows.has(name):
            return None
        with contextlib.suppress(OpsnbError):
            return self.rows.table(name)
        return None

    def values(self, name: str, *columns: str) -> dict[tuple[str, ...], int] | None:
        """Rows by the values of columns, each combination once; None where nobody can tell:
        the table or a column is not there, or it holds too many different ones."""
        key = (name, *columns)
        if key not in self._values:
            self._values[key] = self._counted(name, columns)
        return self._values[key]

    def _counted(self, name: str, columns: Iterable[str]) -> dict[tuple[str, ...], int] | None:
        table = self.table(name)
        if table is None or not table.has(*columns):
            return None
        rows = table.sound
        counted = rows.group_by(list(columns)).agg(n=rows.count()).limit(_MOST_VALUES + 1)
        try:
            found = table.source.backend.to_pyarrow(counted).to_pylist()
        except Exception:  # each engine has its own; the data gate says what it was
            return None
        if len(found) > _MOST_VALUES:
            return None
        own = ((tuple(row[column] for column in columns), int(row["n"])) for row in found)
        return {tuple(map(str, key)): n for key, n in own if None not in key}

    @functools.cached_property
    def own_metrics(self) -> dict[str, str]:
        """Ids of the workspace's own metrics, and the file that each is defined in."""
        path = self.workspace.root / METRICS
        own = self.workspace.has_own_metrics and path.is_file()
        beside = read_toml(path) if own else {}
        brought = self.workspace.plugins.metrics()
        return {
            name: METRICS if name in beside else FILE
            for name in self.workspace.metrics
            if name in beside or name not in brought
        }

    def lacks(self, metric: str, *, by_user: bool = False) -> str | None:
        """What the workspace lacks for a metric: a table, or table.column; None: nothing.

        Parameters
        ----------
        by_user : bool
            It is read per assigned user, as in an experiment.
        """
        found = self.catalogue[metric]
        try:
            if by_user:
                return absent_by_user(found, self.rows, self.catalogue)
            return found.kind.absent(found, self.rows, self.catalogue)
        except OpsnbError:  # its table cannot be opened: the data gate says why
            return None


def _without_reading(workspace: Workspace, name: str) -> Table:
    """The table as its metadata have it: all rows, without a look at which of them repeat."""
    table = copy.copy(open_table(workspace, name))
    if "report" not in vars(table):
        empty = TableReport(name, 0, 0, 0, None, None, table.as_of, {}, "")
        vars(table).update(expr=table.sound, report=empty)
    return table


def nearest(name: str, known: Iterable[str], kind: str) -> tuple[str, str]:
    """The known name that is meant in all likelihood ("" where none is), and the fix to offer.

    Names that differ in case, blanks or full width alone come first.
    """
    names = sorted(known)
    plain = {_plain(one): one for one in names}
    if (same := plain.get(_plain(name))) is not None:
        return same, f'write "{same}", as the data have it'
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    if close:
        return close[0], did_you_mean(name, names, kind=kind)
    shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    return "", f"take one of the {kind}: {shown}" if names else f"there are no {kind}"


def _plain(name: str) -> str:
    import unicodedata

    return "".join(unicodedata.normalize("NFKC", name).casefold().split()).replace("_", "-")
