"""The keys of opsnb.toml: what each may hold, and where the file is found."""

from __future__ import annotations

import datetime as dt
import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel.numbers import list_currencies
from pydantic import AfterValidator, Field, PrivateAttr

from opsnb.base.credentials import expand, expand_url, written_out
from opsnb.base.errors import WorkspaceError, did_you_mean
from opsnb.base.messages import Label, known_languages
from opsnb.base.toml_model import Day, Problem, Said, Strict, fail, mistake, read_toml, validate
from opsnb.base.workspace.columns import OwnColumns, problems_of

FILE = "opsnb.toml"
METRICS = "metrics.toml"


WORDS_FOR_NOTHING = (
    "NULL", "null", "\\N", "N/A", "n/a", "#N/A", "NA", "None", "nan", "NaN", "?", "-", "无", "空",
)  # fmt: skip
"""What exports write for an empty value, to the letter: a customer may be called Null."""


class TextConfig(Strict):
    """[sources.NAME.tables.TABLE]: how the files of a table are written, where it is not as usual.

    The same keys stand under [sources.NAME] for all of a source's tables.
    """

    encoding: str = Field(default="utf-8", examples=['"gb18030"'])
    separator: str | None = Field(
        default=None, min_length=1, max_length=1, pattern='[^"\\r\\n]', examples=['";"']
    )
    header: bool = Field(default=True, examples=["false"])
    columns: list[str] = Field(default=[], examples=['["order_id", "amount"]'])
    skip: int = Field(default=0, ge=0, le=1000, examples=["2"])
    decimal: Literal[".", ","] | None = None
    dates: Literal["day first", "month first"] | None = None
    nulls: list[str] | None = Field(default=None, examples=['["NULL", "-"]'])

    @property
    def null_words(self) -> tuple[str, ...]:
        """What stands for an empty value."""
        return WORDS_FOR_NOTHING if self.nulls is None else tuple(self.nulls)

    def problems(self) -> Iterable[Problem]:
        lower = [name.strip().lower() for name in self.columns]
        for name in sorted({name for name in lower if not name or lower.count(name) > 1}):
            what = f'has the name "{name}" twice' if name else "has a name that is empty"
            yield Problem("columns", what, "name each column once")


class SourceConfig(TextConfig):
    """[sources.NAME]: where data lives."""

    url: str = Field(min_length=1, examples=['"duckdb://data/shop.duckdb"'])
    tables: dict[str, TextConfig] = Field(default={})
    memory_limit: str | None = Field(
        default=None, pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$", examples=['"4GB"']
    )
    timeout: int = Field(default=600, ge=1, examples=["600"])
    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        return self._name

    @property
    def expanded_url(self) -> str:
        """The URL with environment variables filled in; may hold a password, never show it."""
        return expand_url(self.url, f"{FILE}: sources.{self.name}.url")

    def text_of(self, table: str) -> TextConfig:
        """How the files of a table are written: its own keys, else those of the source."""
        own = self.tables.get(table)
        return self.model_copy(update=own.model_dump(exclude_unset=True)) if own else self

    def problems(self) -> Iterable[Problem]:
        yield from super().problems()
        if written_out(self.url):
            what = "holds a password or token"
            hint = (
                "name an environment variable in its place, ${SHOP_PASSWORD}, or an entry of the "
                "keyring, ${keyring:SERVICE/USER}; change the password if others have seen the file"
            )
            yield Problem("url", what, hint)


