"""Output formats of a report: each module here is one, under its own name; plug-ins bring more.

A module holds `FORMAT`, a `Format` that draws its files from report.json and from what the
notebook shows. Nothing else has to know of it: runs, links in pages, the catalogue, the server
and the command line ask here.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from opsnb.base import resources
from opsnb.base.errors import OpsnbError, PluginError, PublishError, did_you_mean
from opsnb.base.plugins import Plugins
from opsnb.publishing.reports.run_record import Run, file_name

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from opsnb.base.messages import Language
    from opsnb.base.workspace import Workspace

PAGE = "html"
"""The format that every report has: what the catalogue opens, and what a failed run shows."""


@dataclass(frozen=True)
class Content:
    """What a format draws from: a run in one of its languages.

    Attributes
    ----------
    run : Run
    notebook : NotebookNode
        Executed; formats leave it as it is.
    reports : dict
        The content of report.json by language code.
    code : str
        The language to draw.
    formats : tuple of Format
        All that the report is made in, so that a page can link to the others.
    """

    run: Run
    notebook: NotebookNode
    reports: Mapping[str, dict[str, Any]]
    code: str
    formats: tuple[Format, ...] = ()

    @property
    def report(self) -> dict[str, Any]:
        """report.json in the language to draw."""
        return self.reports[self.code]

    @property
    def language(self) -> Language:
        """The language as the run's workspace words it."""
        return self.run.language(self.code)

    def file(self, extension: str, stem: str = "report") -> str:
        """A file's name in this language: `report.pdf`, `report.zh.pdf`."""
        return file_name(self.code, self.run.languages[0], extension, stem)

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """Label and file of the other formats that pages link to."""
        return tuple(
            (each.label, self.file(each.extension, each.stems[0]))
            for each in self.formats
            if each.linked and each.name != PAGE
        )


class Format(ABC):
    """An output format. One object serves all reports of a process, in several threads.

    Attributes
    ----------
    name : str
        As `formats = [...]` of opsnb.toml has it.
    label : str
        What links to its files say.
    extension : str
        Of its files, without the dot: `pdf` makes `report.pdf` and `report.zh.pdf`.
    media_type : str
        What the server says of them.
    stems : tuple of str
        Names of its files in each language, without language and extension.
    linked : bool
        Whether pages and catalogue link to the first of them.
    slow : bool
        Whether it takes longer than a page: it is then drawn beside the rest.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    extension: ClassVar[str]
    media_type: ClassVar[str] = "application/octet-stream"
    stems: ClassVar[tuple[str, ...]] = ("report",)
    linked: ClassVar[bool] = True
    slow: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        lacking = [each for each in ("name", "label", "extension") if not hasattr(cls, each)]
        if lacking:
            raise TypeError(f"format {cls.__name__} has no {', '.join(lacking)}")

    @abstractmethod
    def draw(self, stem: str, content: Content) -> bytes | str:
        """One of its files.

        Raises
        ------
        PublishError
            It cannot be made; the report stands without this format, and a warning says so.
        """

    def state(self, workspace: Workspace) -> str:
        """What it rests on beside report, templates and code: once that changes, it is drawn
        again."""
        return "made"

    def prepare(self) -> None:  # noqa: B027  most have nothing to make ready
        """Loads what `draw` needs, while kernels are still at work."""


def own_formats() -> list[str]:
    """Names of the formats that come with opsnb."""
    return resources.modules_in(Path(__file__).parent)


def find_format(name: str, plugins: Plugins) -> Format | None:
    """The format of that name: opsnb's own, else a plug-in's.

    Raises
    ------
    PluginError
        The plug-in that brings it cannot be used, or two bring it.
    """
    if name in own_formats():
        own: Format = importlib.import_module(f"{__name__}.{name}").FORMAT
        return own
    found = plugins.find("formats", name)
    if isinstance(found, type) and issubclass(found, Format):
        found = _made(found, name, plugins)
    if found is not None and not (isinstance(found, Format) and found.name == name):
        raise PluginError(
            f'what it brings as the format "{name}" is no Format of that name',
            where=f"plug-in {plugins.owner('formats', name)}",
            hint="bring an object or class derived from opsnb.publishing.reports.formats.Format",
        )
    return found


def _made(kind: type[Format], name: str, plugins: Plugins) -> Format:
    try:
        return kind()
    except (Exception, SystemExit) as error:  # another's code
        raise PluginError(
            f'its format "{name}" cannot be made ({type(error).__name__}: {error})',
            where=f"plug-in {plugins.owner('formats', name)}",
            hint=f"give {kind.__name__} an __init__ without parameters that does not fail",
        ) from error


def known_formats(plugins: Plugins) -> list[Format]:
    """All formats that can be used here, the page first."""
    found: list[Format] = []
    for name in dict.fromkeys([PAGE, *own_formats(), *plugins.names("formats")]):
        try:
            each = find_format(name, plugins)
        except OpsnbError:  # asked for by its name, it is an error
            continue
        if each is not None:
            found.append(each)
    return found


def chosen_formats(workspace: Workspace, asked: Iterable[str] | None = None) -> tuple[Format, ...]:
    """The formats of a report, the page first: it is always made.

    Parameters
    ----------
    asked : iterable of str, optional
        Names; default those of opsnb.toml.

    Raises
    ------
    PluginError
        A plug-in that brings one cannot be used.
    PublishError
        A format is not known.
    """
    where = "opsnb.toml, report.formats" if asked is None else "formats"
    names = workspace.formats if asked is None else asked
    found = []
    for name in dict.fromkeys([PAGE, *names]):
        each = find_format(name, workspace.plugins)
        if each is None:
            known = [*own_formats(), *workspace.plugins.names("formats")]
            hint = did_you_mean(name, known, kind="formats") + workspace.plugins.remark
            raise PublishError(f'no format "{name}"', where=where, hint=hint)
        found.append(each)
    owners = {"report.json": "record"}
    for each in found:
        for file in (f"{stem}.{each.extension}" for stem in each.stems):
            if owners.setdefault(file, each.name) != each.name:
                raise PublishError(
                    f"formats {owners[file]} and {each.name} both write {file}",
                    where=where,
                    hint=f"leave {each.name} out",
                )
    return tuple(found)
