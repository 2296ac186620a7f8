"""All commands, under one name."""

from __future__ import annotations

from opsnb.cli import compare, ledger, serve, verify
from opsnb.cli.commands import app

__all__ = ["app"]

app.command(name="diff")(compare.diff)
app.command(name="serve")(serve.serve)
app.command(name="verify")(verify.verify)
app.add_typer(ledger.actions, name="actions")
app.add_typer(ledger.decisions, name="decisions")
app.add_typer(ledger.predictions, name="predictions")
