"""Spark: a session in this process, on a standalone cluster, or behind Spark Connect."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from opsnb.analysis.sources.server import server
from opsnb.base.errors import SourceError

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

_ALWAYS = {
    "spark.sql.session.timeZone": "UTC",
    # A bad cast is NULL and counted by the data gate; ANSI mode would end the query.
    "spark.sql.ansi.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
_WAREHOUSE = "spark.sql.warehouse.dir"
_ENDING = ".parquet"
_WAIT = 120
"""Seconds within which a cluster has to give a first core."""


def open_spark(url: str, timeout: int) -> BaseBackend:
    """`spark://local[2]`, `spark://host:7077`, `sc://host:15002`.

    Behind a question mark: `lake=FOLDER` makes one table of each Parquet file or folder in it
    (any place that Spark's file systems reach), `wait=SECONDS` is how long to wait for a full
    cluster's first free core, and names with `spark.` are settings. Spark has no read-only
    sessions: the account's rights decide. `timeout` ends what Spark broadcasts; a whole query
    ends with its cell's limit.

    Raises
    ------
    SourceError
        An unknown option, a lake that is not there, or no core within `wait`.
    """
    import ibis

    address, _, query = url.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    lake = options.pop("lake", None)
    wait = _seconds(options.pop("wait", ""))
    unknown = [name for name in options if not name.startswith("spark.")]
    if unknown and address.startswith("spark://"):
        raise SourceError(f"unknown option {', '.join(unknown)}", hint="lake, wait, or spark.NAME")
    settings = {**_ALWAYS, "spark.sql.broadcastTimeout": str(timeout), **options}
    if address.startswith("sc://"):
        session = _remote(address if not unknown else url, settings if not unknown else _ALWAYS)
    else:
        session = _on_cluster(address, settings)
    if "://local" not in address:
        _need_a_core(session, address, wait)
    if lake is not None:
        _lay_out(session, lake)
    return ibis.pyspark.connect(session)


def _remote(address: str, settings: dict[str, str]) -> Any:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.remote(address)
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _on_cluster(address: str, settings: dict[str, str]) -> Any:
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    master = address.removeprefix("spark://") if "://local" in address else address
    builder = SparkSession.builder.appName("opsnb").master(master)
    for name, value in {_WAREHOUSE: _warehouse(), **settings}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    held = session.sparkContext.master
    if held != master:  # a process has one Spark, which would answer for the other
        raise SourceError(
            f"{address} cannot be opened beside {held}",
            hint="the tables of a workspace can lie on one Spark cluster; copy the others' there",
        )
    return session


@functools.cache
def _warehouse() -> str:
    """A folder that goes with the process: a driver makes one even where it saves no table."""
    folder = tempfile.mkdtemp(prefix="opsnb-spark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder).as_uri()


def _seconds(text: str) -> float:
    try:
        return float(text or _WAIT)
    except ValueError:
        raise SourceError(f'wait is "{text}"', hint="wait is a number of seconds") from None


def _need_a_core(session: Any, address: str, wait: float) -> None:
    """One small job: on a full cluster it would wait for ever, and every query after it."""
    asking = ThreadPoolExecutor(1)
    answer = asking.submit(lambda: session.range(0, 1, 1, 1).count())
    try:
        answer.result(wait)
    except TimeoutError:
        if address.startswith("sc://"):  # the server's application is not ours to end
            session.interruptAll()
        session.stop()  # and the place in the master's queue is free
        raise SourceError(
            f"{address} gave no core within {wait:g} s: it has no worker, or none is free",
            hint="end another application there, or have each take less (spark.cores.max=2 in "
            "its url, spark.executor.memory no more than a worker has); wait=600 in the url "
            "waits longer",
        ) from None
    finally:
        asking.shutdown(wait=False)


def _lay_out(session: Any, lake: str) -> None:
    """A temporary view for each Parquet file or folder of a lake, named by its stem."""
    java = session._jvm
    path = java.org.apache.hadoop.fs.Path(lake)
    files = path.getFileSystem(session._jsc.hadoopConfiguration())
    if not files.exists(path):
        raise SourceError(f"there is no {lake}", hint="lake is a folder that the cluster can read")
    for item in files.listStatus(path):
        name = item.getPath().getName()
        if name.startswith((".", "_")) or not (item.isDirectory() or name.endswith(_ENDING)):
            continue
        place = item.getPath().toString()
        session.read.parquet(place).createOrReplaceTempView(name.removesuffix(_ENDING))


CONNECTOR = server(open_spark, "pyspark", "opsnb[spark]")
