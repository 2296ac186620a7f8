"""The memory across cycles: actions, decisions and predictions, and what became of them.

`reports/ledger/CYCLE.jsonl` holds one JSON object a line, only ever added to: an entry (`add`),
or what happened to one later (`close`, `reopen`, `observe`, `withdraw`). The state of an entry
is what its lines amount to, so that its history stays and git can show and merge it.

Writers take turns by a file lock and append whole lines in one write; a line that a killed
process left unfinished was never acknowledged, and goes when the next one writes.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from opsnb.base.durable import sync_folder
from opsnb.base.entries import KINDS, Entry, Kind, Outcome, added, apply, entry_id
from opsnb.base.errors import LedgerError
from opsnb.base.json_text import read_json
from opsnb.base.messages import Label

try:
    import fcntl
except ImportError:  # Windows: two processes are not kept apart there
    fcntl = None  # type: ignore[assignment]

__all__ = ["KINDS", "Entry", "Kind", "Ledger", "Outcome", "entry_id"]


class Ledger:
    """The ledger of a workspace: `Ledger(workspace.reports / "ledger")`.

    Parameters
    ----------
    folder : Path
        May not exist yet; it is made with the first entry.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # -- reading -----------------------------------------------------------------------

    def entries(
        self,
        kind: Kind | None = None,
        *,
        taken_back: bool = False,
        faults: list[LedgerError] | None = None,
    ) -> list[Entry]:
        """Every entry that was not withdrawn, the oldest first; with `taken_back` those, too.

        Parameters
        ----------
        faults : list, optional
            Takes the lines that cannot be read; what the others say is then given.

        Raises
        ------
        LedgerError
            A line cannot be read, and there is no list of faults to take it.
        """
        found = self._all(faults).values()
        return [
            e for e in found if (taken_back or e.state != "withdrawn") and kind in (None, e.kind)
        ]

    def find(self, id: str, kind: Kind) -> Entry:
        """The entry of an id, or of the beginning of one.

        Raises
        ------
        LedgerError
            There is none, or more than one.
        """
        everything = [e for e in self.entries(kind, taken_back=True) if e.id.startswith(id)]
        matching = [entry for entry in everything if entry.state != "withdrawn"]
        exact = [entry for entry in matching if entry.id == id]
        if len(exact or matching) == 1:
            return (exact or matching)[0]
        if len(everything) == 1 and not matching:
            raise _gone(everything[0])
        several = ", ".join(entry.id for entry in matching[:5])
        raise LedgerError(
            f'"{id}" is the beginning of {len(matching)} ids'
            if matching and id
            else f'there is no {kind} "{id}"',
            where=self.folder.name,
            hint=f"take one of {several}" if several and id else f"see opsnb {kind}s list",
        )

    def mistakes(self) -> list[LedgerError]:
        """What is wrong with each line that cannot be read; the first one stops `entries`."""
        faults: list[LedgerError] = []
        self._all(faults)
        return faults

    def _all(self, faults: list[LedgerError] | None) -> dict[str, Entry]:
        lines = [
            (line, where)
            for path in sorted(self.folder.glob("*.jsonl"))
            for line, where in _lines(path, faults)
        ]
        lines.sort(key=lambda pair: str(pair[0].get("at", "")))  # stable: order within a file
        known: dict[str, Entry] = {}
        for line, where in lines:
            try:
                apply(known, line)
            except (KeyError, TypeError, ValueError) as error:
                _tell(_unreadable(where, f"{type(error).__name__}: {error}"), faults)
        return known

    # -- writing -----------------------------------------------------------------------

    def add(
        self, kind: Kind, cycle: str, title: Label, *, at: dt.datetime | None = None, **fields: Any
    ) -> Entry:
        """An entry that a person makes; it gets an id of its own, whatever its title."""
        id = f"{kind[0]}-{uuid.uuid4().hex[:10]}"
        line = {"event": "add", "id": id, "kind": kind, "title": title, "touched": True, **fields}
        moment = at or dt.datetime.now(dt.UTC)
        with self.locked() as write:
            [written] = write(cycle, [line], moment)
        said = {"cycle": cycle, **written}
        return added(said, (said,))

    def close(
        self, id: str, kind: Kind, outcome: Outcome, on: dt.date, note: str | None = None
    ) -> Entry:
        """Say that an entry is done (a decision: made) or dropped."""
        return self._changed(
            id, kind, {"event": "close", "status": outcome, "on": on, "note": note}
        )

    def reopen(self, id: str, kind: Kind) -> Entry:
        """Take back that an entry was closed."""
        return self._changed(id, kind, {"event": "reopen"})

    def withdraw(self, id: str, kind: Kind, reason: str | None = None) -> Entry:
        """Take an entry back: it stays in the ledger, and counts no more."""
        return self._changed(id, kind, {"event": "withdraw", "note": reason})

    def _changed(self, id: str, kind: Kind, what: dict[str, Any]) -> Entry:
        """The entry after a line about it was written."""
        with self.locked() as write:
            entry = self.find(id, kind)
            [line] = write(entry.cycle, [{**what, "id": entry.id}])
        known = {entry.id: entry}
        apply(known, {"cycle": entry.cycle, **line})
        return known[entry.id]

    @contextlib.contextmanager
    def locked(self) -> Iterator[Any]:
        """This writer's turn: what is read inside stays true until it has written.

        Yields
        ------
        write : callable
            `write(cycle, lines)` appends lines to a cycle's file and waits until they are on
            the disk; it gives them back with their time. Time never runs backwards in a file,
            whatever the clock does: what was said later stays later.

        Raises
        ------
        LedgerError
            The folder cannot be written to.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / ".lock").open("a") as lock:
                if fcntl is not None:
                    fcntl.flock(lock, fcntl.LOCK_EX)
                yield self._append
        except OSError as error:
            raise LedgerError(
                f"cannot be written ({error.strerror or error})",
                where=self.folder.name,
                hint="check the folder's permissions and the free space on its disk",
            ) from error

    def _append(
        self, cycle: str, lines: Iterable[dict[str, Any]], at: dt.datetime | None = None
    ) -> list[dict[str, Any]]:
        given = list(lines)
        if not given:
            return []
        path = self.folder / f"{cycle}.jsonl"
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            moment = _not_before(_mended(descriptor), at or dt.datetime.now(dt.UTC))
            texts = [_dumped({"at": moment, **line}) for line in given]
            data = memoryview("".join(text + "\n" for text in texts).encode("utf-8"))
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(self.folder)
        return [json.loads(text) for text in texts]


def _gone(entry: Entry) -> LedgerError:
    """Says what became of an entry that was taken back."""
    said = str(entry.history[-1].get("at", ""))[:10]
    by = f" by {entry.superseded_by}" if entry.superseded_by else ""
    return LedgerError(
        f"{entry.id} was {'superseded' if by else 'withdrawn'}{by} on {said}",
        where=f"ledger/{entry.cycle}.jsonl",
        hint=f"see opsnb {entry.kind}s list --all",
    )


def _not_before(last: dict[str, Any], now: dt.datetime) -> str:
    """The time now, or that of the last line where the clock has been set back since."""
    said, text = str(last.get("at", "")), now.isoformat(timespec="microseconds")
    with contextlib.suppress(ValueError, TypeError):
        if dt.datetime.fromisoformat(said) > now:
            return said
    return text


def _dumped(line: dict[str, Any]) -> str:
    kept = {key: value for key, value in line.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False, default=_iso)


def _iso(value: Any) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the ledger")


_TAIL = 1 << 16


def _mended(descriptor: int) -> dict[str, Any]:
    """The last line, after one that was not ended was kept (a hand's) or cut (a torn one)."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - _TAIL)
    tail = os.pread(descriptor, size - start, start)
    while start and tail.count(b"\n") < 2:  # a very long line
        start = max(0, start - len(tail))
        tail = os.pread(descriptor, size - start, start)
    whole, _, open_end = tail.rpartition(b"\n")
    if open_end:
        if (last := _parsed(open_end)) is not None:
            os.write(descriptor, b"\n")
            return last
        os.ftruncate(descriptor, size - len(open_end))
    return _parsed(whole.rpartition(b"\n")[2]) or {}


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        value = read_json(line.decode("utf-8"))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _lines(path: Path, faults: list[LedgerError] | None) -> Iterator[tuple[dict[str, Any], str]]:
    """The objects of a file, each with its place; an unfinished last line was never said."""
    pieces = path.read_bytes().split(b"\n")
    for number, piece in enumerate(pieces, 1):
        if not piece.strip():
            continue
        where = f"ledger/{path.name}, line {number}"
        line = _parsed(piece)
        if line is None:
            if number == len(pieces):
                return
            _tell(_unreadable(where, "no JSON object"), faults)
            continue
        yield {"cycle": path.stem, **line}, where


def _tell(fault: LedgerError, faults: list[LedgerError] | None) -> None:
    """Puts a fault with the others, or raises it where nobody gathers them."""
    if faults is None:
        raise fault
    faults.append(fault)


def _unreadable(where: str, why: str) -> LedgerError:
    return LedgerError(
        f"the line cannot be read ({why})",
        where=where,
        hint="mend the line by hand or delete it; git may have the file's last good version",
    )
