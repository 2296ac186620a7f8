"""Schemes by folder: what the folders say is what the connectors say."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from opsnb.base.connectors import Connector, names_files, own_schemes
from opsnb.base.plugins import Plugins


@pytest.mark.parametrize(("scheme", "files"), sorted(own_schemes().items()))
def test_a_connector_lies_in_the_folder_of_its_kind(scheme: str, files: bool) -> None:
    folder = "files" if files else "servers"
    connector = importlib.import_module(f"opsnb.analysis.sources.{folder}.{scheme}").CONNECTOR
    assert isinstance(connector, Connector)
    assert connector.files == files == names_files(scheme, Plugins())


def test_the_schemes_that_opsnb_brings() -> None:
    known = own_schemes()
    assert {name for name, files in known.items() if files} == {"csv", "duckdb", "excel", "parquet"}
    assert {"postgres", "postgresql", "clickhouse", "chdb", "spark", "sc"} < known.keys()
    assert not names_files("ftp", Plugins())


def test_schemes_are_told_without_loading_the_analysis() -> None:
    asked = (
        "import sys; from opsnb.base.connectors import names_files; "
        "from opsnb.base.plugins import Plugins; print(names_files('csv', Plugins()), "
        "any(name.startswith('opsnb.analysis') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
