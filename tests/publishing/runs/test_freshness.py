"""A report that would come out the same is not made again; what changed is named."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pandas as pd
import pytest

from opsnb.base.messages import Language
from opsnb.base.workspace import Workspace
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.reports.row_changes import moves, said
from opsnb.publishing.reports.small_print import provenance_lines
from opsnb.publishing.runs import freshness
from opsnb.publishing.runs.cycle import Entry, run_cycle
from opsnb.publishing.runs.plan import plan
from opsnb.publishing.runs.run import Result, RunOptions, run

READS = """\
import opsnb
ops = opsnb.begin("demo", cycle=cycle)
rows = ops.rows.table("orders").expr.count().execute()
plan = ops.workspace.experiments.get("one_page")
ops.fact("orders.rows", int(rows), "count")
ops.show()
"""
MEMORY = """\
from opsnb.analysis.reviews.shared.recall import recall
recall(ops, related=False)
names = [plan.name for plan in ops.workspace.campaigns.values()]
ops.show()
"""
CAMPAIGN = """\
name = "{name}"
start = 2026-10-01
end = 2026-10-08
metric = "gmv_net"
objective = "{objective}"
"""


@pytest.fixture
def shop(root: Path, make) -> Workspace:
    """A workspace with orders and a playbook that reads them, a plan and the ledger."""
    (root / "data").mkdir()
    write_orders(root, 3)
    with (root / "opsnb.toml").open("a") as file:
        file.write('[sources.here]\nurl = "parquet://data"\n')
        file.write('[tables.orders]\nsource = "here"\ntable = "orders"\n')
        file.write('[[cycles.month]]\nplaybook = "demo"\n')
    (root / "plans/campaigns").mkdir()
    write_campaign(root)
    make("demo", READS, MEMORY, parameters='cycle = "2026-10"  # type: cycle  Month')
    return Workspace.load(root)


def write_orders(root: Path, rows: int) -> None:
    frame = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(rows)],
            "user_id": [f"u{i}" for i in range(rows)],
            "ordered_at": pd.date_range("2026-10-01", periods=rows),
            "amount": [10.0] * rows,
        }
    )
    frame.to_parquet(root / "data/orders.parquet", index=False)


def write_campaign(root: Path, name: str = "Golden week", objective: str = "More") -> None:
    text = CAMPAIGN.format(name=name, objective=objective)
    (root / "plans/campaigns/golden_week.toml").write_text(text, encoding="utf-8")


def fingerprint(workspace: Workspace):
    """Asks the data as they are now, with connections of its own."""

    def ask(table: str) -> str:
        from opsnb.analysis.tables import open_table

        return open_table(Workspace.load(workspace.root), table).report.fingerprint

    return ask


def go(workspace: Workspace, **more) -> Result:
    workspace = Workspace.load(workspace.root)
    planned = plan(Playbook.load("demo", workspace), {}, workspace)
    more.setdefault("formats", ())
    current = freshness.CurrentState(workspace, fingerprint(workspace))
    return run(planned, workspace, options=RunOptions(current=current, **more))


def test_nothing_changed_nothing_runs(shop) -> None:
    first = go(shop)
    assert (first.made, first.changed, first.error) == ("executed", ("no report yet",), None)
    before = (first.folder / "report.json").read_bytes()
    started = time.monotonic()
    again = go(shop)
    assert (again.made, again.changed, again.status) == ("unchanged", (), "ready")
    assert time.monotonic() - started < 2
    assert again.reports == first.reports
    assert (first.folder / "report.json").read_bytes() == before
    assert again.files("html") == first.files("html")


CHANGES = {
    "data": (lambda root: write_orders(root, 4), ("table orders",)),
    "plan": (
        lambda root: edit(root / "plans/experiments/one_page.toml", "Fewer steps", "Less"),
        ("plans/experiments/one_page",),
    ),
    "another plan's name": (
        lambda root: write_campaign(root, name="Silver week"),
        ("plans/campaigns/golden_week",),
    ),
    "settings": (
        lambda root: edit(root / "opsnb.toml", 'currency = "CNY"', 'currency = "USD"'),
        ("opsnb.toml",),
    ),
    "day": (
        lambda root: edit(root / "opsnb.toml", "2026-11-16", "2026-11-17"),
        ("opsnb.toml", "day of the data"),
    ),
    "a metric of one's own": (
        lambda root: write(root / "metrics.toml", '[refunds]\nowner = "Li Na"\n'),
        ("metrics.toml",),
    ),
    "a metric in the settings": (
        lambda root: (root / "opsnb.toml").open("a").write('[metrics.refunds]\nowner = "Li Na"\n'),
        ("opsnb.toml",),
    ),
    "playbook": (
        lambda root: edit(root / "playbooks/demo.ipynb", "orders.rows", "orders.n"),
        ("playbook",),
    ),
    "own texts": (
        lambda root: write(root / "messages/en.toml", '[status]\nready = "Done"\n'),
        ("messages",),
    ),
    "ledger": (
        lambda root: Workspace.load(root).ledger.add("action", "2026-09", "Call them"),
        ("the ledger's entries of cycles before 2026-10",),
    ),
}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_named_and_the_report_runs(shop, what) -> None:
    change, named = CHANGES[what]
    go(shop)
    change(shop.root)
    again = go(shop)
    assert (again.made, again.changed, again.error) == ("executed", named, None)
    assert go(shop).made == "unchanged"


def test_a_changed_metric_is_named_by_its_file(shop) -> None:
    """Changed, and gone again; a word beside the metrics changes nothing."""
    metrics = shop.root / "metrics.toml"
    write(metrics, '[refunds]\nowner = "Li Na"\n')
    go(shop)
    write(metrics, '# ours\n[refunds]\nowner = "Li Na"\n')
    assert go(shop).made == "unchanged"
    edit(metrics, "Li Na", "Wang Wei")
    assert go(shop).changed == ("metrics.toml",)
    metrics.unlink()
    assert go(shop).changed == ("metrics.toml",)


def test_metrics_written_during_a_run_count_as_moved(shop) -> None:
    current = freshness.CurrentState(shop)
    started = time.time() + 5
    assert not current.moved_since(started, None)
    write(shop.root / "metrics.toml", "")
    os.utime(shop.root / "metrics.toml", (started + 1, started + 1))
    assert current.moved_since(started, None)


def test_settings_saved_with_a_byte_order_mark_are_compared(shop) -> None:
    path = shop.root / "opsnb.toml"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert go(shop).error is None
    assert go(shop).made == "unchanged"


HARMLESS = {
    "the same data written again": lambda root: write_orders(root, 3),
    "a field of another plan that is not read": lambda root: write_campaign(root, objective="Less"),
    "an entry of a later cycle": lambda root: Workspace.load(root).ledger.add(
        "action", "2026-11", "Later"
    ),
    "which reports a cycle has": lambda root: edit(
        root / "opsnb.toml", '[[cycles.month]]\nplaybook = "demo"\n', ""
    ),
    "outputs kept in the playbook": lambda root: edit(
        root / "playbooks/demo.ipynb", '"outputs": []', '"outputs":  []'
    ),
}


@pytest.mark.parametrize("what", HARMLESS)
def test_what_a_report_does_not_rest_on_may_change(shop, what) -> None:
    go(shop)
    HARMLESS[what](shop.root)
    assert go(shop).changed == ()


def test_without_a_way_to_ask_touched_data_count_as_changed(shop) -> None:
    go(shop)
    os.utime(shop.root / "data/orders.parquet", (1, 1))
    planned = plan(Playbook.load("demo", shop), {}, shop)
    current = freshness.CurrentState(shop)
    result = run(planned, shop, formats=(), current=current)
    assert result.changed == ("table orders",)


def test_a_new_template_draws_again_without_running(shop, monkeypatch) -> None:
    first = go(shop)
    monkeypatch.setattr(freshness, "_template", lambda: "another")
    again = go(shop)
    assert (again.made, again.changed) == ("rendered", ("templates",))
    assert again.reports == first.reports
    log = (again.folder / "run.log").read_text(encoding="utf-8")
    assert "--- cell c0" in log, "the log of the run is kept"
    assert go(shop).made == "unchanged"


def test_a_pdf_that_is_wanted_now_is_drawn_without_running(shop) -> None:
    first = go(shop)
    assert first.files("pdf") == []
    again = go(shop, formats=["pdf"])
    assert (again.made, again.changed) == ("rendered", ("PDF",))
    assert len(again.files("pdf")) == 2
    assert go(shop).made == "unchanged", "and where none is wanted, it does no harm"


def test_a_report_that_was_tampered_with_or_failed_runs_again(shop, make) -> None:
    first = go(shop)
    page = first.folder / "report.html"
    page.chmod(0o644)
    page.write_text("mine", encoding="utf-8")
    assert go(shop).changed == ("the report's own files",)
    make("demo", READS, "1 / 0", parameters='cycle = "2026-10"  # type: cycle  Month')
    assert go(shop).changed == ("playbook",)
    assert go(shop).changed == ("the last run failed",)


def test_a_playbook_that_does_not_say_what_it_reads_always_runs(make, workspace) -> None:
    make("demo")
    for expected in ("no report yet", "what it reads is not known"):
        planned = plan(Playbook.load("demo", workspace), {}, workspace)
        current = freshness.CurrentState(workspace)
        result = run(planned, workspace, formats=(), current=current)
        assert result.changed == (expected,)


def test_a_changed_plan_runs_only_its_report(shop, make) -> None:
    cell = (
        "import opsnb\nops = opsnb.begin('readout', cycle='2026-10')\n"
        "plan = ops.workspace.experiments[experiment]\nops.show()"
    )
    make("readout", cell, parameters='experiment = ""  # type: experiment  Id')
    other = (shop.root / "plans/experiments/one_page.toml").read_text(encoding="utf-8")
    write(shop.root / "plans/experiments/two_pages.toml", other)
    workspace = Workspace.load(shop.root)
    entries = [
        Entry("readout", "2026-10", "experiment", "one_page"),
        Entry("readout", "2026-10", "experiment", "two_pages"),
    ]
    assert not run_cycle(workspace, entries, formats=()).failed
    edit(shop.root / "plans/experiments/two_pages.toml", "Fewer", "Many fewer")
    rolled = run_cycle(Workspace.load(shop.root), entries, formats=())
    assert [outcome.result.made for outcome in rolled.outcomes] == ["unchanged", "executed"]
    assert rolled.outcomes[1].result.changed == ("plans/experiments/two_pages",)
    always = run_cycle(Workspace.load(shop.root), entries, formats=(), always=True)
    assert {outcome.result.changed for outcome in always.outcomes} == {("asked for",)}


def test_another_end_of_a_campaign_runs_only_what_reads_its_end(shop, make) -> None:
    """`demo` goes through the campaigns' names, `ends` through their dates."""
    cell = (
        "import opsnb\nops = opsnb.begin('ends', cycle='2026-10')\n"
        "[plan.end for plan in ops.workspace.campaigns.values()]\nops.show()"
    )
    make("ends", cell, parameters='cycle = "2026-10"  # type: cycle  Month')
    entries = [Entry("demo", "2026-10"), Entry("ends", "2026-10")]
    asked = {"formats": (), "fingerprint": fingerprint(shop)}
    assert not run_cycle(Workspace.load(shop.root), entries, **asked).failed
    edit(shop.root / "plans/campaigns/golden_week.toml", "2026-10-08", "2026-10-07")
    rolled = run_cycle(Workspace.load(shop.root), entries, **asked)
    assert [outcome.result.made for outcome in rolled.outcomes] == ["unchanged", "executed"]
    assert rolled.outcomes[1].result.changed == ("plans/campaigns/golden_week",)


