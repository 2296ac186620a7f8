"""The HTML page, as an nbconvert exporter with a template of its own.

    jupyter nbconvert --to opsnb notebook.ipynb

makes the page of any executed notebook; `publish` passes what it knows of the run.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
from nbconvert.exporters.templateexporter import TemplateExporter
from nbformat import NotebookNode
from traitlets import default

from opsnb.base import resources as files
from opsnb.base.unsafe_text import visible
from opsnb.publishing.reports import small_print
from opsnb.publishing.reports.collect import collect, payloads
from opsnb.publishing.reports.fonts import embedded, font_rules, page_characters
from opsnb.publishing.reports.page import Page, compose, number_of_title
from opsnb.publishing.reports.run_record import Run

FONTS = "/* fonts */"
"""Where the template leaves room for the font rules."""


@dataclass(frozen=True)
class Request:
    """What to draw of a run: one language, for the screen or for paper."""

    run: Run
    report: dict[str, Any]
    brief: bool = False
    links: tuple[tuple[str, str], ...] = ()
    printing: bool = False


# Not HTMLExporter: it parses the finished page again, which takes longer than making it
# and lowers the case of SVG attributes.
class OpsnbExporter(TemplateExporter):
    """Draws an executed playbook as one HTML file that loads nothing."""

    export_from_notebook = "opsnb report"
    output_mimetype = "text/html"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    @default("template_name")
    def _template_name_default(self) -> str:
        return "report"

    @default("extra_template_basedirs")
    def _default_extra_template_basedirs(self) -> list[str]:
        return [str(files.templates())]

    @default("template_paths")
    def _template_paths(self, prune: bool = True, root_dirs: list[str] | None = None) -> list[str]:
        return [str(files.templates() / "report")]

    # `no-untyped-call`: nbconvert declares no types for what is called here and in `exporter`
    def _create_environment(self) -> jinja2.Environment:
        environment: jinja2.Environment = super()._create_environment()  # type: ignore[no-untyped-call]
        environment.autoescape = True
        environment.undefined = jinja2.StrictUndefined
        environment.trim_blocks = environment.lstrip_blocks = True
        environment.globals |= {
            "words": small_print,
            "script_hash": script_hash(script_text()),
            "script": script_text(),
        }
        return environment

    def from_notebook_node(  # type: ignore[override]  # nbconvert's own types are too narrow
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """The page and nbconvert's resources; `resources["opsnb"]` holds a `Request`."""
        page, resources = super().from_notebook_node(nb, resources, **kw)
        return _finished(page, resources["page"]), resources

    def draw(self, parts: Page) -> str:
        """The page of these parts, without the copies that nbconvert makes of the notebook."""
        page = self.template.render(resources={"page": parts}).lstrip("\r\n")
        return _finished(page, parts)

    def _preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        nb, resources = super()._preprocess(nb, resources)  # type: ignore[no-untyped-call]
        request = resources.get("opsnb") or plain_request(nb, resources)
        resources["page"] = _composed(nb, request)
        return nb, resources


def _composed(notebook: NotebookNode, request: Request) -> Page:
    return compose(
        notebook,
        request.report,
        request.run,
        brief=request.brief,
        links=request.links,
        printing=request.printing,
    )


def _finished(page: str, parts: Page) -> str:
    """The page without characters that nobody sees, and with the glyphs that a screen needs."""
    page = visible(page)
    if parts.printing:
        return page
    rules = font_rules(page_characters(page), embedded, chinese=parts.chinese)
    return page.replace(FONTS, rules, 1)


@functools.cache
def exporter() -> OpsnbExporter:
    """The exporter that all reports of a process share; it has nothing to preprocess."""
    return OpsnbExporter(default_preprocessors=[])  # type: ignore[no-untyped-call]


def render(notebook: NotebookNode, request: Request) -> tuple[str, Page]:
    """The page of a run in one language, and its parts."""
    parts = _composed(notebook, request)
    return exporter().draw(parts), parts


def plain_request(notebook: NotebookNode, resources: dict[str, Any]) -> Request:
    """What a notebook says of itself, where it comes without a run."""
    metadata = notebook.metadata.get("opsnb", {})
    name = str(metadata.get("name") or resources.get("metadata", {}).get("name") or "notebook")
    times = _execution_times(notebook)
    run = Run(
        playbook=name,
        title=_title(notebook) or name,
        subject=None,
        subject_label=None,
        cycle=str(metadata.get("cycle") or ""),
        slug=name,
        languages=_languages(notebook),
        currency="CNY",
        workspace_name="",
        root=Path(resources.get("metadata", {}).get("path") or ".").resolve(),
        parameters={},
        provenance={},
        started=min(times),
        ended=max(times),
    )
    primary = run.languages[0]
    return Request(run, collect(notebook, run)[primary])


def _title(notebook: NotebookNode) -> str:
    number = number_of_title(notebook)
    return notebook.cells[number - 1].source.lstrip().splitlines()[0][2:].strip() if number else ""


def _languages(notebook: NotebookNode) -> tuple[str, ...]:
    """The language of the notebook's own fragments: the one that needed no second `html`."""
    for _, payload in payloads(notebook):
        spoken = payload.get("languages") or {}
        own = [code for code, said in spoken.items() if "html" not in said]
        if own:
            return (own[0],)
    return ("en",)


def _execution_times(notebook: NotebookNode) -> list[datetime]:
    stamps = [
        stamp
        for cell in notebook.cells
        for stamp in cell.metadata.get("execution", {}).values()
        if isinstance(stamp, str)
    ]
    times = []
    for stamp in stamps:
        try:
            times.append(datetime.fromisoformat(stamp))
        except ValueError:
            continue
    return times or [datetime.now(UTC)]


@functools.cache
def script_text() -> str:
    """The page's one script: print button, folds that open for print."""
    return (files.templates() / "report" / "page.js").read_text(encoding="utf-8").strip()


def script_hash(text: str) -> str:
    """The hash by which the content-security policy lets the script run."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
