"""The sample company: its shape, its determinism, and each planted truth found in the data.

The built data are read by plain SQL, independent of the code that made them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats

from opsnb.analysis.metrics import load_catalogue
from opsnb.analysis.tables import CONTRACTS
from opsnb.base.errors import WorkspaceError
from opsnb.base.workspace import Workspace
from opsnb.sample import build, simulate, truth, writing

REPOSITORY = Path(__file__).resolve().parents[2]
ROWS = {
    "users": (55_000, 65_000),
    "events": (2_700_000, 3_400_000),
    "orders": (180_000, 260_000),
    "spend": (3_000, 4_000),
    "assignments": (70_000, 90_000),
    "series": (7_610, 7_610),
    "surveys": (55_000, 80_000),
    "tickets": (15_000, 22_000),
    "tasks": (1_300, 1_700),
}
UNUSED = {"contract", "ended_at", "currency", "refund_amount", "on_time", "is_test"}
"""Columns that the shop has no need of."""

IN_CAMPAIGN = "between timestamp '2026-10-01' and timestamp '2026-10-08 23:59:59'"
PAID = "o.status = 'paid'"
KEPT = "o.status <> 'cancelled'"

Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    begun = time.perf_counter()
    built = build(folder)
    print(f"\nsample built in {time.perf_counter() - begun:.1f} s: {built['rows']}")
    return folder


@pytest.fixture(scope="session")
def ask(root: Path) -> Query:
    connection = duckdb.connect()
    for path in sorted((root / "data/shop").glob("*.parquet")):
        connection.execute(f"create table {path.stem} as from '{path}'")
    return lambda sql: connection.execute(sql).fetchall()


@pytest.fixture(scope="session")
def planted(root: Path) -> dict[str, Any]:
    return json.loads((root / "data/truth.json").read_text(encoding="utf-8"))


def one(ask: Query, sql: str) -> Any:
    return ask(sql)[0][0]


def fingerprint(tables: dict[str, pa.Table]) -> dict[str, str]:
    """A hash of each table's contents, column by column."""
    found = {}
    for name, table in tables.items():
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        found[name] = hashlib.sha256(sink.getvalue()).hexdigest()
    return found


# -- shape ---------------------------------------------------------------------------


def test_rows(ask: Query) -> None:
    for name, (least, most) in ROWS.items():
        assert least <= one(ask, f"select count(*) from {name}") <= most, name


def test_same_seed_same_contents_and_another_seed_others(root: Path) -> None:
    tables, _ = simulate()
    again, _ = simulate()
    other, _ = simulate(seed=7)
    assert fingerprint(tables) == fingerprint(again)
    assert fingerprint(tables)["orders"] != fingerprint(other)["orders"]
    for name, table in tables.items():
        written = pq.read_table(root / f"data/shop/{name}.parquet")
        assert written.equals(table.cast(written.schema)), name


def test_tables_hold_the_contract(root: Path) -> None:
    for name in ROWS:
        present = set(pq.read_schema(root / f"data/shop/{name}.parquet").names)
        assert {column.name for column in CONTRACTS[name].columns} - UNUSED <= present, name


def test_keys_are_unique_and_times_in_order(ask: Query) -> None:
    for table, key in (("users", "user_id"), ("orders", "order_id"), ("tickets", "ticket_id")):
        assert one(ask, f"select count(*) - count(distinct {key}) from {table}") == 0
    assert one(ask, "select count(*) from orders where refunded_at <= ordered_at") == 0
    assert one(ask, "select max(refunded_at) < timestamp '2026-11-17' from orders")
    early = "select count(*) from {} t join users u using (user_id) where t.{} < u.registered_at"
    assert one(ask, early.format("events", "event_at")) == 0
    assert one(ask, early.format("orders", "ordered_at")) == 0
    invited = "select count(*) from users u join users i on u.invited_by = i.user_id"
    assert one(ask, f"{invited} where i.registered_at >= u.registered_at") == 0


def test_every_order_has_its_event_outside_the_gap(ask: Query) -> None:
    lost = ask("""
        select count(*) filter (e.user_id is null and not gap), count(*) filter (gap)
        from (select *, ordered_at::date in ('2026-10-29', '2026-10-30') gap from orders) o
        left join events e on e.user_id = o.user_id and e.event = 'order'
            and e.event_at = o.ordered_at and e.value = o.amount""")[0]
    assert lost[0] == 0 and lost[1] > 800


