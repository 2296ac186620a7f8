"""From what people name (a folder, a file, a glob, a URL) to sources that opsnb.toml can hold."""

from __future__ import annotations

import codecs
import gzip
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from opsnb.analysis.mapping.profile import TableProfile, profile_table
from opsnb.analysis.sources import Engine, Source, connect
from opsnb.base.credentials import written_out
from opsnb.base.errors import OpsnbError, SourceError
from opsnb.base.workspace import SourceConfig

__all__ = ["Look", "look_at", "sources_at"]

_ENDINGS = {
    "csv": (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".txt"),
    "parquet": (".parquet", ".pq"),
    "excel": (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
    "duckdb": (".duckdb", ".ddb", ".db"),
}
_FOLDERS = ("csv", "parquet", "excel")
"""Schemes that read a folder as a whole."""

_TAKEN = {"memory", "main", "system", "temp"}
_HEAD = 1 << 16


@dataclass
class Look:
    """What was found at a place.

    Attributes
    ----------
    sources : list of SourceConfig
        Those that could be opened, as opsnb.toml will hold them.
    tables : list of TableProfile
    unread : dict
        What could not be read, each with the error that says why.
    """

    sources: list[SourceConfig] = field(default_factory=list)
    tables: list[TableProfile] = field(default_factory=list)
    unread: dict[str, OpsnbError] = field(default_factory=dict)


def sources_at(place: str, root: Path, taken: Mapping[str, SourceConfig]) -> list[SourceConfig]:
    """The sources that a place is read as.

    Parameters
    ----------
    place : str
        A folder, a file, a glob, or a URL; relative paths start in the working directory.
    root : Path
        Folder of opsnb.toml, where relative URLs will start.
    taken : dict
        Sources that opsnb.toml has already, by name: one of the same place is used again.

    Raises
    ------
    SourceError
        There is nothing there, or nothing that can be read.
    """
    if "://" in place:
        if written_out(place):
            raise SourceError(
                "the url holds a password or token, which opsnb.toml must not",
                where=place.partition("://")[0],
                hint="export it as SHOP_PASSWORD, write ${SHOP_PASSWORD} in its place, and put the "
                "url in single quotes",
            )
        found: list[tuple[str, dict[str, str]]] = [(place, {})]
    else:
        found = list(_read_as(place, root))
    names = set(taken) | _TAKEN
    made = []
    for url, options in found:
        known = next((c for c in taken.values() if _same(c, url, root)), None)
        made.append(known or _config(_name(url, names), url, options))
    return made


def _same(config: SourceConfig, url: str, root: Path) -> bool:
    if config.url == url:
        return True
    (mine, _, path), (theirs, _, other) = config.url.partition("://"), url.partition("://")
    return (
        mine == theirs and mine in _ENDINGS and (root / path).resolve() == (root / other).resolve()
    )


def _config(name: str, url: str, options: Mapping[str, str]) -> SourceConfig:
    config = SourceConfig.model_validate({"url": url, **options})
    config._name = name
    return config


def _name(url: str, names: set[str]) -> str:
    """A free name for a source, after its file, folder or database."""
    stem = url.partition("://")[2].split("?")[0].rstrip("/").rpartition("/")[2].partition(".")[0]
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", stem).strip("_").lower() or "data"
    plain = plain if plain[0].isalpha() else f"data_{plain}"
    free, number = plain, 2
    while free in names:
        free, number = f"{plain}_{number}", number + 1
    names.add(free)
    return free


def _read_as(place: str, root: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """URLs of files, each with the reading it needs."""
    path = Path(place).expanduser()
    notes: list[Path] = []
    if any(sign in place for sign in "*?[") and not path.exists():
        base = Path(path.anchor) if path.is_absolute() else Path.cwd()
        files = sorted(p for p in base.glob(str(path.relative_to(path.anchor))) if p.is_file())
    elif path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p, path))
        notes = [p for p in files if p.suffix.lower() == ".txt"]  # as a rule
        files = [p for p in files if p not in notes]
    elif path.is_file():
        files = [path]
    else:
        raise SourceError(
            f"there is no file or folder {place}",
            where="SOURCE",
            hint="give a folder, a file, a glob in quotes, or a URL such as duckdb://shop.duckdb",
        )
    kinds = {scheme: [f for f in files if _ends(f, scheme)] for scheme in _ENDINGS}
    if not any(kinds.values()):
        every = ", ".join(e for endings in _ENDINGS.values() for e in endings)
        raise SourceError(
            f"nothing here can be read ({len(files)} files)",
            where=place,
            hint=f"name the file: opsnb map {notes[0].as_posix()}"
            if notes and not files
            else f"files end in {every}",
        )
    for scheme, some in kinds.items():
        if not some:
            continue
        encodings = {f: _encoding(f) if scheme == "csv" else "" for f in some}
        whole = path.is_dir() and scheme in _FOLDERS and len(set(encodings.values())) == 1
        if whole:
            yield _url(scheme, path, root), _options(encodings[some[0]])
        else:
            yield from ((_url(scheme, f, root), _options(encodings[f])) for f in some)


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)


