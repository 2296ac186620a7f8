"""The environment that kernels start in. Light to import: zygotes start before anything else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import opsnb
from opsnb.publishing.kernels.preload import BEFORE_IMPORT


def kernel_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a kernel: this process's own, with its import paths made absolute.

    A kernel works in another folder, where `PYTHONPATH=.` would mean something else.
    """
    environment = dict(os.environ)
    paths = [
        str(Path(p).resolve()) for p in environment.get("PYTHONPATH", "").split(os.pathsep) if p
    ]
    home = Path(opsnb.__file__).resolve().parent.parent
    if home.name not in ("site-packages", "dist-packages") and str(home) not in paths:
        paths.append(str(home))
    if paths:
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    environment.pop("MPLBACKEND", None)  # the kernel chooses its own
    return {**BEFORE_IMPORT, **environment, "PYTHONUNBUFFERED": "1", **extra}