def test_margin_and_refunds_look_like_a_shop(ask: Query) -> None:
    margin, refunds = ask("""
        select 1 - sum(cost) / sum(amount), avg((status = 'refunded')::int) from orders
        where status <> 'cancelled'""")[0]
    assert 0.33 < margin < 0.37
    assert 0.05 < refunds < 0.075


def test_comments_vary_in_both_languages(ask: Query) -> None:
    rows = ask("select comment from surveys where comment is not null")
    chinese = sum(any("一" <= c <= "鿿" for c in text) for (text,) in rows)
    assert 0.7 < chinese / len(rows) < 0.9
    assert len(set(rows)) > 3_000
    assert not any("{" in text for (text,) in rows)


# -- experiments ---------------------------------------------------------------------


def arms(ask: Query, experiment: str, value: str, days: int = 14) -> dict[str, np.ndarray]:
    """The value of each assigned user over the days after assignment, by variant."""
    rows = ask(f"""
        select a.variant, {value}
        from assignments a left join orders o on o.user_id = a.user_id
            and o.ordered_at >= a.assigned_at
            and o.ordered_at < a.assigned_at + interval {days} day
        where a.experiment_id = '{experiment}' group by a.user_id, a.variant""")
    variants = {variant for variant, _ in rows}
    return {v: np.array([x for w, x in rows if w == v], dtype=float) for v in variants}


CONVERTED = f"max(coalesce(({KEPT})::int, 0))"
ORDERS = f"count(o.order_id) filter ({KEPT})"
REVENUE = f"coalesce(sum(o.amount) filter ({PAID}), 0)"
MARGIN = f"coalesce(sum(o.amount - o.cost) filter ({PAID}), 0)"
REFUNDS = "count(o.order_id) filter (o.status = 'refunded')"


def welch(treated: np.ndarray, control: np.ndarray) -> tuple[float, float, float]:
    """Difference, its standard error, p."""
    error = math.sqrt(treated.var(ddof=1) / len(treated) + control.var(ddof=1) / len(control))
    difference = float(treated.mean() - control.mean())
    return difference, error, float(2 * stats.norm.sf(abs(difference) / error))


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("order_conversion", CONVERTED),
        ("orders_per_user", ORDERS),
        ("revenue_per_user", REVENUE),
        ("margin_per_user", MARGIN),
    ],
)
@pytest.mark.parametrize("experiment", ["checkout_one_page", "free_shipping_bar", "badge_wall"])
def test_effects_are_near_the_truth(
    ask: Query, planted: dict[str, Any], experiment: str, metric: str, value: str
) -> None:
    true = planted["experiments"][experiment]["average_effect"][metric]["difference"]
    by_arm = arms(ask, experiment, value)
    difference, error, _ = welch(by_arm["treatment"], by_arm["control"])
    assert abs(difference - true) < 3 * error
    assert error > 0


def test_the_winner_wins_with_power(ask: Query, planted: dict[str, Any]) -> None:
    by_arm = arms(ask, "checkout_one_page", CONVERTED)
    difference, error, p = welch(by_arm["treatment"], by_arm["control"])
    true = planted["experiments"]["checkout_one_page"]["average_effect"]["order_conversion"]
    assert p < 0.001 and difference > 0
    assert stats.norm.cdf(true["difference"] / error - 1.96) > 0.95


def test_the_null_is_null_and_not_significant_by_luck(ask: Query, planted: dict[str, Any]) -> None:
    effects = planted["experiments"]["badge_wall"]["average_effect"]
    assert all(effect["difference"] == 0 for effect in effects.values())
    for value in (CONVERTED, ORDERS, REVENUE, MARGIN):
        by_arm = arms(ask, "badge_wall", value)
        assert welch(by_arm["treatment"], by_arm["control"])[2] > 0.05


