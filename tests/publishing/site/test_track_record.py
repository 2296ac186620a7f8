"""A campaign's review is known by what it is about, whatever its playbook is called."""

from __future__ import annotations

import pytest

from opsnb.base.messages import Language
from opsnb.publishing.site import report_entries, track_record
from tests.publishing.site.conftest import campaign, month

ENGLISH = Language("en", "CNY")


@pytest.mark.parametrize(
    "said",
    [
        {"provenance": {"playbook": {"name": "board_campaigns", "subject": "campaign"}}},
        {"parameters": {"campaign": "golden_week"}},
        {},
    ],
    ids=["by its playbook", "older, by its parameter", "older, by its facts"],
)
def test_a_campaign_is_listed_under_any_playbook(reports, lay, said) -> None:
    lay({**campaign(**said), "playbook": "board_campaigns"}, "golden")
    lay(month("2026-10", 2e6), "month")
    listed = report_entries.entries(reports, "en")
    (row,) = track_record.campaigns(listed, ENGLISH, {})
    assert row.cost.value == 84_000.0


def test_a_review_of_something_else_is_not_a_campaign(reports, lay) -> None:
    said = {"playbook": {"name": "pilot", "subject": "experiment"}}
    lay(campaign(provenance=said), "pilot")
    assert track_record.campaigns(report_entries.entries(reports, "en"), ENGLISH, {}) == []
