"""`opsnb check`: everything in one run, exit codes, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

HEAD = """[workspace]
name = "Shop"
timezone = "Asia/Shanghai"
currency = "CNY"
as_of = 2026-11-05
[sources.d]
url = "csv://data"
[tables.orders]
source = "d"
table = "orders"
"""
ORDERS = "order_id,user_id,ordered_at,amount,status\n1,a,2026-11-04 10:00:00,5,paid\n"


@pytest.fixture
def shop(root: Path) -> Path:
    (root / "opsnb.toml").write_text(HEAD)
    for folder in ("plans/experiments", "plans/campaigns", "plans/notes", "reports"):
        for path in (root / folder).rglob("*.toml"):
            path.unlink()
    (root / "data").mkdir(exist_ok=True)
    (root / "data/orders.csv").write_text(ORDERS)
    return root


def plan(root: Path, text: str, name: str = "zeta") -> None:
    path = root / f"plans/experiments/{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_nothing_wrong_is_0(call, shop) -> None:
    result = call("check")
    assert result.exit_code == 0, result.output
    tree = json.loads(call("check", "--json").stdout)
    assert tree["blocked"] is False
    assert tree["concerns"] == []
    assert set(tree) == {"blocked", "tables", "unreadable", "concerns"}


def test_a_broken_plan_is_1_and_the_tables_are_read(call, shop) -> None:
    plan(shop, 'name = "Z"\ncontrol = 0\nsplit = {a = 0.5, b = 0.5}\n[primary]\nmetric = "aov"\n')
    (shop / "plans/events.toml").write_text('[[event]]\nstart = 1\nname = "x"\n')
    result = call("check")
    assert result.exit_code == 1
    assert "plans/experiments/zeta.toml: control: should be a valid string, not 0" in result.stdout
    assert 'Fix: texts stand in quotes: write control = "0"' in result.stdout
    assert "plans/events.toml: event[1].start" in result.stdout
    assert "unreadable" not in result.stdout, "orders are read whatever the events are"
    tree = json.loads(call("check", "--json").stdout)
    [found] = [one for one in tree["concerns"] if one["file"].endswith("zeta.toml")]
    assert found == {
        "subject": "plans",
        "rule": "unreadable",
        "level": "block",
        "file": "plans/experiments/zeta.toml",
        "key": "control",
        "what": "should be a valid string, not 0",
        "fix": 'texts stand in quotes: write control = "0"',
    }
    assert tree["tables"][0]["rows"] == 1


def test_metrics_that_are_no_toml_stop_nothing_else(call, shop) -> None:
    (shop / "metrics.toml").write_text("[a\n")
    plan(shop, "nonsense")
    (shop / "data/orders.csv").write_text(f"{ORDERS}2,b,soon,5,paid\n")
    result = call("check")
    assert result.exit_code == 1
    for part in ("metrics.toml", "zeta.toml", '"soon" (1)', "data/orders.csv:3"):
        assert part in result.stdout


def test_a_workspace_that_cannot_be_read_is_2(call, shop) -> None:
    (shop / "opsnb.toml").write_text(HEAD.replace("Asia/Shanghai", "Asia/Shangai"))
    plan(shop, "nonsense")
    result = call("check")
    assert result.exit_code == 2
    assert 'workspace.timezone: unknown time zone "Asia/Shangai"' in result.stdout
    assert "zeta.toml" in result.stdout, "and what else is wrong"
    tree = json.loads(call("check", "--json").stdout)
    assert tree["blocked"] is True
    assert {one["subject"] for one in tree["concerns"]} == {"workspace", "plans"}


def test_parts_can_be_asked_for_alone(call, shop) -> None:
    plan(shop, "nonsense")
    (shop / "data/orders.csv").write_text(f"{ORDERS}2,b,soon,5,paid\n")
    alone = json.loads(call("check", "plans", "--json").stdout)
    assert alone["tables"] == []
    assert len(alone["concerns"]) == 1
    tables = json.loads(call("check", "orders", "--json").stdout)
    assert tables["concerns"] == []
    assert len(tables["tables"]) == 1


def test_notes_and_warnings_are_0(call, shop) -> None:
    arms = 'split = {a = 0.5, b = 0.5}\n[primary]\nmetric = "tickets_on_time"\n'
    plan(shop, f'name = "Z"\ncontrol = "a"\n{arms}')
    result = call("check")
    assert result.exit_code == 0
    assert '"tickets_on_time" cannot be measured: the table tickets is not mapped' in result.stdout


def test_a_broken_plan_stops_its_own_report_alone(call, shop, make) -> None:
    make("readout", "1", parameters='experiment = ""  # type: experiment  Id')
    arms = 'split = {a = 0.5, b = 0.5}\n[primary]\nmetric = "aov"\n'
    plan(shop, f'name = "Z"\ncontrol = 0\n{arms}')
    plan(shop, f'name = "S"\ncontrol = "a"\n{arms}', "sound")
    result = call("run", "readout", "-p", "experiment=sound", "--no-pdf")
    assert result.exit_code == 0, result.output
    assert "warning: plans/experiments/zeta.toml: control" in result.stderr
    refused = call("run", "readout", "-p", "experiment=zeta", "--no-pdf")
    assert refused.exit_code == 2
    assert 'write control = "0"' in refused.stderr
    assert "no experiment" not in refused.stderr
