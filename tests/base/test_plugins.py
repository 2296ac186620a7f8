"""Plug-ins as an environment holds them: each loaded apart, two of one thing told apart."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opsnb.base import plugins
from opsnb.base.connectors import Connector, names_files
from opsnb.base.errors import PluginError, WorkspaceError
from opsnb.base.plugins import Plugin, Plugins, installed
from opsnb.base.workspace import Workspace

Install = Callable[..., Path]

BRINGS = "def plugin():\n    return opsnb.Plugin(api=1{more})\n"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Lays a package and what an installer would note of it: `install("acme", "def plugin(): ...")`
    gives the package's folder."""
    site = tmp_path / "site"
    monkeypatch.syspath_prepend(site)
    made: list[str] = []

    def lay(name: str, code: str = BRINGS.format(more=""), version: str = "1.0") -> Path:
        package, notes = site / f"{name}_plugin", site / f"{name}-{version}.dist-info"
        for folder in (package, notes):
            folder.mkdir(parents=True)
        (package / "__init__.py").write_text(
            f"import opsnb\nfrom pathlib import Path\nHERE = Path(__file__).parent\n{code}"
        )
        (notes / "METADATA").write_text(f"Name: {name}-opsnb\nVersion: {version}\n")
        (notes / "entry_points.txt").write_text(
            f"[opsnb.plugins]\n{name} = {name}_plugin:plugin\n[console_scripts]\nx = y:z\n"
        )
        made.append(f"{name}_plugin")
        installed.cache_clear()
        return package

    yield lay
    installed.cache_clear()
    for name in [n for n in sys.modules if n.partition(".")[0] in made]:
        del sys.modules[name]


def brings(**more: str) -> str:
    return BRINGS.format(more="".join(f", {name}={value}" for name, value in more.items()))


def test_there_are_none_in_a_plain_environment() -> None:
    assert installed() == ()
    assert (Plugins().stamp, Plugins().remark, Plugins().versions) == ("", "", {})


def test_a_plug_in_is_found_by_its_entry_point(install: Install) -> None:
    install("acme", brings(formats='{"facts": "acme_plugin.nowhere:X"}'), "1.2")
    (one,) = installed()
    assert (str(one), one.reason) == ("acme (acme-opsnb 1.2)", "")
    assert Plugins().versions == {"acme": "1.2"}
    assert Plugins().names("formats") == ["facts"]
    assert Plugins(["acme"]).versions == {}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import nowhere_at_all\n", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("def other(): ...\n", "AttributeError: module 'old_plugin' has no attribute 'plugin'"),
        ("def plugin():\n    return {}\n", "gave {}, which is no opsnb.Plugin"),
        ("def plugin():\n    return opsnb.Plugin(api=2)\n", "form 2, and here is form 1"),
        ("def plugin():\n    return opsnb.Plugin(api=1, sounds={})\n", "TypeError"),
        (brings(playbooks="HERE / 'gone'"), "its folder of playbooks is not there (gone)"),
        (brings(metrics="HERE / 'gone.toml'"), "its file of metrics cannot be read"),
        ("def plugin():\n    raise SystemError('broken')\n", "SystemError: broken"),
        ("import sys\nsys.exit('no licence')\n", "SystemExit: no licence"),
    ],
)
def test_one_that_cannot_be_used_is_left_out_and_keeps_the_others(
    install: Install, code: str, reason: str
) -> None:
    install("old", code)
    install("sound")
    assert [one.name for one in Plugins().used] == ["sound"]
    (lost,) = Plugins().left_out
    assert (lost.distribution, lost.version) == ("old-opsnb", "1.0")
    assert reason in lost.reason
    assert "plug-in old (old-opsnb 1.0) is left out: " in Plugins().remark
    assert Plugins(["old"]).remark == ""


def test_two_with_one_name_for_a_thing_are_both_named(install: Install) -> None:
    for name in ("one", "two"):
        package = install(name, brings(
            metrics="HERE / 'm.toml'", playbooks="HERE", messages="HERE",
            sources="{'jsonl': 'a:b'}",
        ))  # fmt: skip
        (package / "m.toml").write_text("[basket]\n")
        (package / "review.ipynb").write_text("{}")
        (package / "en.toml").write_text("[shop]\nhello = 'Hello'\n")
    both = r"plug-ins one \(one-opsnb 1.0\) and two \(two-opsnb 1.0\) both bring the "
    every = Plugins()
    for what, asked in {
        'metric "basket"': every.metrics,
        'playbook "review"': every.playbooks,
        'text "en: shop.hello"': every.messages,
        'source "jsonl"': lambda: every.find("sources", "jsonl"),
    }.items():
        with pytest.raises(PluginError, match=both + what) as error:
            asked()
        assert error.value.hint == 'switch one of them off: [plugins] off = ["two"]'
    assert Plugins(["two"]).metrics() == {"basket": {}}


