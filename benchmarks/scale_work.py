"""The workloads of `benchmarks.scale`: ours, the same by hand, and what both must agree on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, NamedTuple

import duckdb

from opsnb.analysis.metrics import ObservationWindow, Panel, assigned_users, load_catalogue
from opsnb.analysis.metrics.actives import rolling_actives
from opsnb.analysis.metrics.cohorts import monthly_cohorts
from opsnb.analysis.metrics.funnel import ordered_funnel
from opsnb.analysis.metrics.rfm import SEGMENTS, migration, segments, thresholds
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.metrics.tickets import ticket_times
from opsnb.analysis.tables import check

START, END, LAST = dt.date(2026, 8, 3), dt.date(2026, 10, 31), dt.date(2026, 10, 31)
BEFORE = dt.date(2026, 9, 30)
_METRICS = ("revenue_per_user", "order_conversion", "aov")


class Work(NamedTuple):
    """`ours` and `hand` give plain numbers in the same order."""

    ours: Callable[[Rows], list[float]]
    hand: Callable[[duckdb.DuckDBPyConnection], list[float]]


def _ab(rows: Rows) -> list[float]:
    observed = ObservationWindow(dt.date(2026, 10, 1), dt.date(2026, 10, 28), covariate_days=28)
    panel = Panel(rows, load_catalogue(), _METRICS, assigned_users(rows, "exp"), observed=observed)
    found = [arm for metric in _METRICS for arm in panel.moments(metric)]
    return [number for arm in found for number in (arm.n, *arm.mean.values(), *arm.cov.values())]


_AB = """
CREATE TEMP TABLE per_user AS
WITH arms AS (
    SELECT user_id, min(variant) AS variant, count(DISTINCT variant) AS arms,
           min(assigned_at) AS began
    FROM assignments WHERE experiment_id = 'exp' GROUP BY 1 HAVING arms = 1
), rows AS (
    SELECT arms.user_id, o.amount, o.order_id, coalesce(status, 'paid') AS status,
           ordered_at >= began AND ordered_at < TIMESTAMP '2026-10-29' AS late,
           ordered_at < began AND ordered_at >= began - INTERVAL 28 DAY AS early
    FROM orders o JOIN arms USING (user_id)
), sums AS (
    SELECT user_id,
           sum(amount) FILTER (late AND status = 'paid') AS x0,
           sum(amount) FILTER (early AND status = 'paid') AS px0,
           count(*) FILTER (late AND status <> 'cancelled' AND amount >= 0) AS x1,
           count(*) FILTER (early AND status <> 'cancelled' AND amount >= 0) AS px1,
           count(DISTINCT order_id) FILTER (late AND status <> 'cancelled' AND amount >= 0) AS y2,
           count(DISTINCT order_id) FILTER (early AND status <> 'cancelled' AND amount >= 0) AS py2
    FROM rows GROUP BY 1
)
SELECT variant, coalesce(x0, 0)::DOUBLE AS x0, coalesce(px0, 0)::DOUBLE AS px0,
       (coalesce(x1, 0) >= 1)::INT::DOUBLE AS x1, (coalesce(px1, 0) >= 1)::INT::DOUBLE AS px1,
       coalesce(x0, 0)::DOUBLE AS x2, coalesce(y2, 0)::DOUBLE AS y2,
       coalesce(px0, 0)::DOUBLE AS px2, coalesce(py2, 0)::DOUBLE AS py2
