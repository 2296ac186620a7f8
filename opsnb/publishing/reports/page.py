"""From notebook and report to the parts of a page: first screen, sections, checks, footer."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup
from nbformat import NotebookNode

from opsnb.base.messages import Language
from opsnb.base.seam import Status
from opsnb.publishing.reports.fragments import fragment, markdown, plain_text
from opsnb.publishing.reports.report_parts import ABSENT, words_of
from opsnb.publishing.reports.run_record import Run, file_name

_HEADING = re.compile(r"<h([12])>(.*?)</h\1>", re.DOTALL)
_TITLE = re.compile(r"<h1>.*?</h1>", re.DOTALL)
_MINOR_HEADING = re.compile(r"\s*<h[3-6]>(.*?)</h[3-6]>", re.DOTALL)
_LONG = 9
"""Rows of a table that fills most of a page: with its heading it would leave one half empty."""
_LINK = re.compile(r'(<a\b[^>]*?)\shref="#([^"]*)"')
_ID = re.compile(r'\bid="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """Something to show: a piece of text, or what a cell drew; `fold` is its fold's title."""

    id: str
    html: Markup
    fold: str | None = None


@dataclass(frozen=True)
class Section:
    """A heading of the notebook and all that follows up to the next one."""

    id: str
    title: str
    blocks: tuple[Block, ...] = ()
    failed: bool = False
    reached: bool = True

    @property
    def lead(self) -> int:
        """How many blocks stay with the heading on paper: the one chart, and a text before it."""
        for count, block in enumerate(self.blocks[:2], start=1):
            if block.html.count("<tr") > _LONG:
                return 0
            if block.html.count("<figure") == 1 and "<table" not in block.html and not block.fold:
                return count
        return 0


@dataclass(frozen=True)
class Page:
    """All that the template needs."""

    report: dict[str, Any]
    language: Language
    workspace: str = ""
    about: str = ""
    summary: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()
    siblings: tuple[tuple[str, str, str], ...] = ()
    """Other languages: `lang` code, its own name, file name."""
    brief: str | None = None
    links: tuple[tuple[str, str], ...] = ()
    """Other formats: label, file name."""
    printing: bool = False
    sheet: bool = False
    """On paper it is one page: no contents, the small print in a few lines."""
    not_reached: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    stopped_in: str | None = None

    @property
    def status(self) -> Status:
        status: Status = self.report["status"]
        return status

    @property
    def chinese(self) -> bool:
        return self.language.html_code.startswith("zh")

    @property
    def withheld(self) -> bool:
        """The numbers must not be used: they are folded away."""
        return self.status == "invalid"


def compose(
    notebook: NotebookNode,
    report: dict[str, Any],
    run: Run,
    *,
    brief: bool = False,
    links: tuple[tuple[str, str], ...] = (),
    printing: bool = False,
) -> Page:
    """The page of one language of a run.

    Parameters
    ----------
    notebook : NotebookNode
        Executed; left as it is.
    report : dict
        That language's report.json.
    brief : bool
        Whether a brief is beside the page, to link to.
    links : tuple of (str, str)
        Label and file name of the other formats beside the page.
    printing : bool
        The page is laid out for paper: folds open, no links to other files.
    """
    language = run.language(report["language"])
    draft = _Draft(run, language, number_of_title(notebook))
    for number, cell in enumerate(notebook.cells, start=1):
        draft.take(number, cell)
    page = Page(
        report=report,
        language=language,
        workspace=language.say(run.workspace_name),
        about=draft.about,
        summary=tuple(draft.summary),
        siblings=() if printing else _siblings(run, report["language"]),
        brief=file_name(report["language"], run.languages[0], "html", "brief") if brief else None,
        links=links,
        printing=printing,
        sheet=printing and bool(notebook.metadata.get("opsnb", {}).get("sheet")),
    )
    return _without_dead_links(_with_sections(page, draft.sections))


