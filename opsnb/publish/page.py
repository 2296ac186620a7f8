"""From notebook and report to the parts of a page: first screen, sections, checks, footer."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup
from nbformat import NotebookNode

from opsnb.messages import Language
from opsnb.publish.fragments import fragment, markdown, plain_text
from opsnb.publish.records import Run, file_name

_ABSENT = {"setup", "parameters", "injected-parameters", "papermill-error-cell-tag"}
_HEADING = re.compile(r"<h([12])>(.*?)</h\1>", re.DOTALL)
_MINOR_HEADING = re.compile(r"\s*<h[3-6]>(.*?)</h[3-6]>", re.DOTALL)
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
    pdf: str | None = None
    printing: bool = False
    not_reached: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    stopped_in: str | None = None

    @property
    def status(self) -> str:
        return self.report["status"]

    @property
    def chinese(self) -> bool:
        return self.language.html_code.startswith("zh")

    @property
    def withheld(self) -> bool:
        """The numbers must not be used: they are folded away."""
        return self.status == "invalid"


@dataclass
class _Draft:
    """Sections while they are being gathered from the cells."""

    sections: list[Section] = field(default_factory=lambda: [Section("ob-start", "")])

    def open(self, section: Section) -> None:
        self.sections.append(section)

    def add(self, block: Block) -> None:
        last = self.sections[-1]
        blocks = list(last.blocks)
        if blocks and block.fold is not None and blocks[-1].fold is not None and not block.fold:
            blocks[-1] = replace(blocks[-1], html=blocks[-1].html + _anchored(block))
        else:
            blocks.append(block)
        self.sections[-1] = replace(last, blocks=tuple(blocks))

    def mark(self, **changes: bool) -> None:
        self.sections[-1] = replace(self.sections[-1], **changes)


def compose(
    notebook: NotebookNode,
    report: dict[str, Any],
    run: Run,
    *,
    pdf: bool = False,
    printing: bool = False,
) -> Page:
    """The page of one language of a run.

    Parameters
    ----------
    notebook : NotebookNode
        Executed; left as it is.
    report : dict
        That language's report.json.
    pdf : bool
        Whether a PDF is beside the page, to link to.
    printing : bool
        The page is laid out for paper: folds open, no links to other files.
    """
    language = run.language(report["language"])
    draft, summary, about = _Draft(), [], Markup("")
    failed_cell = run.error.cell_id if run.error else None
    stopped = False
    for number, cell in enumerate(notebook.cells, start=1):
        tags = set(cell.metadata.get("tags", []))
        cell_id = cell.get("id") or f"cell-{number}"
        if cell.cell_type == "markdown" and not tags & _ABSENT:
            rendered = markdown(_words(cell, cell_id, run, language), cell.get("attachments"))
            if number_of_title(notebook) == number:
                about = _without_title(rendered)
            else:
                _add_markdown(
                    draft, cell_id, rendered, folded="details" in tags, reached=not stopped
                )
        if cell.cell_type == "code" and not tags & _ABSENT:
            blocks = _outputs(cell, cell_id, run, language)
            if "summary" in tags:
                summary += blocks
            else:
                for block in blocks:
                    draft.add(replace(block, fold="") if "details" in tags else block)
        if failed_cell is not None and cell.get("id") == failed_cell:
            draft.mark(failed=True)
            stopped = True
    return _finish(
        Page(
            report=report,
            language=language,
            workspace=language.say(run.workspace_name),
            about=about,
            summary=tuple(summary),
            siblings=() if printing else _siblings(run, report["language"]),
            pdf=file_name(report["language"], run.languages[0], "pdf") if pdf else None,
            printing=printing,
        ),
        draft.sections,
    )


def number_of_title(notebook: NotebookNode) -> int:
    """Number (from 1) of the first Markdown cell when it opens with a title, else 0."""
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "markdown" and not _ABSENT & set(cell.metadata.get("tags", [])):
            return number if cell.source.lstrip().startswith("# ") else 0
    return 0


def _words(cell: NotebookNode, cell_id: str, run: Run, language: Language) -> str:
    """The Markdown cell's text in the page's language; the notebook's own where none exists."""
    key = f"playbook.{run.playbook}.{cell_id}"
    return language.texts[key] if language.has(key) else cell.source


def _without_title(rendered: str) -> Markup:
    return Markup(_HEADING.sub("", rendered, count=1).strip())


def _add_markdown(
    draft: _Draft, cell_id: str, rendered: str, *, folded: bool, reached: bool
) -> None:
    """Text before the first heading stays in the open section; each heading opens another."""
    parts = _HEADING.split(rendered)
    if parts[0].strip():
        draft.add(_text_block(cell_id, parts[0], folded))
    headings = zip(parts[2::3], parts[3::3], strict=True)
    for count, (title, body) in enumerate(headings, start=1):
        section_id = cell_id if count == 1 else f"{cell_id}-{count}"
        draft.open(Section(section_id, plain_text(title), reached=reached))
        if body.strip():
            draft.add(_text_block("", body, folded))


def _text_block(block_id: str, body: str, folded: bool) -> Block:
    """A text; in a fold, its first minor heading becomes the fold's title."""
    if not folded:
        return Block(block_id, Markup('<div class="ob-text">' + body.strip() + "</div>"))
    heading = _MINOR_HEADING.match(body)
    title = plain_text(heading[1]) if heading else ""
    rest = body[heading.end() :] if heading else body
    return Block(block_id, Markup('<div class="ob-text">' + rest.strip() + "</div>"), fold=title)


def _anchored(block: Block) -> Markup:
    if not block.id:
        return block.html
    return Markup('<div id="{}">{}</div>').format(block.id, block.html)


def _outputs(cell: NotebookNode, cell_id: str, run: Run, language: Language) -> list[Block]:
    """What a cell shows. Streams and errors stay in the run log."""
    blocks = []
    for output in cell.get("outputs", []):
        if output.output_type not in ("display_data", "execute_result"):
            continue
        drawn = fragment(output, language.code, run.languages[0], run.root)
        if drawn:
            blocks.append(Block("" if blocks else cell_id, Markup(drawn)))
    return blocks


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


def _finish(page: Page, sections: list[Section]) -> Page:
    """Leaves out empty sections, says what a stopped run did, and mends dead links."""
    titled = [section for section in sections if section.title]
    failed = next((section for section in titled if section.failed), None)
    kept = [section for section in sections if section.reached and section.blocks]
    stopped = page.status == "failed"
    page = replace(
        page,
        sections=tuple(kept),
        stopped_in=failed.title if failed else None,
        done=tuple(s.title for s in kept if s.title and not s.failed) if stopped else (),
        not_reached=tuple(s.title for s in titled if not s.reached) if stopped else (),
    )
    return _without_dead_links(page)


def _without_dead_links(page: Page) -> Page:
    """Links to a section that this page does not have become plain text."""
    blocks = [*page.summary, *(block for section in page.sections for block in section.blocks)]
    known = {section.id for section in page.sections} | {block.id for block in blocks}
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
