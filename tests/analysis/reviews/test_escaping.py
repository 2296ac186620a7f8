"""What data, plans and people wrote stays text, in each language and in every part of a page."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace

from .conftest import Played, play

MakeWorkspace = Callable[..., Workspace]
EVIL = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"
QUOTED = EVIL.replace("\\", "\\\\").replace('"', '\\"')


def inert(run: Played) -> int:
    """How often the text stands there, escaped; nowhere as markup."""
    count = 0
    for shown in run.cells.values():
        for language in run.ops.languages:
            html = shown.html(language)
            assert not re.search(r"<script|<img", html)
            count += html.count("&lt;script&gt;")
    return count


def test_an_experiment(workspace: MakeWorkspace) -> None:
    n = 2400
    index = np.arange(n)
    users = pd.DataFrame(
        {
            "experiment_id": "e",
            "user_id": [f"u{i}" for i in index],
            "variant": np.where(index // 14 % 2 == 0, "control", EVIL),
            "assigned_at": pd.Timestamp("2026-10-05") + pd.to_timedelta(index % 14, unit="D"),
            "channel": np.where(index % 3 == 0, EVIL, "wechat"),
        }
    )
    buyers = users[index % 5 < 2]
    orders = pd.DataFrame(
        {
            "order_id": [f"{EVIL}{i}" for i in range(len(buyers))],
            "user_id": buyers.user_id,
            "ordered_at": buyers.assigned_at + pd.Timedelta(hours=1),
            "amount": 10.0 + buyers.index % 7,
        }
    )
    plan = f"""
name = "{QUOTED}"
hypothesis = {{en = "{QUOTED}", zh = "{QUOTED}"}}
owner = "{QUOTED}"
start = 2026-10-05
end = 2026-10-18
control = "control"
split = {{control = 0.5, "{QUOTED}" = 0.5}}
segments = ["channel"]
covariate_days = 7
annual_users = 1000
[primary]
metric = "order_conversion"
[[guardrails]]
metric = "refund_rate"
margin = 0.1
[[secondary]]
metric = "mine"
"""
    more = f"""
[metrics.mine]
label = "{QUOTED}"
definition = "{QUOTED}"
kind = "mean"
table = "orders"
value = "amount"
unit = "money"
"""
    made = workspace(
        {"assignments": users, "orders": orders}, plans={"experiments/e.toml": plan}, more=more
    )
    assert inert(play(made, "ab_readout", experiment="e", cycle="2026-10")) > 10


def test_a_campaign_and_a_month(workspace: MakeWorkspace) -> None:
    days = pd.date_range("2026-08-01", "2026-10-31")
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(len(days))],
            "user_id": [f"u{i % 9}" for i in range(len(days))],
            "ordered_at": days + pd.Timedelta(hours=9),
            "amount": 10.0,
            "campaign_id": "sale",
            "channel": EVIL,
        }
    )
    users = pd.DataFrame(
        {"user_id": [f"u{i}" for i in range(9)], "registered_at": days[:9], "channel": EVIL}
    )
    spend = pd.DataFrame(
        {
            "campaign_id": "sale", "date": [days[70].date()] * 2, "channel": [EVIL, "b"],
            "kind": [EVIL, "media"], "amount": [10.0, 20.0], "clicks": [3.0, 4.0],
            "conversions": [1.0, 2.0],
        }
    )  # fmt: skip
    tasks = pd.DataFrame(
        {
            "task_id": ["t"], "due_on": [days[70].date()], "owner": [EVIL], "title": [EVIL],
            "project": [EVIL],
        }
    )  # fmt: skip
    events = orders.rename(columns={"ordered_at": "event_at"})[["user_id", "event_at", "channel"]]
    plan = f"""
name = "{QUOTED}"
objective = "{QUOTED}"
owner = "{QUOTED}"
start = 2026-10-05
end = 2026-10-11
post_days = 0
metric = "gmv_net"
funnel = ["visit", "{QUOTED}"]
[budget]
media = 20
"""
    target = f'[gmv_net]\ntarget = 1000\nowner = "{QUOTED}"\n'
    happened = f'[[event]]\nstart = 2026-10-05\nkind = "other"\nname = "{QUOTED}"\n'
    made = workspace(
        {
            "orders": orders,
            "users": users,
            "spend": spend,
            "tasks": tasks,
            "events": events.assign(event="visit"),
        },
        plans={
            "campaigns/sale.toml": plan,
            "targets/2026-10.toml": target,
            "events.toml": happened,
        },
    )
    assert inert(play(made, "campaign_review", campaign="sale", cycle="2026-10")) > 10
    assert inert(play(made, "monthly_retrospective", cycle="2026-10")) > 3


@pytest.mark.parametrize("code", ["en", "zh"])
def test_a_workspace_s_name(workspace: MakeWorkspace, code: str) -> None:
    made = workspace({})
    made.name = EVIL
    html = Session(made, "mine", languages=[code])._repr_mimebundle_()["text/html"]
    assert EVIL not in html and "&lt;script&gt;" in html
