from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import pytest

from opsnb.base.ledger import Ledger
from opsnb.base.messages import Language
from opsnb.base.predictions import Score, score
from opsnb.publishing.reports.store import staged
from opsnb.publishing.runs.proposals import record as remember
from opsnb.publishing.site import (
    entries,
    kpi_history,
    metric_labels,
    track_record,
    write_index,
)
from tests.publishing.reports.test_html import words
from tests.publishing.site.conftest import campaign, fact, month, record

TODAY = dt.date(2026, 11, 16)
ENGLISH = Language("en")


def action(title, due, status="proposed", owner="Wang Lei"):
    return {"title": title, "owner": owner, "due": due, "status": status, "from": None}


def drawn(reports, name, **options):
    write_index(reports, ["en", "zh"], "Lantern Market", as_of=TODAY, **options)
    return (reports / name).read_text("utf-8")


# -- KPIs ------------------------------------------------------------------------------


def test_a_kpi_is_followed_from_cycle_to_cycle(reports, lay):
    for cycle, gmv in (("2026-09", 3.5e6), ("2026-10", 2.5e6), ("2026-08", 3.1e6)):
        lay(month(cycle, gmv), "month")
    lay(month("2026-W44", 1e6), "week")
    listed = entries(reports, "en")
    (kind, cycles, series), (weeks, *_) = kpi_history.histories(listed, ENGLISH, metric_labels({}))
    assert (kind, weeks) == ("By month", "By week")
    assert cycles == ["2026-08", "2026-09", "2026-10"]
    assert [point.fact.value for point in series[0].points] == [3.1e6, 3.5e6, 2.5e6]
    assert (series[0].name, series[0].last.status, series[0].last.target) == (
        "Net GMV", "missed", 3e6,
    )  # fmt: skip
    heights = [y for _, y in series[0].places]
    assert heights == [14.6, 5.0, 29.0], "the higher the value, the nearer the top"
    assert series[1].name == "our own rate"
    page = drawn(reports, "kpis.html")
    assert "Net GMV" in page
    assert page.count("<polyline") == 2
    assert 'aria-label="Net GMV from ¥3.10m to ¥2.50m over 3 cycles"' in page
    assert "¥3.10m ¥3.50m ¥2.50m ¥3.00m ■ missed" in words(page)
    assert "净成交额" in words((reports / "kpis.zh.html").read_text("utf-8"))


def test_a_workspaces_own_metric_has_its_own_name(reports, lay):
    lay(month("2026-10", 1e6), "month")
    labels = metric_labels({"our_own_rate": {"label": {"en": "Ours", "zh": "自有"}}, "x": {}})
    assert "Ours" in words(drawn(reports, "kpis.html", labels=labels))
    assert "自有" in words((reports / "kpis.zh.html").read_text("utf-8"))


@pytest.mark.parametrize("status", ["invalid", "failed"])
def test_numbers_that_must_not_be_used_have_no_history(reports, lay, status):
    lay(month("2026-10", 2.5e6, status=status), "month")
    assert "No report with KPIs yet." in words(drawn(reports, "kpis.html"))


def test_a_provisional_number_is_marked_and_a_kpi_without_values_is_left_out(reports, lay):
    lay(month("2026-10", 2.5e6, status="provisional"), "month")
    empty = record(facts=[fact("kpi.value", None, metric="nps")], cycle="2026-09")
    lay(empty, "month")
    page = drawn(reports, "kpis.html")
    assert "¥2.50m ◆" in words(page)
    assert "NPS" not in words(page)
    assert "<polyline" not in page, "one point is no line"


# -- campaigns ---------------------------------------------------------------------------


