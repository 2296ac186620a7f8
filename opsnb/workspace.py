"""The workspace: opsnb.toml and plans/ as typed objects. docs/data.md shows every key."""

from __future__ import annotations

import contextlib
import datetime as dt
import difflib
import functools
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel.numbers import list_currencies
from pydantic import AfterValidator, Field, PrivateAttr

from opsnb.credentials import expand, expand_url, secrets_in, written_out
from opsnb.errors import PeriodError, WorkspaceError, did_you_mean
from opsnb.ledger import Entry, Ledger
from opsnb.messages import Label, Language, known_languages
from opsnb.periods import Calendar, Kind, Period, parse
from opsnb.plans import (
    CampaignNotes,
    CampaignPlan,
    Event,
    ExperimentPlan,
    Target,
    read_events,
    read_notes,
    read_plans,
    read_targets,
)
from opsnb.reads import Plans, Reads
from opsnb.tomlfiles import Day, Problem, Said, Strict, fail, mistake, read_toml, validate

__all__ = ["FILE", "CheckConfig", "CycleConfig", "SourceConfig", "TableConfig", "Workspace"]

FILE = "opsnb.toml"

_DECIDES = {"en": "operations lead", "zh": "运营负责人"}


class SourceConfig(Strict):
    """[sources.NAME]: where data lives."""

    url: str = Field(min_length=1, examples=['"duckdb://data/shop.duckdb"'])
    encoding: str = Field(default="utf-8", examples=['"gb18030"'])
    decimal: Literal[".", ","] = "."
    dates: Literal["day first", "month first"] | None = None
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

    def problems(self) -> Iterable[Problem]:
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


class TableConfig(Strict):
    """[tables.NAME]: the team's own table, by a name or a query, as one of the contract."""

    source: str = Field(examples=['"shop"'])
    table: str | None = Field(default=None, examples=['"orders"'])
    sql: str | None = Field(default=None, examples=['"select ..."'])
    grain: Literal["order", "line"] | None = None
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
        ids = [check.id for check in self.checks]
        for name in sorted({name for name in ids if ids.count(name) > 1}):
            yield Problem("checks", f'has the id "{name}" twice', "rename one of them")


class CycleConfig(Strict):
    """[[cycles.KIND]]: a playbook of the cycle, once or for each experiment or campaign."""

    playbook: str = Field(min_length=1, examples=['"campaign_review"'])
    for_each: Literal["experiment", "campaign"] | None = None
    parameters: dict[str, Any] = Field(default={}, examples=["{top = 10}"])


class _Cycles(Strict):
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


class _Settings(Strict):
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


class _Report(Strict):
    """[report]: how reports are published."""

    pdf: Literal["standard", "accessible"] = Field(default="standard", examples=['"accessible"'])


class _File(Strict):
    workspace: _Settings
    report: _Report = _Report()
    sources: dict[str, SourceConfig] = Field(default={})
    tables: dict[str, TableConfig] = Field(default={})
    metrics: dict[str, dict[str, Any]] = Field(default={})
    cycles: _Cycles = _Cycles()

    def problems(self) -> Iterable[Problem]:
        for name, table in self.tables.items():
            if table.source not in self.sources:
                hint = did_you_mean(table.source, self.sources, kind="sources")
                what = f'no source "{table.source}"'
                yield Problem(f"tables.{name}.source", what, hint)
            if table.grain is not None and name != "orders":
                yield Problem(f"tables.{name}.grain", "only orders has a grain", "remove the line")
        for group in ("sources", "tables"):
            for name in getattr(self, group):
                if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
                    hint = "letters, digits and underscores, a letter first"
                    yield Problem(f"{group}.{name}", f'"{name}" is no usable name', hint)


