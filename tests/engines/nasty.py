"""A small table set with what breaks engines apart: every contract table, some hundred rows.

Ties, NULLs and NaN, negative and huge amounts, text with quotes and Chinese, identical and
contradicting rows, times around a change of clocks, week and month ends, instants with a
zone, ids that are numbers, a user who never did anything, rows nobody owns.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

TIMEZONE = "America/New_York"
"""Clocks go back there on 2026-11-01 and forward on 2026-03-08."""

AS_OF = "2026-11-16"

SETTINGS = f"""\
[workspace]
name = "Nasty"
timezone = "{TIMEZONE}"
currency = "USD"
language = "en"
languages = ["en", "zh"]
as_of = {AS_OF}
gross_margin = 0.4
[sources.here]
url = "{{url}}"
"""

TEAM_CHECKS = """\
[[tables.orders.checks]]
id = "large"
where = "amount > 900 and channel is not null"
level = "note"
"""

EXCLUDED = """\
[exclude]
users = "user_id in ('33', '34') or channel = 'nobody'"
"""

_TABLES = {
    # Instants with a zone: 04:30 UTC on 1 November is still October in New York.
    "users": """
        SELECT i AS user_id,
               make_timestamptz(2026, 8 + (i % 4)::INT, 1 + (i * 7 % 28)::INT, (i * 5 % 24)::INT,
                                30, 0.0) AS registered_at,
               CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '微信' WHEN 2 THEN 'O''Brien "ads"'
                    WHEN 3 THEN 'douyin' ELSE 'Douyin' END AS channel,
               CASE WHEN i % 3 = 0 THEN 'north' ELSE 'south' END AS region,
               CASE WHEN i % 6 = 0 THEN i - 1 END AS invited_by,
               CASE WHEN i % 7 = 0 THEN TIMESTAMP '2026-09-15 12:00:00'
                    + INTERVAL 1 DAY * (i % 60) END AS ended_at
        FROM range(1, 121) t(i)
        UNION ALL
        SELECT 3, make_timestamptz(2026, 11, 22, 15, 30, 0.0), 'douyin', 'north', NULL, NULL
        UNION ALL SELECT 500, NULL, 'douyin', 'north', NULL, NULL
        UNION ALL SELECT 501, make_timestamptz(2026, 11, 1, 4, 30, 0.0), NULL, NULL, 500, NULL
        UNION ALL SELECT 501, make_timestamptz(2026, 11, 1, 4, 30, 0.0), NULL, NULL, 500, NULL
    """,
    # Naive times; ties of the moment between steps; a burst around the change of clocks.
    "events": """
        SELECT CASE WHEN k % 41 = 0 THEN NULL ELSE 1 + k * 17 % 118 END AS user_id,
               TIMESTAMP '2026-08-03 00:00:00' + INTERVAL 1 HOUR * (k * 53 % 2400)
                   + INTERVAL 1 MINUTE * (CASE WHEN k % 3 = 0 THEN 0 ELSE k % 60 END) AS event_at,
               CASE k % 7 WHEN 0 THEN 'cart' WHEN 1 THEN 'order' WHEN 2 THEN 'cart'
                    WHEN 3 THEN 'invite' ELSE 'visit' END AS event,
               'c' || (k % 4) AS channel,
               CASE WHEN k % 11 = 0 THEN NULL WHEN k % 13 = 0 THEN 'nan'::DOUBLE
                    ELSE (k % 17) / 4.0 END AS value
        FROM range(0, 1600) t(k)
        UNION ALL
        SELECT 7, TIMESTAMP '2026-10-31 23:59:59.999999', 'visit', 'c0', 1
        UNION ALL
        SELECT 7, TIMESTAMP '2026-11-01 01:30:00', 'cart', 'c0', 1
        UNION ALL
        SELECT 7, TIMESTAMP '2026-11-01 01:30:00', 'order', 'c0', 1
        UNION ALL
        SELECT 7, TIMESTAMP '2026-11-01 01:30:00', 'visit', 'c0', 1
        UNION ALL SELECT 8, NULL, 'visit', 'c1', 1
        UNION ALL SELECT 9, TIMESTAMP '1965-02-03 04:05:06', 'visit', 'c1', -1
        UNION ALL SELECT 9, TIMESTAMP '2026-12-24 04:05:06', 'visit', 'c1', -1
    """,
    "orders": """
        SELECT 'o' || k AS order_id,
               CASE WHEN k % 37 = 0 THEN NULL ELSE 1 + k * 29 % 110 END AS user_id,
               TIMESTAMP '2025-10-20 00:15:00' + INTERVAL 1 HOUR * (k * 211 % 9300) AS ordered_at,
               CASE WHEN k % 50 = 0 THEN 'nan'::DOUBLE WHEN k % 31 = 0 THEN -1 * (k % 40)
                    WHEN k = 77 THEN 123456.789 ELSE (k * 37 % 1000) / 7.0 + (k % 5) * 10 END
                   AS amount,
               CASE WHEN k % 4 = 0 THEN NULL ELSE (k * 37 % 1000) / 15.0 END AS cost,
               CASE k % 9 WHEN 0 THEN 'Refunded' WHEN 1 THEN 'cancelled' WHEN 2 THEN NULL
                    WHEN 3 THEN ' PAID ' ELSE 'paid' END AS status,
               CASE WHEN k % 9 = 0 THEN TIMESTAMP '2026-10-20 08:00:00' END AS refunded_at,
               CASE WHEN k % 8 = 0 THEN NULL ELSE 'c' || (k % 3) END AS channel,
               CASE WHEN k % 10 = 0 THEN 'autumn' END AS campaign_id,
               CASE WHEN k % 12 = 0 THEN (k * 7 % 90) / 3.0 WHEN k % 5 = 0 THEN 0 END
                   AS refund_amount,
               CASE k % 6 WHEN 0 THEN 'eur' WHEN 1 THEN ' CNY' ELSE 'USD' END AS currency,
               CASE WHEN k % 61 = 0 THEN 'yes' WHEN k % 67 = 0 THEN '否' END AS is_test
        FROM range(1, 700) t(k)
        UNION ALL
        SELECT 'o5', 5, TIMESTAMP '2026-10-05 10:00:00', 5, 1, 'paid', NULL, 'c1', NULL,
               NULL, 'USD', NULL
        UNION ALL
        SELECT 'twice', 5, TIMESTAMP '2026-10-06 10:00:00', 50, 10, 'paid', NULL, 'c1', NULL,
               NULL, 'USD', NULL
        UNION ALL
        SELECT 'twice', 5, TIMESTAMP '2026-10-06 10:00:00', 50, 10, 'paid', NULL, 'c1', NULL,
               NULL, 'USD', NULL
        UNION ALL
        SELECT NULL, 5, TIMESTAMP '2026-10-06 10:00:00', 50, 10, 'paid', NULL, 'c1', NULL,
               NULL, 'USD', NULL
    """,
    "spend": """
        SELECT CASE WHEN k % 2 = 0 THEN 'autumn' ELSE 'winter' END AS campaign_id,
               CASE WHEN k % 13 = 0 THEN NULL ELSE DATE '2026-09-20' + (k % 50)::INT END AS date,
               CASE WHEN k % 7 = 0 THEN NULL ELSE 'c' || (k % 3) END AS channel,
               CASE k % 4 WHEN 0 THEN 'media' WHEN 1 THEN 'Reward' WHEN 2 THEN 'creator'
                    ELSE 'bribe' END AS kind,
               (k * 13 % 97) / 3.0 AS amount, k * 100 AS impressions, k * 3 AS clicks,
               k % 5 AS conversions
        FROM range(1, 120) t(k)
    """,
    "assignments": """
        SELECT 'exp' AS experiment_id, i AS user_id,
               CASE WHEN i % 2 = 0 THEN 'control' ELSE 'treatment' END AS variant,
               TIMESTAMP '2026-10-04 00:00:00' + INTERVAL 1 HOUR * (i * 5 % 160) AS assigned_at,
               CASE WHEN i % 4 = 0 THEN NULL ELSE 'c' || (i % 3) END AS channel,
               'store' || (i % 10) AS store
        FROM range(1, 119) t(i)
        UNION ALL SELECT 'exp', 4, 'treatment', TIMESTAMP '2026-10-07 00:00:00', 'c1', 'store4'
        UNION ALL SELECT 'exp', 5, 'treatment', TIMESTAMP '2026-10-09 00:00:00', 'c1', 'store5'
        UNION ALL SELECT 'exp', NULL, 'control', TIMESTAMP '2026-10-09 00:00:00', 'c1', 'store5'
        UNION ALL SELECT 'other', 5, 'control', TIMESTAMP '2026-10-09 00:00:00', 'c1', 'store5'
    """,
    "outcomes": """
        SELECT 1 + k % 118 AS user_id, DATE '2026-10-05' + (k % 20)::INT AS date,
               CASE WHEN k % 9 = 0 THEN NULL ELSE (k * 7 % 23) / 3.0 END AS minutes,
               k % 4 AS sessions, 'exp' AS experiment_id
        FROM range(0, 500) t(k)
    """,
    "series": """
        SELECT DATE '2026-08-01' + d::INT AS date, unit, metric,
               CASE WHEN d % 29 = 0 THEN NULL ELSE 100 + (d * 7 % 19) + length(unit) END AS value
        FROM range(0, 100) t(d), (VALUES ('all'), ('north'), ('south')) u(unit),
             (VALUES ('gmv'), ('visits')) m(metric)
    """,
    "surveys": """
        SELECT TIMESTAMP '2026-09-01 00:00:00' + INTERVAL 1 HOUR * (k * 31 % 1900) AS responded_at,
               CASE WHEN k % 2 = 0 THEN 'NPS' ELSE 'csat' END AS kind,
               CASE WHEN k % 2 = 0 THEN k * 7 % 12 ELSE 1 + k * 3 % 5 END AS score,
               1 + k % 118 AS user_id,
               CASE k % 3 WHEN 0 THEN '物流太慢了，等了三天' WHEN 1 THEN 'fine "thanks"' END
                   AS comment
        FROM range(0, 300) t(k)
    """,
    # Times as text, one of which is none.
    "tickets": """
        SELECT 't' || k AS ticket_id,
               strftime(TIMESTAMP '2026-09-01 00:00:00' + INTERVAL 1 MINUTE * (k * 997 % 110000),
                        '%Y-%m-%d %H:%M:%S') AS opened_at,
               'kind ' || (k % 3) AS category,
               CASE WHEN k % 6 = 0 THEN NULL ELSE TIMESTAMP '2026-09-01 00:00:00'
                    + INTERVAL 1 MINUTE * (k * 997 % 110000 + k % 90) END AS first_response_at,
               CASE WHEN k % 5 = 0 THEN NULL ELSE TIMESTAMP '2026-09-01 00:00:00'
                    + INTERVAL 1 MINUTE * (k * 997 % 110000 + k * 13 % 3000) END AS resolved_at,
               TIMESTAMP '2026-09-01 00:00:00' + INTERVAL 1 MINUTE * (k * 997 % 110000 + 1440)
                   AS due_at,
               CASE k % 8 WHEN 0 THEN 'Yes' WHEN 1 THEN '否' WHEN 2 THEN '' WHEN 3 THEN 'maybe'
                    ELSE '1' END AS on_time
        FROM range(1, 400) t(k)
        UNION ALL SELECT 'bad', 'yesterday', 'kind 1', NULL, NULL, NULL, NULL
    """,
    "tasks": """
        SELECT 'k' || k AS task_id, DATE '2026-09-01' + (k % 80)::INT AS due_on,
               CASE WHEN k % 4 = 0 THEN NULL ELSE DATE '2026-09-01' + (k * 3 % 90)::INT END
                   AS done_on,
               CASE WHEN k % 2 = 0 THEN '李娜' ELSE 'Wang' END AS owner
        FROM range(1, 150) t(k)
    """,
    # No rate on weekends, and two on one day that contradict each other.
    "rates": """
        SELECT DATE '2025-10-01' + d::INT AS date, currency, rate + d / 1000.0 AS rate
        FROM range(0, 420) t(d), (VALUES ('EUR', 1.1), ('cny', 0.14)) r(currency, rate)
        WHERE d % 7 < 5
        UNION ALL SELECT DATE '2025-10-01' + 5, 'EUR', 1.1
        UNION ALL SELECT DATE '2025-10-01' + 5, 'EUR', 1.2
    """,
    # A chain, a circle, one of two people.
    "aliases": """
        SELECT alias, user_id FROM (VALUES (11, 12), (12, 13), (13, 14), (41, 42), (42, 41),
            (51, 52), (51, 53), (61, 62), (7, 8), (90, 91), (500, 7)) a(alias, user_id)
    """,
}


def write(folder: Path) -> None:
    """The tables as Parquet files in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, query in _TABLES.items():
            connection.execute(f"COPY ({query}) TO '{folder / name}.parquet'")


def settings(url: str, *, copies: bool = True) -> str:
    """opsnb.toml over the tables at a URL: engines differ in this one line.

    Without `copies`, nothing for which an engine has to keep a table of its own.
    """
    lines = [SETTINGS.format(url=url)]
    for name in _TABLES:
        if name in ("rates", "aliases") and not copies:
            continue
        lines.append(f'[tables.{name}]\nsource = "here"\ntable = "{name}"\n')
        if name == "orders":
            lines.append(TEAM_CHECKS)
        if name == "tasks":
            lines.append("where = \"owner <> 'Wang' or done_on is null\"\n")
    return "".join([*lines, EXCLUDED if copies else ""])