def test_campaigns_stand_side_by_side(reports, lay):
    lay(campaign(), "golden")
    lay(campaign(cycle="2026-09", status="invalid", reason="no"), "older")
    lay(record(playbook="ab_readout", subject="x", cycle="2026-09"), "experiment")
    shown = words(drawn(reports, "campaigns.html"))
    assert (
        "Golden Week sale October 2026 ¥84,000 Net GMV +¥343,613 +¥213,067 to +¥474,158 "
        "+42.3% −11.7% to +96.4% break-even open ● WORKED A" in shown
    )
    assert "Golden Week sale September 2026 – – – – ■ Do not use" in shown
    assert "2026年9月" in words((reports / "campaigns.zh.html").read_text("utf-8"))


def test_without_the_verdicts_evidence_the_first_effect_counts(reports, lay):
    plain = campaign()
    plain["verdict"] = None
    lay(plain, "golden")
    (row,) = track_record.campaigns(entries(reports, "en"), ENGLISH, {})
    assert row.effect.value == 397_000.0
    assert row.metric == "gmv net"


# -- predictions -------------------------------------------------------------------------


def test_predictions_are_scored_once(reports, lay):
    lay(campaign(), "golden")
    scored = campaign()["predictions"][0]
    open_ = {**scored, "what": "Next month", "due": "2026-11-30", "observed": None}
    missed = {**scored, "what": "Earlier", "due": "2026-09-30", "observed": 1.0}
    bare = {**scored, "what": "No range", "low": None, "high": None}
    unknown = {**scored, "observed": None}
    lay(month("2026-11", 1e6, predictions=[unknown, open_, missed, bare]), "month")
    rows = track_record.predictions(entries(reports, "en"), [], ENGLISH).rows
    assert [(row.what, row.hit) for row in rows] == [
        ("Next month", None), ("Increment of the sale", True), ("No range", None),
        ("Earlier", False),
    ]  # fmt: skip
    shown = words(drawn(reports, "actions.html"))
    assert "1 of 2 outcomes fell inside the range that was predicted." in shown
    assert "Above the range: 0; below it: 1." in shown
    assert [row.place for row in rows if row.place is not None] == [
        pytest.approx((343_613 - 150_000) / 300_000), pytest.approx((1 - 150_000) / 300_000),
    ]  # fmt: skip
    page = (reports / "actions.html").read_text("utf-8")
    assert re.findall(r'<circle cx="([\d.]+)" cy="7"', page) == ["80.7", "12.0"]
    assert "¥300,000 ¥150,000 to ¥450,000 ¥343,613 ● inside" in shown
    assert "not known yet" in shown
    assert "no range given" in shown


def foretold(metric, value, due, what=None):
    return {"what": what or metric, "metric": metric, "value": value, "low": 0.8 * value,
            "high": 1.2 * value, "due": due, "observed": None}  # fmt: skip


def test_the_ledger_s_predictions_are_counted_as_everywhere(reports, lay):
    """Outcomes of all cycles, not those that the newest report happens to tell of."""
    ledger = Ledger(reports / "ledger")
    for cycle, due in (("2026-08", "2026-09-30"), ("2026-09", "2026-10-31")):
        rows = [foretold(name, 1e5, due) for name in ("gmv_net", "orders")]
        made = month(cycle, 1e6, predictions=rows)
        lay(made, "month")
        remember(ledger, {"en": made}, f"{cycle}/month")
        for entry in ledger.entries("prediction"):
            if entry.observed is None:
                seen = 1.1e5 if entry.metric == "gmv_net" else 10.0
                with ledger.locked() as write:
                    write(cycle, [{"event": "observe", "id": entry.id, "value": seen}])
    lay(campaign(), "golden")  # a plan's expectation, met: no registered prediction
    first, *_, last = ledger.entries("prediction")
    shown = words(drawn(reports, "actions.html"))
    assert "2 of 4 outcomes fell inside the range that was predicted." in shown
    assert "Above the range: 0; below it: 2." in shown
    assert "Expected by plans, and not counted above: 1" in shown
    assert "gmv_net 30 Sep 2026 ¥100,000 ¥80,000 to ¥120,000 ¥110,000 ● inside" in shown
    chinese = words((reports / "actions.zh.html").read_text("utf-8"))
    assert "4 项已有结果的预测中，2 项落在预测区间内" in chinese
    assert score(ledger.entries()) == Score(n=4, hits=2, above=0, below=2)

    ledger.withdraw(last.id, "prediction", "orders were read twice")
    with ledger.locked() as write:
        write("2026-08", [{"event": "withdraw", "id": first.id, "superseded_by": "p-other"}])
    shown = words(drawn(reports, "actions.html"))
    assert "1 of 2 outcomes fell inside" in shown
    assert "Not counted: 1 superseded, 1 withdrawn by hand" in shown
    assert "orders were read twice" in shown
    chinese = words((reports / "actions.zh.html").read_text("utf-8"))
    assert "不计入：已被取代 1 项，人工撤回 1 项" in chinese


