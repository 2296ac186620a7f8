"""The session in a real kernel: what leaves a cell, and how it finds the notebook it is in."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from opsnb.analysis.findings import MIME
from opsnb.base.workspace import Workspace
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.runs.plan import plan
from opsnb.publishing.runs.run import RunOptions, run

ORDERS = pd.DataFrame(
    {
        "order_id": ["o1", "o2"],
        "user_id": ["u1", "u2"],
        "ordered_at": pd.to_datetime(["2026-09-01", "2026-10-02"]),
        "amount": [10.0, 20.0],
    }
)
SETUP = 'import opsnb\nops = opsnb.begin(cycle="2026-10")'
NAMED = 'import opsnb\nops = opsnb.begin("mine", cycle="2026-10")'
WHO = "print(ops.playbook, ops.traits.memory, ops.period.key)"

MakeWorkspace = Callable[..., Workspace]


@pytest.fixture
def root(workspace: MakeWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    workspace({"orders": ORDERS})
    (tmp_path / "playbooks").mkdir()
    for name in [*(n for n in os.environ if n.startswith("OPSNB_")), "JPY_SESSION_NAME"]:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def notebook(*sources: str, **opsnb: Any) -> NotebookNode:
    cells = [new_code_cell(source, id=f"c{n}") for n, source in enumerate(sources)]
    return new_notebook(cells=cells, metadata={"opsnb": opsnb})


def saved(root: Path, name: str, made: NotebookNode) -> NotebookNode:
    nbformat.write(made, root / "playbooks" / f"{name}.ipynb")
    return made


def execute(root: Path, made: NotebookNode, env: Mapping[str, str] | None = None) -> NotebookNode:
    """In a kernel in the folder of the playbooks, as JupyterLab starts it."""
    resources = {"metadata": {"path": str(root / "playbooks")}}
    client = NotebookClient(made, kernel_name="python3", timeout=120, resources=resources)
    client.execute(env={**os.environ, **(env or {})})
    return made


def keys(cell: NotebookNode) -> list[list[str]]:
    """The keys of the facts that each output of a cell carries."""
    data = [output.get("data", {}) for output in cell.outputs]
    return [[fact["key"] for fact in each[MIME]["facts"]] for each in data if MIME in each]


def printed(cell: NotebookNode) -> str:
    return "".join(o.text for o in cell.outputs if o.output_type == "stream").strip()


# -- what leaves a cell --------------------------------------------------------------------


def test_whatever_a_cell_records_leaves_it(root: Path) -> None:
    note = "from opsnb.analysis.display import Note\n"
    made = execute(
        root,
        notebook(
            NAMED,
            note + 'ops.fact("a", 1)\nops.show(Note("seen"))',
            'ops.fact("late", 2)\nops.check("c", "warn", "look")\nNone',
            'shown = ops.show(Note("never displayed"))\nops.fact("kept", 3)\nNone',
            'display(ops.show(Note("first")))\nops.fact("after", 4)\nNone',
            "shown",
            "1 + 1",
        ),
    )
    setup, first, late, undisplayed, two, again, nothing = made.cells
    assert keys(setup) == [[]]  # what begin has read
    assert (keys(first), keys(late), keys(undisplayed)) == ([["a"]], [["late"]], [["kept"]])
    assert (keys(two), keys(again), keys(nothing)) == ([[], ["after"]], [[]], [])
    data = late.outputs[0]["data"]
    assert set(data) == {MIME}  # nothing that anybody would see
    assert [c["message"] for c in data[MIME]["languages"]["en"]["checks"]] == ["look"]


def test_a_cell_that_is_run_again_says_the_same_once(root: Path) -> None:
    made = notebook(NAMED, 'ops.fact("late", 2)\nops.act("Call them")\nNone')
    resources = {"metadata": {"path": str(root / "playbooks")}}
    client = NotebookClient(made, kernel_name="python3", timeout=120, resources=resources)
    with client.setup_kernel():
        for number in (0, 0, 1, 1):  # the setup too
            client.execute_cell(made.cells[number], number)
    assert keys(made.cells[1]) == [["late"]]
    payload = made.cells[1].outputs[0]["data"][MIME]
    assert [a["title"] for a in payload["languages"]["en"]["actions"]] == ["Call them"]


def test_what_a_cell_recorded_before_it_failed_is_kept(root: Path) -> None:
    made = notebook(NAMED, 'ops.fact("before", 1)\n1 / 0')
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(root, made)
    assert keys(made.cells[1]) == [["before"]]


def test_a_late_fact_is_in_the_report_and_not_on_the_page(root: Path) -> None:
    made = notebook(
        "top = 3  # type: int  RunOptions many",
        SETUP + "\nops",
        'ops.fact("late.fact", top)\nops.rows.table("orders")\nNone',
    )
    made.cells[0].metadata["tags"] = ["parameters"]
    made.cells.insert(0, new_markdown_cell("# Mine\n\nCounts.", id="title"))
    saved(root, "mine", made)
    workspace = Workspace.load(root)
    planned = plan(Playbook.load("mine", workspace), {}, workspace, cycle="2026-10")
    result = run(planned, workspace, options=RunOptions(formats=()))
    assert result.error is None and result.reports["en"]["playbook"] == "mine"
    assert [fact["key"] for fact in result.reports["en"]["facts"]] == ["late.fact"]
    assert "late.fact" not in (result.folder / "report.html").read_text(encoding="utf-8")


# -- which notebook it is in -----------------------------------------------------------------


def test_the_server_s_name_for_the_notebook_is_enough(root: Path) -> None:
    made = saved(root, "board_week", notebook(SETUP, WHO, period="week", memory="everything"))
    path = root / "playbooks/board_week.ipynb"
    for name in (str(path), "shop/playbooks/board_week.ipynb", "RTC:board_week.ipynb"):
        done = execute(root, made, {"JPY_SESSION_NAME": name})
        assert printed(done.cells[1]) == "board_week everything 2026-10"


def test_the_period_is_the_notebooks(root: Path) -> None:
    setup = "import opsnb\nops = opsnb.begin()"
    made = saved(root, "board_week", notebook(setup, WHO, period="week"))
    done = execute(root, made, {"JPY_SESSION_NAME": "board_week.ipynb"})
    assert printed(done.cells[1]).startswith("board_week own 2026-W")


def test_an_editor_may_name_it_too(root: Path) -> None:
    saved(root, "mine", notebook(SETUP, WHO))
    saved(root, "twin", notebook(SETUP, WHO))
    path = str(root / "playbooks/twin.ipynb")
    for variable in ("__vsc_ipynb_file__", "PAPERMILL_INPUT_PATH"):
        made = execute(root, notebook(f"{variable} = {path!r}", SETUP, WHO))
        assert printed(made.cells[2]) == "twin own 2026-10"


def test_without_any_name_the_running_cell_tells(root: Path) -> None:
    made = saved(root, "mine", notebook(SETUP, WHO))
    saved(root, "other", notebook(NAMED, WHO))
    written = nbformat.from_dict({**made, "metadata": {"papermill": {"input_path": "mine.ipynb"}}})
    saved(root, "out", written)
    assert printed(execute(root, made).cells[1]) == "mine own 2026-10"


def test_an_inherited_name_of_a_notebook_without_a_session_is_not_taken(root: Path) -> None:
    saved(root, "outer", notebook("import nbclient"))
    made = saved(root, "mine", notebook(SETUP, WHO))
    done = execute(root, made, {"JPY_SESSION_NAME": str(root / "playbooks/outer.ipynb")})
    assert printed(done.cells[1]) == "mine own 2026-10"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), ["the kernel knows no notebook", "save the notebook", '(playbook="...")']),
        (
            ("mine", "twin"),
            ["stands in mine.ipynb, twin.ipynb of playbooks/", 'opsnb.begin(playbook="NAME")'],
        ),
    ],
    ids=["unsaved", "two alike"],
)
def test_where_it_cannot_be_told_the_error_names_the_fix(
    root: Path, names: tuple, said: list[str]
) -> None:
    for name in names:
        saved(root, name, notebook(SETUP, WHO))
    with pytest.raises(CellExecutionError) as caught:
        execute(root, notebook(SETUP, WHO))
    assert "PlaybookError" in str(caught.value)
    assert [words for words in said if words not in str(caught.value)] == []


def test_of_two_alike_the_name_decides(root: Path) -> None:
    for name, memory in (("mine", "own"), ("twin", "everything")):
        saved(root, name, notebook(SETUP, WHO, memory=memory))
    named = SETUP.replace("begin(", 'begin("twin", ')
    assert printed(execute(root, notebook(named, WHO)).cells[1]) == "twin everything 2026-10"


def test_a_name_that_is_given_stays(root: Path) -> None:
    """As in copies made when playbooks had to be named; traits are the notebook's."""
    given = 'import opsnb\nops = opsnb.begin("ab_readout", cycle="2026-10")'
    made = saved(root, "pilot", notebook(given, WHO, memory="everything"))
    done = execute(root, made, {"JPY_SESSION_NAME": "pilot.ipynb"})
    assert printed(done.cells[1]) == "ab_readout everything 2026-10"