def test_of_two_packages_with_a_plug_in_of_one_name_the_first_counts(install: Install) -> None:
    first = install("acme")
    other = first.parent / "later-2.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Name: later\nVersion: 2.0\n")
    notes = (first.parent / "acme-1.0.dist-info" / "entry_points.txt").read_text()
    (other / "entry_points.txt").write_text(notes)
    installed.cache_clear()
    assert [len(Plugins().used), len(Plugins().left_out)] == [1, 1]
    used, lost = Plugins().used[0], Plugins().left_out[0]
    assert {used.distribution, lost.distribution} == {"acme-opsnb", "later"}
    assert lost.reason == f"{used} has the same name"
    assert lost.rival == used.distribution


def test_an_interrupt_is_not_the_plug_in_s(install: Install) -> None:
    install("acme", "raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        installed()


@pytest.mark.parametrize("module", [None, "import sys\nsys.exit(1)\n"], ids=["none", "exits"])
def test_what_cannot_be_imported_is_an_error_once_it_is_asked_for(
    install: Install, module: str | None
) -> None:
    package = install("acme", brings(sources="{'jsonl': 'acme_plugin.lines:X'}"))
    if module is not None:
        (package / "lines.py").write_text(module)
    with pytest.raises(PluginError, match=r"plug-in acme \(acme-opsnb 1.0\): its source \"jsonl\""):
        names_files("jsonl", Plugins())
    assert Plugins().find("sources", "ftp") is None


def test_a_source_of_a_plug_in_says_whether_it_is_of_files(install: Install) -> None:
    code = "from opsnb.base.connectors import Connector\n"
    install("acme", code + brings(sources="{'a': Connector(print, True), 'b': Connector(print)}"))
    assert (names_files("a", Plugins()), names_files("b", Plugins())) == (True, False)
    assert not names_files("a", Plugins(["acme"]))
    assert isinstance(Plugins().find("sources", "a"), Connector)


def test_a_source_of_a_plug_in_is_a_connector(install: Install) -> None:
    install("acme", brings(sources="{'jsonl': print}"))
    told = r'plug-in acme \(acme-opsnb 1.0\): what it brings as the source "jsonl" is no Connector'
    with pytest.raises(PluginError, match=told):
        names_files("jsonl", Plugins())


def test_metrics_and_texts_lie_between_opsnb_and_the_workspace(
    install: Install, workspace: Callable[..., Workspace]
) -> None:
    package = install("acme", brings(metrics="HERE / 'm.toml'", messages="HERE"))
    (package / "m.toml").write_text("[basket]\nunit = 'money'\nowner = 'Acme'\n[visits]\n")
    (package / "en.toml").write_text("[shop]\nhello = 'Hello'\nbye = 'Bye'\n[page]\nprint = 'P'\n")
    whole = workspace(more="[metrics.basket]\nowner = 'Us'\n")
    assert whole.metrics == {"basket": {"owner": "Us"}, "visits": {}}
    found = workspace(more="[metrics.basket]\nextends = 'basket'\nowner = 'Us'\n")
    assert found.metrics == {"basket": {"unit": "money", "owner": "Us"}, "visits": {}}
    (found.root / "messages").mkdir()
    (found.root / "messages" / "en.toml").write_text("[shop]\nbye = 'See you'\n")
    said = found.speak("en")
    assert [said.text(key) for key in ("shop.hello", "shop.bye", "page.print")] == [
        "Hello", "See you", "P",
    ]  # fmt: skip
    off = workspace(more='[plugins]\noff = ["acme"]\n')
    assert off.metrics == {} and not off.speak("en").has("shop.hello")


def test_the_stamp_changes_with_any_file_of_the_package(install: Install) -> None:
    package = install("acme")
    before = Plugins().stamp
    assert before.startswith("acme (acme-opsnb 1.0) ")
    (package / "more.toml").write_text("a = 1\n")
    installed.cache_clear()
    assert Plugins().stamp != before


def test_off_is_a_list_of_names(workspace: Callable[..., Workspace]) -> None:
    with pytest.raises(WorkspaceError, match=r"plugins\.off"):
        workspace(more='[plugins]\noff = "acme"\n')


def test_other_entry_points_are_none_of_ours(install: Install) -> None:
    package = install("acme")
    notes = package.parent / "acme-1.0.dist-info" / "entry_points.txt"
    notes.write_text("[opsnb.plugins.old]\nacme = acme_plugin:plugin\n")
    installed.cache_clear()
    assert plugins.installed() == ()
    assert Plugin(api=1).summary == ""
