"""The three playbooks as wholes: what leaves them can be joined into one report."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable

import pytest

from .conftest import Played

RUNS = [
    ("ab_readout", {"experiment": "checkout_one_page"}),
    ("ab_readout", {"experiment": "search_rank"}),
    ("campaign_review", {"campaign": "golden_week"}),
    ("campaign_review", {"campaign": "autumn_coupon"}),
    ("campaign_review", {"campaign": "invite_friends"}),
    ("monthly_retrospective", {"cycle": "2026-10"}),
]


@pytest.fixture(scope="module", params=RUNS, ids=lambda run: "-".join([run[0], *run[1].values()]))
def run(request: pytest.FixtureRequest, played: Callable[..., Played]) -> Played:
    playbook, parameters = request.param
    return played(playbook, **parameters)


def test_facts_are_unique(run: Played) -> None:
    """A key is said by one cell; the summary may repeat what an earlier one found."""
    values: dict[str, set[str]] = {}
    for payload in run.payloads.values():
        keys = Counter(fact["key"] for fact in payload["facts"])
        assert not [key for key, times in keys.items() if times > 1]
        for fact in payload["facts"]:
            values.setdefault(fact["key"], set()).add(json.dumps(fact, sort_keys=True))
    assert not {key for key, said in values.items() if len(said) > 1}


def test_evidence_exists(run: Played) -> None:
    keys = {fact["key"] for payload in run.payloads.values() for fact in payload["facts"]}
    for name in ("checks", "findings", "cards", "decisions", "actions"):
        for record in run.records(name):
            assert set(record["evidence"]) <= keys, record
    assert set(run.verdict()["evidence"]) <= keys
    assert all(finding["evidence"] for finding in run.records("findings"))


def test_checks_are_unique(run: Played) -> None:
    ids = Counter(check["id"] for check in run.records("checks"))
    assert not [id for id, times in ids.items() if times > 1]


def test_both_languages_say_the_same_things(run: Played) -> None:
    for name in ("checks", "findings", "cards", "decisions", "actions", "predictions"):
        english, chinese = run.records(name), run.records(name, "zh")
        assert len(english) == len(chinese)
        for one, other in zip(english, chinese, strict=True):
            for same in ("id", "status", "grade", "tone", "evidence", "due", "value"):
                if same in one and name != "cards":
                    assert one[same] == other[same]
    assert run.verdict()["tone"] == run.verdict("zh")["tone"]


def test_payloads_are_json_without_infinities(run: Played) -> None:
    for payload in run.payloads.values():
        json.dumps(payload, allow_nan=False)


def test_nothing_is_left_unsaid(run: Played) -> None:
    """No placeholder, object or missing value shines through; Chinese is Chinese."""
    for code in ("en", "zh"):
        text = run.text(code)
        found = re.search(
            r"\{\w*[:}]|Text\(|Fact\(|\bNone\b(?! of)|\bnan\b|\bNaT\b|Decimal|0x[0-9a-f]", text
        )
        assert not found, found
    chinese = run.verdict("zh")
    assert re.search(r"[\u4e00-\u9fff]", chinese["word"])
    assert re.search(r"[\u4e00-\u9fff]", chinese["sentence"])


def test_every_cell_shows_something_in_each_language(run: Played) -> None:
    for cell, shown in run.cells.items():
        for language in run.ops.languages:
            html = shown.html(language)
            assert len(re.sub(r"<[^>]+>", "", html).strip()) > 5, cell
            assert "http://" not in html.replace("http://www.w3.org", ""), cell


def test_the_summary_has_what_a_manager_needs(run: Played) -> None:
    verdict = run.verdict()
    assert verdict["word"].isupper() and verdict["rule"].startswith("Rule: ")
    assert verdict["tone"] in {"good", "warn", "bad", "neutral"}
    assert run.records("decisions") and run.records("actions")
    cards = run.payloads["summary"]["languages"]["en"]["cards"]
    assert len(cards) <= 6
    assert (len(cards) == 0) == ("invalid" in run.statuses)
