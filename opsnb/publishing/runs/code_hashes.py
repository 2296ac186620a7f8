"""Hashes of the code that reports are made with: opsnb's own files, the libraries' versions."""

from __future__ import annotations

import functools
import platform
import sys
from hashlib import sha256
from pathlib import Path

import opsnb
from opsnb.base import resources
from opsnb.publishing.runs.hashes import hash_of

LIBRARIES = (
    "babel", "clickhouse_connect", "duckdb", "holidays", "ibis_framework", "ipykernel",
    "matplotlib", "numpy", "pandas", "psycopg", "pyarrow", "pyspark", "rjieba", "scipy",
    "seaborn", "sqlglot",
)  # fmt: skip
"""Whose versions can change a result."""

_READ_BY_KERNELS = (
    "__init__.py", "base", "analysis", "fonts", "publishing/__init__.py", "publishing/kernels",
)  # fmt: skip
"""Files and folders of the package, whole: which of a folder's files a kernel opens varies."""


@functools.cache
def own_code() -> str:
    """What kernels read of opsnb: code, texts, definitions, fonts; a test traces what they open."""
    package = Path(opsnb.__file__).parent
    places = [package / name for name in _READ_BY_KERNELS]
    places.append(resources.templates() / "report" / "fragments.css")
    return hash_of(
        [
            [file.relative_to(place.parent).as_posix(), sha256(file.read_bytes()).hexdigest()]
            for place in places
            for file in sorted(place.rglob("*")) or [place]
            if file.suffix != ".pyc" and file.is_file()
        ]
    )


@functools.cache
def libraries() -> str:
    """Versions by the names of the folders that installers leave: quicker than asking."""
    folders = (Path(place) for place in sys.path if place.endswith("-packages"))
    names = {p.name.lower() for f in folders if f.is_dir() for p in f.glob("*.dist-info")}
    known = {name for name in names if name.partition("-")[0] in LIBRARIES}
    return hash_of([platform.python_version(), *sorted(known)])
