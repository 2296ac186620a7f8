"""A format is one class: what knows of formats learns of another one from it alone."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest

from opsnb.base.errors import PluginError, PublishError
from opsnb.base.plugins import Installed, Plugin, Plugins
from opsnb.publishing.reports import publish
from opsnb.publishing.reports.formats import (
    Content,
    Format,
    chosen_formats,
    find_format,
    known_formats,
    own_formats,
)
from opsnb.publishing.serve.handlers import media_type
from opsnb.publishing.site import entries, report_entries


class Minutes(Format):
    """The verdict as a line of text, and the number of facts."""

    name = "minutes"
    label = "Minutes"
    extension = "txt"
    media_type = "text/plain"
    stems = ("minutes", "count")

    def draw(self, stem: str, content: Content) -> str:
        if stem == "count":
            return str(len(content.report["facts"]))
        return f"{content.language.code}: {content.report['verdict']['word']}"


@pytest.fixture
def plugins(monkeypatch) -> Plugins:
    """As where an installed plug-in brings `Minutes`."""
    one = Installed("acme", "acme-opsnb", "1.2", Plugin(api=1, formats={"minutes": Minutes}))
    monkeypatch.setattr("opsnb.base.plugins.installed", lambda: (one,))
    report_entries._kinds.cache_clear()
    yield Plugins()
    report_entries._kinds.cache_clear()


@pytest.mark.parametrize("name", own_formats())
def test_a_module_of_the_package_is_a_format_of_its_name(name) -> None:
    found = find_format(name, Plugins())
    assert isinstance(found, Format)
    assert found.name == name and found.label and found.extension
    assert find_format(name, Plugins()) is found


def test_opsnb_brings_two() -> None:
    assert own_formats() == ["html", "pdf"]
    assert [each.slow for each in known_formats(Plugins())] == [False, True]


def test_one_more_format_is_written_and_linked(plugins, notebook, run, tmp_path) -> None:
    minutes = find_format("minutes", plugins)
    place = tmp_path / "2026-10" / "review"
    assert publish(notebook, run, place, [minutes]).failed == {}
    assert (place / "minutes.txt").read_text("utf-8") == "en: REPEAT"
    assert (place / "minutes.zh.txt").read_text("utf-8") == "zh: 再办"
    assert int((place / "count.txt").read_text("utf-8")) > 0
    assert not list(place.glob("*.pdf"))
    for page, file in (("report.html", "minutes.txt"), ("report.zh.html", "minutes.zh.txt")):
        assert f'<a href="{file}">Minutes</a>' in (place / page).read_text("utf-8")
    (entry,) = entries(tmp_path, "en")
    assert [kind for kind, _ in dict(entry.files)["English"]] == ["HTML", "Minutes", "BRIEF"]


@pytest.mark.parametrize("error", [PublishError("no ink"), KeyError("verdict"), SystemExit(1)])
@pytest.mark.parametrize("slow", [False, True])
def test_one_that_breaks_costs_the_report_nothing_else(
    notebook, run, tmp_path, monkeypatch, error, slow
) -> None:
    class Broken(Minutes):
        name = "broken"

        def draw(self, stem: str, content: Content) -> str:
            if stem == "count":
                raise error
            return "half"

    monkeypatch.setattr(Broken, "slow", slow)
    broken = Broken()
    sound = type("Sound", (Minutes,), {"name": "sound", "extension": "text"})()
    published = publish(notebook, run, tmp_path, [broken, sound])
    assert list(published.failed) == [broken]
    said = str(published.failed[broken])
    told = f"format broken: it broke ({type(error).__name__}: {error})"
    assert ("no ink" if isinstance(error, PublishError) else told) in said
    assert not list(tmp_path.glob("*.txt"))
    page = (tmp_path / "report.html").read_text("utf-8")
    assert re.findall(r'href="(minutes[^"]*)"', page) == ["minutes.text"]
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["status"]


def test_the_page_comes_first_and_is_always_there(plugins) -> None:
    workspace = SimpleNamespace(formats=["pdf", "minutes"], plugins=plugins)

    def names(*asked: str) -> list[str]:
        return [each.name for each in chosen_formats(workspace, asked or None)]

    assert names() == ["html", "pdf", "minutes"]
    assert names("minutes", "html", "minutes") == ["html", "minutes"]
    assert [each.name for each in chosen_formats(workspace, [])] == ["html"]
    with pytest.raises(PublishError, match=r'no format "minute". Fix: did you mean "minutes"'):
        names("minute")


def test_a_file_is_written_by_one_format(monkeypatch) -> None:
    class Record(Minutes):
        extension = "json"
        stems = ("report",)

    one = Installed("acme", "a", "1", Plugin(api=1, formats={"minutes": Record}))
    monkeypatch.setattr("opsnb.base.plugins.installed", lambda: (one,))
    workspace = SimpleNamespace(formats=["minutes"], plugins=Plugins())
    with pytest.raises(PublishError, match=r"record and minutes both write report\.json"):
        chosen_formats(workspace)


def test_what_is_no_format(monkeypatch) -> None:
    for brought in (
        "opsnb.base.errors:PublishError",
        print,
        type("Other", (Minutes,), {"name": "x"}),
    ):
        one = Installed("acme", "a", "1", Plugin(api=1, formats={"minutes": brought}))
        monkeypatch.setattr("opsnb.base.plugins.installed", lambda one=one: (one,))
        with pytest.raises(PluginError, match=r'the format "minutes" is no Format of') as caught:
            find_format("minutes", Plugins())
        assert caught.value.where == "plug-in acme (a 1)"
        assert [each.name for each in known_formats(Plugins())] == ["html", "pdf"]
    with pytest.raises(TypeError, match="format Bare has no name, label, extension"):
        type("Bare", (Format,), {})


@pytest.mark.parametrize("error", [KeyError("font"), SystemExit(2)])
def test_one_that_cannot_be_made_is_the_plug_in_s_fault(monkeypatch, error) -> None:
    class Broken(Minutes):
        def __init__(self) -> None:
            raise error

    one = Installed("acme", "a", "1", Plugin(api=1, formats={"minutes": Broken}))
    monkeypatch.setattr("opsnb.base.plugins.installed", lambda: (one,))
    with pytest.raises(PluginError, match=r'plug-in acme \(a 1\): its format "minutes" cannot be'):
        find_format("minutes", Plugins())
    assert [each.name for each in known_formats(Plugins())] == ["html", "pdf"]


def test_the_server_sends_what_formats_make(plugins, tmp_path) -> None:
    assert media_type(tmp_path / "report.pdf") == "application/pdf"
    assert media_type(tmp_path / "report.json") == "application/json"
    assert media_type(tmp_path / "queries.sql") is None