def test_free_shipping_wins_and_breaks_its_guardrail(ask: Query, planted: dict[str, Any]) -> None:
    orders = arms(ask, "free_shipping_bar", ORDERS)
    assert welch(orders["treatment"], orders["control"])[2] < 0.001
    refunds = arms(ask, "free_shipping_bar", REFUNDS)
    rates = {v: refunds[v].sum() / orders[v].sum() for v in orders}
    logs = {v: (1 - rates[v]) / refunds[v].sum() for v in orders}
    lift = math.log(rates["treatment"] / rates["control"])
    lower = math.exp(lift - 2.58 * math.sqrt(sum(logs.values()))) - 1
    margin = Workspace.load(REPOSITORY).experiments["free_shipping_bar"].guardrails[0].margin
    assert lower > margin
    true = planted["experiments"]["free_shipping_bar"]["average_effect"]["refund_rate"]["relative"]
    assert abs(lift - math.log1p(true)) < 3 * math.sqrt(sum(logs.values()))


def test_only_search_rank_has_a_broken_split(ask: Query, planted: dict[str, Any]) -> None:
    for plan in truth.EXPERIMENTS:
        counts = [
            n
            for (n,) in ask(f"""
            select count(*) from assignments where experiment_id = '{plan.id}'
            group by variant order by variant""")
        ]
        assert counts == list(planted["experiments"][plan.id]["assigned"].values())
        p = stats.chisquare(counts).pvalue
        assert (p < 0.001) if plan.lost_share else (p > 0.01), plan.id


def test_search_rank_lost_android_users(ask: Query) -> None:
    share = dict(
        ask("""
        select variant, avg((device = 'android')::int) from assignments
        where experiment_id = 'search_rank' group by 1""")
    )
    assert share["control"] - share["treatment"] > 0.02


# -- campaigns -----------------------------------------------------------------------


@pytest.mark.parametrize(("span", "days"), [("campaign", 8), ("net_of_dip", 29)])
def test_the_holdout_finds_golden_week(
    ask: Query, planted: dict[str, Any], span: str, days: int
) -> None:
    by_arm = arms(ask, "golden_week_holdout", REVENUE, days)
    difference, error, p = welch(by_arm["exposed"], by_arm["holdout"])
    true = planted["campaigns"]["golden_week"]["effect"][span]
    assert abs(difference - true["realised_gmv_net_per_exposed_user"]) < 3 * error
    assert p < 0.001 and difference > 0


def test_golden_week_is_partly_paid_back(planted: dict[str, Any]) -> None:
    effect = planted["campaigns"]["golden_week"]["effect"]
    paid_back = -effect["post"]["realised_gmv_net"] / effect["campaign"]["realised_gmv_net"]
    assert 0.1 < paid_back < 0.5
    for part in effect.values():
        assert part["realised_gmv_gross"] == pytest.approx(part["expected_gmv_gross"], rel=0.15)


def test_golden_weeks_returns(ask: Query, planted: dict[str, Any]) -> None:
    answer = planted["campaigns"]["golden_week"]
    gmv = one(ask, f"select sum(amount) from orders o where {PAID} and ordered_at {IN_CAMPAIGN}")
    cost = one(ask, "select sum(amount) from spend where campaign_id = 'golden_week'")
    assert cost == pytest.approx(answer["cost_total"])
    assert answer["roi_classic_direct"] == pytest.approx(0.35 * gmv / cost - 1)
    assert 0 < answer["roi_incremental"] < answer["roi_classic_direct"] / 5


def test_the_holdout_is_a_quarter_and_untouched(ask: Query) -> None:
    exposed, held = ask("""
        select count(*) filter (variant = 'exposed'), count(*) filter (variant = 'holdout')
        from assignments where experiment_id = 'golden_week_holdout'""")[0]
    assert stats.binomtest(held, exposed + held, 0.25).pvalue > 0.01
    reached = """select count(*) from orders join assignments a using (user_id)
        where a.variant = 'holdout' and campaign_id = 'golden_week'"""
    assert one(ask, reached) == 0


def daily_gmv(ask: Query) -> dict[dt.date, float]:
    return dict(ask(f"select ordered_at::date, sum(amount) from orders o where {PAID} group by 1"))


def mean_over(values: dict[dt.date, float], first: dt.date, days: int) -> float:
    return float(np.mean([values[first + dt.timedelta(days=d)] for d in range(days)]))


