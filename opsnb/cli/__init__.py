"""The command line: thin, composes both halves, imports them when a command needs them."""

from __future__ import annotations

import sys
from typing import Any

from opsnb.cli.interrupts import ignore, listen

__all__ = ["app", "main"]


def __getattr__(name: str) -> Any:
    """Loaded on first use: signals are listened to before anything else is imported."""
    if name == "app":
        from opsnb.cli.commands import app

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _will_run(words: list[str]) -> bool:
    """Whether a command will most likely run cells here: kernels then begin their imports, which
    take longer than all else before the first cell, while this process begins its own."""
    elsewhere = any(word.startswith(("--on", "--plan", "--help", "-h")) for word in words)
    return not elsewhere and not {"cycle", "run"}.isdisjoint(words)


def main() -> None:
    """Runs the command line; ends the process with 0, 1 (a report failed), 2 or 130."""
    listen()
    # jsonschema builds the grammar of web addresses when it is imported, for a format that no
    # notebook uses, and takes longer over it than an unchanged cycle may
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # None: not to be had
    if _will_run(sys.argv[1:]):
        from opsnb.publishing.execution.environment import kernel_environment
        from opsnb.publishing.kernels.client import warm_up

        warm_up(kernel_environment({}))
    from opsnb.cli.commands import app

    try:
        app(prog_name="opsnb")
    finally:
        ignore()
