"""`opsnb serve`: the catalogue in a browser, with forms that write to the ledger and the notes.

guard      who may ask: host, origin, session, one token a form
notes      plans/notes/ID.toml as a form shows it, and back
pages      the catalogue's pages with forms, the notes' page, messages
handlers   what each address answers
server     starts and stops it

On Tornado, which JupyterLab brings along: http.server's own documentation advises against
using it for more than files, and this needs limits on size and time, and cookies.
"""

from __future__ import annotations

from opsnb.publishing.serve.server import Server, serve

__all__ = ["Server", "serve"]
