"""What a run needs from this machine, each point tried rather than assumed."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from opsnb.base.errors import OpsnbError, PluginError

if TYPE_CHECKING:
    from opsnb.base.plugins import Installed
    from opsnb.base.workspace import Workspace

Status = Literal["OK", "WARN", "FAIL"]

PINS = {
    "ibis-framework": ((12, 0), (12, 1)),
    "duckdb": ((1, 5), (2,)),
    "sqlglot": ((0,), (30, 18)),
}
"""Packages that break opsnb outside a range: from the first version, below the second."""


@dataclass(frozen=True)
class Diagnosis:
    """One point: whether it is well, what was found, and the fix where it is not."""

    name: str
    status: Status
    detail: str
    fix: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def diagnose(workspace_path: Path | None = None) -> Iterator[Diagnosis]:
    """Every point in turn; none of them raises.

    Parameters
    ----------
    workspace_path : Path, optional
        As for `Workspace.load`.
    """
    yield Diagnosis("Python", "OK", platform.python_version())
    yield from (_pin(name) for name in PINS)
    yield _guarded("fonts", _fonts)
    yield _guarded("PDF engine", _pdf)
    yield _guarded("kernel", _kernel)
    yield _guarded("warm kernels", _warm_kernels)
    yield from _workspace(workspace_path)


def _guarded(name: str, point: Callable[[], Diagnosis]) -> Diagnosis:
    try:
        return point()
    except PluginError as error:
        return Diagnosis(name, "FAIL", f"{error.where}: {error.what}", error.hint)
    except OpsnbError as error:
        return Diagnosis(name, "FAIL", error.what, error.hint)
    except (Exception, SystemExit) as error:
        return Diagnosis(name, "FAIL", f"{type(error).__name__}: {error}", _REINSTALL)


_SPECIMEN = "Report 运营复盘报告：王喆 转化率 +1.2%，¥3,400 ▲▼−×"

_REINSTALL = "install opsnb again in a fresh environment (environment.yml)"


def _pin(distribution: str) -> Diagnosis:
    from opsnb.publishing.execution.provenance import installed_version

    low, high = (".".join(map(str, bound)) for bound in PINS[distribution])
    wanted = f"below {high}" if PINS[distribution][0] == (0,) else f"from {low}, below {high}"
    fix = f'pip install "{distribution}>={low},<{high}"'
    version = installed_version(distribution)
    if version is None:
        return Diagnosis(distribution, "FAIL", "not installed", fix)
    if not satisfies(version, *PINS[distribution]):
        return Diagnosis(distribution, "FAIL", f"{version}, but opsnb needs {wanted}", fix)
    return Diagnosis(distribution, "OK", f"{version} ({wanted})")


def satisfies(version: str, low: tuple[int, ...], high: tuple[int, ...]) -> bool:
    """Whether a version such as "1.5.6" or "12.0.0rc1" is at least `low` and below `high`."""
    numbers = []
    for part in version.split("."):
        digits = part[: next((i for i, c in enumerate(part) if not c.isdigit()), len(part))]
        if not digits:
            break
        numbers.append(int(digits))
    return low <= tuple(numbers) < high


def _fonts() -> Diagnosis:
    """Whether the fonts are there and draw what reports are written in."""
    from opsnb.publishing.reports.fonts import font_paths, missing_glyphs

    paths = font_paths()
    lost = [path.name for path in paths if not path.is_file()]
    if lost:
        return Diagnosis("fonts", "FAIL", f"missing: {', '.join(lost)}", _REINSTALL)
    undrawn = missing_glyphs(frozenset(_SPECIMEN))
    if undrawn:
        return Diagnosis("fonts", "FAIL", f"no font draws {''.join(sorted(undrawn))}", _REINSTALL)
    return Diagnosis("fonts", "OK", ", ".join(dict.fromkeys(path.name for path in paths)))


def _pdf() -> Diagnosis:
    from opsnb.base.errors import PublishError
    from opsnb.publishing.execution.provenance import installed_version
    from opsnb.publishing.reports.pdf_engines import engine

    name = engine()
    detail = f"{name} {installed_version(name) or ''}".strip()
    try:
        tagged = engine(accessible=True)
        detail += f", tagged PDFs by {tagged} {installed_version(tagged) or ''}".rstrip()
    except PublishError:
        detail += ", no tagged PDFs (extra accessible)"
    return Diagnosis("PDF engine", "OK", detail)


def _kernel() -> Diagnosis:
    """Starts a kernel as a run does, and has it calculate."""
    import io
    import time

    from nbformat.v4 import new_code_cell, new_notebook

    from opsnb.publishing.execution.kernel_group import Kernels
    from opsnb.publishing.execution.limits import Limits
    from opsnb.publishing.execution.papermill_engine import execute

    started, log = time.monotonic(), io.StringIO()
    with tempfile.TemporaryDirectory(prefix="opsnb-") as folder:
        execution = execute(
            new_notebook(cells=[new_code_cell("import opsnb\n1 + 1")]),
            {},
            environment={},
            folder=Path(folder),
            log=log,
            limits=Limits(cell=60, run=90, start=60),
            kernels=Kernels(),
        )
    if execution.failure is not None:
        return Diagnosis(
            "kernel",
            "FAIL",
            f"{execution.failure.name}: {execution.failure.message}",
            "check that ipykernel is installed here and that programs may open local sockets",
        )
    answer = execution.notebook.cells[0].outputs[0]["data"]["text/plain"]
    if answer != "2":
        return Diagnosis("kernel", "FAIL", f"1 + 1 came out as {answer}", _REINSTALL)
    return Diagnosis("kernel", "OK", f"1 + 1 = 2 in {time.monotonic() - started:.1f} s")


def _warm_kernels() -> Diagnosis:
    """Whether kernels are forked here; they need not be, ordinary ones are slower."""
    from opsnb.publishing.execution.environment import kernel_environment
    from opsnb.publishing.kernels.client import NoWarmKernel, why_not, zygote

    try:
        imports = zygote(kernel_environment({})).ready()
    except (NoWarmKernel, OSError) as error:
        fix = (
            "" if why_not() else "report this line to opsnb's maintainers; reports are made anyway"
        )
        found = f"{error}: ordinary kernels are used, about a second slower a report"
        return Diagnosis("warm kernels", "OK" if why_not() else "WARN", found, fix)
    return Diagnosis("warm kernels", "OK", f"forked; imports done once, in {imports:.1f} s")


def _workspace(path: Path | None) -> Iterator[Diagnosis]:
    from opsnb.base.workspace import Workspace

    try:
        workspace = Workspace.load(path)
        plans = len(workspace.experiments) + len(workspace.campaigns)
        language = workspace.speak("en")
    except OpsnbError as error:
        yield Diagnosis("workspace", "FAIL", str(error), error.hint)
        return
    found = f"{language.say(workspace.name)}: {len(workspace.tables)} tables, {plans} plans"
    if workspace.tables:
        yield Diagnosis("workspace", "OK", found)
    else:
        yield Diagnosis(
            "workspace", "WARN", found, "map your tables: opsnb map FOLDER; or run opsnb sample"
        )
    if broken := workspace.broken_plans:
        said = f"{len(broken)} of plans/ cannot be used: {broken[0]}"
        yield Diagnosis("plans", "WARN", said, "opsnb check lists what is wrong in each file")
    yield from _plugins(workspace)
    yield _guarded("formats", lambda: _formats(workspace))
    yield _guarded("disk", lambda: _disk(workspace.reports))


def _plugins(workspace: Workspace) -> Iterator[Diagnosis]:
    """Each plug-in that is installed: used, switched off, or left out, and why."""
    from opsnb.base.plugins import installed

    for one in installed():
        name = f"plug-in {one.name}"
        package = f"{one.distribution} {one.version}"
        if one.name in workspace.plugins.off:
            yield Diagnosis(name, "OK", f"{package}, switched off in opsnb.toml")
        elif one.brings is None:
            fix = f'mend or remove its package, or add [plugins] off = ["{one.name}"]'
            if one.rival:  # to switch the name off would switch off both
                both = f"{one.rival} and {one.distribution}"
                fix = f"remove one of the packages {both}, or rename the plug-in of one"
            yield Diagnosis(name, "WARN", f"{package} is left out: {one.reason}", fix)
        elif faults := list(_faults(one, workspace)):
            for fault in faults:
                yield Diagnosis(name, "FAIL", f"{package}: {fault.what}", fault.hint)
        else:
            yield Diagnosis(name, "OK", f"{package} brings {one.brings.summary or 'nothing'}")


def _faults(one: Installed, workspace: Workspace) -> Iterator[OpsnbError]:
    """What is wrong with the sources and formats that a plug-in brings."""
    from opsnb.base.connectors import find_connector
    from opsnb.publishing.reports.formats import find_format

    found: dict[str, Callable[..., object]] = {"sources": find_connector, "formats": find_format}
    for kind, find in found.items():
        for name in sorted(getattr(one.brings, kind)):
            try:
                find(name, workspace.plugins)
            except OpsnbError as error:
                yield error


def _formats(workspace: Workspace) -> Diagnosis:
    """Whether the formats that opsnb.toml asks for can be made."""
    from opsnb.publishing.reports.formats import chosen_formats

    chosen = chosen_formats(workspace)
    for each in chosen:
        each.prepare()
    return Diagnosis("formats", "OK", ", ".join(each.name for each in chosen))


def _disk(reports: Path) -> Diagnosis:
    """Whether a report could be written: a file is, and is removed again."""
    import shutil

    folder = next(p for p in (reports, *reports.parents) if p.is_dir())
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".opsnb-") as file:
            file.write(b"opsnb")
    except OSError as error:
        return Diagnosis(
            "disk",
            "FAIL",
            f"cannot write to {reports.name}/ ({error.strerror})",
            "check the folder's permissions and the free space",
        )
    free = shutil.disk_usage(folder).free / 1e9
    if free < 1:
        return Diagnosis("disk", "WARN", f"{free:.1f} GB free", "make room for the reports")
    return Diagnosis("disk", "OK", f"reports/ can be written, {free:,.0f} GB free")
