"""Ctrl-C and a scheduler's SIGTERM: what runs is stopped in order, and the last line says so.

Python would raise KeyboardInterrupt wherever its main thread happens to be, or end without a
word. Here a command is interrupted where it can clear up behind it; before one has begun, or
at the second signal, the process ends at once, and its kernels with it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeVar

EXIT_INTERRUPTED = 130
SAID = "Interrupted: nothing is left running; finished reports stay where they are."

T = TypeVar("T")

_LOOK_EVERY = 0.2


class _State:
    commands = 0
    heard = False


def listen() -> None:
    """Hears both signals from now on; SIGINT not where whoever started us has it ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _hear)


def ignore() -> None:
    """Hears neither any more: all is done, and only the interpreter's own end is left."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _hear(*_: Any) -> None:
    if not _State.commands or _State.heard:
        leave()
    _State.heard = True
    raise KeyboardInterrupt


def leave() -> NoReturn:
    """Ends the process at once; kernels go with it."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os.write(2, f"{SAID}\n".encode())
    os._exit(EXIT_INTERRUPTED)


@contextlib.contextmanager
def command() -> Iterator[None]:
    """While it lasts there is something to clear up after an interrupt."""
    _State.commands += 1
    try:
        yield
    finally:
        _State.commands -= 1


def stoppable(work: Callable[[], T], stop: Callable[[], None]) -> T:
    """Does work in a thread of its own, so that an interrupt meets it where it can stop.

    Parameters
    ----------
    stop : callable
        Told at an interrupt; the work is then waited for.

    Raises
    ------
    KeyboardInterrupt
        It was interrupted, and has ended.
    """
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="work", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_LOOK_EVERY)
    except BaseException:
        stop()
        thread.join()
        raise
    if failed:
        raise failed[0]
    return done[0]
