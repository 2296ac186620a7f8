"""Reads a playbook's contract: title, purpose, parameters, the tables it needs.

A playbook is read as a document; nothing of it is executed here. What lists many playbooks
reads only JSON, so that it stays quick; papermill is imported when parameters are asked for.
"""

from __future__ import annotations

import ast
import hashlib
import json
import logging
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opsnb import parameters as parameter_types
from opsnb import resources
from opsnb.errors import PlaybookError, did_you_mean
from opsnb.parameters import SUBJECTS, Known, Parameter

if TYPE_CHECKING:
    from opsnb.messages import Language
    from opsnb.workspace import Workspace

_METADATA = {"name": str, "needs": list, "optional": list, "subject": str, "period": str}


@dataclass(frozen=True)
class Playbook:
    """A notebook that a cycle can run.

    Attributes
    ----------
    name : str
        The file's name without its ending: what one types.
    path : Path
    document : dict
        The notebook as JSON.
    """

    name: str
    path: Path
    document: Mapping[str, Any] = field(repr=False)

    # -- finding ------------------------------------------------------------------------

    @classmethod
    def load(cls, name_or_path: str | Path, workspace: Workspace | None) -> Playbook:
        """The playbook of that name, or the notebook at that path.

        A workspace's own `playbooks/` comes before those that opsnb brings.

        Raises
        ------
        PlaybookError
            There is none, or it cannot be read.
        """
        text = str(name_or_path)
        if text.endswith(".ipynb"):
            path = Path(text).expanduser()
            if not path.is_file():
                raise PlaybookError(
                    "no such notebook", where=text, hint="check the path, or give a playbook's name"
                )
            return cls.read(path.resolve())
        paths = _paths(workspace)
        path = paths.get(text) or paths.get(text.replace("-", "_"))
        if path is None:
            raise PlaybookError(
                f'no playbook "{text}"', hint=did_you_mean(text, paths, kind="playbooks")
            )
        return cls.read(path)

    @classmethod
    def all(cls, workspace: Workspace | None) -> list[Playbook]:
        """Every playbook that a workspace can run, by name."""
        return [cls.read(path) for _, path in sorted(_paths(workspace).items())]

    @classmethod
    def read(cls, path: Path) -> Playbook:
        """The playbook in a file, its structure checked."""
        document = _read_json(path)
        _check_structure(document, path.name)
        return cls(path.stem, path, document)

    # -- what it says -------------------------------------------------------------------

    @property
    def cells(self) -> list[dict[str, Any]]:
        return self.document["cells"]

    @property
    def metadata(self) -> Mapping[str, Any]:
        return self.document.get("metadata", {}).get("opsnb", {})

    @property
    def key(self) -> str:
        """The name its texts have in the language files; a copy keeps the original's."""
        return self.metadata.get("name", self.name)

    @property
    def needs(self) -> list[str]:
        """Tables it cannot do without."""
        return list(self.metadata.get("needs", []))

    @property
    def optional(self) -> list[str]:
        """Tables whose sections it leaves out when they are missing."""
        return list(self.metadata.get("optional", []))

    @property
    def subject(self) -> str | None:
        """`experiment`, `campaign`, or None."""
        return self.metadata.get("subject")

    @property
    def period(self) -> str:
        """The kind of cycle it belongs to: week, month, quarter, year."""
        return self.metadata.get("period", "month")

    @property
    def title(self) -> str:
        return self._heading(None)[0]

    @property
    def purpose(self) -> str:
        return self._heading(None)[1]

    def title_in(self, language: Language) -> str:
        return self._heading(language)[0]

    def purpose_in(self, language: Language) -> str:
        return self._heading(language)[1]

    def _heading(self, language: Language | None) -> tuple[str, str]:
        """Title and purpose, from the first Markdown cell."""
        cell = next((c for c in self.cells if c["cell_type"] == "markdown"), None)
        if cell is None:
            return _humanised(self.name), ""
        return _split_heading(self._text(cell, language), _humanised(self.name))

    def _text(self, cell: Mapping[str, Any], language: Language | None) -> str:
        key = f"playbook.{self.key}.{cell.get('id')}"
        if language is not None and language.has(key):
            return language.texts[key]
        return source_of(cell)

    @cached_property
    def sections(self) -> dict[int, str]:
        """The heading that each cell stands under, by the cell's position."""
        found, heading = {}, self.title
        for index, cell in enumerate(self.cells):
            if cell["cell_type"] == "markdown":
                heading = _split_heading(source_of(cell), heading)[0]
            found[index] = heading
        return found

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its cells (type, source, tags): outputs and counts do not change it."""
        parts = [
            [c["cell_type"], source_of(c), c.get("metadata", {}).get("tags", [])]
            for c in self.cells
        ]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()

    @cached_property
    def warnings(self) -> list[str]:
        """What is odd about the file without keeping it from running."""
        found = []
        if any(c.get("outputs") for c in self.cells):
            found.append(f"{self.path.name} holds outputs of an earlier run; they are not used")
        if any("id" not in c for c in self.cells):
            found.append(
                f"{self.path.name} has cells without ids, which cannot be translated;"
                " save it in a current JupyterLab"
            )
        return found

    # -- parameters ---------------------------------------------------------------------

    @cached_property
    def parameters(self) -> list[Parameter]:
        """What the cell tagged `parameters` declares, in its order.

        Raises
        ------
        PlaybookError
            There is no such cell, or a line of it cannot be read.
        """
        return _read_parameters(self.cells, self.path.name)

    def parameter_of_type(self, type_name: str) -> Parameter | None:
        return next((p for p in self.parameters if p.type == type_name), None)

    @property
    def subject_parameter(self) -> Parameter | None:
        """The parameter that names the campaign or experiment it is about."""
        if self.subject is not None:
            return self.parameter_of_type(self.subject)
        return next((p for p in self.parameters if p.type in SUBJECTS), None)

    def bind(self, params: Mapping[str, Any], known: Known) -> dict[str, Any]:
        """The value of each parameter, all of them checked; see `opsnb.parameters.bind`."""
        return parameter_types.bind(self.parameters, params, known, playbook=self.name)


def source_of(cell: Mapping[str, Any]) -> str:
    """A cell's source as one string (files hold it as lines)."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _paths(workspace: Workspace | None) -> dict[str, Path]:
    folders = [resources.playbooks()]
    if workspace is not None:
        folders.append(workspace.root / "playbooks")
    return {
        path.stem: path
        for folder in folders
        for path in sorted(folder.glob("*.ipynb"))
        if not path.name.startswith(".")
    }


