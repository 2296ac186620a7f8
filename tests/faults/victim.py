"""The command line with a fault built in: at a stage of a run, something is done to it.

`python -m tests.faults.victim FAULT -- ARGUMENTS` is `opsnb ARGUMENTS`, except that the
functions named here are wrapped. Nothing of this is in the product.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn


def die(*_: Any, **__: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def after(call: Callable[..., Any]) -> Callable[..., Any]:
    """The call, and then the end."""

    def wrapped(*arguments: Any, **named: Any) -> Any:
        call(*arguments, **named)
        die()

    return wrapped


def rendering() -> None:
    from opsnb.publishing.reports import html

    html.render = die


def laying_out_the_pdf() -> None:
    from opsnb.publishing.reports import pdf

    pdf.make_pdf = die


def keeping_versions() -> None:
    from opsnb.publishing.reports import store

    store._keep_versions = after(store._keep_versions)


def putting_in_place() -> None:
    from opsnb.publishing.reports import store

    store.exchange = after(store.exchange)


def between_two_renames() -> None:
    """As where the system cannot exchange two folders: the old one is away, the new not there."""
    from opsnb.publishing.reports import store

    def away(new: Path, final: Path) -> bool:
        final.replace(new.with_name("old"))
        die()

    store.exchange = away


def before_the_ledger() -> None:
    from opsnb.publishing.runs import run

    run.record = die


def writing_the_ledger() -> None:
    from opsnb.base import ledger

    def half(descriptor: int, data: Any) -> int:
        os.write(descriptor, bytes(data)[: len(data) // 2])
        die()

    ledger.os = SimpleNamespace(**{**vars(os), "write": half})  # type: ignore[attr-defined]


def noting_how_it_was_made() -> None:
    from opsnb.publishing.runs import freshness

    freshness.remember_made = die


def writing_the_index() -> None:
    import opsnb.publishing.site

    def half(path: Path, content: str) -> None:
        path.with_name(f".{path.name}.{os.getpid()}-12345678").write_text(content[:1000])
        die()

    opsnb.publishing.site.write_atomic = half


def clock_set_back() -> None:
    """Two days behind from now on: only the wall clock, as when somebody sets it."""
    real = dt.datetime

    class Kind(type(real)):  # type: ignore[misc]
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, real)

    class Behind(real, metaclass=Kind):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return real.now(tz) - dt.timedelta(days=2)

    dt.datetime = Behind  # type: ignore[misc]


def none() -> None:
    pass


KILLED = (
    rendering, laying_out_the_pdf, keeping_versions, putting_in_place, between_two_renames,
    before_the_ledger, writing_the_ledger, noting_how_it_was_made, writing_the_index,
)  # fmt: skip
"""Faults that kill the process at a stage."""


def main(fault: str, arguments: list[str]) -> None:
    from opsnb import cli

    globals()[fault]()
    sys.argv = ["opsnb", *arguments]
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.default_int_handler)
    cli.main()


if __name__ == "__main__":
    split = sys.argv.index("--")
    main(sys.argv[1], sys.argv[split + 1 :])
