"""The command line: thin, composes both halves, imports them when a command needs them."""

from __future__ import annotations

import sys

from opsnb.cli import compare, ledger, serve, verify
from opsnb.cli.commands import app

__all__ = ["app", "main"]

app.command(name="diff")(compare.diff)
app.command(name="serve")(serve.serve)
app.command(name="verify")(verify.verify)
app.add_typer(ledger.actions, name="actions")
app.add_typer(ledger.decisions, name="decisions")
app.add_typer(ledger.predictions, name="predictions")


def main() -> None:
    """Runs the command line; ends the process with 0, 1 (a report failed), 2 or 130."""
    # jsonschema builds the grammar of web addresses when it is imported, for a format that no
    # notebook uses, and takes longer over it than an unchanged cycle may
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    app(prog_name="opsnb")