def _ends(path: Path, scheme: str) -> bool:
    return path.name.lower().endswith(_ENDINGS[scheme])


def _options(encoding: str) -> dict[str, str]:
    return {"encoding": encoding} if encoding not in ("", "utf-8") else {}


def _url(scheme: str, path: Path, root: Path) -> str:
    absolute, home = path.resolve(), root.resolve()
    if absolute.is_relative_to(home):
        return f"{scheme}://{absolute.relative_to(home).as_posix()}"
    return f"{scheme}://{absolute.as_posix()}"


def _encoding(path: Path) -> str:
    """What a text file is written in: UTF-8, else what its bytes and characters show."""
    with _opened(path) as file:
        head = file.read(_HEAD)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8", "gb18030"):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or _chinese(text):
            return encoding
    return "cp1252"


def _chinese(text: str) -> bool:
    """Whether most of what is no ASCII is common Chinese: others' bytes make odd signs."""
    signs = [sign for sign in text if not sign.isascii()]
    common = sum(
        "\u4e00" <= sign <= "\u9fff" or sign in "，。：；（）！？、“”¥￥" for sign in signs
    )
    return bool(signs) and common > 0.8 * len(signs)


def _opened(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def look_at(
    configs: list[SourceConfig],
    root: Path,
    names: Callable[[str], str | None] = lambda table: None,
    dates: str | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Look:
    """Opens the sources and looks at each of their tables.

    Parameters
    ----------
    names : callable
        Names of a table's columns, with commas between, where its file has no line of names.
    dates : "day first", "month first" or None
        How 03/04/2026 is meant, where the values do not show it.
    """
    look, engine = Look(), Engine(root)
    for given in configs:
        config = given
        if dates and config.dates is None and config.url.startswith(("csv://", "excel://")):
            config = _config(given.name, given.url, {**_kept(given), "dates": dates})
        try:
            source = connect(config, root, engine)
            tables = source.tables()
        except OpsnbError as error:
            look.unread[config.url] = error
            continue
        look.sources.append(config)
        for table in tables:
            say(table)
            try:
                profile = profile_table(source, table)
                if profile.headless and (answer := names(table)):
                    profile = _with_names(source, table, _file(config, root, table), answer, root)
                look.tables.append(profile)
            except OpsnbError as error:
                look.unread[f"{config.url}: {table}"] = error
    return look


def _kept(config: SourceConfig) -> dict[str, str]:
    asked = {"encoding": config.encoding, "decimal": config.decimal}
    return {key: value for key, value in asked.items() if value is not None}


def _file(config: SourceConfig, root: Path, table: str) -> Path | None:
    """The only text file that a table of a source is."""
    path = root / config.url.partition("://")[2]
    if not config.url.startswith("csv://"):
        return None
    if path.is_file():
        return path
    found = [f for f in path.glob(f"{table}.*") if f.is_file()]
    return found[0] if len(found) == 1 else None


def _with_names(
    source: Source, table: str, file: Path | None, answer: str, root: Path
) -> TableProfile:
    """A text file whose first line is data, with the names that people gave."""
    where = f"columns.{table}"
    if file is None:
        raise SourceError(
            "names can be given to a single text file only", where=where, hint="add a line of names"
        )
    names = [name.strip() for name in answer.split(",")]
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    path = _url("csv", file, root).partition("://")[2].replace("'", "''")
    reading = f"read_csv('{path}', header = false, all_varchar = true, names = [{listed}])"
    return profile_table(source, table, reading)