def _humanised(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").strip().capitalize()


def _split_heading(text: str, fallback: str) -> tuple[str, str]:
    """A Markdown text's first heading and the first paragraph after it."""
    match = re.search(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", text, re.MULTILINE)
    if match is None:
        return fallback, ""
    paragraphs = [part.strip() for part in text[match.end() :].split("\n\n") if part.strip()]
    purpose = paragraphs[0] if paragraphs and not paragraphs[0].startswith("#") else ""
    return match.group(1).strip(), " ".join(purpose.split())


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise PlaybookError(
            f"cannot read the notebook ({reason})", where=path.name, hint="check the file"
        ) from error
    except json.JSONDecodeError as error:
        raise PlaybookError(
            f"is not a notebook: it is not JSON (line {error.lineno})",
            where=path.name,
            hint="open it in JupyterLab and save it again, or restore it from git",
        ) from error
    return document


def _check_structure(document: Any, where: str) -> None:
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        raise PlaybookError(
            "is not a notebook of format 4: it has no list of cells",
            where=where,
            hint="open it in JupyterLab and save it again",
        )
    for number, cell in enumerate(document["cells"], start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            raise PlaybookError(
                f"cell {number} has no known type", where=where, hint="save it in JupyterLab again"
            )
    counted = Counter(cell["id"] for cell in document["cells"] if "id" in cell)
    twice = sorted(cell_id for cell_id, count in counted.items() if count > 1)
    if twice:
        raise PlaybookError(
            f"two cells have the same id: {', '.join(twice)}",
            where=where,
            hint="give each cell an id of its own; translations and errors go by it",
        )
    _check_metadata(document.get("metadata", {}).get("opsnb", {}), where)


def _check_metadata(metadata: Any, where: str) -> None:
    if not isinstance(metadata, dict):
        raise PlaybookError(
            "its opsnb metadata is not a table", where=where, hint='write {"name": ..., ...}'
        )
    for name, value in metadata.items():
        if name not in _METADATA:
            raise PlaybookError(
                f'its opsnb metadata has the unknown key "{name}"',
                where=where,
                hint=did_you_mean(name, _METADATA, kind="keys"),
            )
        optional_none = name == "subject" and value is None
        if not isinstance(value, _METADATA[name]) and not optional_none:
            kind = "a list of table names" if _METADATA[name] is list else "text"
            raise PlaybookError(
                f'opsnb metadata "{name}" is not {kind}', where=where, hint=f"write {kind}"
            )
    if metadata.get("subject") not in (None, *SUBJECTS):
        raise PlaybookError(
            f'opsnb metadata has the unknown subject "{metadata["subject"]}"',
            where=where,
            hint=did_you_mean(metadata["subject"], SUBJECTS, kind="subjects"),
        )


def _read_parameters(cells: list[dict[str, Any]], where: str) -> list[Parameter]:
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
    from papermill.translators import PythonTranslator

    # It warns about lines it cannot read; the caller reports them better.
    logging.getLogger("papermill.translators").setLevel(logging.ERROR)
    return PythonTranslator.inspect({"source": source})


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
    return parameter_types.declared(row.name, type_text, default, row.help.strip(), where)
