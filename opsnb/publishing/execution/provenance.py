"""What made a report: versions, the workspace's commit, the playbook."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import opsnb
from opsnb.publishing.playbooks.playbook import Playbook

PACKAGES = {
    "ibis": "ibis-framework",
    "duckdb": "duckdb",
    "pandas": "pandas",
    "numpy": "numpy",
    "scipy": "scipy",
    "matplotlib": "matplotlib",
    "papermill": "papermill",
    "nbconvert": "nbconvert",
}
"""Packages whose versions a report names, and what they are called when installed."""


def provenance(playbook: Playbook, root: Path, plugins: Mapping[str, str]) -> dict[str, Any]:
    """Versions, commit and playbook hash, without anything that names this machine.

    Parameters
    ----------
    plugins : dict
        Their versions by name.

    Returns
    -------
    dict
        `opsnb`, `python`, `packages` (name to version), `plugins` where there are any, `git`
        (`commit`, `dirty`; None where the workspace is no git checkout), `playbook` (`name`,
        `sha256`, `subject`: what kind of plan it is about).
    """
    about = playbook.subject_parameter
    return {
        "opsnb": opsnb.__version__,
        "python": platform.python_version(),
        "packages": _package_versions(),
        **({"plugins": dict(plugins)} if plugins else {}),
        "git": git_state(root),
        "playbook": {
            "name": playbook.name,
            "sha256": playbook.digest,
            "subject": about.type if about else None,
        },
    }


def installed_version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


@cache
def _package_versions() -> dict[str, str]:
    found = {name: installed_version(packed) for name, packed in PACKAGES.items()}
    return {name: version for name, version in found.items() if version is not None}


def git_state(root: Path) -> dict[str, Any] | None:
    """The commit a workspace is at, and whether files beside its reports differ from it."""
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return None
    changes = _git(root, "status", "--porcelain", "--", ".", ":(exclude)reports")
    return {"commit": commit, "dirty": bool(changes)}


def _git(root: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
