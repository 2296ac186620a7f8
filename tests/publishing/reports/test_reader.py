"""report.json of every version is read in one place; those of before have no parts."""

from __future__ import annotations

import copy
import json

import pytest

from opsnb.base.errors import PublishError
from opsnb.base.ledger import Ledger
from opsnb.publishing.reports.brief import brief_page
from opsnb.publishing.reports.collect import collect
from opsnb.publishing.reports.reader import as_text, read_report
from opsnb.publishing.runs import proposals
from opsnb.publishing.runs.diff import compare
from opsnb.publishing.site.digests import Digests

OLD = {
    "schema": "opsnb.report/1",
    "playbook": "made_up_review",
    "title": "Campaign review",
    "subject": "golden_week",
    "subject_label": "Golden week",
    "cycle": "2026-10",
    "language": "en",
    "languages": ["en"],
    "status": "ready",
    "reason": None,
    "parameters": {"campaign": "golden_week"},
    "provenance": {"opsnb": "0.1.0", "started": "2026-11-16T09:30:00+08:00"},
    "tables": {"orders": {"rows": 12, "fingerprint": "9f2c", "days": "2026-10-01 12"}},
    "checks": [{"id": "orders.complete", "status": "pass", "message": "Whole.", "evidence": []}],
    "facts": [
        {"key": "campaign.effect", "id": "campaign.effect", "value": 300000.0, "unit": "money",
         "low": 200000.0},
    ],
    "verdict": {"word": "REPEAT", "sentence": "It paid.", "rule": None, "grade": "B",
                "tone": "good", "evidence": ["campaign.effect"]},
    "cards": [{"label": "Effect", "value": "¥300k", "target": None, "change": None,
               "interval": None, "status": None, "tone": "good", "evidence": ["campaign.effect"]}],
    "findings": [{"claim": "It sold more.", "grade": "B", "tone": "good", "section": "effect",
                  "evidence": ["campaign.effect"]}],
    "decisions": [{"question": "Again?", "by": "Li Na", "recommendation": None,
                   "due": "2026-11-20", "evidence": []}],
    "actions": [{"title": "Book it", "owner": "Li Na", "due": None, "status": "proposed",
                 "from": "2026-10", "evidence": []}],
    "predictions": [{"what": "The effect lasts", "metric": "gmv_net", "value": 1.0, "low": None,
                     "high": None, "due": "2026-12-31", "observed": None}],
    "cells": {"n": 3, "failed": None, "error": None},
}  # fmt: skip
"""As version 1 of the layout wrote it."""


@pytest.fixture
def old(tmp_path):
    folder = tmp_path / "reports" / "2026-10" / "made-up"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps(OLD, indent=1), "utf-8")
    return folder


def test_an_old_report_is_read_as_it_was_and_without_parts(old):
    assert read_report(old) == read_report(old / "report.json") == {**OLD, "parts": []}


def test_an_old_report_still_has_a_brief_a_place_in_the_catalogue_and_in_the_ledger(old):
    report = read_report(old)
    page = brief_page(report)
    for words in ("REPEAT", "¥300k", "It sold more.", "Again?", "Book it"):
        assert words in page
    digest = Digests(old.parents[1]).read(old / "report.json")
    assert (digest["facts"], digest["parts"]) == (OLD["facts"], [])
    ledger = Ledger(old.parents[1] / "ledger")
    assert proposals.record(ledger, {"en": report}, "2026-10/made-up") == 3
    assert {entry.kind for entry in ledger.entries()} == {"action", "decision", "prediction"}


def test_an_old_report_compares_with_one_of_now(old, notebook, run):
    found = compare(read_report(old), collect(notebook, run)["en"])
    assert [change.key for change in found.changed] == ["campaign.effect"]
    assert [fact["key"] for fact in found.new] == ["campaign.verdict"]


def test_what_is_written_is_what_is_read(tmp_path, notebook, run):
    report = collect(notebook, run)["en"]
    text = as_text(report)
    (tmp_path / "report.json").write_text(text, "utf-8")
    assert read_report(tmp_path) == report
    assert text.count("\n") < len(json.dumps(report, indent=1).splitlines())
    assert as_text({**report, "parts": []}).endswith(' "parts": []\n}\n')


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "opsnb.report/3"}, 'layout "opsnb.report/3".*reads opsnb.report/1 and'),
        ({"schema": "opsnb.report/2"}, r"\(parts: field required by opsnb.report/2\)"),
        ({"schema": "other/1"}, 'has the layout "other/1"; this opsnb reads'),
        ({"schema": 7}, "has the layout 7; this opsnb reads"),
        ({"schema": None}, "has the layout null; this opsnb reads"),
        ({"schema": ["opsnb.report/1"]}, "has the layout .*; this opsnb reads"),
        ({"language": "fr"}, r"\(language: not among its languages\)"),
        ({"languages": None, "cards": [{}], "cells": 1}, "languages: input .* and [0-9]+ more"),
        ({"cards": [{"label": "Effect"}]}, "cards.0.value: field required"),
        ({"actions": [{**OLD["actions"][0], "status": "lost"}]}, "actions.0.status"),
        ({"findings": [{"claim": "So"}]}, "findings.0.grade"),
    ],
)
def test_what_is_not_a_report_is_an_error(old, change, message):
    (old / "report.json").write_text(json.dumps({**copy.deepcopy(OLD), **change}), "utf-8")
    with pytest.raises(PublishError, match=message) as caught:
        read_report(old)
    assert caught.value.where == str(old / "report.json")
    later = str(change.get("schema")) == "opsnb.report/3"
    assert ("the version of opsnb that wrote it" if later else "versions/") in caught.value.hint
    assert "playbook's outputs" not in str(caught.value)