# -- what a copy remembers -------------------------------------------------------------------

MEMORY = "ops.memory()"
CYCLE = 'cycle = "2026-10"  # type: cycle  Month'
PROPOSE = """\
import opsnb
ops = opsnb.begin(cycle=cycle)
ops.act({"en": "Call the ten largest", "zh": "回访十大客户"}, "Li Na")
ops
"""


def monthly(root: Path, name: str, /, *sources: str, **opsnb: Any) -> None:
    made = notebook(CYCLE, *sources, **opsnb)
    made.cells[0].metadata["tags"] = ["parameters"]
    made.cells.insert(0, new_markdown_cell(f"# {name}\n\nShows.", id="title"))
    saved(root, name, made)


def page(root: Path, name: str, cycle: str) -> str:
    workspace = Workspace.load(root)
    planned = plan(Playbook.load(name, workspace), {"cycle": cycle}, workspace)
    result = run(planned, workspace, options=RunOptions(formats=()))
    assert result.error is None
    return (result.folder / "report.html").read_text(encoding="utf-8")


OLDER = {"name": "monthly_retrospective"}


@pytest.mark.parametrize(
    ("opsnb", "sees"),
    [({"memory": "everything"}, True), ({}, False), (OLDER, True)],
    ids=["everything", "its own", "an older copy"],
)
def test_a_copy_sees_what_its_traits_let_it_see(root: Path, opsnb: dict, sees: bool) -> None:
    """Cycle 1 of one playbook leaves an action; cycle 2 of a team's own shows it, or not."""
    monthly(root, "first", PROPOSE)
    monthly(root, "board_month", "import opsnb\nops = opsnb.begin(cycle=cycle)", MEMORY, **opsnb)
    page(root, "first", "2026-09")
    assert ("Call the ten largest" in page(root, "board_month", "2026-10")) is sees


def test_a_copy_goes_on_where_the_original_left_off(root: Path) -> None:
    """The original's entries are its own, and its predictions are scored once."""
    foretold = PROPOSE + (
        "import datetime as dt\n"
        "from opsnb.analysis.findings import Prediction\n"
        "ops.predict(Prediction('Orders in October', 'orders', 5.0, 1.0, 9.0,"
        " dt.date(2026, 10, 31)))\n"
    )
    monthly(root, "original", foretold, texts="original")
    page(root, "original", "2026-09")
    again = "import opsnb\nops = opsnb.begin(cycle=cycle)"
    monthly(root, "ours", again, MEMORY, texts="original")
    shown = page(root, "ours", "2026-10")
    assert "Call the ten largest" in shown
    report = next(iter((root / "reports/2026-10").glob("ours*/report.json"))).read_text("utf-8")
    assert '"observed": 1.0' in report.replace('"observed": 1,', '"observed": 1.0,')
