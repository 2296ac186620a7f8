"""Reads a playbook's contract: title, purpose, parameters, the tables it needs.

A playbook is read as a document; nothing of it is executed here. What lists many playbooks
reads only JSON, so that it stays quick; papermill is imported when parameters are asked for.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opsnb.base import resources
from opsnb.base.errors import PlaybookError, did_you_mean
from opsnb.base.periods import Kind
from opsnb.base.plugins import Plugins
from opsnb.base.traits import SUBJECTS, Traits
from opsnb.publishing.playbooks import parameters as parameter_types
from opsnb.publishing.playbooks.notebook_file import (
    check_structure,
    read_json,
    read_parameters,
    source_of,
    split_heading,
)
from opsnb.publishing.playbooks.parameters import Known, Parameter

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from opsnb.base.messages import Language
    from opsnb.base.workspace import Workspace


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

        A workspace's own `playbooks/` comes before those of plug-ins, and these before those
        that opsnb brings.

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
        found = paths.get(text) or paths.get(text.replace("-", "_"))
        if found is None:
            plugins = workspace.plugins if workspace is not None else Plugins()
            hint = did_you_mean(text, paths, kind="playbooks") + plugins.remark
            raise PlaybookError(f'no playbook "{text}"', hint=hint)
        return cls.read(found)

    @classmethod
    def all(cls, workspace: Workspace | None) -> list[Playbook]:
        """Every playbook that a workspace can run, by name."""
        return [cls.read(path) for _, path in sorted(_paths(workspace).items())]

    @classmethod
    def read(cls, path: Path) -> Playbook:
        """The playbook in a file, its structure checked."""
        document = read_json(path)
        check_structure(document, path.name)
        return cls(path.stem, path, document)

    # -- what it says -------------------------------------------------------------------

    @property
    def cells(self) -> list[dict[str, Any]]:
        cells: list[dict[str, Any]] = self.document["cells"]
        return cells

    @property
    def metadata(self) -> Mapping[str, Any]:
        metadata: Mapping[str, Any] = self.document.get("metadata", {}).get("opsnb", {})
        return metadata

    @cached_property
    def traits(self) -> Traits:
        """Its name and traits, as the kernel is told them."""
        return Traits.of(self.name, self.metadata)

    @property
    def key(self) -> str:
        """What its reports and the ledger call it: its file's name, but for older copies."""
        return self.traits.name

    @property
    def needs(self) -> list[str]:
        """Tables it cannot do without."""
        return list(self.traits.needs)

    @property
    def optional(self) -> list[str]:
        """Tables whose sections it leaves out when they are missing."""
        return list(self.traits.optional)

    @property
    def subject(self) -> str | None:
        """`experiment`, `campaign`, or None."""
        return self.traits.subject

    @property
    def period(self) -> Kind:
        """The kind of cycle it belongs to: week, month, quarter, year."""
        return self.traits.period

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
        return split_heading(self._text(cell, language), _humanised(self.name))

    def _text(self, cell: Mapping[str, Any], language: Language | None) -> str:
        key = f"playbook.{self.traits.texts}.{cell.get('id')}"
        if language is not None and language.has(key):
            return language.texts[key]
        return source_of(cell)

    @cached_property
    def sections(self) -> dict[int, str]:
        """The heading that each cell stands under, by the cell's position."""
        found, heading = {}, self.title
        for index, cell in enumerate(self.cells):
            if cell["cell_type"] == "markdown":
                heading = split_heading(source_of(cell), heading)[0]
            found[index] = heading
        return found

    @property
    def code(self) -> list[str]:
        """The sources of its code cells."""
        return [source_of(cell) for cell in self.cells if cell["cell_type"] == "code"]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its cells (type, source, tags): outputs and counts do not change it."""
        parts = [
            [c["cell_type"], source_of(c), c.get("metadata", {}).get("tags", [])]
            for c in self.cells
        ]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()

    def notebook(self) -> NotebookNode:
        """A copy to execute; cells without ids get them by position.

        Raises
        ------
        PlaybookError
            It does not have the layout of a notebook.
        """
        import nbformat

        document = copy.deepcopy(dict(self.document))
        for number, cell in enumerate(document["cells"]):
            cell.setdefault("id", f"cell-{number}")
        document |= {"nbformat": 4, "nbformat_minor": max(5, document.get("nbformat_minor", 5))}
        document.setdefault("metadata", {})
        try:
            nbformat.validate(document)
        except nbformat.ValidationError as error:
            raise PlaybookError(
                f"is not a sound notebook: {str(error).splitlines()[0]}",
                where=self.path.name,
                hint="open it in JupyterLab and save it again, or restore it from git",
            ) from error
        notebook: NotebookNode = nbformat.from_dict(document)
        return notebook

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
        return read_parameters(self.cells, self.path.name)

    def parameter_of_type(self, type_name: str) -> Parameter | None:
        return next((p for p in self.parameters if p.type == type_name), None)

    @property
    def subject_parameter(self) -> Parameter | None:
        """The parameter that names the campaign or experiment it is about."""
        if self.subject is not None:
            return self.parameter_of_type(self.subject)
        return next((p for p in self.parameters if p.type in SUBJECTS), None)

    def bind(self, params: Mapping[str, Any], known: Known) -> dict[str, Any]:
        """The value of each parameter, all of them checked; see `parameters.bind`."""
        return parameter_types.bind(self.parameters, params, known, playbook=self.name)


def _paths(workspace: Workspace | None) -> dict[str, Path]:
    """Playbooks by name: opsnb's own, those of plug-ins, then the workspace's."""
    found = _in_folder(resources.playbooks())
    found.update((workspace.plugins if workspace is not None else Plugins()).playbooks())
    if workspace is not None:
        found.update(_in_folder(workspace.root / "playbooks"))
    return found


def _in_folder(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("[!.]*.ipynb"))}


def _humanised(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").strip().capitalize()
