"""The parts of a page as data, cell by cell, in one language: `parts` of report.json."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from nbformat import NotebookNode

from opsnb.base.messages import Language
from opsnb.base.seam import MIME, SAID
from opsnb.base.unsafe_text import short, visible
from opsnb.publishing.reports.run_record import Run

ABSENT = {"setup", "parameters", "injected-parameters", "papermill-error-cell-tag"}
"""Tags of cells that a report does not show."""

_PLACES = ("summary", "details")


def report_parts(notebook: NotebookNode, run: Run, code: str) -> list[dict[str, Any]]:
    """What the page of one language shows, in the order of the notebook's cells."""
    language = run.language(code)
    found = []
    for number, cell in enumerate(notebook.cells, start=1):
        tags = set(cell.metadata.get("tags", []))
        if tags & ABSENT:
            continue
        cell_id = cell.get("id") or f"cell-{number}"
        place = next((name for name in _PLACES if name in tags), None)
        head = {"cell": cell_id, **({"place": place} if place else {})}
        for part in _of_cell(cell, cell_id, run, language):
            found.append({**head, **_in_language(part, code, run)})
    return found


def words_of(cell: NotebookNode, cell_id: str, run: Run, language: Language) -> str:
    """A cell's text in the page's language; the notebook's own where there is none."""
    own: str = cell.source
    return language.texts.get(f"playbook.{run.texts or run.playbook}.{cell_id}", own)


def _of_cell(
    cell: NotebookNode, cell_id: str, run: Run, language: Language
) -> Iterator[Mapping[str, Any]]:
    if cell.cell_type == "markdown":
        yield _text("markdown", words_of(cell, cell_id, run, language))
    for output in cell.get("outputs", []) if cell.cell_type == "code" else []:
        if output.output_type not in ("display_data", "execute_result"):
            continue
        payload = output.get("data", {}).get(MIME) or {}
        if "parts" in payload:
            yield from payload["parts"]
        elif text := _plain_text(output):
            yield _text("other", text)


def _text(kind: str, text: str) -> dict[str, Any]:
    return {"is": "text", "kind": kind, "text": text}


def _plain_text(output: NotebookNode) -> str:
    """What an output that is not of opsnb says without HTML; of a picture what it shows."""
    data, about = output.get("data", {}), output.get("metadata", {})
    pictures = [mime for mime in data if mime.startswith("image/")]
    if pictures:
        return str(about.get(pictures[0], {}).get("alt", ""))
    text = data.get("text/plain") or data.get("text/markdown") or ""
    return short(text if isinstance(text, str) else "".join(text))


def _in_language(value: Any, code: str, run: Run) -> Any:
    """Data with the words of one language, free of local paths and of characters that act."""
    if isinstance(value, Mapping):
        if value.keys() == {SAID}:
            said = value[SAID]
            return _in_language(said.get(code) or said.get(run.languages[0]) or "", code, run)
        return {key: _in_language(item, code, run) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_in_language(item, code, run) for item in value]
    if isinstance(value, str):
        return visible(run.scrub(value))
    return None if isinstance(value, float) and not math.isfinite(value) else value