@dataclass
class _Draft:
    """The page's parts while they are gathered from the cells."""

    run: Run
    language: Language
    title_number: int
    about: str = ""
    summary: list[Block] = field(default_factory=list)
    sections: list[Section] = field(default_factory=lambda: [Section("ob-start", "")])
    stopped: bool = False

    def take(self, number: int, cell: NotebookNode) -> None:
        tags = set(cell.metadata.get("tags", []))
        cell_id = cell.get("id") or f"cell-{number}"
        if not tags & ABSENT:
            if cell.cell_type == "markdown":
                self._text(number, cell, cell_id, "details" in tags)
            elif cell.cell_type == "code":
                self._outputs(cell, cell_id, tags)
        if not self.stopped and _stopped_at(cell, tags, self.run):
            self.sections[-1] = replace(self.sections[-1], failed=True)
            self.stopped = True

    def _text(self, number: int, cell: NotebookNode, cell_id: str, folded: bool) -> None:
        """Text before the first heading stays in the open section; each heading opens another."""
        rendered = markdown(
            words_of(cell, cell_id, self.run, self.language), cell.get("attachments")
        )
        if number == self.title_number:
            self.about, rendered = _about(rendered)
        parts = _HEADING.split(rendered)
        if parts[0].strip():
            self._add(_text_block(cell_id, parts[0], folded))
        for count, (title, body) in enumerate(zip(parts[2::3], parts[3::3], strict=True), start=1):
            section_id = cell_id if count == 1 else f"{cell_id}-{count}"
            self.sections.append(Section(section_id, plain_text(title), reached=not self.stopped))
            if body.strip():
                self._add(_text_block("", body, folded))

    def _outputs(self, cell: NotebookNode, cell_id: str, tags: set[str]) -> None:
        """What a cell shows. Streams and errors stay in the run log."""
        drawn = [
            fragment(output, self.language.code, self.run.languages[0], self.run.root)
            for output in cell.get("outputs", [])
            if output.output_type in ("display_data", "execute_result")
        ]
        for count, piece in enumerate(filter(None, drawn)):
            block = Block("" if count else cell_id, Markup(piece))
            if "summary" in tags:
                self.summary.append(block)
            else:
                self._add(replace(block, fold="") if "details" in tags else block)

    def _add(self, block: Block) -> None:
        """Puts a block into the open section; one without a fold's title joins an open fold."""
        section = self.sections[-1]
        blocks = list(section.blocks)
        if block.fold == "" and blocks and blocks[-1].fold is not None:
            blocks[-1] = replace(blocks[-1], html=blocks[-1].html + _anchored(block))
        else:
            blocks.append(block)
        self.sections[-1] = replace(section, blocks=tuple(blocks))


def _stopped_at(cell: NotebookNode, tags: set[str], run: Run) -> bool:
    """Whether the run ended at this cell: the one to blame, else the first that never ran."""
    if run.error is None or cell.cell_type != "code":
        return False
    if run.error.cell_id is not None:
        return cell.get("id") == run.error.cell_id
    return not tags & ABSENT and cell.get("execution_count") is None and not cell.get("outputs")


def number_of_title(notebook: NotebookNode) -> int:
    """Number (from 1) of the first Markdown cell when it opens with a title, else 0."""
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "markdown" and not ABSENT & set(cell.metadata.get("tags", [])):
            return number if cell.source.lstrip().startswith("# ") else 0
    return 0


def _about(rendered: str) -> tuple[Markup, str]:
    """The purpose that stands under the title, and what follows it under headings."""
    rest = _TITLE.sub("", rendered, count=1)
    heading = _HEADING.search(rest)
    end = heading.start() if heading else len(rest)
    return Markup(rest[:end].strip()), rest[end:]


def _text_block(block_id: str, body: str, folded: bool) -> Block:
    """A text; in a fold, its first minor heading becomes the fold's title."""
    if not folded:
        return Block(block_id, Markup('<div class="pg-text">' + body.strip() + "</div>"))
    heading = _MINOR_HEADING.match(body)
    title = plain_text(heading[1]) if heading else ""
    rest = body[heading.end() :] if heading else body
    return Block(block_id, Markup('<div class="pg-text">' + rest.strip() + "</div>"), fold=title)


def _anchored(block: Block) -> Markup:
    if not block.id:
        return block.html
    return Markup('<div id="{}">{}</div>').format(block.id, block.html)


def _siblings(run: Run, code: str) -> tuple[tuple[str, str, str], ...]:
    others = [run.language(other) for other in run.languages if other != code]
    return tuple(
        (
            other.html_code,
            other.text("page.language_name"),
            file_name(other.code, run.languages[0], "html"),
        )
        for other in others
    )


def _with_sections(page: Page, sections: list[Section]) -> Page:
    """The sections that hold something; of a stopped run also what was done and what not."""
    titled = [section for section in sections if section.title]
    kept = [s for s in sections if s.reached and (s.blocks or (s.failed and s.title))]
    page = replace(page, sections=tuple(kept))
    if page.status != "failed":
        return page
    failed = next((section for section in titled if section.failed), None)
    return replace(
        page,
        stopped_in=failed.title if failed else None,
        done=tuple(s.title for s in kept if s.title and not s.failed),
        not_reached=tuple(s.title for s in titled if not s.reached),
    )


def _without_dead_links(page: Page) -> Page:
    """Links to a section that this page does not have become plain text."""
    blocks = [*page.summary, *(block for section in page.sections for block in section.blocks)]
    known = (
        {"ob-checks", "ob-source"}
        | {section.id for section in page.sections}
        | {block.id for block in blocks}
    )
    for block in blocks:
        known.update(_ID.findall(block.html))

    def mended(block: Block) -> Block:
        text = _LINK.sub(
            lambda link: link[0] if html.unescape(link[2]) in known else link[1], block.html
        )
        return replace(block, html=Markup(text))

    return replace(
        page,
        summary=tuple(mended(block) for block in page.summary),
        sections=tuple(
            replace(section, blocks=tuple(mended(block) for block in section.blocks))
            for section in page.sections
        ),
    )