def test_the_index_is_written_when_something_changed(shop, monkeypatch) -> None:
    from opsnb.publishing.runs import index

    written: list[int] = []
    real = index.index_reports
    monkeypatch.setattr(index, "index_reports", lambda *a, **k: written.append(1) or real(*a, **k))
    entries = [Entry("demo", "2026-10")]

    def cycle() -> None:
        rolled = run_cycle(Workspace.load(shop.root), entries, formats=())
        assert rolled.index == shop.root / "reports/index.html"

    cycle()
    cycle()
    assert len(written) == 1
    Workspace.load(shop.root).ledger.add("action", "2026-11", "Later")
    cycle()
    assert len(written) == 2


def test_the_last_day_is_asked_for_once(shop) -> None:
    import datetime as dt

    asked: list[int] = []

    def ask() -> dt.date:
        asked.append(1)
        return dt.date(2026, 10, 3)

    for _ in range(3):
        assert freshness.remembered_day(shop, ask) == dt.date(2026, 10, 3)
    assert len(asked) == 1
    write_orders(shop.root, 9)
    freshness.remembered_day(shop, ask)
    assert len(asked) == 2


def test_what_moved_is_said_by_table_and_day(root: Path, shop, make) -> None:
    """Rows that arrive late: how many before and now, and of which days."""
    make(
        "demo", 'import opsnb\nops = opsnb.begin("demo", cycle=cycle)\nops.inspect("orders")\n'
        'ops.show()', parameters='cycle = "2026-10"  # type: cycle  Month',
    )  # fmt: skip
    first = go(shop)
    assert first.moved == ()
    assert first.reports["en"]["tables"]["orders"]["days"] == "2026-10-01 1 1 1"
    late = pd.read_parquet(root / "data/orders.parquet")
    late = pd.concat([late, late.iloc[1:2].assign(order_id="late"), late.iloc[2:].assign(
        order_id="later", ordered_at=pd.Timestamp("2026-10-05"))])  # fmt: skip
    late.to_parquet(root / "data/orders.parquet", index=False)
    days = "2026-10-02 (+1), 2026-10-05 (+1)"
    second = go(shop)
    assert second.moved == (f"orders: 3 rows before, 5 now; moved on {days}",)
    page = (second.folder / "report.html").read_text(encoding="utf-8")
    line = "orders: 3 rows before, 5 now; moved: 2 Oct 2026 (+1), 5 Oct 2026 (+1)"
    assert "Since the last run" in page and line in page
    late.assign(amount=11.0).to_parquet(root / "data/orders.parquet", index=False)
    (told,) = go(shop).moved
    assert told == "orders: 5 rows before, 5 now; no day has more or fewer rows, values changed"