# -- actions -----------------------------------------------------------------------------


def test_without_a_ledger_the_board_holds_what_reports_propose(reports, lay):
    proposed = [action("Fix it", "2026-11-01"), action("Grow", "2026-12-01"), action("Rest", None)]
    proposed.append(action("Soon", "2026-11-23"))
    lay(month("2026-10", 1e6, actions=proposed), "month")
    lay(month("2026-09", 1e6, actions=[proposed[0]]), "month")
    lay(month("2026-08", 1e6, actions=[action("Never", None)], status="invalid"), "month")
    board, kept = track_record.steps(
        entries(reports, "en"), track_record.remembered(reports / "ledger"), ENGLISH, TODAY
    )
    assert not kept
    assert [(s.title, s.state) for s in board] == [
        ("Fix it", "late"), ("Soon", "due"), ("Grow", "open"), ("Rest", "open"),
    ]  # fmt: skip
    assert "there is no ledger" in words(drawn(reports, "actions.html"))


def test_the_board_lists_the_newest_of_many_closed_actions(reports, lay, monkeypatch):
    monkeypatch.setattr("opsnb.publishing.site.MOST_CLOSED", 2)
    lay(month("2026-10", 1e6), "month")
    ledger = Ledger(reports / "ledger")
    for cycle in ("2026-08", "2026-10", "2026-09"):
        added = ledger.add("action", cycle, f"Done in {cycle}")
        ledger.close(added.id, "action", "done", on=TODAY)
    shown = words(drawn(reports, "actions.html"))
    assert "Closed: 3" in shown
    assert "The newest 2 are listed; all of them: opsnb actions list --all" in shown
    assert "Done in 2026-10" in shown and "Done in 2026-08" not in shown


def test_the_board_follows_the_ledger(reports, lay):
    report = month("2026-10", 1e6, actions=[action("Fix it", "2026-11-01"), action("Grow", None)])
    lay(report, "month")
    ledger = Ledger(reports / "ledger")
    remember(ledger, {"en": report}, "2026-10/month")
    grow = next(entry for entry in ledger.entries("action") if entry.title == "Grow")
    ledger.close(grow.id, "action", "done", on=TODAY, note="all of it")
    shown = words(drawn(reports, "actions.html"))
    assert "as of 16 Nov 2026" in shown
    assert "■ late Fix it Wang Lei 1 Nov 2026 October 2026" in shown
    assert "Closed: 1" in shown
    assert "✓ done Grow all of it" in shown
    assert "Wang Lei 1 0 0 1 0 –" in shown
    page = (reports / "actions.html").read_text("utf-8")
    assert page.index("<details") < page.index("Grow") < page.index("</details>")


def test_done_in_time_is_counted_by_owner():
    def step(owner, on_time):
        return track_record.Step("x", owner, TODAY, "done", "2026-10", None, None, on_time)

    board = [step("B", True), step("B", False), step("A", None)]
    assert [(owner, part, whole) for owner, _, part, whole in track_record.by_owner(board)] == [
        ("A", 0, 0), ("B", 1, 2),
    ]  # fmt: skip


