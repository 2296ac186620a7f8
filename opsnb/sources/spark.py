"""Spark: a session in this process, on a standalone cluster, or behind Spark Connect."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from opsnb.errors import SourceError

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

_ALWAYS = {
    "spark.sql.session.timeZone": "UTC",
    # A bad cast is NULL and counted by the data gate; ANSI mode would end the query.
    "spark.sql.ansi.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
_ENDING = ".parquet"


def open_spark(url: str, timeout: int) -> BaseBackend:
    """`spark://local[2]`, `spark://host:7077`, `sc://host:15002`.

    Behind a question mark: `lake=FOLDER` makes one table of each Parquet file or folder in it
    (any place that Spark's file systems reach), and names with `spark.` are settings. Spark has
    no read-only sessions: the account's rights decide. `timeout` ends what Spark broadcasts;
    a whole query ends with its cell's limit.
    """
    import ibis

    address, _, query = url.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    lake = options.pop("lake", None)
    unknown = [name for name in options if not name.startswith("spark.")]
    if unknown and address.startswith("spark://"):
        raise SourceError(f"unknown option {', '.join(unknown)}", hint="lake, or spark.NAME")
    settings = {**_ALWAYS, "spark.sql.broadcastTimeout": str(timeout), **options}
    if address.startswith("sc://"):
        session = _remote(address if not unknown else url, settings if not unknown else _ALWAYS)
    else:
        session = _on_cluster(address, settings)
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
    place = address.partition("://")[2]
    builder = SparkSession.builder.appName("opsnb")
    builder = builder.master(place if place.startswith("local") else address)
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


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
