"""The command line is tried in the workspace that runs are tried in."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from opsnb.cli import app
from tests.publishing.runs.conftest import (  # noqa: F401
    _no_built_in_playbooks,
    leftovers,
    make,
    root,
    seam,
    workspace,
)


@pytest.fixture
def call(root: Path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(root)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments), prog_name="opsnb")

    return invoke