def test_the_coupon_looks_great_and_the_market_rose_as_well(
    ask: Query, planted: dict[str, Any]
) -> None:
    start, answer = dt.date(2026, 10, 19), planted["campaigns"]["autumn_coupon"]
    gmv = daily_gmv(ask)
    naive = mean_over(gmv, start, 10) / mean_over(gmv, start - dt.timedelta(days=10), 10) - 1
    assert answer["effect_gmv_net"] == 0
    assert naive == pytest.approx(answer["naive_before_after"])
    assert answer["naive_without_outage_days"] > 0.2
    for control in ("search_index", "market_visits"):
        series = dict(ask(f"select date, value from series where metric = '{control}'"))
        before = mean_over(series, start - dt.timedelta(days=10), 10)
        assert mean_over(series, start, 10) / before > 1.12, control


def test_the_controls_explain_gmv_where_nothing_else_happens(ask: Query) -> None:
    rows = ask(f"""
        select ln(sum(o.amount)), ln(any_value(s.value)) from orders o
        join series s on s.date = o.ordered_at::date and s.metric = 'search_index'
        where {PAID} and o.ordered_at between timestamp '2026-03-01' and timestamp '2026-08-31'
        group by o.ordered_at::date""")
    gmv, index = np.array(rows).T
    assert np.corrcoef(gmv, index)[0, 1] > 0.85


def test_labour_is_missing_from_the_coupons_ledger(ask: Query) -> None:
    plan = Workspace.load(REPOSITORY).campaigns["autumn_coupon"]
    kinds = {k for (k,) in ask("select kind from spend where campaign_id = 'autumn_coupon'")}
    assert plan.budget.by_kind.keys() - kinds == {"labour"}


def test_the_k_factor_can_be_counted(ask: Query, planted: dict[str, Any]) -> None:
    invitations, inviters = ask("""
        select count(*), count(distinct user_id) from events
        where event = 'invite' and campaign_id = 'invite_friends'""")[0]
    invited, strangers = ask("""
        select count(*), count(*) filter (invited_by not in (
            select user_id from events where event = 'invite'
                and event_at >= '2026-09-01' and event_at < '2026-10-01'))
        from users where invited_by is not null
            and registered_at >= '2026-09-01' and registered_at < '2026-10-01'""")[0]
    answer = planted["campaigns"]["invite_friends"]
    assert strangers == 0
    assert (invitations, inviters, invited) == (
        answer["invitations"],
        answer["inviters"],
        answer["invited_users"],
    )
    k = (invitations / inviters) * (invited / invitations)
    assert k == pytest.approx(answer["k_factor"])
    plan = truth.INVITE_FRIENDS
    assert stats.binomtest(invited, invitations, plan.acceptance).pvalue > 0.001


# -- what happened in October ----------------------------------------------------------


def by_day(ask: Query, sql: str) -> dict[int, float]:
    return dict(ask(sql + " group by 1 order by 1"))


def test_the_outage_stops_orders_and_not_visits(ask: Query, planted: dict[str, Any]) -> None:
    october = "where {0} >= '2026-10-01' and {0} < '2026-11-01'"
    orders = by_day(
        ask, "select day(ordered_at), count(*) from orders " + october.format("ordered_at")
    )
    visits = by_day(
        ask,
        "select day(event_at), count(*) filter (event = 'visit') from events "
        + october.format("event_at"),
    )
    usual = [9, 10, 11, 12, 13, 16, 17, 18]
    for day in (14, 15):
        assert orders[day] < 0.15 * np.mean([orders[d] for d in usual])
        assert visits[day] > 0.75 * np.mean([visits[d] for d in usual])
    assert planted["outage"]["orders_lost"] > 500


def test_the_gap_loses_events_and_not_orders(ask: Query) -> None:
    events = by_day(
        ask, "select day(event_at), count(*) from events where event_at >= '2026-10-19'"
    )
    orders = by_day(
        ask, "select day(ordered_at), count(*) from orders where ordered_at >= '2026-10-19'"
    )
    usual = [26, 27, 28, 31]
    for day in (29, 30):
        assert events[day] < 0.1 * np.mean([events[d] for d in usual])
        assert orders[day] > 0.8 * np.mean([orders[d] for d in usual])


