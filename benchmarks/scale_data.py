"""Data at size, made by DuckDB from arithmetic: the same rows on every machine."""

from __future__ import annotations

from pathlib import Path

import duckdb

FULL = {"users": 5_000_000, "events": 100_000_000, "orders": 10_000_000, "tickets": 1_000_000}

_TOML = """\
[workspace]
name = "Scale"
timezone = "Asia/Shanghai"
currency = "CNY"
as_of = 2026-11-02
[sources.lake]
url = "parquet://data"
memory_limit = "{memory}"
"""

# `pick` scatters; activity is uneven (a square), so that some users have hundreds of events.
_QUERIES = {
    "users": """
        SELECT 'u' || i AS user_id,
               TIMESTAMP '2025-11-01' + to_seconds(pick(i, 0, 31536000)) AS registered_at,
               ['search', 'video', 'friend', 'store'][1 + pick(i, 1, 4)] AS channel,
               ['north', 'south', 'east'][1 + pick(i, 2, 3)] AS region
        FROM range({users}) t(i)
    """,
    "events": """
        SELECT 'u' || CAST(floor({users} * pow(pick(i, 0, 1000003) / 1000003.0, 1.5)) AS BIGINT)
                   AS user_id,
               TIMESTAMP '2026-06-01' + to_seconds(pick(i, 1, 13305600)) AS event_at,
               CASE WHEN pick(i, 2, 10) < 7 THEN 'visit' WHEN pick(i, 2, 10) < 9 THEN 'cart'
                    ELSE 'order' END AS event,
               ['ios', 'android', 'web'][1 + pick(i, 3, 3)] AS device
        FROM range({events}) t(i)
    """,
    "orders": """
        SELECT 'o' || i AS order_id,
               'u' || CAST(floor({users} * pow(pick(i, 0, 1000003) / 1000003.0, 1.3)) AS BIGINT)
                   AS user_id,
               TIMESTAMP '2025-10-01' + to_seconds(pick(i, 1, 34214400)) AS ordered_at,
               round(5 + exp(3 + (pick(i, 2, 1000)) / 300.0), 2) AS amount,
               CASE WHEN pick(i, 3, 20) = 0 THEN 'refunded' WHEN pick(i, 3, 20) = 1
                    THEN 'cancelled' ELSE 'paid' END AS status
        FROM range({orders}) t(i)
    """,
    "assignments": """
        SELECT 'exp' AS experiment_id, 'u' || i AS user_id,
               CASE WHEN pick(i, 7, 2) = 0 THEN 'control' ELSE 'treatment' END AS variant,
               TIMESTAMP '2026-10-01' + to_seconds(pick(i, 8, 604800)) AS assigned_at
        FROM range({users}) t(i)
    """,
    "tickets": """
        SELECT 't' || i AS ticket_id, TIMESTAMP '2026-06-01'
                   + to_seconds(pick(i, 1, 13000000)) AS opened_at,
               ['delivery', 'payment', 'other'][1 + pick(i, 4, 3)] AS category,
               opened_at + to_seconds(pick(i, 2, 20000)) AS first_response_at,
               CASE WHEN pick(i, 3, 9) > 0
                    THEN opened_at + to_seconds(pick(i, 3, 300000)) END AS resolved_at,
               opened_at + INTERVAL 1 DAY AS due_at
        FROM range({tickets}) t(i)
    """,
}


def build(root: Path, share: float, memory: str = "8GB") -> None:
    """A workspace in `root` with `share` of the full size; kept where it is there already."""
    sizes = {name: max(int(rows * share), 100) for name, rows in FULL.items()}
    folder = root / "data"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [_TOML.format(memory=memory)]
    with duckdb.connect() as connection:
        connection.execute(
            f"SET temp_directory = '{root / 'spill'}'; SET memory_limit = '{memory}'"
        )
        connection.execute(
            "CREATE MACRO pick(i, salt, n) AS CAST(hash(i, salt) % CAST(n AS UBIGINT) AS BIGINT)"
        )
        connection.execute("SET preserve_insertion_order = false")
        for name, query in _QUERIES.items():
            lines.append(f'[tables.{name}]\nsource = "lake"\ntable = "{name}"\n')
            file = folder / f"{name}.parquet"
            if not file.exists():
                text = query.format(**sizes)
                connection.execute(f"COPY ({text}) TO '{file}.new' (FORMAT parquet, CODEC 'zstd')")
                Path(f"{file}.new").replace(file)
    (root / "opsnb.toml").write_text("".join(lines), encoding="utf-8")
