"""Parameters from anybody: refused in words, or values that are never code, in their own place."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from papermill.translators import PythonTranslator

from opsnb.base.errors import OpsnbError
from opsnb.base.workspace import Workspace
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.runs.plan import plan
from tests.conftest import REPOSITORY

PLAYBOOKS = tuple(path.stem for path in sorted((REPOSITORY / "playbooks").glob("*.ipynb")))

HOSTILE = (
    "__import__('os').system('true')", "'); import os; os.abort() #", '"""\n1/0\n"""', "\\", "\\'",
    "{{7*7}}", "${HOME}", "../../etc", "..", "/", "a/../../b", "2026-10/../..", "C:\\x", "~", "-p",
    "\x00", "\x1b[2J", "\u202e", "\ud800", "nan", "inf", "-inf", "1e400", "-1", "0", "9" * 5000,
    "true", "None", "[1]", "{}", "latest", "2026-10", "2026-W53", "2026-W54", "0000-00", "9999-12",
    "1969-12", "2101-01", "x" * 1_000_000, "金额", "checkout_one_page", "golden_week", "", " ",
    "=cmd|'/c calc'!A1", "'; drop table orders; --", "gmv_net", "channel", "en", "2026-10-31",
)  # fmt: skip
anything = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=40),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The sample company's workspace file and plans, without its data."""
    root = tmp_path_factory.mktemp("plans")
    (root / "plans").symlink_to(REPOSITORY / "plans")
    (root / "opsnb.toml").write_bytes((REPOSITORY / "opsnb.toml").read_bytes())
    return Workspace.load(root)


def literals(source: str) -> dict[str, Any]:
    """The names that a parameters' cell sets, if it does nothing else."""
    found = {}
    for node in ast.parse(source).body:
        assert isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name), source
        constant = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "float"
        found[node.targets[0].id] = constant or ast.literal_eval(node.value)
    return found


@pytest.mark.survives(
    "any value for any parameter: code, paths, templates, SQL, 1 MB, control characters",
    sees="a parameter error that names it, or a report with the value as text in its own folder",
)
@pytest.mark.parametrize("name", PLAYBOOKS)
def test_any_value_is_refused_in_words_or_stays_a_value(
    name: str, plans: Workspace, record_property: Any
) -> None:
    playbook = Playbook.load(name, plans)
    given_names = st.sampled_from([p.name for p in playbook.parameters])
    outcomes = []

    @settings(
        max_examples=60, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.dictionaries(given_names, anything, min_size=1, max_size=3))
    def tried(params: dict[str, Any]) -> None:
        try:
            planned = plan(playbook, params, plans)
        except OpsnbError as error:
            outcomes.append(False)
            assert any(str(key) in str(error) for key in params) or "cycle" in str(error)
            return
        outcomes.append(True)
        source = PythonTranslator.codify(dict(planned.parameters))
        assert set(literals(source)) == set(planned.parameters)
        place = plans.reports / planned.cycle / planned.slug
        assert place.resolve().is_relative_to(plans.reports.resolve())
        assert len(Path(planned.cycle).parts) == len(Path(planned.slug).parts) == 1

    tried()
    record_property("tries", len(outcomes))
    assert True in outcomes and False in outcomes


@pytest.mark.parametrize(
    "cycle", ["../x", "..", "/etc", "2026-10/..", "2026-10\x00", "", "latest/"]
)
def test_a_cycle_is_no_path(cycle: str, plans: Workspace) -> None:
    playbook = Playbook.load("monthly_retrospective", plans)
    with pytest.raises(OpsnbError):
        plan(playbook, {"cycle": cycle}, plans, cycle=cycle)