FROM arms LEFT JOIN sums USING (user_id)
"""


def _ab_hand(connection: duckdb.DuckDBPyConnection) -> list[float]:
    connection.execute(_AB)
    cap = connection.execute("SELECT quantile_cont(x0, 0.999) FROM per_user").fetchall()[0][0]
    columns = (("x0", "px0"), ("x1", "px1"), ("x2", "y2", "px2", "py2"))
    found: list[float] = []
    wanted = ["count(*)"]
    for names in columns:
        wanted += [f"avg({name})" for name in names]
        wanted += [f"covar_samp({a}, {b})" for i, a in enumerate(names) for b in names[i:]]
    capped = f"SELECT * REPLACE (least(x0, {cap}) AS x0, least(px0, {cap}) AS px0) FROM per_user"
    rows = connection.execute(
        f"SELECT variant, {', '.join(wanted)} FROM ({capped}) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    place = 2
    for names in columns:
        width = len(names) + len(names) * (len(names) + 1) // 2
        for row in rows:
            found += [row[1], *row[place : place + width]]
        place += width
    connection.execute("DROP TABLE per_user")
    return found


def _funnel(rows: Rows) -> list[float]:
    steps = ordered_funnel(rows, ("visit", "cart", "order"), START, END, within_days=7)
    return [float(step.users) for step in steps]


_FUNNEL = f"""
WITH seen AS (
    SELECT user_id, event_at, CASE event WHEN 'visit' THEN 0 WHEN 'cart' THEN 1 ELSE 2 END AS step
    FROM events WHERE event IN ('visit', 'cart', 'order')
      AND CAST(event_at AS DATE) BETWEEN DATE '{START}' AND DATE '{END}'
), one AS (
    SELECT *, max(CASE WHEN step = 0 THEN event_at END) OVER w AS visit FROM seen
    WINDOW w AS (PARTITION BY user_id ORDER BY event_at, step ROWS UNBOUNDED PRECEDING)
), two AS (
    SELECT *, max(CASE WHEN step = 1 AND event_at <= visit + INTERVAL 7 DAY THEN visit END)
              OVER w AS carted FROM one
    WINDOW w AS (PARTITION BY user_id ORDER BY event_at, step ROWS UNBOUNDED PRECEDING)
)
SELECT count(*) FILTER (a), count(*) FILTER (b), count(*) FILTER (c) FROM (
    SELECT bool_or(step = 0) AS a, bool_or(carted IS NOT NULL) AS b,
           bool_or(step = 2 AND event_at <= carted + INTERVAL 7 DAY) AS c
    FROM two GROUP BY user_id)
"""


def _cohorts(rows: Rows) -> list[float]:
    return [
        float(number)
        for cohort in monthly_cohorts(rows, LAST)
        for number in (cohort.size, *cohort.active)
    ]


_COHORTS = f"""
WITH seen AS (
    SELECT DISTINCT user_id, year(event_at) * 12 + month(event_at) AS m FROM events
    WHERE user_id IS NOT NULL AND CAST(event_at AS DATE) <= DATE '{LAST}'
), born AS (
    SELECT user_id, year(registered_at) * 12 + month(registered_at) AS b FROM users
    WHERE CAST(registered_at AS DATE) <= DATE '{LAST}'
)
SELECT b, m - b AS age, count(DISTINCT user_id) FROM born JOIN seen USING (user_id)
WHERE m >= b AND b > {LAST.year * 12 + LAST.month - 12} GROUP BY 1, 2
"""


def _cohorts_hand(connection: duckdb.DuckDBPyConnection) -> list[float]:
    counts = {(b, age): n for b, age, n in connection.execute(_COHORTS).fetchall()}
    sizes = connection.execute(
        "SELECT year(registered_at) * 12 + month(registered_at) AS b, count(*) FROM users "
        f"WHERE CAST(registered_at AS DATE) <= DATE '{LAST}' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    until = LAST.year * 12 + LAST.month
    return [
        float(number)
        for b, size in sizes
        if b > until - 12
        for number in (size, *(counts.get((b, age), 0) for age in range(until - b + 1)))
    ]


def _actives(rows: Rows) -> list[float]:
    frame = rolling_actives(rows, START, END)
    return [float(frame[window].sum()) for window in ("1", "7", "30")]


_ACTIVES = f"""
WITH seen AS (
    SELECT DISTINCT user_id, CAST(event_at AS DATE) AS day FROM events
    WHERE CAST(event_at AS DATE) BETWEEN DATE '{START}' - 29 AND DATE '{END}'
), gaps AS (
    SELECT day, least(coalesce(lead(day) OVER w - day, 30), 30)::INT AS gap FROM seen
    WINDOW w AS (PARTITION BY user_id ORDER BY day)
), h AS (SELECT day, gap, count(*) AS n FROM gaps GROUP BY 1, 2),
days AS (SELECT unnest(generate_series(DATE '{START}', DATE '{END}', INTERVAL 1 DAY))::DATE AS t)
SELECT sum(n) FILTER (day = t), sum(n) FILTER (t < day + least(gap, 7)),
       sum(n) FILTER (t < day + gap)
