"""The command line: thin, composes both halves, imports them when a command needs them."""

from __future__ import annotations

import sys
from typing import Any

from opsnb.cli.interrupts import ignore, listen

__all__ = ["app", "main"]


def __getattr__(name: str) -> Any:
    """Loaded on first use: signals are listened to before anything else is imported."""
    if name == "app":
        from opsnb.cli.everything import app

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def main() -> None:
    """Runs the command line; ends the process with 0, 1 (a report failed), 2 or 130."""
    listen()
    # jsonschema builds the grammar of web addresses when it is imported, for a format that no
    # notebook uses, and takes longer over it than an unchanged cycle may
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from opsnb.cli.everything import app

    try:
        app(prog_name="opsnb")
    finally:
        ignore()
