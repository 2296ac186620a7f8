"""Writes the built tables and takes their place at once, or leaves all as it was."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from opsnb.base.errors import WorkspaceError

FOLDER, ANSWERS = "shop", "truth.json"


def write(root: Path, tables: Mapping[str, pa.Table], answers: Mapping[str, Any]) -> None:
    """data/shop/NAME.parquet for each table and data/truth.json, replaced as a whole.

    Raises
    ------
    WorkspaceError
        The folder cannot be written, or data/shop holds files that are not the sample's.
    """
    data = root / "data"
    _refuse_strangers(data / FOLDER, tables)
    fresh, stale = data / f".{FOLDER}-{os.getpid()}", data / f".{FOLDER}-old-{os.getpid()}"
    try:
        data.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        _write_tables(fresh, tables)
        text = json.dumps(answers, indent=2, ensure_ascii=False, default=_plain)
        (fresh / ANSWERS).write_text(text + "\n", encoding="utf-8")
        _take_place(data, fresh, stale)
    except (OSError, duckdb.IOException) as error:
        raise WorkspaceError(
            f"the sample's data cannot be written ({error})",
            where=str(data),
            hint="give a folder that you may write to, with 100 MB free",
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _refuse_strangers(folder: Path, tables: Mapping[str, pa.Table]) -> None:
    ours = {f"{name}.parquet" for name in tables}
    present = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    strangers = sorted(present - ours)
    if strangers:
        raise WorkspaceError(
            f"the folder holds what is not the sample's: {', '.join(strangers[:5])}",
            where=str(folder),
            hint="move these files elsewhere, or build the sample in another folder",
        )


def _write_tables(folder: Path, tables: Mapping[str, pa.Table]) -> None:
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        for name, table in tables.items():
            connection.register("built", table)
            target = str(folder / f"{name}.parquet").replace("'", "''")
            connection.execute(f"copy built to '{target}' (format parquet, compression zstd)")
            connection.unregister("built")


def _take_place(data: Path, fresh: Path, stale: Path) -> None:
    """truth.json goes last: it marks a finished build."""
    answers = fresh / ANSWERS
    held = data / f".{ANSWERS}-{os.getpid()}"
    answers.replace(held)
    if (data / FOLDER).is_dir():
        (data / FOLDER).replace(stale)
    try:
        fresh.replace(data / FOLDER)
    except OSError:
        if stale.is_dir():
            stale.replace(data / FOLDER)
        raise
    held.replace(data / ANSWERS)
    shutil.rmtree(stale, ignore_errors=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place in truth.json")