def test_a_ledger_that_cannot_be_read_does_not_cost_the_page(reports, lay):
    lay(month("2026-10", 1e6, actions=[action("Fix it", None)]), "month")
    (reports / "ledger").mkdir()
    (reports / "ledger" / "2026-10.jsonl").write_text("{broken\n{}\n", "utf-8")
    assert "Fix it" in words(drawn(reports, "actions.html"))


# -- versions, filters, size ---------------------------------------------------------------


def publish(reports, report, page):
    with staged(reports, report["cycle"], "month") as (new, _):
        (new / "report.json").write_text(json.dumps(report), "utf-8")
        (new / "report.html").write_text(page, "utf-8")


def test_superseded_versions_are_listed_and_marked(reports):
    publish(reports, month("2026-10", 2e6), "Tuesday")
    publish(reports, month("2026-10", 3e6, status="provisional"), "Wednesday")
    publish(reports, month("2026-10", 1e6, status="failed", reason="Boom"), "Friday")
    page = drawn(reports, "index.html")
    shown = words(page)
    assert "The last version that had not failed is version 2: English HTML" in shown
    assert "Version 3 · Earlier versions: 2" in shown
    assert re.search(r"Version 2 · published .* \(UTC\+00:00\) · Provisional · superseded", shown)
    assert shown.index("Version 2 ·") < shown.index("Version 1 ·")
    assert "第 1 版" in words((reports / "index.zh.html").read_text("utf-8"))
    (entry,) = entries(reports, "en")
    assert not entry.usable
    for old, text in zip(entry.earlier, ("Wednesday", "Tuesday"), strict=True):
        ((_, ((kind, address),)),) = old.files
        assert (kind, f'href="{address}"' in page) == ("HTML", True)
        assert (reports / address).read_text() == text


def test_a_record_is_read_once_for_as_long_as_it_is_the_same(reports, lay, monkeypatch):
    folder = lay(month("2026-10", 2e6), "month")
    lay(month("2026-09", 1e6), "month")
    assert [e.report["facts"][0]["value"] for e in entries(reports, "en")] == [2e6, 1e6]
    read = []
    whole = Path.read_text

    def counted(path, *args, **kwargs):
        read.append(path.name)
        return whole(path, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", counted)
    assert [e.report["facts"][0]["value"] for e in entries(reports, "en")] == [2e6, 1e6]
    assert "report.json" not in read
    (folder / "report.json").write_text(json.dumps(month("2026-10", 4e6)), "utf-8")
    assert [e.report["facts"][0]["value"] for e in entries(reports, "en")] == [4e6, 1e6]
    assert read.count("report.json") == 1
    for spoilt in ("{", '{"form": 1, "records": [1]}', '{"form": 0}'):
        (reports / ".work/catalogue.json").write_text(spoilt, "utf-8")
        assert len(entries(reports, "zh")) == 2


def test_the_filters_hold_what_the_reports_hold(reports, lay):
    lay(month("2026-10", 1e6, actions=[action("Fix", None, owner='O"Hara <b>')]), "month")
    lay(campaign(), "golden")
    page = drawn(reports, "index.html")
    assert '<form id="ob-filter" class="pg-filter" role="search" hidden>' in page
    options = re.findall(r'<option value="([^"]+)"', page)
    assert {"monthly_retrospective", "campaign_review", "gmv_net", "our_own_rate"} <= set(options)
    assert "<b>" not in re.sub(r"<b>[■✓◆○]|<b>English", "", page.split("<main")[1])


def test_pages_stay_small(reports, lay):
    for number in range(40):
        lay(month(f"20{10 + number // 12}-{number % 12 + 1:02d}", 1e6 * (1 + number)), "month")
    write_index(reports, ["en", "zh"], "Lantern Market")
    assert max(path.stat().st_size for path in reports.glob("*.html")) < 1_000_000
