"""The Airflow example: its commands are those that `opsnb cycle --plan` writes."""

from __future__ import annotations

import ast
import json
import shlex
from pathlib import Path

from typer.testing import CliRunner

from opsnb.cli import app

DAG = Path(__file__).parents[3] / "examples/airflow/opsnb_cycle.py"


def commands_of_the_example():
    """Its one function of plain Python, without importing Airflow."""
    tree = ast.parse(DAG.read_text(encoding="utf-8"))
    tree.body = [
        node
        for node in tree.body
        if isinstance(node, ast.Import)
        or (isinstance(node, ast.FunctionDef) and node.name == "commands")
        or (isinstance(node, ast.ImportFrom) and node.module == "__future__")
    ]
    names: dict = {}
    exec(compile(tree, str(DAG), "exec"), names)
    return names["commands"]


def test_each_command_of_the_dag_makes_its_report(make, root, monkeypatch) -> None:
    make("a_month", value="1", parameters='cycle = "latest"  # type: cycle  Month')
    make("readout", value="1", parameters='experiment = ""  # type: experiment  Id')
    with (root / "opsnb.toml").open("a") as file:
        file.write('[[cycles.month]]\nplaybook = "a_month"\n')
        file.write('[[cycles.month]]\nplaybook = "readout"\nfor_each = "experiment"\n')
    monkeypatch.chdir(root)
    said = CliRunner().invoke(app, ["cycle", "2026-10", "--plan"])
    assert said.exit_code == 0, said.output
    commands = commands_of_the_example()(said.stdout)
    runs = json.loads(said.stdout)["runs"]
    assert [shlex.split(command) for command in commands] == [run["command"] for run in runs]
    for command, run in zip(commands, runs, strict=True):
        program, *arguments = shlex.split(command)
        assert program == "opsnb"
        made = CliRunner().invoke(app, [*arguments, "--no-pdf", "--language", "en"])
        assert made.exit_code == 0, made.output
        assert (root / run["report"]).is_file()


def test_commands_of_the_dag_are_commands_of_opsnb() -> None:
    """`opsnb cycle latest --plan` and `opsnb index`, as the example writes them."""
    tree = ast.parse(DAG.read_text(encoding="utf-8"))
    lists = [
        [part.value for part in node.elts if isinstance(part, ast.Constant)]
        for node in ast.walk(tree)
        if isinstance(node, ast.List)
    ]
    assert ["opsnb", "cycle", "latest", "--plan"] in lists
    (index,) = [
        word.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg == "bash_command" and isinstance(word.value, ast.Constant)
    ]
    for words in (["cycle", "--help"], [*index.split()[1:], "--help"]):
        assert CliRunner().invoke(app, words).exit_code == 0
    assert index.split()[0] == "opsnb"
