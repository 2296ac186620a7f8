"""Real engines for the tests: servers started on loopback, or why one cannot be.

Each starter is a context manager that yields a `Place`. `OPSNB_TEST_ENGINES=required` (as
`.ci/run` sets it) turns a missing server into a failure, so that a run never passes by
skipping.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import pytest


@dataclass(frozen=True)
class Place:
    """Where tables can be put: `load(folder)` takes a folder of Parquet, gives a source's URL."""

    engine: str
    load: Callable[[Path], str]


def absent(what: str) -> None:
    """Skips, or fails where the engines have to be there."""
    if os.environ.get("OPSNB_TEST_ENGINES") == "required":
        pytest.fail(what)
    pytest.skip(what)


def _tables(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.parquet"))}


# -- DuckDB ----------------------------------------------------------------------------


@contextlib.contextmanager
def duckdb_file() -> Iterator[Place]:
    def load(folder: Path) -> str:
        path = folder / "shop.duckdb"
        with duckdb.connect(str(path)) as connection:
            for name, file in _tables(folder).items():
                connection.execute(f"CREATE TABLE {name} AS FROM '{file}'")
        return f"duckdb://{path}"

    yield Place("duckdb", load)


@contextlib.contextmanager
def parquet_folder() -> Iterator[Place]:
    yield Place("parquet", lambda folder: f"parquet://{folder}")


@contextlib.contextmanager
def csv_folder() -> Iterator[Place]:
    def load(folder: Path) -> str:
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            (folder / "csv").mkdir()
            for name, file in _tables(folder).items():
                # No number is an empty field in a text file, as spreadsheets write it.
                values = f"SELECT * REPLACE ({_no_nan(connection, file)}) FROM '{file}'"
                connection.execute(f"COPY ({values}) TO '{folder}/csv/{name}.csv'")
        return f"csv://{folder}/csv"

    yield Place("csv", load)


def _no_nan(connection: duckdb.DuckDBPyConnection, file: Path) -> str:
    columns = [row[:2] for row in connection.execute(f"DESCRIBE FROM '{file}'").fetchall()]
    return ", ".join(
        f"CASE WHEN isnan({name}) THEN NULL ELSE {name} END AS {name}"
        if kind == "DOUBLE"
        else f"{name} AS {name}"
        for name, kind in columns
    )


# -- PostgreSQL ------------------------------------------------------------------------


@contextlib.contextmanager
def postgres() -> Iterator[Place]:
    """PostgreSQL from the system's package, a fresh cluster in a temporary folder."""
    if importlib.util.find_spec("psycopg") is None:
        absent("psycopg is not installed (the extra postgres)")
    tools = _postgres_tools()
    if tools is None:
        absent("PostgreSQL is not installed (initdb, pg_ctl)")
    account = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="opsnb-postgres-"))
    port = free_port()

    def tool(name: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(tools / name), "-D", str(folder / "data"), *arguments],
            capture_output=True, text=True, cwd=folder, **account, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{name} failed: {done.stderr or done.stdout}")

    try:
        if account:
            shutil.chown(folder, account["user"])
        tool("initdb", "-U", "opsnb", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} "
            "-c fsync=off -c shared_buffers=64MB -c max_connections=40 -c jit=off"
        )
        tool("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", options)
        try:
            yield Place("postgres", lambda tables: _load_postgres(tables, port))
        finally:
            tool("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_tools() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    there = found[-1] if found else shutil.which("pg_ctl")
    return Path(there).parent if there else None


def _unprivileged() -> dict[str, str]:
    """PostgreSQL refuses to run as root: the arguments that run it as someone else."""
    if os.geteuid() != 0:
        return {}
    import pwd

    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            pwd.getpwnam(name)
            return {"user": name}
    return absent("no account to run PostgreSQL as") or {}


_POSTGRES_TYPES = {
    "VARCHAR": "text",
    "DOUBLE": "double precision",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "TIMESTAMP_NS": "timestamp",
}


def _load_postgres(folder: Path, port: int) -> str:
    import psycopg

    database = f"db_{uuid.uuid4().hex[:12]}"
    base = f"postgres://opsnb@127.0.0.1:{port}"
    with psycopg.connect(f"{base}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {database}")
    with psycopg.connect(f"{base}/{database}") as connection, duckdb.connect() as reader:
        reader.execute("SET TimeZone = 'UTC'")
        for name, file in _tables(folder).items():
            columns = [row[:2] for row in reader.execute(f"DESCRIBE FROM '{file}'").fetchall()]
            listed = ", ".join(f'"{c}" {_POSTGRES_TYPES.get(kind, kind)}' for c, kind in columns)
            connection.execute(f'CREATE TABLE "{name}" ({listed})')
            with tempfile.NamedTemporaryFile(suffix=".csv") as text:
                reader.execute(
                    f"COPY (FROM '{file}') TO '{text.name}' (HEADER false, NULLSTR '\\N')"
                )
                _copy(connection, name, Path(text.name))
        connection.commit()
        connection.autocommit = True
        connection.execute("ANALYZE")
    return f"{base}/{database}"


def _copy(connection: Any, name: str, text: Path) -> None:
    statement = f"COPY \"{name}\" FROM STDIN (FORMAT csv, NULL '\\N')"
    with (
        connection.cursor() as cursor,
        text.open("rb") as lines,
        cursor.copy(statement) as copy,
    ):
        while block := lines.read(1 << 20):
            copy.write(block)


# -- ClickHouse ------------------------------------------------------------------------


@contextlib.contextmanager
def clickhouse() -> Iterator[Place]:
    """ClickHouse embedded in this process (chDB): one data folder a process."""
    for module in ("clickhouse_connect", "chdb"):
        if importlib.util.find_spec(module) is None:
            absent(f"{module} is not installed (the extra clickhouse-embedded)")
    folder = Path(tempfile.mkdtemp(prefix="opsnb-clickhouse-"))
    try:
        yield Place("clickhouse", lambda tables: _load_clickhouse(tables, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load_clickhouse_apart(tables: Path, data: Path) -> str:
    """Load in a process that then ends: chDB keeps a folder for the process that opened it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_load_clickhouse, tables, data).result()


_CLICKHOUSE_TYPES = {
    "VARCHAR": "String",
    "DOUBLE": "Float64",
    "BIGINT": "Int64",
    "INTEGER": "Int32",
    "BOOLEAN": "Bool",
    "DATE": "Date32",
    "TIMESTAMP": "DateTime64(6)",
    "TIMESTAMP_NS": "DateTime64(6)",
    "TIMESTAMP WITH TIME ZONE": "DateTime64(6, 'UTC')",
}


def _load_clickhouse(folder: Path, data: Path) -> str:
    import clickhouse_connect

    database = f"db_{uuid.uuid4().hex[:12]}"
    client = clickhouse_connect.get_client(
        dsn=f"chdb://{data}", settings={"session_timezone": "UTC"}
    )
    try:
        client.command(f"CREATE DATABASE {database}")
        with duckdb.connect() as reader:
            for name, file in _tables(folder).items():
                columns = [row[:2] for row in reader.execute(f"DESCRIBE FROM '{file}'").fetchall()]
                listed = ", ".join(
                    f"`{column}` Nullable({_CLICKHOUSE_TYPES[kind]})" for column, kind in columns
                )
                client.command(
                    f"CREATE TABLE {database}.`{name}` ({listed}) ENGINE = MergeTree ORDER BY ()"
                )
                client.command(
                    f"INSERT INTO {database}.`{name}` SELECT * FROM file('{file}', Parquet)"
                )
    finally:
        client.close()
    return f"chdb://{data}?database={database}"


# -- Spark -----------------------------------------------------------------------------


@contextlib.contextmanager
def spark(workers: int = 2) -> Iterator[Place]:
    """A standalone cluster: one master, its workers, this process as its driver."""
    if importlib.util.find_spec("pyspark") is None:
        absent("pyspark is not installed (the extra spark)")
    if shutil.which("java") is None:
        absent("Java is not installed (Spark 4.0 wants 17 or 21)")
    import pyspark

    home = Path(pyspark.__file__).parent
    folder = Path(tempfile.mkdtemp(prefix="opsnb-spark-"))
    port, pages = free_port(), free_port()
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_WORKER_DIR": str(folder / "work"),
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "PYSPARK_PYTHON": sys.executable,
    }
    os.environ.update({name: environment[name] for name in ("SPARK_LOCAL_IP", "SPARK_LOCAL_DIRS")})
    started: list[subprocess.Popen[bytes]] = []
    try:
        where = ("--host", "127.0.0.1")
        master = "org.apache.spark.deploy.master.Master"
        started.append(
            _daemon(home, environment, folder, master, *where, "--port", str(port),
                    "--webui-port", str(pages))
        )  # fmt: skip
        _wait(port, started[0], folder)
        worker = "org.apache.spark.deploy.worker.Worker"
        for _ in range(workers):
            started.append(
                _daemon(home, environment, folder, worker, *where, "--cores", "1", "--memory",
                        "1500m", "--webui-port", "0", f"spark://127.0.0.1:{port}")
            )  # fmt: skip
        yield Place("spark", lambda tables: spark_url(port, tables))
    finally:
        session = _session()
        if session is not None and session.sparkContext.master == f"spark://127.0.0.1:{port}":
            session.stop()
        for process in reversed(started):
            process.terminate()
        for process in started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def spark_url(port: int, tables: Path) -> str:
    """Small data: two partitions a shuffle, and no page of the application's own."""
    settings = {
        "spark.sql.shuffle.partitions": "1",
        "spark.executor.memory": "1g",
        "spark.cores.max": "2",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        # Compiling each query to Java costs more than running it over some hundred rows.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
    }
    return f"spark://127.0.0.1:{port}?lake={tables}&" + "&".join(
        f"{name}={value}" for name, value in settings.items()
    )


def _session() -> Any:
    from pyspark.sql import SparkSession

    return SparkSession.getActiveSession()


def _daemon(
    home: Path, environment: Mapping[str, str], folder: Path, name: str, *arguments: str
) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [str(home / "bin/spark-class"), name, *arguments],
            env=dict(environment), stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip


def _wait(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError((folder / "log").read_text(errors="replace")[-2000:])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


ENGINES: dict[str, Callable[[], contextlib.AbstractContextManager[Place]]] = {
    "duckdb": duckdb_file,
    "parquet": parquet_folder,
    "csv": csv_folder,
    "postgres": postgres,
    "clickhouse": clickhouse,
    "spark": spark,
}