FROM days JOIN h ON day <= t AND t < day + 30
"""


def _rfm(rows: Rows) -> list[float]:
    cuts = thresholds(rows, BEFORE)
    assert cuts is not None
    now = {one.name: one for one in segments(rows, LAST, cuts)}
    moved = migration(rows, BEFORE, LAST, cuts)
    names = (*SEGMENTS, "none")
    return [
        *(float(number) for name in SEGMENTS for number in (now[name].users, now[name].amount)),
        *(float(moved[a, b].users) for a in names for b in names if (a, b) in moved),
    ]


_CUSTOMERS = """
SELECT user_id, -(DATE '{day}' - max(CAST(ordered_at AS DATE)))::DOUBLE AS recency,
       count(DISTINCT order_id)::DOUBLE AS frequency,
       sum(CASE WHEN status = 'paid' THEN amount ELSE 0 END) AS monetary
FROM orders WHERE status <> 'cancelled' AND amount >= 0
  AND CAST(ordered_at AS DATE) BETWEEN DATE '{day}' - 364 AND DATE '{day}' GROUP BY 1
"""


def _rfm_hand(connection: duckdb.DuckDBPyConnection) -> list[float]:
    cuts = {}
    for side in ("recency", "frequency", "monetary"):
        found = dict(
            connection.execute(
                f"SELECT score, max({side}) FROM (SELECT {side}, CAST(ceil(5 * cume_dist() OVER "
                f"(ORDER BY {side})) AS INT) AS score FROM ({_CUSTOMERS.format(day=BEFORE)})) "
                "GROUP BY 1"
            ).fetchall()
        )
        top = float("-inf")
        cuts[side] = []
        for score in range(1, 5):
            top = max(top, found.get(score, top))
            cuts[side].append(top)

    def scored(day: dt.date) -> str:
        r, f = (
            " + ".join(["1", *(f"({side} > '{cut}'::DOUBLE)::INT" for cut in cuts[side])])
            for side in ("recency", "frequency")
        )
        return (
            f"SELECT user_id, monetary, {r} AS r, {f} AS f, CASE WHEN f >= 4 AND r >= 4 THEN "
            "'champions' WHEN f >= 4 AND r >= 3 THEN 'loyal' WHEN r >= 3 THEN 'recent' "
            f"WHEN f >= 4 THEN 'at_risk' ELSE 'lapsed' END AS segment FROM "
            f"({_CUSTOMERS.format(day=day)})"
        )

    now = {
        name: (users, amount)
        for name, users, amount in connection.execute(
            f"SELECT segment, count(*), sum(monetary) FROM ({scored(LAST)}) GROUP BY 1"
        ).fetchall()
    }
    moved = {
        (a, b): n
        for a, b, n in connection.execute(
            "SELECT coalesce(o.segment, 'none'), coalesce(n.segment, 'none'), count(*) FROM "
            f"({scored(LAST)}) n FULL JOIN ({scored(BEFORE)}) o USING (user_id) GROUP BY 1, 2"
        ).fetchall()
    }
    names = (*SEGMENTS, "none")
    return [
        *(float(number) for name in SEGMENTS for number in now.get(name, (0, 0.0))),
        *(float(moved[a, b]) for a in names for b in names if (a, b) in moved),
    ]


def _sla(rows: Rows) -> list[float]:
    found = ticket_times(rows, START, END, "category")
    return [
        float(number or 0)
        for one in sorted(found, key=lambda one: one.group or "")
        for number in (one.opened, one.response, one.response_p90, one.on_time, one.judged)
    ]


_SLA = f"""
SELECT count(*), quantile_cont(epoch(first_response_at) - epoch(opened_at), 0.5) / 3600,
       quantile_cont(epoch(first_response_at) - epoch(opened_at), 0.9) / 3600,
       count(*) FILTER (due_at IS NOT NULL AND resolved_at <= due_at),
       count(*) FILTER (due_at IS NOT NULL AND (resolved_at IS NOT NULL
                        OR CAST(due_at AS DATE) <= DATE '2026-11-02')),
       quantile_cont(coalesce(epoch(resolved_at) - epoch(opened_at), 1e12), 0.5),
       quantile_cont(coalesce(epoch(resolved_at) - epoch(opened_at), 1e12), 0.9), category