def test_many_days_are_counted_and_the_last_named() -> None:
    old = {"orders": {"rows": 10, "fingerprint": "a", "days": "2026-10-01 " + "1 " * 10}}
    new = {"orders": {"rows": 20, "fingerprint": "b", "days": "2026-10-01 " + "2 " * 10}}
    (move,) = moves(old, new)
    assert "10 days moved from 2026-10-01 on, the last 2026-10-06 (+1)" in said(move)
    (uncounted,) = moves(old, {"orders": {"rows": 9, "fingerprint": "b"}})
    assert said(uncounted) == "orders: 10 rows before, 9 now"
    (unknown,) = moves(old, {"orders": {"fingerprint": "b"}})
    assert said(unknown) == "orders: changed since the last run"
    assert moves({}, new) == moves(old, old) == []


@pytest.mark.parametrize(
    ("change", "en", "zh"),
    [
        (
            {"days": [["2026-10-02", 2]]},
            "5 now; moved: 2 Oct 2026 (+2)",
            "现 5 行；变动：2026年10月2日（+2）",
        ),
        ({"days": []}, "no day has more or fewer rows", "各日行数未变，数值有改动"),
        ({"days": None}, "orders: 3 rows before, 5 now", "orders：原 3 行，现 5 行"),
        ({"now": None, "days": None}, "orders changed", "orders 有变动"),
        (
            {"days": [[f"2026-10-0{n}", 1] for n in range(1, 8)]},
            "7 days moved from 1 Oct 2026 on, the last: 3 Oct 2026 (+1)",
            "自2026年10月1日起有 7 天变动，最近：2026年10月3日（+1）",
        ),
    ],
)  # fmt: skip
def test_a_page_says_what_moved_in_its_language(change, en: str, zh: str) -> None:
    move = {"table": "orders", "before": 3, "now": 5, **change}
    report = {"provenance": {"moved": [move]}, "parameters": {}}
    for code, words in (("en", en), ("zh", zh)):
        (line,) = [text for _, text in provenance_lines(report, Language(code)) if "orders" in text]
        assert words in line


def test_a_broken_note_of_the_last_making_is_no_note(shop) -> None:
    go(shop)
    path = freshness.work_folder(shop.reports, "2026-10", "demo") / freshness.MADE
    path.write_text("{", encoding="utf-8")
    assert go(shop).changed == ("no report yet",)
    made = json.loads(path.read_text(encoding="utf-8"))
    assert made["reads"]["tables"].keys() == {"orders"}
    assert made["peak"] > 10 * 2**20
