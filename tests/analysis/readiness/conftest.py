"""A small workspace in which nothing is wrong; tests break one thing of it."""

from __future__ import annotations

from pathlib import Path

import pytest

FILES = {
    "opsnb.toml": """\
[workspace]
name = "Shop"
timezone = "Asia/Shanghai"
currency = "CNY"
as_of = 2026-11-05
[sources.d]
url = "csv://data"
[tables.orders]
source = "d"
table = "orders"
[tables.users]
source = "d"
table = "users"
[tables.events]
source = "d"
table = "events"
[tables.assignments]
source = "d"
table = "assignments"
[tables.spend]
source = "d"
table = "spend"
[tables.series]
source = "d"
table = "series"
[[cycles.month]]
playbook = "campaign_review"
for_each = "campaign"
[[cycles.month]]
playbook = "monthly_retrospective"
parameters = {cycle = "2026-10"}
""",
    "metrics.toml": """\
[big_orders]
label = "Big orders"
kind = "sum"
table = "orders"
value = "amount"
where = "amount > 100"
unit = "money"
[share_big]
label = "Share of big orders"
kind = "quotient"
numerator = "big_orders"
denominator = "gmv_net"
unit = "share"
""",
    "plans/experiments/badge.toml": """\
name = "Badge"
start = 2026-10-01
end = 2026-10-20
control = "control"
split = {control = 0.5, treatment = 0.5}
covariate = {column = "visits_before"}
[primary]
metric = "order_conversion"
mde = 0.05
[[guardrails]]
metric = "refund_rate"
margin = 0.1
[[secondary]]
metric = "big_orders"
""",
    "plans/campaigns/golden.toml": """\
name = "Golden"
metric = "gmv_net"
start = 2026-10-01
end = 2026-10-08
funnel = ["visit", "order"]
unit_column = "region"
treated_units = ["Zhejiang"]
controls = ["search_index"]
budget = {media = 100}
holdout = {experiment = "golden_holdout"}
""",
    "plans/targets/2026-10.toml": "[gmv_net]\ntarget = 5000\n",
    "plans/events.toml": '[[event]]\nstart = 2026-10-03\nkind = "outage"\nname = "Outage"\n',
    "plans/notes/golden.toml": 'why = ["It rained"]\n',
    "reports/ledger/2026-10.jsonl": (
        '{"at": "2026-11-01T00:00:00", "event": "add", "id": "a-1", "kind": "action", '
        '"title": "Ask"}\n'
    ),
    "data/spend.csv": ("date,campaign_id,channel,kind,amount\n2026-10-01,golden,wechat,media,50\n"),
    "data/series.csv": (
        "date,unit,metric,value\n2026-10-01,all,search_index,5\n2026-10-02,all,search_index,6\n"
    ),
}

PEOPLE = [f"u{n}" for n in range(40)]


def tables() -> dict[str, str]:
    day = "2026-10-01 10:00:00"
    regions = ("Zhejiang", "Jiangsu")
    users = [f"{u},2026-09-01 09:00:00,{regions[n % 2]}" for n, u in enumerate(PEOPLE)]
    orders = [f"o{n},{u},{day},{5 + n},paid,{regions[n % 2]}" for n, u in enumerate(PEOPLE)]
    events = [f"{u},{day},{kind}" for u in PEOPLE for kind in ("visit", "order")]
    arms = [f"badge,{u},{('control', 'treatment')[n % 2]},{day},{n}" for n, u in enumerate(PEOPLE)]
    arms += [
        f"golden_holdout,{u},{('holdout', 'exposed')[n % 2]},{day},{n}"
        for n, u in enumerate(PEOPLE)
    ]
    return {
        "data/users.csv": "\n".join(["user_id,registered_at,region", *users]),
        "data/orders.csv": "\n".join(["order_id,user_id,ordered_at,amount,status,region", *orders]),
        "data/events.csv": "\n".join(["user_id,event_at,event", *events]),
        "data/assignments.csv": "\n".join(
            ["experiment_id,user_id,variant,assigned_at,visits_before", *arms]
        ),
    }


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, text in {**FILES, **tables()}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path