class CheckConfig(Strict):
    """[[tables.NAME.checks]]: rows that a team counts in its data gate."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", examples=['"cancellation_lines"'])
    where: str = Field(min_length=1, examples=["\"line_type = 'cancellation'\""])
    level: Literal["note", "warn", "block"] = "note"
    label: Said | None = Field(default=None, examples=['"cancellation lines"'])


class Span(Strict):
    """Days in a row; one day where no end is given."""

    start: Day = Field(examples=["2026-10-29"])
    end: Day | None = Field(default=None, examples=["2026-10-30"])
    name: Said | None = Field(default=None, examples=['"tracking lost with release 8.2"'])

    @property
    def last(self) -> dt.date:
        return self.end or self.start

    @property
    def days(self) -> list[dt.date]:
        return [self.start + dt.timedelta(days=n) for n in range((self.last - self.start).days + 1)]

    def problems(self) -> Iterable[Problem]:
        if self.end is not None and self.end < self.start:
            yield Problem("end", f"{self.end} is before start, {self.start}", "swap the two dates")


class TableConfig(Strict):
    """[tables.NAME]: where a table of the contract is read from, or one with `columns` of its own.

    Of a table that the contract does not know, `columns` gives the names and types, `day` the
    column that dates its rows, `key` those that together name a row; of one that it knows,
    `columns` gives the types of further columns.
    """

    source: str = Field(examples=['"shop"'])
    table: str | None = Field(default=None, examples=['"orders"'])
    sql: str | None = Field(default=None, examples=['"select ..."'])
    where: str | None = Field(
        default=None, min_length=1, examples=["\"status <> 'waiting for payment'\""]
    )
    grain: Literal["order", "line"] | None = None
    label: Said | None = Field(default=None, examples=['{en = "live sessions", zh = "直播场次"}'])
    day: str | None = Field(default=None, examples=['"started_at"'])
    key: list[str] = Field(default=[], examples=['["session_id"]'])
    columns: OwnColumns | None = Field(
        default=None, examples=['{session_id = "id", user_id = "user", minutes = "number"}']
    )
    nulls: list[str] | None = Field(default=None, examples=['["NULL", "-"]'])
    recorded_from: Day | None = Field(default=None, examples=["2026-08-26"])
    recorded_until: Day | None = Field(default=None, examples=["2026-10-31"])
    gaps: list[Span] = Field(default=[], examples=["[{start = 2026-10-29, end = 2026-10-30}]"])
    closed: list[Span] = Field(default=[], examples=["[{start = 2026-02-16}]"])
    checks: list[CheckConfig] = Field(default=[])
    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        return self._name

    @property
    def expanded_sql(self) -> str | None:
        """The query with environment variables filled in, without a closing semicolon."""
        if self.sql is None:
            return None
        return expand(self.sql, f"{FILE}: tables.{self.name}.sql").strip().rstrip(";")

    def problems(self) -> Iterable[Problem]:
        if (self.table is None) == (self.sql is None):
            what = "has both table and sql" if self.table else "has neither table nor sql"
            yield Problem("", what, 'give one: table = "orders", or sql = "select ..."')
        yield from problems_of(self.columns, self.day, self.key, self.label)
        first, last = self.recorded_from, self.recorded_until
        if first is not None and last is not None and last < first:
            what = f"{last} is before recorded_from, {first}"
            yield Problem("recorded_until", what, "swap the two dates")
        ids = [check.id for check in self.checks]
        for name in sorted({name for name in ids if ids.count(name) > 1}):
            yield Problem("checks", f'has the id "{name}" twice', "rename one of them")


class ExcludeConfig(Strict):
    """[exclude]: people whose rows count nowhere, in no table."""

    users: str | None = Field(
        default=None, min_length=1, examples=["\"email like '%@our-shop.com'\""]
    )


class CycleConfig(Strict):
    """[[cycles.KIND]]: a playbook of the cycle, once or for each experiment or campaign."""

    playbook: str = Field(min_length=1, examples=['"campaign_review"'])
    for_each: Literal["experiment", "campaign"] | None = None
    parameters: dict[str, Any] = Field(default={}, examples=["{top = 10}"])


class Cycles(Strict):
    week: list[CycleConfig] = Field(default=[])
    month: list[CycleConfig] = Field(default=[])
    quarter: list[CycleConfig] = Field(default=[])
    year: list[CycleConfig] = Field(default=[])


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        near = difflib.get_close_matches(name, available_timezones(), n=1)
        hint = f'did you mean "{near[0]}"?' if near else 'an IANA name such as "Asia/Shanghai"'
        raise mistake(f'unknown time zone "{name}"', hint) from None
    return name


def _currency(code: str) -> str:
    if code not in list_currencies():
        hint = "a code of three capital letters: CNY, USD, EUR, GBP"
        raise mistake(f'unknown currency "{code}"', hint)
    return code


def _language(code: str) -> str:
    if code not in (known := known_languages()):
        raise mistake(f'unknown language "{code}"', did_you_mean(code, known, kind="languages"))
    return code


_Code = Annotated[str, AfterValidator(_language)]


class Settings(Strict):
    name: Said = Field(examples=['"Lantern Market"'])
    timezone: Annotated[str, AfterValidator(_zone)] = Field(examples=['"Asia/Shanghai"'])
    currency: Annotated[str, AfterValidator(_currency)] = Field(examples=['"CNY"'])
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$", examples=['"CN"'])
    language: _Code = Field(default="en", examples=['"en"'])
    languages: list[_Code] | None = Field(default=None, min_length=1, examples=['["en", "zh"]'])
    week_start: Literal["monday", "sunday"] = "monday"
    fiscal_month_start: int = Field(default=1, ge=1, le=12, examples=["1"])
    as_of: Day | None = Field(default=None, examples=["2026-11-16"])
    refund_window_days: int = Field(default=14, ge=0, examples=["14"])
    gross_margin: float | None = Field(default=None, gt=0, le=1, examples=["0.35"])
    owner: Said | None = Field(default=None, examples=['"Li Na"'])
    min_cell: int = Field(default=10, ge=0, le=1000, examples=["10"])

    def problems(self) -> Iterable[Problem]:
        if self.languages and self.language not in self.languages:
            hint = f'add "{self.language}" to languages'
            yield Problem("languages", f'lacks the primary language "{self.language}"', hint)


def _formats(names: list[str]) -> list[str]:
    if not any(name.strip() for name in names):
        raise mistake("names no format", 'write formats = ["html"] for pages alone')
    return names


class _Report(Strict):
    """[report]: how reports are published."""

    formats: Annotated[list[str], AfterValidator(_formats)] = Field(
        default=["html", "pdf"], examples=['["html", "pdf"]']
    )
    pdf: Literal["standard", "accessible"] = Field(default="standard", examples=['"accessible"'])


class _Plugins(Strict):
    """[plugins]: which of those that are installed are not used."""

    off: list[str] = Field(default=[], examples=['["acme"]'])


class File(Strict):
    workspace: Settings
    report: _Report = _Report()
    plugins: _Plugins = _Plugins()
    sources: dict[str, SourceConfig] = Field(default={})
    tables: dict[str, TableConfig] = Field(default={})
    exclude: ExcludeConfig = ExcludeConfig()
    metrics: dict[str, dict[str, Any]] = Field(default={})
    cycles: Cycles = Cycles()

    def problems(self) -> Iterable[Problem]:
        for name, table in self.tables.items():
            if table.source not in self.sources:
                hint = did_you_mean(table.source, self.sources, kind="sources")
                what = f'no source "{table.source}"'
                yield Problem(f"tables.{name}.source", what, hint)
            if table.grain is not None and name != "orders":
                yield Problem(f"tables.{name}.grain", "only orders has a grain", "remove the line")
        yield from _labelled_twice(self.tables)
        if self.exclude.users is not None and "users" not in self.tables:
            what = "names people of the table users, which is not mapped"
            hint = "add [tables.users], or write where in the tables that hold their rows"
            yield Problem("exclude.users", what, hint)
        for group in ("sources", "tables"):
            for name in getattr(self, group):
                if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
                    hint = "letters, digits and underscores, a letter first"
                    yield Problem(f"{group}.{name}", f'"{name}" is no usable name', hint)


def _labelled_twice(tables: Mapping[str, TableConfig]) -> Iterable[Problem]:
    """A column's label is what columns of its name are called in all tables."""
    known: dict[str, tuple[str, Label]] = {}
    for table, config in tables.items():
        for name, column in (config.columns or {}).items():
            if column.label is None:
                continue
            first, label = known.setdefault(name, (table, column.label))
            if label != column.label:
                what = f"is not the label that {name} has in tables.{first}"
                hint = "give both the same label, or remove this one: it counts for all tables"
                yield Problem(f"tables.{table}.columns.{name}.label", what, hint)


