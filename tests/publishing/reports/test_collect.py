from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest

from opsnb.analysis.findings import records as analysis
from opsnb.base.errors import PublishError
from opsnb.base.seam import MIME
from opsnb.publishing.reports import RunError
from opsnb.publishing.reports.collect import collect
from opsnb.publishing.reports.run_record import strip_paths, write_atomic
from opsnb.publishing.reports.schema import check, json_schema

DOCS = Path(__file__).parents[3] / "docs"


def payload_of(notebook, cell_id):
    cell = next(cell for cell in notebook.cells if cell.get("id") == cell_id)
    return next(output.data[MIME] for output in cell.outputs if "data" in output)


def test_a_report_a_language(notebook, run):
    reports = collect(notebook, run)
    assert list(reports) == ["en", "zh"]
    en, zh = reports["en"], reports["zh"]
    assert (en["title"], zh["title"]) == ("Campaign review", "活动复盘")
    assert (en["subject_label"], zh["subject_label"]) == ("Golden week", "国庆黄金周")
    assert en["verdict"]["word"] == "REPEAT"
    assert zh["verdict"]["word"] == "再办"
    assert en["facts"] == zh["facts"]
    assert [fact["key"] for fact in en["facts"]] == ["campaign.effect", "campaign.verdict"]
    assert [c["message"] for c in zh["checks"]][1] == "0.4% 的订单没有渠道。"
    assert en["status"] == "ready"
    assert en["reason"] is None
    assert en["tables"]["orders"]["rows"] == 128456
    assert en["parameters"]["day"] == "2026-10-01"
    assert en["provenance"]["seconds"] == 42
    assert en["cells"] == {"n": 14, "failed": None, "error": None}


def test_the_worst_status_wins_with_all_its_reasons(notebook, run):
    for cell_id, status, reason in (
        ("gate", "invalid", "The split is off."),
        ("effect_chart", "provisional", "Refunds."),
        ("users_table", "invalid", "Rows are missing."),
    ):
        payload = payload_of(notebook, cell_id)
        payload["status"] = {"status": status}
        payload["languages"]["en"]["status_reason"] = reason
        payload["languages"]["zh"]["status_reason"] = f"（{reason}）"
    reports = collect(notebook, run)
    assert reports["en"]["status"] == "invalid"
    assert reports["en"]["reason"] == "The split is off. Rows are missing."
    assert reports["zh"]["reason"].startswith("（The split")


def test_an_error_makes_the_run_failed_and_names_no_path(notebook, run):
    message = (
        f"{run.root}/data/shop.duckdb: cannot open /home/me/.cache/lib.so (C:\\Users\\me\\x.db)"
    )
    stopped = dataclasses.replace(run, error=RunError("gate", "SourceError", message))
    report = collect(notebook, stopped)["en"]
    assert report["status"] == "failed"
    assert report["reason"] == "SourceError: data/shop.duckdb: cannot open lib.so (x.db)"
    assert report["cells"]["failed"] == "gate"
    assert report["cells"]["error"] == report["reason"]


def test_parameters_lose_the_workspaces_path(notebook, run):
    run = dataclasses.replace(
        run, parameters={"file": f"{run.root}/data/a.csv", "path": run.root / "b", "n": 3}
    )
    assert collect(notebook, run)["en"]["parameters"] == {"file": "data/a.csv", "path": "b", "n": 3}


def test_a_fact_shown_twice_counts_once(notebook, run):
    fact = payload_of(notebook, "effect_chart")["facts"][0]
    payload_of(notebook, "verdict")["facts"].append(copy.deepcopy(fact))
    assert [f["key"] for f in collect(notebook, run)["en"]["facts"]].count(fact["key"]) == 1


def test_two_values_for_one_fact_are_an_error(notebook, run):
    fact = payload_of(notebook, "effect_chart")["facts"][0]
    payload_of(notebook, "verdict")["facts"].append({**fact, "value": 1.0})
    with pytest.raises(PublishError, match=r'"campaign.effect": 312000.0 in cell effect_chart'):
        collect(notebook, run)


def test_an_output_of_another_version_is_an_error(notebook, run):
    payload_of(notebook, "gate")["v"] = 3
    with pytest.raises(PublishError, match="cell gate: an output is written in a version"):
        collect(notebook, run)


def test_an_unknown_status_is_an_error(notebook, run):
    payload_of(notebook, "gate")["status"] = {"status": "fine"}
    with pytest.raises(PublishError, match='unknown status "fine"'):
        collect(notebook, run)


def test_records_of_another_layout_are_an_error(notebook, run):
    payload_of(notebook, "verdict")["languages"]["en"]["cards"][0]["tone"] = "purple"
    with pytest.raises(PublishError, match=r"report.json, en: .*cards.0.tone"):
        collect(notebook, run)


def test_a_text_missing_in_a_language_is_taken_from_the_primary_one(notebook, run):
    del payload_of(notebook, "verdict")["languages"]["zh"]
    assert collect(notebook, run)["zh"]["verdict"]["word"] == "REPEAT"


def test_numbers_that_json_has_no_word_for_become_null(notebook, run):
    payload_of(notebook, "effect_chart")["facts"][0]["high"] = float("inf")
    report = collect(notebook, run)["en"]
    assert report["facts"][0]["high"] is None
    json.dumps(report, allow_nan=False)


def test_real_records_have_the_layout(notebook, run):
    fact = analysis.Fact("ab.diff", 0.01, "points", low=0.0, high=0.02, n=100, p_value=0.04)
    prediction = analysis.Prediction("lift", "conversion", 0.02, due=dt.date(2026, 12, 1))
    action = analysis.Action("mend it", "Li Na", source="2026-09")
    report = collect(notebook, run)["en"]
    from opsnb.base.messages import Language

    english = Language("en")
    report["facts"] = [fact.as_dict()]
    report["predictions"] = [prediction.as_dict(english)]
    report["actions"] = [action.as_dict(english)]
    assert check(report) is report


def test_the_schema_of_the_docs_is_the_models():
    assert json.loads((DOCS / "report.schema.json").read_text("utf-8")) == json_schema()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("open /home/me/x.toml: no", "open x.toml: no"),
        ("in '/usr/lib/python3/a.py', line 3", "in 'a.py', line 3"),
        (r"C:\Users\me\a.csv", "a.csv"),
        (
            "orders/users at 3/4, https://a.example/b/c",
            "orders/users at 3/4, https://a.example/b/c",
        ),
        ("revenue per user </b>", "revenue per user </b>"),
    ],
)
def test_strip_paths(text, clean):
    assert strip_paths(text) == clean


def test_a_file_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(PublishError, match=r"report.html: cannot write the file .*Fix: check"):
        write_atomic(tmp_path / "file" / "report.html", "x")


def test_a_written_file_replaces_the_old_one_and_leaves_nothing_beside(tmp_path):
    write_atomic(tmp_path / "a" / "x.html", "old")
    write_atomic(tmp_path / "a" / "x.html", "new")
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["x.html"]
    assert (tmp_path / "a" / "x.html").read_text() == "new"