FROM tickets WHERE CAST(opened_at AS DATE) BETWEEN DATE '{START}' AND DATE '{END}'
GROUP BY category ORDER BY category
"""


def _gate(rows: Rows) -> list[float]:
    reports = check(rows.workspace)
    return [float(number) for one in reports for number in (one.rows, one.quarantined)]


_KEYS = {
    "users": ("user_id", ("user_id", "registered_at"), ("channel", "region"), "registered_at"),
    "events": (None, ("event_at", "event"), ("user_id", "device"), "event_at"),
    "orders": (
        "order_id", ("order_id", "ordered_at", "amount"), ("user_id", "status"), "ordered_at",
    ),
    "assignments": (
        "(experiment_id, user_id)", ("experiment_id", "user_id", "variant"), ("assigned_at",),
        "assigned_at",
    ),
    "tickets": (
        "ticket_id", ("ticket_id", "opened_at"),
        ("category", "first_response_at", "resolved_at", "due_at"), "opened_at",
    ),
}  # fmt: skip
_RULES = {
    "orders": ("amount < 0", "status NOT IN ('paid', 'refunded', 'cancelled')"),
    "tickets": ("first_response_at < opened_at", "resolved_at < opened_at", "due_at < opened_at"),
}


_PEOPLE = ("users", "events", "orders", "assignments")


def _gate_hand(connection: duckdb.DuckDBPyConnection) -> list[float]:
    """The same questions: counts, bounds, keys, repeated rows, words, rows by day, shared ids."""
    found = []
    for table, (key, needed, others, clock) in _KEYS.items():
        out = " OR ".join(f"{name} IS NULL" for name in needed)
        wanted = ["count(*)", f"count(*) FILTER ({out})"]
        wanted += [f"count(*) FILTER ({name} IS NULL)" for name in (*needed, *others)]
        wanted += [f"count(*) FILTER ({rule})" for rule in _RULES.get(table, ())]
        wanted += [f"count(*) FILTER ({clock} > TIMESTAMP '2026-11-03')"]
        wanted += [f"min({clock})", f"max({clock})", "sum(h % 2147483647)"]
        if table in _PEOPLE:
            words = "user_id IN ('NULL', 'null', 'N/A', '?', '-')"
            blanks = "(starts_with(user_id, ' ') OR suffix(user_id, ' '))"
            wanted += [f"count(*) FILTER ({words})", f"count(*) FILTER ({blanks})"]
        repeats = f"{key}) FILTER (NOT ({out})" if key else "h) FILTER (h % 64 = 0"
        wanted.append(f"count(DISTINCT {repeats})")
        rows = f"(SELECT *, hash({table}) AS h FROM {table})"
        row = connection.execute(f"SELECT {', '.join(wanted)} FROM {rows}").fetchall()[0]
        found += [float(row[0]), float(row[1])]
        connection.execute(
            f"SELECT CAST({clock} AS DATE), count(*), min({clock}), max({clock}) "
            f"FROM {table} GROUP BY 1"
        ).fetchall()
    ids = " UNION ALL ".join(
        f"(SELECT DISTINCT user_id AS id, {2**n} AS place FROM {table} "
        "WHERE hash(user_id) % 64 = 0)"
        for n, table in enumerate(_PEOPLE)
    )
    where = f"SELECT id, sum(place) AS places FROM ({ids}) GROUP BY 1"
    connection.execute(f"SELECT places, count(*) FROM ({where}) GROUP BY 1").fetchall()
    return found


def _first_row(query: str, width: int = 0) -> Callable[[duckdb.DuckDBPyConnection], list[float]]:
    def run(connection: duckdb.DuckDBPyConnection) -> list[float]:
        rows: list[tuple[Any, ...]] = connection.execute(query).fetchall()
        return [float(number) for row in rows for number in row[: width or len(row)]]

    return run


WORK = {
    "A/B: CUPED, share, ratio": Work(_ab, _ab_hand),
    "ordered funnel, 7 days": Work(_funnel, _first_row(_FUNNEL)),
    "cohort triangle": Work(_cohorts, _cohorts_hand),
    "DAU/WAU/MAU, 90 days": Work(_actives, _first_row(_ACTIVES)),
    "RFM with migration": Work(_rfm, _rfm_hand),
    "SLA": Work(_sla, _first_row(_SLA, 5)),
    "contract checks": Work(_gate, _gate_hand),
}
