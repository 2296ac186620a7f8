from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from opsnb.base.errors import PublishError
from opsnb.base.messages import Language
from opsnb.cli import app
from opsnb.publishing.reports.reader import read_report
from opsnb.publishing.runs.diff import basis_rows, compare, diff_page, fact_rows
from tests.publishing.reports.test_html import EVIL, LOADED, words
from tests.publishing.site.conftest import fact, record

ENGLISH = Language("en")


@pytest.fixture
def before():
    return record(
        cycle="2026-09",
        parameters={"top": 5, "gone": "x"},
        tables={"orders": {"fingerprint": "aaa", "rows": 10}},
        provenance={"git": {"commit": "1" * 40}, "packages": {"duckdb": "1.5"}},
        facts=[
            fact("a.share", 0.10, "share", low=0.08, high=0.12),
            fact("a.money", 100.0, low=90.0, high=110.0),
            fact("a.word", "ship", "text"),
            fact("a.old", 1.0, "number"),
            fact("a.same", 0.1 + 0.2, "number"),
            fact("a.open", 5.0, "number", low=4.0),
            fact("a.method", 1.0, "number", method="holdout"),
        ],
    )  # fmt: skip


@pytest.fixture
def after(before):
    facts = [
        fact("a.share", 0.15, "share", low=0.13, high=0.17),
        fact("a.money", 105.0, low=95.0, high=115.0),
        fact("a.word", "hold", "text"),
        fact("a.same", 0.3, "number"),
        fact("a.open", 9.0, "number", low=8.0, high=9.5),
        fact("a.method", 1.0, "number", method="did"),
        fact("a.new", None, "number"),
    ]
    return {
        **before, "cycle": "2026-10", "status": "provisional", "parameters": {"top": 6},
        "tables": {"orders": {"fingerprint": "bbb", "rows": 12}, "users": {"rows": 1}},
        "provenance": {"git": {"commit": "1" * 40}, "packages": {"duckdb": "1.6"}},
        "facts": facts,
    }  # fmt: skip


def test_facts_are_compared_one_by_one(before, after):
    found = compare(before, after)
    by_key = {change.key: change for change in found.changed}
    assert set(by_key) == {"a.share", "a.money", "a.word", "a.open"}
    assert by_key["a.share"].difference == pytest.approx(0.05)
    assert by_key["a.share"].overlap is False
    assert by_key["a.money"].overlap is True
    assert by_key["a.word"].difference is None
    assert by_key["a.word"].overlap is None
    assert by_key["a.open"].overlap is True, "a side that is not given is open"
    assert found.same == 2
    assert [f["key"] for f in found.new] == ["a.new"]
    assert [f["key"] for f in found.gone] == ["a.old"]


def test_what_the_results_rest_on_is_compared(before, after):
    assert basis_rows(compare(before, after), ENGLISH) == [
        ["Status", "Ready", "Provisional"],
        ["Parameter top", "5", "6"],
        ["Parameter gone", "x", "–"],
        ["Data of orders", "10 rows, aaa", "12 rows, bbb"],
        ["Data of users", "–", "1 rows, –"],
        ["Method of a.method", "holdout", "did"],
        ["Package duckdb", "1.5", "1.6"],
    ]


def test_differences_are_written_in_their_unit(before, after):
    rows = {row[0]: row[1:] for row in fact_rows(compare(before, after), ENGLISH)}
    assert rows["a.share"] == [
        "10.0% (8.00% to 12.0%)", "15.0% (13.0% to 17.0%)", "+5.00 pp", "apart",
    ]  # fmt: skip
    assert rows["a.money"][2:] == ["+¥5.00", "overlap"]
    assert rows["a.word"] == ["ship", "hold", "", ""]


def test_a_report_equals_itself(before):
    found = compare(before, before)
    assert (found.changed, found.new, found.gone, found.basis) == ((), (), (), ())
    assert found.same == len(before["facts"])
    shown = words(diff_page(found, ENGLISH))
    assert "Every result that both reports hold is the same." in shown
    assert "Parameters, data, code and definitions are the same." in shown


@pytest.mark.parametrize("code", ["en", "zh"])
def test_the_page_is_inert_and_in_its_language(before, after, code):
    after["facts"][2]["value"] = after["title"] = EVIL
    page = diff_page(compare(before, after), Language(code))
    assert LOADED.findall(page) == []
    assert "<script" not in page
    assert Language(code).text("diff.facts") in words(page)
    assert len(page.encode()) < 300_000


def test_numbers_that_must_not_be_used_are_marked(before, after):
    found = compare(before, {**after, "status": "invalid"})
    assert found.warned
    assert "must not be used" in words(diff_page(found, ENGLISH))


def test_reports_of_two_playbooks_are_not_compared(before, after):
    with pytest.raises(PublishError, match='one report is of "monthly_retrospective"'):
        compare(before, {**after, "playbook": "ab_readout"})


def test_what_is_no_report_is_refused(tmp_path, before):
    with pytest.raises(PublishError, match="there is no report here"):
        read_report(tmp_path / "none")
    for content in ("{", "[]"):
        (tmp_path / "report.json").write_text(content)
        with pytest.raises(PublishError, match=r"this is no report\.json"):
            read_report(tmp_path)
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(PublishError, match="this is no valid report"):
        read_report(tmp_path / "report.json")


def test_the_command_shows_tables_json_and_a_page(tmp_path, monkeypatch, before, after):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPSNB_WORKSPACE", raising=False)
    for name, report in (("one", before), ("two", after)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text(json.dumps(report), "utf-8")
    command = CliRunner()
    result = command.invoke(app, ["diff", "one", "two/report.json", "--html", "d.html"])
    assert result.exit_code == 0, result.output
    for said in ("a.share", "+5.00 pp", "apart", "Method of a.method", "a.new", "d.html"):
        assert said in result.output
    assert (tmp_path / "d.html").read_text("utf-8").startswith("<!doctype html>")
    found = json.loads(command.invoke(app, ["diff", "one", "two", "--json"]).stdout)
    assert found["changed"][0]["difference"] == pytest.approx(0.05)
    assert found["changed"][0]["intervals_overlap"] is False
    assert found["before"]["cycle"] == "2026-09"
    assert "完全一致" in command.invoke(app, ["diff", "one", "one", "-l", "zh"]).output
    lost = command.invoke(app, ["diff", "one", "three"])
    assert lost.exit_code == 2
    assert "there is no report here" in lost.output


def test_two_versions_of_a_report_are_told_apart_by_their_runs(before):
    later = {**before, "provenance": {"started": "2026-11-02T09:05:00+08:00"}}
    earlier = {**before, "provenance": {"started": "2026-11-01T08:00:00+08:00"}}
    shown = words(diff_page(compare(earlier, later), ENGLISH))
    assert "1 Nov 2026 00:00 (UTC+00:00)" in shown.replace("\u202f", " ")
    assert "2 Nov 2026 01:05 (UTC+00:00)" in shown.replace("\u202f", " ")
