"""The workspace: opsnb.toml and plans/ as typed objects. docs/data.md shows every key."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
from pathlib import Path
from zoneinfo import ZoneInfo

from opsnb.base.credentials import secrets_in
from opsnb.base.dependencies import Plans, Reads
from opsnb.base.errors import PeriodError, WorkspaceError
from opsnb.base.ledger import Entry, Ledger
from opsnb.base.messages import Label, Language
from opsnb.base.periods import Calendar, Kind, Period, parse
from opsnb.base.plans import (
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
from opsnb.base.plugins import Plugins
from opsnb.base.workspace.columns import ColumnConfig
from opsnb.base.workspace.file import (
    FILE,
    METRICS,
    WORDS_FOR_NOTHING,
    CheckConfig,
    CycleConfig,
    Cycles,
    File,
    SourceConfig,
    Span,
    TableConfig,
    TextConfig,
    find,
    read_file,
)

__all__ = [
    "FILE",
    "METRICS",
    "WORDS_FOR_NOTHING",
    "CheckConfig",
    "ColumnConfig",
    "CycleConfig",
    "SourceConfig",
    "Span",
    "TableConfig",
    "TextConfig",
    "Workspace",
]

_DECIDES = {"en": "operations lead", "zh": "运营负责人"}


class Workspace:
    """A team's workspace.

    Attributes
    ----------
    root : Path
        Folder of opsnb.toml; relative paths of the file start here.
    sources, tables : dict
        [sources.*] and [tables.*] by name.
    exclude : ExcludeConfig
        [exclude]: whose rows count nowhere.
    metrics : dict
        [metrics.*] and metrics.toml as written, on top of those of plug-ins;
        `opsnb.analysis.metrics` validates them.
    cycles : dict
        [[cycles.*]] by kind of period.
    min_cell : int
        Fewest people that a breakdown shows; 0 and 1 show everybody.
    formats : list of str
        Output formats of reports, by name.
    accessible : bool
        PDFs are tagged (PDF/UA): [report] pdf = "accessible".
    plugins : Plugins
        Those that it uses.
    reads : Reads
        What has been read of its tables, plans and ledger.
    has_own_metrics : bool
        Whether metrics.toml was read.
    """

    has_own_metrics = True

    def __init__(self, root: Path, file: File) -> None:
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
        self.formats = file.report.formats
        self.accessible = file.report.pdf == "accessible"
        self.plugins = Plugins(file.plugins.off)
        self.sources = file.sources
        self.tables = file.tables
        self.exclude = file.exclude
        self.metrics = self.plugins.metrics()
        for id, fields in file.metrics.items():
            if fields.get("extends") == id and id in self.metrics:  # a plug-in's
                own = {name: value for name, value in fields.items() if name != "extends"}
                fields = {**self.metrics[id], **own}
            self.metrics[id] = fields
        self.cycles: dict[str, list[CycleConfig]] = {
            kind: rows for kind in Cycles.model_fields if (rows := getattr(file.cycles, kind))
        }
        self._as_of = settings.as_of
        self._targets: dict[str, dict[str, Target]] = {}

    @classmethod
    def load(cls, path: str | Path | None = None, *, own_metrics: bool = True) -> Workspace:
        """The workspace at a folder or opsnb.toml.

        None takes the environment variable OPSNB_WORKSPACE, else the nearest opsnb.toml
        upwards from the working directory. `own_metrics`: metrics.toml is read as well; who
        looks at the rest of a workspace can do without.

        Raises
        ------
        WorkspaceError
            No opsnb.toml, or it cannot be used as it stands; all that is wrong at once.
        """
        file = find(path)
        workspace = cls(file.parent, read_file(file, own_metrics=own_metrics))
        workspace.has_own_metrics = own_metrics
        return workspace

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
        return Language(
            code or self.language,
            self.currency,
            self.message_folders,
            names=self._labels,
            cycle=cycle,
        )

    @property
    def _labels(self) -> dict[str, Label]:
        """What the team's own tables and columns are called, by key of the language files."""
        found: dict[str, Label] = {}
        for name, table in self.tables.items():
            if table.label is not None:
                found[f"table.{name}"] = table.label
            labelled = ((c, one.label) for c, one in (table.columns or {}).items())
            found |= {f"dimension.{c}": label for c, label in labelled if label is not None}
        return found

    @property
    def messages_folder(self) -> Path:
        """Folder of the workspace's own language files."""
        return self.root / "messages"

    @property
    def message_folders(self) -> list[Path]:
        """Folders of language files beside opsnb's own: those of plug-ins, then the workspace's."""
        return [*self.plugins.messages(), self.messages_folder]

    @property
    def reports(self) -> Path:
        """Folder that reports are written to."""
        return self.root / "reports"

    @property
    def ledger(self) -> Ledger:
        """The memory across cycles, in reports/ledger/."""
        return Ledger(self.reports / "ledger")

    def remembered(
        self,
        *,
        before: Period | None = None,
        subject: str | None = None,
        taken_back: bool = False,
    ) -> list[Entry]:
        """Entries of the ledger: of cycles that were over before a period's end, or about a
        campaign or experiment, or all; with `taken_back` those that were withdrawn, too."""
        entries = self.ledger.entries(taken_back=taken_back)
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
        """plans/experiments/ by id, earliest first; a file that is wrong stops no other."""
        found, broken = read_plans(self.root / "plans/experiments", ExperimentPlan, self.root)
        return Plans(found, "experiments", self.reads, broken)

    @functools.cached_property
    def campaigns(self) -> Plans[CampaignPlan]:
        """plans/campaigns/ by id, earliest first; a file that is wrong stops no other."""
        found, broken = read_plans(self.root / "plans/campaigns", CampaignPlan, self.root)
        return Plans(found, "campaigns", self.reads, broken)

    @property
    def broken_plans(self) -> list[str]:
        """A line for each experiment and campaign whose file cannot be used."""
        plans = (self.experiments.broken, self.campaigns.broken)
        return [str(error) for broken in plans for error in broken.values()]

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
