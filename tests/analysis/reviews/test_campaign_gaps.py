"""Campaigns on days that are not on record: funnels, new users, referral, on both sides alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pandas as pd
import pytest

from opsnb.analysis.metrics.newcomers import newcomers
from opsnb.analysis.metrics.referral import referral
from opsnb.analysis.metrics.rows import Rows
from opsnb.base.messages import Language
from opsnb.base.workspace import Workspace
from tests.analysis.reviews.campaigns import open_campaign, said

MakeWorkspace = Callable[..., Workspace]

PLAN = """\
name = "Test campaign"
start = 2026-10-01
end = 2026-10-10
metric = "gmv_net"
funnel = ["visit", "order"]
"""
START, END = dt.date(2026, 10, 1), dt.date(2026, 10, 10)


def events(gone: tuple[str, ...] = (), halves: tuple[str, ...] = ()) -> pd.DataFrame:
    """Fifty new visitors a day from July on; 20 order, on some days 40; on others none is left."""
    rows = []
    for day in pd.date_range("2026-07-01", "2026-11-15"):
        key = str(day.date())
        if key in gone:
            continue
        for n in range(50):
            user = f"{key}-{n}"
            at = day + pd.Timedelta(minutes=20 * n + 5)
            rows.append((user, at, "visit"))
            if n < (40 if key in halves else 20):
                rows.append((user, at + pd.Timedelta(minutes=5), "order"))
    return pd.DataFrame(rows, columns=["user_id", "event_at", "event"])


def campaign_on(workspace: MakeWorkspace, table: pd.DataFrame, more: str = ""):
    return open_campaign(
        workspace({"events": table}, plans={"campaigns/test.toml": PLAN}, more=more)
    )


def test_a_gap_of_the_campaign_is_left_out_of_the_days_before_as_well(workspace):
    """3 October is lost; the day two weeks before it was twice as good as all others."""
    good = ("2026-09-19",)
    campaign = campaign_on(workspace, events(gone=("2026-10-03",), halves=good))
    text = said(campaign, "funnel")
    facts = campaign.ops.facts
    assert facts["campaign.funnel///visit"].value == 9 * 50
    assert facts["campaign.funnel_change////before"].value == pytest.approx(0)
    assert "left out on both sides of a comparison: 3 Oct 2026" in text


def test_a_gap_of_the_days_before_is_left_out_of_what_the_campaign_is_compared_by(workspace):
    """19 September is lost; the campaign's day beside it was twice as good as all others."""
    campaign = campaign_on(workspace, events(gone=("2026-09-19",), halves=("2026-10-03",)))
    said(campaign, "funnel")
    facts = campaign.ops.facts
    assert facts["campaign.funnel_rate"].value == pytest.approx(220 / 500)
    assert facts["campaign.funnel_change////before"].value == pytest.approx(0)


def test_a_campaign_without_a_recorded_day_has_no_funnel(workspace):
    lost = "gaps = [{start = 2026-10-01, end = 2026-10-10}]\n"
    text = said(campaign_on(workspace, events(), more=lost), "funnel")
    assert "none of the window's days is on record in events" in text


def test_users_whose_days_touch_a_gap_enter_neither_side_of_a_share(workspace):
    """All are back on the eighth day; those of 3 October would have been on a lost one."""
    days = pd.date_range("2026-10-01", "2026-10-10")
    users = pd.DataFrame(
        {
            "user_id": [f"u{day.day}_{n}" for day in days for n in range(30)],
            "registered_at": [day for day in days for _ in range(30)],
            "channel": "ads",
        }
    )
    back = users.assign(event_at=users.registered_at + pd.Timedelta(days=8), event="visit")
    rows = pd.concat([events(), back[["user_id", "event_at", "event"]]])
    rows = rows[rows.event_at.dt.strftime("%Y-%m-%d") != "2026-10-16"]
    made = Rows(workspace({"users": users, "events": rows}))
    (found,) = newcomers(made, START, END, dt.date(2026, 11, 15), (7,))
    # 16 October lies in the second week of those who came from 3 to 9 October.
    assert (found.retained[0].n, found.retained[0].hits, found.retained[0].touched) == (90, 90, 210)
    assert found.retained[0].rate == 1.0


def test_invitations_and_the_invited_count_over_the_same_days(workspace):
    table = events(gone=("2026-10-05",))
    invites = table[table.event == "visit"].assign(event="invite")
    users = pd.DataFrame(
        {
            "user_id": [f"n{day}_{n}" for day in range(1, 31) for n in range(25)],
            "registered_at": [
                pd.Timestamp("2026-09-15") + pd.Timedelta(days=day)
                for day in range(30)
                for _ in range(25)
            ],
            "invited_by": "someone",
        }
    )
    found = referral(
        Rows(workspace({"events": pd.concat([table, invites]), "users": users})), START, END
    )
    assert found is not None
    assert (found.invitations, found.invited) == (9 * 50, 9 * 25)
    assert found.conversion == pytest.approx(0.5)


def test_gaps_are_those_of_the_record_in_both_languages(workspace):
    campaign = campaign_on(workspace, events(gone=("2026-10-03", "2026-10-04")))
    said(campaign, "fairness")
    message = campaign.ops.checks["gaps.unlisted"].message
    assert "events on 3 Oct to 4 Oct 2026 (0.0% of usual). They are left out." in (
        Language("en").say(message)
    )
    assert "2026年10月3日至10月4日 events（为平常的 0.0%）。这些天不计入。" in Language("zh").say(
        message
    )
