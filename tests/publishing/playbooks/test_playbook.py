"""Reading a playbook, and checking parameters before a kernel starts."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from opsnb.base.errors import ParameterError, PlaybookError, SourceError
from opsnb.base.workspace import Workspace
from opsnb.publishing.playbooks.parameters import Parameter, bind, declared
from opsnb.publishing.playbooks.playbook import Playbook


def edit(path: Path, change) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def refusal(path: Path) -> PlaybookError:
    with pytest.raises(PlaybookError) as caught:
        _ = Playbook.read(path).parameters
    assert caught.value.where == path.name
    assert caught.value.hint
    return caught.value


# -- finding and reading ------------------------------------------------------------------


def test_title_purpose_and_metadata(make, workspace: Workspace) -> None:
    make(
        "readout",
        opsnb={"name": "readout", "needs": ["orders"], "subject": "experiment", "period": "week"},
        title="# Readout\n\nWhat the\ntest showed.\n\n## More",
    )
    playbook = Playbook.load("readout", workspace)
    assert (playbook.title, playbook.purpose) == ("Readout", "What the test showed.")
    assert (playbook.needs, playbook.optional) == (["orders"], [])
    assert (playbook.subject, playbook.period) == ("experiment", "week")


def test_title_comes_from_the_workspaces_language_file(make, root: Path) -> None:
    make("readout", opsnb={"name": "readout"})
    (root / "messages").mkdir()
    (root / "messages/zh.toml").write_text(
        '[playbook.readout]\ntitle = "# 实验结论\\n\\n说明结果。"\n', encoding="utf-8"
    )
    workspace = Workspace.load(root)
    playbook = Playbook.load("readout", workspace)
    assert playbook.title_in(workspace.speak("zh")) == "实验结论"
    assert playbook.purpose_in(workspace.speak("zh")) == "说明结果。"
    assert playbook.title_in(workspace.speak("en")) == "Demo report"


def test_a_copy_keeps_its_own_name_and_the_originals_texts(make, workspace) -> None:
    make("mine", opsnb={"name": "ab_readout"})
    playbook = Playbook.load("mine", workspace)
    assert (playbook.name, playbook.key) == ("mine", "ab_readout")


def test_the_workspaces_playbook_comes_before_the_built_in_one(make, workspace, tmp_path) -> None:
    path = make("demo", title="# Ours")
    built_in = tmp_path / "built-in"
    (built_in / "demo.ipynb").write_text(path.read_text().replace("# Ours", "# Theirs"))
    (built_in / "other.ipynb").write_text(path.read_text().replace("# Ours", "# Other"))
    assert Playbook.load("demo", workspace).title == "Ours"
    assert [p.title for p in Playbook.all(workspace)] == ["Ours", "Other"]
    assert [p.title for p in Playbook.all(None)] == ["Theirs", "Other"]


def test_dashes_stand_for_underscores(make, workspace) -> None:
    make("ab_readout")
    assert Playbook.load("ab-readout", workspace).name == "ab_readout"


def test_an_unknown_name_lists_the_known_ones(make, workspace) -> None:
    make("ab_readout")
    with pytest.raises(PlaybookError, match='no playbook "ab_redout"') as caught:
        Playbook.load("ab_redout", workspace)
    assert 'did you mean "ab_readout"?' in caught.value.hint


def test_a_path_is_taken_as_it_is(make, tmp_path) -> None:
    path = make("demo")
    assert Playbook.load(str(path), None).path == path
    with pytest.raises(PlaybookError, match="no such notebook"):
        Playbook.load(tmp_path / "nothing.ipynb", None)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"{", "it is not JSON"),
        (b"\xff\xfe", "it is not UTF-8"),
        (b"[]", "it has no list of cells"),
        (b'{"cells": [1]}', "cell 1 has no known type"),
        (b'{"cells": [{"cell_type": "heading"}]}', "cell 1 has no known type"),
    ],
)
def test_what_is_no_notebook(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "x.ipynb"
    path.write_bytes(content)
    assert what in refusal(path).what


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.ipynb").mkdir()
    assert "cannot read the notebook" in refusal(tmp_path / "x.ipynb").what


def test_duplicate_ids(make) -> None:
    path = make("demo")
    edit(path, lambda d: d["cells"][2].update(id="title"))
    assert "two cells have the same id: title" in refusal(path).what


@pytest.mark.parametrize(
    ("metadata", "what"),
    [
        ([], "is not a table"),
        ({"need": []}, 'unknown key "need"'),
        ({"needs": "orders"}, '"needs" is not a list of table names'),
        ({"name": 3}, '"name" is not text'),
        ({"subject": "person"}, 'unknown subject "person"'),
        ({"period": "fortnight"}, 'unknown period "fortnight"'),
    ],
)
def test_bad_metadata(make, metadata, what: str) -> None:
    path = make("demo")
    edit(path, lambda d: d["metadata"].update(opsnb=metadata))
    assert what in refusal(path).what


def test_outputs_and_missing_ids_are_warnings(make) -> None:
    path = make("demo")
    assert Playbook.read(path).warnings == []

    def change(document) -> None:
        document["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
        del document["cells"][0]["id"]

    edit(path, change)
    first, second = Playbook.read(path).warnings
    assert "outputs of an earlier run" in first
    assert "without ids" in second


def test_the_notebook_to_execute_is_sound(make) -> None:
    path = make("demo")
    edit(path, lambda d: [cell.pop("id") for cell in d["cells"]])
    notebook = Playbook.read(path).notebook()
    assert [cell.id for cell in notebook.cells] == ["cell-0", "cell-1", "cell-2"]
    edit(path, lambda d: d["cells"][0].pop("metadata"))
    with pytest.raises(PlaybookError, match="is not a sound notebook: 'metadata' is a required"):
        Playbook.read(path).notebook()


def test_digest_ignores_outputs_but_not_sources(make) -> None:
    path = make("demo")
    before = Playbook.read(path).digest
    edit(path, lambda d: d["cells"][2].update(outputs=[], execution_count=7))
    assert Playbook.read(path).digest == before
    edit(path, lambda d: d["cells"][2].update(source=["2"]))
    assert Playbook.read(path).digest != before


def test_sections_follow_the_headings(make) -> None:
    sections = Playbook.read(make("demo", "1", "# Evidence", "2")).sections
    assert list(sections.values()) == ["Demo report"] * 3 + ["Evidence"] * 2


# -- the parameters cell ------------------------------------------------------------------


def test_parameters_are_read_with_type_default_and_help(make) -> None:
    source = (
        'experiment = ""  # type: experiment  Id of a plan\n'
        "# a comment of its own\n"
        "alpha = 0.05  # type: float  Error rate\n"
        "days: int = 28  # Window\n"
        'unit = "user"  # type: choice[user|order]  Unit\n'
        "parts = [1, 2]\n"
        "quick = True"
    )
    parameters = Playbook.read(make("demo", parameters=source)).parameters
    assert parameters == [
        Parameter("experiment", "experiment", "", "Id of a plan"),
        Parameter("alpha", "float", 0.05, "Error rate"),
        Parameter("days", "int", 28, "Window"),
        Parameter("unit", "choice", "user", "Unit", ("user", "order")),
        Parameter("parts", "list", [1, 2]),
        Parameter("quick", "bool", True),
    ]
    assert [p.required for p in parameters] == [True, False, False, False, False, False]
    assert parameters[3].shown_type == "choice[user|order]"


def test_an_empty_parameters_cell_is_fine(make) -> None:
    assert Playbook.read(make("demo", parameters="# nothing to set")).parameters == []


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("top = ", "is not Python"),
        ("top = 3  # type: int  for a = b", '"top" cannot be read'),
        ("a, b = 1, 2\ntop = min(3, 4)", "is not a plain value: min(3, 4)"),
        ('colour = "#fff"  # type: str  hue', '"colour" is not a plain value'),
        ("top = 3  # type: integer  n", 'unknown type "integer"'),
        ("top = 'x'  # type: choice  n", "names no choices"),
        ("top = 'x'  # type: choice[a|b]  n", 'does not fit its type: "x" is not one of'),
        ("top = 'x'  # type: int  n", 'does not fit its type: "x" is not a whole number'),
        ("top = {'a': 1}", 'unknown type "dict"'),
        ("top = None", 'unknown type "NoneType"'),
    ],
)
def test_parameters_that_cannot_be_read(make, source: str, what: str) -> None:
    assert what in refusal(make("demo", parameters=source)).what


@pytest.mark.parametrize(("count", "said"), [(0, "has no cell"), (2, "has more than one cell")])
def test_exactly_one_parameters_cell(make, count: int, said: str) -> None:
    path = make("demo")

    def change(document) -> None:
        document["cells"][1]["metadata"]["tags"] = ["parameters"] if count else []
        document["cells"][2]["metadata"]["tags"] = ["parameters"] if count else []

    edit(path, change)
    assert f'{said} tagged "parameters"' in refusal(path).what


def test_the_parameters_cell_is_code(make) -> None:
    path = make("demo", parameters="x = 1")
    edit(path, lambda d: d["cells"][1].update(cell_type="markdown"))
    assert 'has a Markdown cell tagged "parameters"' in refusal(path).what


# -- binding --------------------------------------------------------------------------------

KNOWN = {
    "experiment": lambda: ["one_page", "two_page"],
    "campaign": lambda: ["golden_week"],
}


def one(type_text: str, default: object, value: object) -> object:
    parameter = declared("p", type_text, default, "", "demo.ipynb")
    return bind([parameter], {"p": value}, KNOWN, playbook="demo")["p"]


@pytest.mark.parametrize(
    ("type_text", "default", "value", "expected"),
    [
        ("str", "", "2024_10", "2024_10"),
        ("str", "", "007", "007"),
        ("str", "a", "", ""),
        ("int", 1, "28", 28),
        ("int", 1, "-3", -3),
        ("int", 1, 28, 28),
        ("float", 0.1, "0.05", 0.05),
        ("float", 0.1, "1e-3", 0.001),
        ("float", 0.1, 2, 2.0),
        ("bool", True, "false", False),
        ("bool", False, "True", True),
        ("bool", False, True, True),
        ("date", "", "2024-02-29", "2024-02-29"),
        ("date", "", dt.date(2026, 10, 1), "2026-10-01"),
        ("date", "", "", ""),
        ("cycle", "latest", "latest", "latest"),
        ("cycle", "latest", "2026-10", "2026-10"),
        ("cycle", "latest", "2026-W44", "2026-W44"),
        ("cycle", "latest", "2026-Q4", "2026-Q4"),
        ("list", [], "a, b", ["a", "b"]),
        ("list", [], "", []),
        ("list", [1], "7,14", [7, 14]),
        ("list", [0.5], ["0.1", 1], [0.1, 1.0]),
        ("choice[a|b]", "a", "b", "b"),
        ("experiment", "", "one_page", "one_page"),
        ("campaign", "", "golden_week", "golden_week"),
    ],
)
def test_values_by_type(type_text, default, value, expected) -> None:
    bound = one(type_text, default, value)
    assert bound == expected
    assert type(bound) is type(expected)


@pytest.mark.parametrize(
    ("type_text", "default", "value", "what", "hint"),
    [
        ("str", "", 7, "7 is not text", 'in quotes: "7"'),
        ("str", "", "\udcff", "is not valid UTF-8", "encoding"),
        ("int", 1, "2024_10", '"2024_10" is not a whole number', "no leading zeros, separators"),
        ("int", 1, "007", '"007" is not a whole number', "no leading zeros"),
        ("int", 1, "1.0", '"1.0" is not a whole number', "or decimals"),
        ("int", 1, "٣", '"٣" is not a whole number', "digits only"),
        ("int", 1, "", '"" is not a whole number', "digits only"),
        ("int", 1, True, "True is not a whole number", "digits only"),
        ("int", 1, 1.5, "1.5 is not a whole number", "digits only"),
        ("float", 0.1, "abc", '"abc" is not a number', "decimal point"),
        ("float", 0.1, "5%", '"5%" is not a number', "no percent sign"),
        ("float", 0.1, "1_000", '"1_000" is not a number', "no separators"),
        ("float", 0.1, "nan", '"nan" is not a number', "decimal point"),
        ("float", 0.1, "1e999", '"1e999" is not a number', "decimal point"),
        ("bool", True, "yes", '"yes" is neither true nor false', "write true or false"),
        ("bool", True, "1", '"1" is neither true nor false', "write true or false"),
        ("bool", True, 1, "1 is neither true nor false", "write true or false"),
        ("date", "", "2026-02-30", "2026-02-30 does not exist", "February 2026 has 28 days"),
        ("date", "", "2026-13-01", "2026-13-01 does not exist", "months run from 01 to 12"),
        ("date", "", "2026-10-00", "2026-10-00 does not exist", "October 2026 has 31 days"),
        ("date", "", "1/2/2026", '"1/2/2026" is not a date', "write it as 2026-10-31"),
        ("date", "", dt.datetime(2026, 1, 1), "is not a date", "write it as"),
        ("cycle", "latest", "2026-13", '"2026-13" is no period', "2026-01 to 2026-12"),
        ("cycle", "latest", "2026_10", '"2026_10" is no period', "did you mean 2026-10?"),
        ("cycle", "latest", 2026, "2026 is not a cycle", "write it as"),
        ("list", [], "a,,b", '"a,,b" has an empty item', "single commas"),
        ("list", [], 3, "3 is not a list", "write it as a,b,c"),
        ("list", [1], "7,x", '"x" is not a whole number', "digits only"),
        ("choice[week|day]", "day", "weak", '"weak" is not one of the choices', '"week"?'),
        ("experiment", "", "one_pag", 'no experiment "one_pag"', 'did you mean "one_page"?'),
        ("campaign", "", "one_page", 'no campaign "one_page"', "golden_week"),
        ("experiment", "", 5, "5 is not an id", "as text"),
        ("experiment", "", "", "needs the id of an experiment", "one_page, two_page"),
        ("campaign", "", "", "needs the id of a campaign", "-p p=ID"),
    ],
)
def test_refused_values(type_text, default, value, what: str, hint: str) -> None:
    with pytest.raises(ParameterError) as caught:
        one(type_text, default, value)
    assert what in caught.value.what
    assert hint in caught.value.hint
    assert caught.value.where == "demo, parameter p"


def of_default(type_text: str, default: str) -> object:
    parameter = declared("p", type_text, default, "", "demo.ipynb")
    return bind([parameter], {}, KNOWN, playbook="demo")["p"]


def test_a_default_that_is_nowhere_gives_way_to_the_only_one_that_there_is() -> None:
    assert of_default("campaign", "spring") == "golden_week"
    assert of_default("experiment", "two_page") == "two_page"
    with pytest.raises(ParameterError, match=r'no experiment "spring".*one_page, two_page'):
        of_default("experiment", "spring")
    with pytest.raises(ParameterError, match='no campaign "spring"'):
        one("campaign", "golden_week", "spring")


def test_everything_that_is_wrong_is_said_at_once(make) -> None:
    source = (
        'experiment = ""  # type: experiment  Id\n'
        "alpha = 0.05  # type: float  Rate\n"
        'day = ""  # type: date  Day'
    )
    playbook = Playbook.read(make("demo", parameters=source))
    with pytest.raises(ParameterError) as caught:
        playbook.bind({"alpa": "0.1", "alpha": "abc", "day": "2026-02-30"}, KNOWN)
    said = str(caught.value)
    assert "4 parameters cannot be used" in said
    assert 'alpa: no such parameter. Fix: did you mean "alpha"?' in said
    assert "experiment: needs the id" in said
    assert "February 2026 has 28 days" in said
    assert '"opsnb show demo" lists its parameters' in said
    assert [p.name for p in caught.value.problems] == ["alpa", "experiment", "alpha", "day"]


def test_defaults_are_bound_too(make) -> None:
    playbook = Playbook.read(make("demo", parameters="a = 1\nb = 'x'"))
    assert playbook.bind({"a": "2"}, {}) == {"a": 2, "b": "x"}


def test_the_data_is_asked_only_for_ids_that_no_plan_has() -> None:
    asked = []

    def ids():
        yield "planned"
        asked.append(True)
        yield "measured"

    known = {"experiment": ids}
    parameter = Parameter("e", "experiment", "")
    assert bind([parameter], {"e": "planned"}, known, playbook="demo") == {"e": "planned"}
    assert not asked
    assert bind([parameter], {"e": "measured"}, known, playbook="demo") == {"e": "measured"}
    assert asked


def test_data_that_cannot_be_asked_is_part_of_the_message() -> None:
    def ids():
        yield "planned"
        raise SourceError("the file is gone", hint="restore it")

    parameter = Parameter("e", "experiment", "")
    with pytest.raises(ParameterError, match=r"the data cannot be asked \(the file is gone\)"):
        bind([parameter], {"e": "other"}, {"experiment": ids}, playbook="demo")
    with pytest.raises(ParameterError, match="planned"):
        bind([parameter], {}, {"experiment": ids}, playbook="demo")