def test_the_team_knows_of_the_outage_and_not_of_the_gap() -> None:
    events = Workspace.load(REPOSITORY).events
    outage = [e for e in events if e.kind == "outage"]
    assert [(e.start, e.end) for e in outage] == [(truth.OUTAGE.start, truth.OUTAGE.end)]
    assert not [e for e in events if e.kind == "tracking"]


def test_the_mix_moves_the_rate_and_no_channel_does(ask: Query, planted: dict[str, Any]) -> None:
    """Kitagawa on the observed channels, and the planted rates without other causes."""
    rows = ask("""
        select channel, month(event_at), count(*) filter (event = 'visit'),
            count(*) filter (event = 'order')
        from events where event_at >= '2026-09-01' group by all order by all""")
    visits = np.array([[v for _, m, v, _ in rows if m == month] for month in (9, 10)], dtype=float)
    orders = np.array([[o for _, m, _, o in rows if m == month] for month in (9, 10)], dtype=float)
    share, rate = visits / visits.sum(axis=1, keepdims=True), orders / visits
    mix = float(((share[1] - share[0]) * rate.mean(axis=0)).sum())
    within = float(((rate[1] - rate[0]) * share.mean(axis=0)).sum())
    overall = orders.sum(axis=1) / visits.sum(axis=1)
    assert mix + within == pytest.approx(overall[1] - overall[0])
    answer = planted["mix_shift"]
    assert mix == pytest.approx(answer["with_everything"]["mix"], rel=0.1)
    assert mix < -0.01 and mix / (mix + within) > 0.6
    alone = answer["without_other_causes"]
    assert abs(alone["rate"]) < 0.15 * abs(alone["mix"])
    names = [name for name, month, _, _ in rows if month == 9]
    for code, name in enumerate(answer["channels"]):
        before, after = (rates[code] for rates in alone["rate_by_channel"].values())
        n = visits[:, names.index(name)]
        error = math.sqrt(before * (1 - before) / n[0] + after * (1 - after) / n[1])
        assert abs(after - before) < 4 * error, name


def test_service_and_voice_of_october(ask: Query) -> None:
    plan = truth.SERVICE
    for table, done, due, at, usual, october in (
        ("tickets", "resolved_at", "due_at", "opened_at", plan.tickets_on_time,
         plan.tickets_on_time_october),
        ("tasks", "done_on", "due_on", "due_on", plan.tasks_on_time, plan.tasks_on_time_october),
    ):  # fmt: skip
        shares = dict(
            ask(f"""select strftime({at}, '%Y-%m'), avg(coalesce(({done} <= {due})::int, 0))
            from {table} group by 1""")
        )
        assert shares["2026-10"] == pytest.approx(october, abs=0.01)
        assert shares["2026-09"] == pytest.approx(usual, abs=0.01)
    csat = dict(
        ask("""select strftime(responded_at, '%Y-%m'), avg((score >= 4)::int) from surveys
        where kind = 'csat' group by 1""")
    )
    assert csat["2026-10"] < csat["2026-09"] - 0.06
    answered = dict(ask("select kind, count(score) / count(*) from surveys group by 1"))
    assert answered["nps"] == pytest.approx(plan.answered_nps, abs=0.01)
    assert answered["csat"] == pytest.approx(plan.answered_csat, abs=0.01)
    payment = one(
        ask,
        """select avg((comment similar to '.*(付款|支付|pay|Pay|charged|Checkout).*')::int)
        from surveys where score <= 3 and kind = 'csat' and comment is not null
            and responded_at >= '2026-10-14' and responded_at < '2026-10-21'""",
    )
    assert payment > 0.5


# -- plans, targets, cycles ------------------------------------------------------------


def test_the_month_has_one_two_three_reports() -> None:
    workspace = Workspace.load(REPOSITORY)
    rows = {row.playbook: row.for_each for row in workspace.cycles["month"]}
    assert rows == {
        "monthly_retrospective": None,
        "campaign_review": "campaign",
        "ab_readout": "experiment",
    }
    october = workspace.period("2026-10")
    ends = {
        kind: sorted(p.id for p in plans.values() if october.start <= p.end <= october.end)
        for kind, plans in (("c", workspace.campaigns), ("e", workspace.experiments))
    }
    assert ends["c"] == ["autumn_coupon", "golden_week"]
    assert ends["e"] == ["checkout_one_page", "free_shipping_bar", "search_rank"]


