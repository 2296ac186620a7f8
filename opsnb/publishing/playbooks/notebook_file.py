"""A playbook's file: notebook JSON that is checked, and its parameters cell."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import logging
import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from opsnb.base import json_text
from opsnb.base.errors import PlaybookError
from opsnb.base.traits import check_metadata
from opsnb.publishing.playbooks.parameters import Parameter, declared


def source_of(cell: Mapping[str, Any]) -> str:
    """A cell's source as one string (files hold it as lines)."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def split_heading(text: str, fallback: str) -> tuple[str, str]:
    """A Markdown text's first heading and the first paragraph after it."""
    match = re.search(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", text, re.MULTILINE)
    if match is None:
        return fallback, ""
    paragraphs = [part.strip() for part in text[match.end() :].split("\n\n") if part.strip()]
    purpose = paragraphs[0] if paragraphs and not paragraphs[0].startswith("#") else ""
    return match.group(1).strip(), " ".join(purpose.split())


def read_json(path: Path) -> Any:
    """The file's JSON; PlaybookError where it has none."""
    try:
        document = json_text.read_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise PlaybookError(
            f"cannot read the notebook ({reason})", where=path.name, hint="check the file"
        ) from error
    except ValueError as error:
        at = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise PlaybookError(
            f"is not a notebook: it is not JSON ({at})",
            where=path.name,
            hint="open it in JupyterLab and save it again, or restore it from git",
        ) from error
    return document


def check_structure(document: Any, where: str) -> None:
    """PlaybookError unless it is a notebook whose cells and opsnb metadata can be used."""
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        raise PlaybookError(
            "is not a notebook of format 4: it has no list of cells",
            where=where,
            hint="open it in JupyterLab and save it again",
        )
    if not isinstance(document.get("metadata", {}), dict):
        raise PlaybookError(
            "its metadata is not a table", where=where, hint="save it in JupyterLab again"
        )
    if not isinstance(document.get("nbformat_minor", 5), int):
        raise PlaybookError(
            "its nbformat_minor is no whole number",
            where=where,
            hint="save it in JupyterLab again",
        )
    for number, cell in enumerate(document["cells"], start=1):
        if fault := _cell_fault(cell):
            raise PlaybookError(
                f"cell {number} {fault}", where=where, hint="save it in JupyterLab again"
            )
    counted = Counter(cell["id"] for cell in document["cells"] if "id" in cell)
    twice = sorted(cell_id for cell_id, count in counted.items() if count > 1)
    if twice:
        raise PlaybookError(
            f"two cells have the same id: {', '.join(twice)}",
            where=where,
            hint="give each cell an id of its own; translations and errors go by it",
        )
    check_metadata(document.get("metadata", {}).get("opsnb", {}), where)


def _cell_fault(cell: Any) -> str | None:
    """What keeps a cell from being used; the whole format is checked before it is executed."""
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return "has no known type"
    source, metadata = cell.get("source", ""), cell.get("metadata", {})
    if not isinstance(source, str) and not _is_texts(source):
        return "has a source that is no text"
    if not isinstance(metadata, dict) or not _is_texts(metadata.get("tags", [])):
        return "has metadata that cannot be read"
    if not isinstance(cell.get("id", ""), str):
        return "has an id that is no text"
    return None


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def read_parameters(cells: list[dict[str, Any]], where: str) -> list[Parameter]:
    """What the one code cell tagged `parameters` declares; PlaybookError otherwise."""
    tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
    if len(tagged) != 1 or tagged[0]["cell_type"] != "code":
        count = "no" if not tagged else "more than one" if len(tagged) > 1 else "a Markdown"
        raise PlaybookError(
            f'has {count} cell tagged "parameters"',
            where=where,
            hint='give exactly one code cell the tag "parameters" (it may be empty)',
        )
    source = source_of(tagged[0])
    assigned = _assigned_names(source, where)
    inspected = {row.name: row for row in _inspect(source)}
    for name in assigned:
        if name not in inspected:
            raise PlaybookError(
                f'parameter "{name}" cannot be read',
                where=where,
                hint='write it on one line, name = default  # type: TYPE help, with one "=" only',
            )
    return [_parameter(inspected[name], where) for name in assigned]


def _assigned_names(source: str, where: str) -> list[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise PlaybookError(
            f"its parameters cell is not Python (line {error.lineno}: {error.msg})",
            where=where,
            hint="keep the cell to lines of the form name = default  # type: TYPE help",
        ) from error
    names: list[str] = []
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names += [target.id for target in targets if isinstance(target, ast.Name)]
    return list(dict.fromkeys(names))


def _inspect(source: str) -> list[Any]:
    """papermill's own reading of a parameters cell."""
    translators = _part_of_papermill("translators")
    # It warns about lines it cannot read; the caller reports them better.
    logging.getLogger(translators.__name__).setLevel(logging.ERROR)
    return list(translators.PythonTranslator.inspect({"source": source}))


def _part_of_papermill(name: str) -> ModuleType:
    """A module of papermill without all that the package imports: that takes half a second."""
    package = "_opsnb_papermill"
    if package not in sys.modules:
        found = importlib.util.find_spec("papermill")
        assert found is not None
        sys.modules[package] = ModuleType(package)
        sys.modules[package].__path__ = list(found.submodule_search_locations or [])
    return importlib.import_module(f"{package}.{name}")


def _parameter(row: Any, where: str) -> Parameter:
    try:
        default = ast.literal_eval(row.default)
    except (ValueError, SyntaxError) as error:
        raise PlaybookError(
            f'the default of parameter "{row.name}" is not a plain value: {row.default}',
            where=where,
            hint='write text, a number, True, False or a list, and no "#" inside text',
        ) from error
    type_text = row.inferred_type_name
    if type_text == "None":
        type_text = type(default).__name__
    return declared(row.name, type_text, default, row.help.strip(), where)
