"""The plan of the house, as docs/architecture.md shows it: every module with its one line.

    python -m tests.house       writes it anew

The order of `HOUSE` is the order of imports: a part may import those before it in its own half,
and both halves those of the base.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "opsnb"
MODULES = sorted(PACKAGE.rglob("*.py"))
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- house: python -m tests.house -->", "<!-- end of house -->"

HOUSE = {
    "base": (
        "errors", "json_text", "concerns", "unsafe_text", "personal_data", "resources", "durable",
        "core_share", "dependencies", "credentials", "messages", "periods", "seam", "page_parts",
        "entries", "predictions", "ledger", "plugins", "connectors", "toml_model", "traits",
        "plans", "workspace",
    ),
    "analysis": (
        "sources", "tables", "mapping", "metrics", "definitions", "methods", "findings", "display",
        "shown", "recorded_values", "recorder", "reviews", "readiness", "running_notebook",
        "session",
    ),
    "publishing": (
        "playbooks", "kernels", "execution", "reports", "site", "runs", "serve",
    ),
}  # fmt: skip
TOP = ("cli", "sample", "__init__", "__main__")
"""Compose both halves."""


def name_of(path: Path) -> str:
    """The dotted name of a module or package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def place(name: str) -> tuple[str, str]:
    """Half and part of a dotted name: `opsnb.analysis.metrics.arms` -> analysis, metrics."""
    _, half, part, *_ = (*name.split("."), "", "")
    return (half, part) if half in HOUSE else ("top", half or "__init__")


NAMES = {name_of(path): path for path in MODULES}


def imports(path: Path) -> Iterator[str]:
    """Modules of opsnb that a module imports, those for types alone included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] == "opsnb")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "opsnb":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in NAMES else str(node.module)


def origin(module: str, name: str) -> str:
    """The module that a name comes from: packages hand on what others define."""
    inner = f"{module}.{name}"
    if inner in NAMES:
        return inner
    path = NAMES.get(module)
    if path is None or path.name != "__init__.py":
        return module
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("opsnb"):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return origin(str(node.module), alias.name)
    return module


def origins(path: Path) -> Iterator[str]:
    """Modules that define what a module imports, those for types alone included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "opsnb":
            yield from (origin(str(node.module), alias.name) for alias in node.names)


def first_line(path: Path) -> str:
    """The first line of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.split("\n\n")[0].replace("\n", " ").strip()


def plan() -> str:
    """Packages in the order of imports, each with its line and those of its modules."""
    order = [f"opsnb.{half}.{part}" for half, parts in HOUSE.items() for part in parts]
    order += [f"opsnb.{part}" for part in TOP[:2]]
    lines: list[str] = []
    for half, parts in HOUSE.items():
        lines += [f"### opsnb/{half}", "", first_line(NAMES[f"opsnb.{half}"]), ""]
        lines += [line for part in parts for line in _listed(f"opsnb.{half}.{part}")]
        lines.append("")
    lines += ["### on top", ""]
    lines += [line for part in TOP[:2] for line in _listed(f"opsnb.{part}")]
    return "\n".join(lines)


def _listed(name: str, depth: int = 0) -> list[str]:
    indent, path = "  " * depth, NAMES[name]
    label = f"{name.rpartition('.')[2]}{'/' if path.name == '__init__.py' else ''}"
    inner = [n for n in sorted(NAMES) if n.rpartition(".")[0] == name]
    own = [f"{indent}- `{label}` {first_line(path)}"]
    return own + [line for each in inner for line in _listed(each, depth + 1)]


def main() -> int:
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    PAGE.write_text(f"{head}{BEGIN}\n{plan()}\n{END}{tail}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
