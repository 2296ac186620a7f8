"""The command line: thin, composes both halves, imports them when a command needs them."""

from __future__ import annotations

from opsnb.cli.commands import app

__all__ = ["app", "main"]


def main() -> None:
    """Runs the command line; ends the process with 0, 1 (a report failed), 2 or 130."""
    app(prog_name="opsnb")
