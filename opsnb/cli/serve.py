"""`opsnb serve`: the catalogue in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from opsnb.cli.options import the_workspace
from opsnb.cli.output import note, reported, warn


@reported
def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; default this machine only.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port; 0 for a free one.")
    ] = 8642,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let --host be one that other machines reach.")
    ] = False,
    open: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Look at the reports, and fill in actions, decisions and review notes, in a browser.

    The address that is printed carries a token: whoever has it can read and write. Reports
    are written to the workspace's ledger and plans/notes/ as by opsnb actions.

    Examples:

      opsnb serve

      opsnb serve --port 0 --open
    """
    from opsnb.publishing.serve import Server
    from opsnb.publishing.serve import serve as serve_until_stopped
    from opsnb.publishing.serve.guard import is_loopback

    workspace = the_workspace(context.obj)
    server = Server(workspace.root, host, port, allow_remote=allow_remote)
    if not is_loopback(host):
        warn(
            "other machines can reach this server, and nothing that it sends is encrypted: "
            "give the address only to people who may read every report and write the ledger"
        )

    def started() -> None:
        print(server.address, flush=True)
        note("Ctrl-C stops it.")
        if open:
            typer.launch(server.address)

    serve_until_stopped(server, started)
    note("Stopped.")
