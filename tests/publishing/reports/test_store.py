from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from opsnb.base.errors import PublishError
from opsnb.publishing.reports import store
from opsnb.publishing.reports.manifest import (
    MANIFEST,
    faults,
    numbers,
    own_files,
    read_manifest,
    versions,
)
from opsnb.publishing.reports.store import staged
from opsnb.publishing.reports.swap import exchange


def put(reports: Path, text: str, status: str = "ready") -> Path:
    """A version of one report; a page, a record, and a file in a folder."""
    with staged(reports, "2026-10", "demo") as (new, final):
        (new / "report.html").write_text(text)
        (new / "report.json").write_text(json.dumps({"status": status}))
        (new / "extra").mkdir()
        (new / "extra" / "chart.csv").write_text(f"a,b\n{text},1\n")
    return final


def content(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in own_files(folder)}


def test_every_version_keeps_its_bytes_and_the_newest_is_the_folder(tmp_path):
    seen = {}
    for number in (1, 2, 3):
        final = put(tmp_path, f"text {number}", "failed" if number == 2 else "ready")
        seen[number] = content(final)
        assert numbers(final) == list(range(1, number + 1))
    kept = versions(final)
    assert [(v.number, v.status) for v in kept] == [(3, "ready"), (2, "failed"), (1, "ready")]
    for version in kept:
        assert content(version.folder) == seen[version.number]
        assert set(version.files) == set(seen[version.number]) - {MANIFEST}
        assert list(faults(version, kept)) == []
    assert content(final) == content(final / "versions/v3")
    assert kept[0].supersedes == {"version": 2, "sha256": kept[1].seal}
    assert kept[2].supersedes is None
    assert not (tmp_path / ".work/2026-10/demo/old").exists()


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_what_is_published_is_read_only(tmp_path):
    final = put(tmp_path, "x")
    assert {(final / name).stat().st_mode & 0o777 for name in own_files(final)} == {0o444}


@pytest.mark.skipif(os.name != "posix", reason="Windows syncs no file open for reading")
def test_a_report_is_on_the_disk_before_it_is_in_place(tmp_path, monkeypatch):
    """A power cut cannot be played; that everything is synced before the step, can."""
    final, real, synced, at_the_step = put(tmp_path, "one"), os.fsync, set(), set()

    def fsync(descriptor: int) -> None:
        real(descriptor)
        synced.add(os.fstat(descriptor).st_ino)

    def step(new: Path, place: Path) -> bool:
        at_the_step.update(synced)
        synced.clear()
        return exchange(new, place)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(store, "exchange", step)
    assert put(tmp_path, "two") == final
    places = [final, *final.rglob("*")]
    older = {path.stat().st_ino for path in (final / "versions/v1").rglob("*") if path.is_file()}
    assert {path.stat().st_ino for path in places} - at_the_step == older
    assert synced == {path.stat().st_ino for path in (tmp_path, tmp_path / "2026-10")}


@pytest.mark.skipif(os.name != "posix", reason="Windows syncs no file open for reading")
def test_a_disk_that_fails_to_take_a_file_leaves_the_earlier_report(tmp_path, monkeypatch):
    seen = content(put(tmp_path, "one"))

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(PublishError, match="Input/output error"):
        put(tmp_path, "two")
    assert content(tmp_path / "2026-10/demo") == seen


def test_versions_take_no_room_twice(tmp_path):
    put(tmp_path, "a" * 1000)
    final = put(tmp_path, "b" * 1000)
    newest, kept = final / "report.html", final / "versions/v2/report.html"
    assert newest.samefile(kept)
    assert (final / "versions/v1/report.html").stat().st_nlink == 1


def test_without_hard_links_versions_are_copied(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    put(tmp_path, "one")
    final = put(tmp_path, "two")
    assert (final / "versions/v1/report.html").read_text() == "one"
    assert all(not list(faults(v, versions(final))) for v in versions(final))


def test_a_report_of_before_the_manifests_becomes_the_first_version(tmp_path):
    old = tmp_path / "2026-10/demo"
    old.mkdir(parents=True)
    (old / "report.html").write_text("older")
    final = put(tmp_path, "newer")
    assert numbers(final) == [1, 2]
    assert (final / "versions/v1/report.html").read_text() == "older"
    assert read_manifest(final).supersedes["version"] == 1


def test_numbers_go_on_where_versions_were_taken_away(tmp_path):
    for text in "ab":
        final = put(tmp_path, text)
    for name in ("v1", "v2"):
        for path in sorted((final / "versions" / name).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (final / "versions" / name).rmdir()
    final = put(tmp_path, "c")
    assert numbers(final) == [2, 3], "the newest was still there to be kept"
    assert (final / "versions/v2/report.html").read_text() == "b"


def test_a_run_that_fails_leaves_every_version_alone(tmp_path):
    put(tmp_path, "one")
    final = put(tmp_path, "two")
    before = {v.number: content(v.folder) for v in versions(final)}
    with pytest.raises(ZeroDivisionError), staged(tmp_path, "2026-10", "demo") as (new, _):
        (new / "report.html").write_text("half")
        raise ZeroDivisionError
    assert {v.number: content(v.folder) for v in versions(final)} == before


@pytest.mark.parametrize("spoil", ["changed", "missing", "added"])
def test_what_was_done_to_a_version_shows(tmp_path, spoil):
    final = put(tmp_path, "one")
    put(tmp_path, "two")
    folder = final / "versions/v1"
    if spoil == "added":
        (folder / "extra.html").write_text("slipped in")
    else:
        (folder / "report.html").unlink()
    if spoil == "changed":
        (folder / "report.html").write_text("onf")
    kept = versions(final)
    assert [list(faults(v, kept)) for v in kept] == [
        [], [(spoil, "extra.html" if spoil == "added" else "report.html")],
    ]  # fmt: skip


def test_a_version_that_was_replaced_with_its_manifest_shows(tmp_path):
    final = put(tmp_path, "one")
    put(tmp_path, "two")
    path = final / "versions/v1" / MANIFEST
    forged = json.loads(path.read_text())
    forged["published"] = "2020-01-01T00:00:00+00:00"
    path.unlink()
    path.write_text(json.dumps(forged))
    newest, first = versions(final)
    assert list(faults(first, [newest, first])) == []
    assert list(faults(newest, [newest, first])) == [("unsealed", "v1")]


def test_a_manifest_that_cannot_be_read_is_none(tmp_path):
    assert read_manifest(tmp_path) is None
    for text in ("", "[]", "{}", '{"version": "x"}'):
        (tmp_path / MANIFEST).write_text(text)
        assert read_manifest(tmp_path) is None
