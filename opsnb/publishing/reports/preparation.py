"""What publishing needs once a process, made ready while the first kernels work."""

from __future__ import annotations

import contextlib
import gc
import threading

from opsnb.base.errors import OpsnbError

_once = threading.Lock()


def prepare() -> None:
    """Has a thread import and load what pages and PDFs are drawn with; once a process."""
    if _once.acquire(blocking=False):  # and never given back
        # no daemon: an interpreter that ends amid the import of a library may crash
        threading.Thread(target=load, name="prepare").start()


def load() -> None:
    """The same, at once."""
    with contextlib.suppress(OpsnbError, OSError):  # publishing says what is wrong
        from opsnb.publishing.reports import fonts, html, pdf, templates

        _ = html.exporter().template
        pages = templates.environment()
        for name in pages.list_templates(extensions=["j2"]):
            pages.get_template(name)
        fonts.faces(fonts.page_characters(""), chinese=True)
        pdf.engine()
        gc.freeze()  # nothing of this ever goes, and collections would look through it each time
