"""The error family. Every error says what is wrong, where, and the likely fix.

OpsnbError
├── WorkspaceError      opsnb.toml: a file, key or value
│   └── PlanError       plans/: experiments, campaigns, targets, events
├── PeriodError         a cycle or date that does not exist
├── SourceError         a data source cannot be opened or read
│   └── ChangedDataError  its files changed while they were being read
├── TableError          a table is not mapped, lacks a column, or cannot be read
│   └── ContractError   a table breaks its contract; all failures at once
├── MetricError         metrics.toml: unknown metric, bad definition
├── DefinitionError     an export of another tool cannot be read
├── MethodError         a statistic asked of data that cannot carry it
├── PlaybookError       a playbook cannot be found or read
│   └── ParameterError  an unknown, missing or ill-typed parameter
├── MessageError        a text that a language file does not hold
├── LedgerError         reports/ledger/: a line, an id, or the folder itself
└── PublishError        a report cannot be rendered or written
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class OpsnbError(Exception):
    """A mistake that the user can mend.

    Parameters
    ----------
    what : str
        What is wrong, as a sentence without its full stop.
    where : str
        File, table, column, row or parameter; empty when there is no one place.
    hint : str
        The likely fix, as a sentence without its full stop.

    Attributes
    ----------
    file : str
        The file that is wrong, where the error is about the text of one.
    mistakes : tuple
        Key, what is wrong and the fix of each thing, where the error tells of several or of
        a key of a file.
    """

    file: str = ""
    mistakes: tuple[tuple[str, str, str], ...] = ()

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what = what
        self.where = where
        self.hint = hint
        super().__init__(what, where, hint)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        fix = f" Fix: {_ended(self.hint)}" if self.hint else ""
        return f"{place}{_ended(self.what)}{fix}"

    def _render_traceback_(self) -> list[str]:
        """What JupyterLab shows in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class WorkspaceError(OpsnbError):
    """opsnb.toml cannot be used as it stands."""


class PlanError(WorkspaceError):
    """A file of plans/ cannot be used as it stands."""


class PeriodError(OpsnbError):
    """A cycle or date that does not exist."""


class SourceError(OpsnbError):
    """A data source cannot be opened or read."""


class ChangedDataError(SourceError):
    """Files of a source changed while they were being read."""


class TableError(OpsnbError):
    """A table is not mapped, lacks a column, or cannot be read."""


class ContractError(TableError):
    """A table breaks its contract."""


class MetricError(OpsnbError):
    """A metric is unknown or its definition cannot be used."""


class DefinitionError(OpsnbError):
    """An export of another tool's definitions cannot be read."""


class MethodError(OpsnbError):
    """A statistic was asked of data that cannot carry it."""


class PlaybookError(OpsnbError):
    """A playbook cannot be found or read."""


class ParameterError(PlaybookError):
    """A parameter is unknown, missing or ill-typed."""

    problems: tuple[object, ...] = ()
    """Each of them, where a playbook was handed several that cannot be used."""


class MessageError(OpsnbError):
    """A text that a language file does not hold."""


class PluginError(OpsnbError):
    """A plug-in cannot be used, or two bring the same thing."""


class LedgerError(OpsnbError):
    """The ledger cannot be read or written, or holds no such entry."""


class PublishError(OpsnbError):
    """A report cannot be rendered or written."""


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."


def did_you_mean(name: str, known: Iterable[str], *, kind: str = "names") -> str:
    """The fix to offer for an unknown name: the nearest known one, then the list.

    >>> did_you_mean("experimnt", ["experiment", "cycle"])
    'did you mean "experiment"? Known names: cycle, experiment'
    """
    listed = sorted(known)
    near = difflib.get_close_matches(name, listed, n=1, cutoff=0.6)
    shown = ", ".join(listed[:20]) + (f" and {len(listed) - 20} more" if len(listed) > 20 else "")
    catalogue = f"known {kind}: {shown}" if listed else f"no {kind} are known yet"
    if not near:
        return catalogue
    return f'did you mean "{near[0]}"? {catalogue[0].upper()}{catalogue[1:]}'
