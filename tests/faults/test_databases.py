"""A database that is down, slow, or gone in the middle of a query."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.engines.servers import Place, _postgres_tools, _unprivileged, free_port, postgres
from tests.faults.floor import Floor, wait_for
from tests.faults.test_at_once import COUNTS, READS

SETTINGS = """\
[sources.here]
url = "{url}"
timeout = {timeout}
[tables.orders]
source = "here"
sql = "select order_id, user_id, ordered_at, amount from orders, pg_sleep({sleep})"
"""

Serve = Callable[..., None]


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with postgres() as found:
        yield found


@pytest.fixture(scope="module")
def url(place: Place, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("tables")
    columns = {"order_id": ["o1", "o2"], "user_id": ["u1", "u2"], "amount": [10.0, 20.0]}
    frame = pd.DataFrame({**columns, "ordered_at": pd.Timestamp("2026-10-05 12:00")})
    frame.to_parquet(folder / "orders.parquet")
    return place.load(folder)


@pytest.fixture
def shop(floor: Floor, url: str) -> tuple[Floor, Serve]:
    """A floor with a good report, then a playbook that asks a database."""
    plain = (floor.root / "opsnb.toml").read_text(encoding="utf-8")
    floor.playbook("demo", READS, COUNTS)

    def serve(place: str = url, timeout: int = 60, sleep: float = 0) -> None:
        text = plain + SETTINGS.format(url=place, timeout=timeout, sleep=sleep)
        (floor.root / "opsnb.toml").write_text(text, encoding="utf-8")

    return floor, serve


def told(shop: tuple[Floor, Serve], floor_done, record_property) -> str:
    """What the failed report says; the one before it is kept, and the next run works."""
    floor, serve = shop
    floor.sound(floor_done, 1)
    assert floor.record()["status"] == "failed"
    assert "kept in versions/v1/" in floor_done.err
    reason = floor.record()["reason"]
    record_property("sees", reason)
    serve()
    assert floor.run("run", "demo", "--no-pdf").code == 0
    assert {fact["value"] for fact in floor.record()["facts"]} == {2}
    floor.tidy()
    return reason


@pytest.mark.survives("the database is down")
def test_a_database_that_is_down(shop, record_property) -> None:
    floor, serve = shop
    serve(f"postgres://opsnb:${{WORD}}@127.0.0.1:{free_port()}/shop")
    done = floor.run("run", "demo", "--no-pdf", WORD="hidden-word")
    reason = told(shop, done, record_property)
    assert "cannot connect to postgres://127.0.0.1" in reason and "hidden-word" not in reason


@pytest.mark.survives("the database is slow: a query takes longer than the source's timeout")
def test_a_database_that_is_slow(shop, record_property) -> None:
    floor, serve = shop
    serve(timeout=1, sleep=30)
    reason = told(shop, floor.run("run", "demo", "--no-pdf"), record_property)
    assert "statement timeout" in reason and "sources.here" in reason


@pytest.mark.survives("the database goes away in the middle of a query (PostgreSQL restarted)")
def test_a_database_that_goes_away(shop, url: str, record_property) -> None:
    floor, serve = shop
    serve(sleep=60)
    process = floor.start("run", "demo", "--no-pdf")
    while True:  # the command's own look at the table comes before the kernel's query
        wait_for(lambda: is_over(floor) or asked(url, ASLEEP) != "0")
        if is_over(floor):
            break
        restart(Path(asked(url, "show data_directory")))
    reason = told(shop, process.done(), record_property)
    assert "sources.here" in reason and "did not finish a query" in reason


def is_over(floor: Floor) -> bool:
    return bool(floor.record()["status"] == "failed")


ASLEEP = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"


def asked(url: str, query: str) -> str:
    import psycopg

    with psycopg.connect(url) as connection:
        [value] = connection.execute(query).fetchone()
    return str(value)


def restart(data: Path) -> None:
    """At once, without waiting for anybody."""
    tools = _postgres_tools()
    assert tools is not None
    subprocess.run(
        [tools / "pg_ctl", "restart", "-w", "-m", "immediate", "-D", data, "-l", "/dev/null"],
        check=True, capture_output=True, cwd=data.parent, **_unprivileged(),
    )  # fmt: skip
