"""Each point that the doctor looks at can fail, and says the fix."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import opsnb.cli.doctor
from opsnb.base import plugins
from opsnb.base.errors import PublishError
from opsnb.base.plugins import Installed, Plugin
from opsnb.cli.doctor import Diagnosis, diagnose, satisfies


def points(path: Path) -> dict[str, Diagnosis]:
    return {point.name: point for point in diagnose(path)}


def test_a_healthy_machine(root) -> None:
    found = points(root)
    failed = {name: point.detail for name, point in found.items() if point.status == "FAIL"}
    assert failed == {}
    assert found["kernel"].detail.startswith("1 + 1 = 2")
    assert found["workspace"].status == "WARN"
    assert "map your tables" in found["workspace"].fix
    assert found["formats"] == Diagnosis("formats", "OK", "html, pdf")
    assert list(found)[-1] == "disk"


def test_formats_that_cannot_be_found_are_told(root) -> None:
    with (root / "opsnb.toml").open("a", encoding="utf-8") as file:
        file.write('[report]\nformats = ["htm"]\n')
    found = points(root)["formats"]
    assert (found.status, found.detail) == ("FAIL", 'no format "htm"')
    assert found.fix == 'did you mean "html"? Known formats: html, pdf'


def test_each_plug_in_is_told_of(root, monkeypatch) -> None:
    metrics = root / "m.toml"
    metrics.touch()
    known = [
        Installed("acme", "acme-opsnb", "1.2", Plugin(api=1, metrics=metrics)),
        Installed("old", "old-opsnb", "0.3", reason="it was written for plug-ins of form 0"),
        Installed("quiet", "quiet-opsnb", "2.0", reason="broken"),
    ]
    monkeypatch.setattr(plugins, "installed", lambda: tuple(known))
    with (root / "opsnb.toml").open("a", encoding="utf-8") as file:
        file.write('[plugins]\noff = ["quiet"]\n')
    found = points(root)
    assert found["plug-in acme"].detail == "acme-opsnb 1.2 brings metrics"
    assert found["plug-in quiet"].detail == "quiet-opsnb 2.0, switched off in opsnb.toml"
    old = found["plug-in old"]
    assert (old.status, old.detail) == (
        "WARN", "old-opsnb 0.3 is left out: it was written for plug-ins of form 0",
    )  # fmt: skip
    assert 'off = ["old"]' in old.fix


def test_a_plug_in_s_fault_is_told_under_its_name(root, monkeypatch) -> None:
    known = [
        Installed("acme", "acme-opsnb", "1.2", Plugin(api=1, sources={"ftp": "nowhere:X"})),
        Installed("noclass", "bad-opsnb", "1.0", Plugin(api=1, formats={"noclass": object()})),
        Installed(
            "twin", "late", "2.0", reason="twin (early 1.0) has the same name", rival="early"
        ),
    ]
    monkeypatch.setattr(plugins, "installed", lambda: tuple(known))
    found = points(root)
    assert found["formats"].status == "OK"
    source, format = found["plug-in acme"], found["plug-in noclass"]
    assert (source.status, format.status) == ("FAIL", "FAIL")
    assert source.detail.startswith('acme-opsnb 1.2: its source "ftp" cannot be imported')
    assert "object at 0x" not in format.detail + format.fix
    assert format.detail.endswith('the format "noclass" is no Format of that name')
    assert found["plug-in twin"].fix.startswith("remove one of the packages early and late")
    assert "off" not in found["plug-in twin"].fix

    with (root / "opsnb.toml").open("a", encoding="utf-8") as file:
        file.write('[report]\nformats = ["noclass"]\n')
    assert "plug-in noclass (bad-opsnb 1.0): " in points(root)["formats"].detail


def test_what_can_be_wrong(root, monkeypatch) -> None:
    from opsnb.publishing.execution import provenance
    from opsnb.publishing.reports import fonts, pdf_engines

    def no_engine() -> str:
        raise PublishError("no PDF engine is installed", hint="install plutoprint")

    monkeypatch.setattr(provenance, "installed_version", {"duckdb": "2.0.0"}.get)
    monkeypatch.setattr(fonts, "font_paths", lambda: [Path("lost.ttf")])
    monkeypatch.setattr(pdf_engines, "engine", no_engine)
    monkeypatch.setattr(sys, "executable", "/usr/bin/false")
    (root / "reports").mkdir()
    monkeypatch.setattr(opsnb.cli.doctor.tempfile, "NamedTemporaryFile", full)
    found = points(root)
    for name, detail in {
        "duckdb": "2.0.0, but opsnb needs from 1.5, below 2",
        "sqlglot": "not installed",
        "fonts": "missing: lost.ttf",
        "PDF engine": "no PDF engine is installed",
        "kernel": "KernelStart",
        "disk": "cannot write to reports/ (No space left on device)",
    }.items():
        assert found[name].status == "FAIL"
        assert detail in found[name].detail
        assert found[name].fix
    assert 'pip install "duckdb>=1.5,<2"' in found["duckdb"].fix


def full(*_args, **_kwargs):
    raise OSError(28, "No space left on device")


def test_a_workspace_that_does_not_load(tmp_path) -> None:
    found = points(tmp_path)
    assert found["workspace"].status == "FAIL"
    assert "disk" not in found


@pytest.mark.parametrize(
    ("version", "well"),
    [("12.0.0", True), ("12.0", True), ("12.1.0", False), ("11.9", False), ("12.0.1rc1", True)],
)
def test_versions_are_compared_as_numbers(version: str, well: bool) -> None:
    assert satisfies(version, (12, 0), (12, 1)) is well


def test_ordinary_kernels_are_said(root, monkeypatch) -> None:
    monkeypatch.setenv("OPSNB_WARM_KERNELS", "0")
    found = points(root)["warm kernels"]
    assert found.status == "OK"
    assert found.detail.startswith("OPSNB_WARM_KERNELS=0: ordinary kernels are used")