def read_file(file: Path, *, own_metrics: bool = True) -> File:
    """opsnb.toml, with the metrics of metrics.toml beside it (unless `own_metrics` is False).

    Raises
    ------
    WorkspaceError
        It cannot be used as it stands; all that is wrong at once.
    """
    model = validate(File, read_toml(file), file.name, WorkspaceError)
    for name, source in model.sources.items():
        source._name = name
    for name, table in model.tables.items():
        table._name = name
    if not own_metrics:
        return model
    return model.model_copy(update={"metrics": _metrics(file.parent, model.metrics)})


def find(path: str | Path | None) -> Path:
    """The opsnb.toml that a path, the environment or the working directory names."""
    given = path if path is not None else os.environ.get("OPSNB_WORKSPACE") or None
    if given is None:
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / FILE).is_file():
                return folder / FILE
        raise WorkspaceError(
            f"no {FILE} in this folder or above it",
            where=str(here),
            hint="change into a workspace, set OPSNB_WORKSPACE, or make one with `opsnb init`",
        )
    found = Path(given).expanduser().resolve()
    file = found / FILE if found.is_dir() else found
    if not file.is_file():
        source = "" if path is not None else "OPSNB_WORKSPACE: "
        raise WorkspaceError(
            f"no {FILE} here",
            where=f"{source}{given}",
            hint=f"give the folder that holds {FILE}, or the file itself",
        )
    return file


def _metrics(root: Path, inline: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """[metrics.*] of opsnb.toml together with metrics.toml beside it."""
    beside = root / METRICS
    tree = read_toml(beside) if beside.is_file() else {}
    found = [
        Problem(name, f"is no metric but {value!r}", f"metrics are tables: [{name}]")
        for name, value in tree.items()
        if not isinstance(value, dict)
    ]
    found += [
        Problem(name, f"is defined in {FILE} as well", f"remove [metrics.{name}] there")
        for name in sorted(tree.keys() & inline.keys())
    ]
    fail(found, beside.name, WorkspaceError)
    return {**inline, **tree}
