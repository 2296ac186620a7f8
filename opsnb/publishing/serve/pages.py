"""The pages that a server draws: the catalogue with forms, the notes of a campaign, messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from opsnb.base.messages import Language
from opsnb.base.workspace import Workspace
from opsnb.publishing.reports.run_record import file_name
from opsnb.publishing.runs.plan import LATEST
from opsnb.publishing.serve.guard import Guard
from opsnb.publishing.serve.notes import Notes, read
from opsnb.publishing.site import PAGES, Catalogue, metric_labels
from opsnb.publishing.site.report_entries import Earlier, Entry

WHYS = 5
SPARE = 2
"""Empty rows for further actions; without a script none can be added in the page."""


@dataclass(frozen=True)
class Forms:
    """What the forms of a page need: their tokens, what was entered, what came of it."""

    guard: Guard
    language: Language
    today: dt.date
    cycle: str
    owners: list[str] = field(default_factory=list)
    campaigns: dict[str, str] = field(default_factory=dict)
    """Address of each campaign's notes."""
    diff_page: str = "/diff.html"
    subjects: list[tuple[str, str]] = field(default_factory=list)
    """Campaigns and experiments: id and name."""
    notice: str = ""
    error: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return self.language.code

    def token(self, target: str) -> str:
        return self.guard.form_token(target)

    def say(self, key: str) -> str:
        return self.language.text(key)

    def diff(self, entry: Entry, old: Earlier) -> str:
        """Address of the page that compares a kept version with the newest one."""
        sides = {"before": f"{entry.folder}/versions/v{old.number}", "after": entry.folder}
        return f"{self.diff_page}?{urlencode(sides)}"


@dataclass(frozen=True)
class Pages:
    """Draws pages of a workspace as it is now.

    Attributes
    ----------
    workspace : Workspace
        Read anew for each request, since its files are edited meanwhile.
    guard : Guard
        Gives the forms their tokens.
    """

    workspace: Workspace
    guard: Guard

    def language(self, code: str | None) -> Language:
        """A language of the workspace; its own one where there is no such."""
        return self.workspace.speak(code if code in self.workspace.languages else None)

    @property
    def catalogue(self) -> Catalogue:
        own = self.workspace
        return Catalogue(
            own.reports,
            tuple(own.speak(code) for code in own.languages),
            own.name,
            metric_labels(own.metrics),
            own.as_of,
            own.zone,
        )

    def address(self, page: str, language: Language) -> str:
        """`/actions.html`, or `/actions.zh.html` of a further language."""
        return "/" + file_name(language.code, self.workspace.language, "html", page)

    def notes_address(self, campaign: str, language: Language) -> str:
        return "/notes" + self.address(quote(campaign), language)

    def notes_file(self, campaign: str) -> Path:
        return self.workspace.root / "plans" / "notes" / f"{campaign}.toml"

    def forms(self, language: Language, owners: list[str] | None = None, **more: Any) -> Forms:
        own = self.workspace
        return Forms(
            self.guard,
            language,
            dt.datetime.now(own.zone).date(),
            own.period(LATEST, "month").key,
            owners or [],
            {name: self.notes_address(name, language) for name in own.campaigns},
            self.address("diff", language),
            [
                (name, language.say(plan.name))
                for name, plan in {**own.campaigns, **own.experiments}.items()
            ],
            **more,
        )

    def page(self, name: str, language: Language, **more: Any) -> str:
        """A page of the catalogue with its forms; `more` is what came of the last one."""
        content = self.catalogue.content(language)
        owners = [owner for owner, *_ in content["owners"] if owner]
        forms = self.forms(language, owners, **more)
        return self.catalogue.draw(name, language, {**content, "forms": forms})

    def notes_page(
        self, campaign: str, language: Language, notes: Notes | None = None, **more: Any
    ) -> str:
        """The form of a campaign's notes; `notes` is what was entered, else what the file holds."""
        shown = notes or read(self.notes_file(campaign), language)
        target = f"/notes/{quote(campaign)}"
        return self._draw(
            "notes",
            language,
            title=language.say(self.workspace.campaigns[campaign].name),
            target=target,
            file=f"plans/notes/{campaign}.toml",
            notes=shown,
            whys=max(WHYS, len(shown.lists["why"]) + 1),
            rows=[*shown.actions, *({} for _ in range(SPARE))],
            others=[
                (other, self.notes_address(campaign, other))
                for other in map(self.workspace.speak, self.workspace.languages)
                if other.code != language.code
            ],
            forms=self.forms(language, **more),
        )

    def message(self, language: Language, said: str) -> str:
        """A page that says why there is nothing else."""
        return self._draw("message", language, said=said, others=[])

    def _draw(self, page: str, language: Language, **content: Any) -> str:
        pages = [(name, self.address(name, language)) for name in PAGES]
        return self.catalogue.draw(page, language, {"pages": pages, **content})