def test_plans_agree_with_what_was_planted() -> None:
    workspace = Workspace.load(REPOSITORY)
    for plan in truth.EXPERIMENTS:
        registered = workspace.experiments[plan.id]
        assert (registered.start, registered.end) == (plan.start, plan.end)
    for campaign in truth.CAMPAIGNS:
        promised = workspace.campaigns[campaign.id]
        assert (promised.start, promised.end) == (campaign.start, campaign.end)
        assert promised.budget.by_kind == campaign.budget
        assert tuple(promised.channels) == campaign.channels
    assert workspace.as_of == truth.AS_OF


def test_octobers_targets_are_partly_met(ask: Query) -> None:
    targets = Workspace.load(REPOSITORY).targets("2026-10")
    gmv, refunds = ask("""
        select sum(amount) filter (status = 'paid'),
            avg((status = 'refunded')::int) filter (status <> 'cancelled')
        from orders where ordered_at >= '2026-10-01'""")[0]
    rate = one(ask, """
        select count(*) filter (event = 'order') / count(*) filter (event = 'visit')
        from events where event_at >= '2026-10-01'""")  # fmt: skip
    assert gmv > targets["gmv_net"].target
    assert refunds < targets["refund_rate"].target
    assert rate < targets["conversion_rate"].target
    for cycle in ("2026-08", "2026-09", "2026-10"):
        assert 6 <= len(Workspace.load(REPOSITORY).targets(cycle)) <= 12


def test_the_workspace_template_loads(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "templates/workspace", tmp_path / "new")
    assert Workspace.load(tmp_path / "new").experiments == {}
    for path in (tmp_path / "new").rglob("*.example"):
        path.rename(path.with_suffix(""))
    filled = Workspace.load(tmp_path / "new")
    assert list(filled.experiments) == ["my_experiment"]
    assert list(filled.campaigns) == ["my_campaign"]
    targets = filled.targets("2026-10")
    assert {"gmv_net", "csat"} <= set(targets) <= set(load_catalogue())


# -- writing ---------------------------------------------------------------------------

SMALL = {"tasks": pa.table({"task_id": [1]})}


def test_writing_replaces_the_old_and_leaves_nothing_else(tmp_path: Path) -> None:
    writing.write(tmp_path, SMALL, {"seed": 1})
    writing.write(tmp_path, {"tasks": pa.table({"task_id": [2, 3]})}, {"seed": 2})
    assert pq.read_table(tmp_path / "data/shop/tasks.parquet")["task_id"].to_pylist() == [2, 3]
    assert json.loads((tmp_path / "data/truth.json").read_text()) == {"seed": 2}
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["shop", "truth.json"]


def test_foreign_files_are_not_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "data/shop"
    folder.mkdir(parents=True)
    (folder / "mine.csv").write_text("a\n1\n")
    with pytest.raises(WorkspaceError, match=r"not the sample's: mine\.csv"):
        writing.write(tmp_path, SMALL, {})
    assert (folder / "mine.csv").read_text() == "a\n1\n"
    assert not (folder / "tasks.parquet").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(WorkspaceError, match="cannot be written") as caught:
        writing.write(tmp_path, SMALL, {})
    assert "data" in caught.value.where


def test_a_failure_keeps_the_old_data(tmp_path: Path) -> None:
    writing.write(tmp_path, SMALL, {"seed": 1})
    with pytest.raises(TypeError, match="object"):
        writing.write(tmp_path, SMALL, {"seed": object()})
    assert json.loads((tmp_path / "data/truth.json").read_text()) == {"seed": 1}
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["shop", "truth.json"]


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="the seed is -1"):
        build(tmp_path, seed=-1)


def test_progress_hears_each_stage() -> None:
    heard: list[str] = []
    simulate(progress=heard.append)
    assert heard == ["users and visits", "experiments and campaigns", "tables", "truths"]