class Workspace:
    """A team's workspace.

    Attributes
    ----------
    root : Path
        Folder of opsnb.toml; relative paths of the file start here.
    sources, tables : dict
        [sources.*] and [tables.*] by name.
    metrics : dict
        [metrics.*] and metrics.toml as written; `opsnb.metrics` validates them.
    cycles : dict
        [[cycles.*]] by kind of period.
    min_cell : int
        Fewest people that a breakdown shows; 0 and 1 show everybody.
    accessible : bool
        PDFs are tagged (PDF/UA): [report] pdf = "accessible".
    reads : Reads
        What has been read of its tables, plans and ledger.
    """

    def __init__(self, root: Path, file: _File, metrics: Mapping[str, dict[str, Any]]) -> None:
        settings = file.workspace
        self.root = root
        self.reads = Reads()
        self.name: Label = settings.name
        self.timezone = settings.timezone
        self.currency = settings.currency
        self.country = settings.country
        self.language = settings.language
        others = [code for code in settings.languages or [] if code != settings.language]
        self.languages = [settings.language, *dict.fromkeys(others)]
        self.week_start = settings.week_start
        self.fiscal_month_start = settings.fiscal_month_start
        self.refund_window_days = settings.refund_window_days
        self.gross_margin = settings.gross_margin
        self.owner: Label = settings.owner if settings.owner is not None else _DECIDES
        self.min_cell = settings.min_cell
        self.accessible = file.report.pdf == "accessible"
        self.sources = file.sources
        self.tables = file.tables
        self.metrics = dict(metrics)
        self.cycles: dict[str, list[CycleConfig]] = {
            kind: rows for kind in _Cycles.model_fields if (rows := getattr(file.cycles, kind))
        }
        self._as_of = settings.as_of
        self._targets: dict[str, dict[str, Target]] = {}

    @classmethod
    def load(cls, path: str | Path | None = None) -> Workspace:
        """The workspace at a folder or opsnb.toml.

        None takes the environment variable OPSNB_WORKSPACE, else the nearest opsnb.toml
        upwards from the working directory.

        Raises
        ------
        WorkspaceError
            No opsnb.toml, or it cannot be used as it stands; all that is wrong at once.
        """
        file = _find(path)
        where = file.name
        model = validate(_File, read_toml(file), where, WorkspaceError)
        for name, source in model.sources.items():
            source._name = name
        for name, table in model.tables.items():
            table._name = name
        return cls(file.parent, model, _metrics(file.parent, model.metrics))

    def __repr__(self) -> str:
        return f"Workspace({str(self.root)!r})"

    @property
    def secrets(self) -> list[str]:
        """Passwords and tokens of the sources, to be kept out of everything that is written."""
        found: set[str] = set()
        for source in self.sources.values():
            with contextlib.suppress(WorkspaceError):  # opening the source will say it
                found.update(secrets_in(source.expanded_url))
        return sorted(found, key=len, reverse=True)

    # -- dates -----------------------------------------------------------------------

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def as_of(self) -> dt.date:
        """The day the data was taken: `as_of` of the file, else today in the workspace's zone."""
        return self._as_of or dt.datetime.now(self.zone).date()

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.fiscal_month_start, self.week_start)

    def period(
        self, text: str, kind: Kind | None = None, *, reached: dt.date | None = None
    ) -> Period:
        """The period a text names in the workspace's calendar; `latest` takes its kind.

        `reached` is the last day that the data hold, where a caller knows it.
        """
        return parse(
            text,
            self.fiscal_month_start,
            week_start=self.week_start,
            kind=kind,
            as_of=self.as_of,
            reached=reached,
        )

    # -- words -----------------------------------------------------------------------

    def speak(self, code: str | None = None, *, cycle: str | None = None) -> Language:
        """A language with the workspace's currency and its own texts, for a kind of cycle."""
        return Language(code or self.language, self.currency, self.messages_folder, cycle=cycle)

    @property
    def messages_folder(self) -> Path:
        """Folder of the workspace's own language files."""
        return self.root / "messages"

    @property
    def reports(self) -> Path:
        """Folder that reports are written to."""
        return self.root / "reports"

    @property
    def ledger(self) -> Ledger:
        """The memory across cycles, in reports/ledger/."""
        return Ledger(self.reports / "ledger")

    def remembered(
        self, *, before: Period | None = None, subject: str | None = None
    ) -> list[Entry]:
        """Entries of the ledger: of cycles that were over before a period's end, or about a
        campaign or experiment, or all."""
        entries = self.ledger.entries()
        if before is not None:
            self.reads.ledger.add(f"before {before.key}")
            cycles = {entry.cycle: self._cycle(entry.cycle) for entry in entries}
            earlier = {k for k, c in cycles.items() if c and c.end < before.end and c != before}
            return [entry for entry in entries if entry.cycle in earlier]
        if subject is not None:
            self.reads.ledger.add(f"about {subject}")
            return [entry for entry in entries if entry.subject == subject]
        self.reads.ledger.add("all")
        return entries

    def _cycle(self, key: str) -> Period | None:
        try:
            return self.period(key)
        except PeriodError:  # the undated reports' file
            return None

    # -- plans -----------------------------------------------------------------------

    @functools.cached_property
    def experiments(self) -> Plans[ExperimentPlan]:
        """plans/experiments/ by id, earliest first."""
        found = read_plans(self.root / "plans/experiments", ExperimentPlan, self.root)
        return Plans(found, "experiments", self.reads)

    @functools.cached_property
    def campaigns(self) -> Plans[CampaignPlan]:
        """plans/campaigns/ by id, earliest first."""
        found = read_plans(self.root / "plans/campaigns", CampaignPlan, self.root)
        return Plans(found, "campaigns", self.reads)

    @property
    def events(self) -> list[Event]:
        """plans/events.toml, earliest first."""
        self.reads.files.add("plans/events.toml")
        return self._events

    @functools.cached_property
    def _events(self) -> list[Event]:
        return read_events(self.root / "plans/events.toml", self.root)

    def notes(self, campaign: str) -> CampaignNotes | None:
        """plans/notes/CAMPAIGN.toml; None when the file does not exist."""
        path = f"plans/notes/{campaign}.toml"
        self.reads.files.add(path)
        return read_notes(self.root / path, self.root)

    def targets(self, cycle: str | Period) -> dict[str, Target]:
        """plans/targets/CYCLE.toml by metric; empty when the cycle has none."""
        key = cycle.key if isinstance(cycle, Period) else str(cycle)
        try:
            key = self.period(key).key
        except PeriodError as error:
            raise PeriodError(error.what, where="targets", hint=error.hint) from error
        self.reads.files.add(f"plans/targets/{key}.toml")
        if key not in self._targets:
            self._targets[key] = read_targets(self.root / f"plans/targets/{key}.toml", self.root)
        return self._targets[key]


def _find(path: str | Path | None) -> Path:
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
    beside = root / "metrics.toml"
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
