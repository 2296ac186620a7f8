"""The engines that lay out PDFs: plutoprint, and WeasyPrint for tagged ones (PDF/UA)."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import logging
import re
from collections.abc import Iterator
from typing import Any, Literal

from opsnb.base.errors import PublishError
from opsnb.publishing.reports.fonts import font_paths

Engine = Literal["plutoprint", "weasyprint"]

_BASE = "https://report.invalid/"
_SVG = re.compile(r'<svg\b[^>]*\baria-label="([^"]*)"[^>]*>')
_VARIABLE = re.compile(r"var\(--ob-[\w-]+, (#[0-9a-f]{6})\)")
_TABLE_HEAD = re.compile(r"<th(?![^>]*\sscope=)(?=[\s>])")

_FOR_WEASYPRINT = """
/* Bookmarks are added afterwards; orphaned headings need no trick here. */
h1, h2, h3, h4, h5, h6 { bookmark-level: none; }
.ob-page h2::after, .ob-page h3::after { display: none; }
/* A link that is laid out as a flexible box would lose its target. */
.pg-contents li { display: block; }
.pg-page-number { float: right; }
.ob-cards:has(> :nth-child(5)) > .ob-card { flex-basis: 42mm; }
"""


@functools.cache
def engine(accessible: bool = False) -> Engine:
    """The engine for PDFs here: plutoprint, or weasyprint where that has no wheel.

    Parameters
    ----------
    accessible : bool
        The PDF must be tagged, which only weasyprint can.

    Raises
    ------
    PublishError
        It cannot be loaded.
    """
    names: tuple[Engine, ...] = ("weasyprint",) if accessible else ("plutoprint", "weasyprint")
    for name in names:
        try:
            importlib.import_module(name)
        except (ImportError, OSError):  # OSError: weasyprint without pango
            continue
        return name
    if accessible:
        raise PublishError(
            "accessible PDFs need weasyprint and pango",
            where="weasyprint",
            hint='pip install "opsnb[accessible]", and pango from the system '
            "(Debian: libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0); "
            "or make plain PDFs",
        )
    raise PublishError(
        "no PDF engine is installed",
        where="plutoprint, weasyprint",
        hint='install plutoprint, or weasyprint and pango (pip install "opsnb[accessible]"), '
        "or publish without PDF",
    )


def draw(page: str, name: Engine) -> bytes:
    """A page as the engine lays it out; nothing but the fonts is loaded."""
    return by_plutoprint(page) if name == "plutoprint" else by_weasyprint(page)


def by_plutoprint(page: str) -> bytes:
    """A PDF without tags, in vector shapes, quickly."""
    import plutoprint

    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4)
    book.custom_resource_fetcher = _fetcher()
    book.load_html(page, base_url=_BASE)
    target = io.BytesIO()
    book.write_to_pdf_stream(target)
    return target.getvalue()


@functools.cache
def _fetcher() -> Any:
    import plutoprint

    class Fetcher(plutoprint.ResourceFetcher):
        """Gives the fonts; refuses the network and all other files.

        The data comes from plutoprint's own fetcher: it keeps fonts until the process ends,
        later than Python can give back memory of its own.
        """

        def fetch_url(self, url: str) -> Any:
            wanted = url if is_font(url) else "data:text/plain,"
            return plutoprint.default_resource_fetcher.fetch_url(wanted)

    return Fetcher()


def by_weasyprint(page: str) -> bytes:
    """A tagged PDF (PDF/UA-1): headings, lists, tables with their heads, figures with alt text."""
    import weasyprint

    class Fetcher(weasyprint.URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            if not is_font(url) and not url.startswith("data:"):
                raise ValueError("a report loads nothing from elsewhere")
            return super().fetch(url, headers)

    page = _for_weasyprint(page).replace("</head>", f"<style>{_FOR_WEASYPRINT}</style></head>", 1)
    with _quiet("weasyprint", "fontTools"):
        document = weasyprint.HTML(string=page, base_url=_BASE, url_fetcher=Fetcher())
        pdf: bytes = document.write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True)
        return pdf


def _for_weasyprint(page: str) -> str:
    """Alt texts, table heads and colours of drawings where WeasyPrint looks for them."""
    page = _SVG.sub(lambda svg: f"{svg[0]}<title>{svg[1]}</title>", page)
    page = _VARIABLE.sub(r"\1", page)
    return _TABLE_HEAD.sub('<th scope="col"', page)


@contextlib.contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Without the engine's remarks on CSS that is meant for browsers."""
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def is_font(url: str) -> bool:
    """Whether a URL is one of the fonts that `font_rules` can name."""
    return url in {path.as_uri() for path in font_paths()}
