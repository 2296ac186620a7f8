"""What each address answers.

A form is held against its Origin, its size and its own token beside what `Guarded` asks.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from tornado.web import RequestHandler

from opsnb.base.errors import OpsnbError, PlanError
from opsnb.base.ledger import Kind
from opsnb.base.messages import Language
from opsnb.base.plugins import Plugins
from opsnb.publishing.reports.formats import known_formats
from opsnb.publishing.reports.reader import read_report
from opsnb.publishing.reports.run_record import strip_root
from opsnb.publishing.runs import ledger_entries
from opsnb.publishing.runs.diff import compare, diff_page
from opsnb.publishing.serve.guarded import Guarded, Refused, Site
from opsnb.publishing.serve.notes import ACTION, LISTS, Notes, write
from opsnb.publishing.serve.pages import Pages
from opsnb.publishing.site import PAGES

LARGEST_FORM = 64 * 1024
"""Bytes; all notes of a long review have a tenth of it."""

RECORDS = {
    ".json": "application/json",
    ".log": "text/plain; charset=utf-8",
    ".ipynb": "application/x-ipynb+json",
    ".csv": "text/csv; charset=utf-8",
}
"""What a report's folder holds for readers beside its formats; nothing else is sent."""


class Front(Guarded):
    """`/`: the index of reports."""

    def get(self) -> None:
        pages = self.pages
        self.redirect(pages.address("index", pages.language(None)), status=303)


class Icon(Guarded):
    """`/favicon.ico`, which browsers ask for by themselves."""

    def prepare(self) -> None:
        self.set_status(204)

    def get(self) -> None:
        self.finish()


class CataloguePage(Guarded):
    """`/actions.zh.html`: a page of the catalogue as it is now, with its forms."""

    SAID: ClassVar = {"added": "serve.added", "saved": "serve.saved", "reopened": "serve.reopened"}

    async def get(self, name: str, code: str | None = None) -> None:
        pages = self.pages
        language = _spoken(pages, code)
        key = self.SAID.get(self.get_query_argument("said", ""))
        notice = language.text(key) if key else ""
        self.send_page(await self.work(lambda: pages.page(name, language, notice=notice)))


class ReportFile(Guarded):
    """`/CYCLE/SLUG/FILE`, also of a kept version: published files, as they are."""

    async def get(self, *steps: str) -> None:
        path = inside(self.pages.workspace.reports, [step for step in steps if step])
        kind = media_type(path) if path is not None else None
        if path is None or kind is None or not path.is_file():
            raise Refused(404, "serve.no_page")
        content = await self.work(path.read_bytes)
        if path.suffix == ".html":
            self.send_page(content.decode("utf-8", errors="replace"))
            return
        self.set_header("Content-Type", kind)
        self.finish(content)


class Diff(Guarded):
    """`/diff.html?before=CYCLE/SLUG/versions/v1&after=CYCLE/SLUG`."""

    async def get(self, code: str | None = None) -> None:
        pages = self.pages
        language = _spoken(pages, code)
        folders = [
            inside(pages.workspace.reports, self.get_query_argument(side, "").split("/"))
            for side in ("before", "after")
        ]
        if not all(folder and (folder / "report.json").is_file() for folder in folders):
            raise Refused(404, "serve.no_page")

        def drawn() -> str:
            before, after = (read_report(folder) for folder in folders if folder)
            return diff_page(compare(before, after), language)

        self.send_page(await self.work(drawn))


class Form(Guarded):
    """A form that was sent; it has to carry the token of its own address."""

    def prepare(self) -> None:
        super().prepare()
        guard, headers = self.server.guard, self.request.headers
        if self.request.method != "POST":
            return
        if not guard.knows_origin(headers.get("Origin"), headers["Host"]):
            raise Refused(403, "serve.bad_origin")
        if len(self.request.body) > LARGEST_FORM:
            raise Refused(413, "serve.too_large", limit=LARGEST_FORM // 1024)
        kind = headers.get("Content-Type", "").partition(";")[0].strip()
        if kind != "application/x-www-form-urlencoded":
            raise Refused(400, "serve.bad_form")
        if not guard.is_form_token(self.field("csrf"), self.request.path):
            raise Refused(403, "serve.bad_form")

    def field(self, name: str) -> str:
        return self.get_body_argument(name, "")

    def values(self, *names: str) -> dict[str, str]:
        return {name: self.field(name) for name in names}

    def spoken(self, pages: Pages) -> Language:
        return pages.language(self.field("language"))

    async def answer(
        self, name: str, said: str, act: Callable[[], Any], values: dict[str, str], place: str
    ) -> None:
        """Does what the form asks and shows the page again; a mistake leaves what was entered."""
        pages = self.pages
        language = self.spoken(pages)
        try:
            await self.work(act)
        except OpsnbError as error:
            text = strip_root(str(error), self.server.root)
            page = await self.work(lambda: pages.page(name, language, error=text, values=values))
            self.send_page(page, 422)
            return
        self.server.renew_soon()
        self.redirect(f"{pages.address(name, language)}?said={said}#{place}", status=303)


class AddAction(Form):
    """`/actions/add`, as `opsnb actions add`."""

    async def post(self) -> None:
        entered = self.values("title", "owner", "due", "cycle", "about")
        title = entered["title"]
        more = {name: value for name, value in entered.items() if name != "title"}
        workspace = self.pages.workspace
        await self.answer(
            "actions",
            "added",
            lambda: ledger_entries.add_action(workspace, title, **more),
            entered,
            "actions",
        )


class CloseEntry(Form):
    """`/actions/close` and `/decisions/close`, as the commands of that name."""

    async def post(self, kind: Kind) -> None:
        entered = self.values("id", "note", "on", "status")
        outcome: Any = entered["status"]
        if outcome not in ("done", "dropped"):
            raise Refused(400, "serve.bad_form")
        workspace = self.pages.workspace
        await self.answer(
            "actions",
            "saved",
            lambda: ledger_entries.close(
                workspace, kind, entered["id"], outcome, on=entered["on"], note=entered["note"]
            ),
            entered,
            f"{kind}s",
        )


class ReopenEntry(Form):
    """`/actions/reopen` and `/decisions/reopen`."""

    async def post(self, kind: Kind) -> None:
        entered = self.values("id")
        ledger = self.pages.workspace.ledger
        await self.answer(
            "actions",
            "reopened",
            lambda: ledger.reopen(entered["id"], kind),
            entered,
            f"{kind}s",
        )


class NotesForm(Form):
    """`/notes/CAMPAIGN.html` shows a campaign's notes, a post to `/notes/CAMPAIGN` saves them."""

    async def get(self, campaign: str, code: str | None = None) -> None:
        pages = self._pages_of(campaign)
        language = _spoken(pages, code)
        saved = self.get_query_argument("said", "") == "saved"
        file = f"plans/notes/{campaign}.toml"
        notice = language.text("serve.notes_saved", file=file) if saved else ""
        self.send_page(await self.work(lambda: pages.notes_page(campaign, language, notice=notice)))

    async def post(self, campaign: str) -> None:
        pages = self._pages_of(campaign)
        language = self.spoken(pages)
        notes = self._entered()
        try:
            await self.work(lambda: write(pages.notes_file(campaign), notes, language))
        except PlanError as error:
            text = strip_root(str(error), self.server.root)
            page = await self.work(lambda: pages.notes_page(campaign, language, notes, error=text))
            self.send_page(page, 422)
            return
        self.redirect(f"{pages.notes_address(campaign, language)}?said=saved", status=303)

    def _pages_of(self, campaign: str) -> Pages:
        pages = self.pages
        if campaign not in pages.workspace.campaigns:
            raise Refused(404, "serve.no_page")
        return pages

    def _entered(self) -> Notes:
        lists = {name: _lines(self.field(name)) for name in LISTS if name != "why"}
        lists["why"] = [text for text in self.get_body_arguments("why") if text]
        columns = [self.get_body_arguments(name) for name in ACTION]
        if len({len(column) for column in columns}) > 1:
            raise Refused(400, "serve.bad_form")
        rows = [dict(zip(ACTION, row, strict=True)) for row in zip(*columns, strict=True)]
        return Notes(self.field("stamp"), lists, rows)


class Nothing(Guarded):
    """Any other address."""

    def get(self) -> None:
        raise Refused(404, "serve.no_page")

    post = get


@functools.cache
def _media_types() -> dict[str, str]:
    """Of the formats that can be made here, by ending."""
    return {f".{each.extension}": each.media_type for each in known_formats(Plugins())}


def media_type(path: Path) -> str | None:
    """What a published file is sent as; None where it is not for readers."""
    return RECORDS.get(path.suffix) or _media_types().get(path.suffix)


def inside(folder: Path, steps: list[str]) -> Path | None:
    """The path of these steps below a folder; None where one of them would lead elsewhere."""
    if not steps or any(_leads_elsewhere(step) for step in steps):
        return None
    path = folder.joinpath(*steps).resolve()
    return path if path.is_relative_to(folder.resolve()) else None


def _leads_elsewhere(step: str) -> bool:
    return not step or step.startswith(".") or bool(re.search(r"[/\\\x00-\x1f:]", step))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _spoken(pages: Pages, code: str | None) -> Language:
    """The language of an address's ending; the primary one has none."""
    if code is not None and code not in pages.workspace.languages[1:]:
        raise Refused(404, "serve.no_page")
    return pages.language(code)


def routes(server: Site) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Address patterns and what answers them."""
    names, ending = "|".join(PAGES), r"(?:\.([a-z]{2,3}))?\.html"
    step = r"([^/]+)"
    table: list[tuple[str, type[RequestHandler]]] = [
        (r"/", Front),
        (r"/favicon\.ico", Icon),
        (rf"/({names}){ending}", CataloguePage),
        (rf"/diff{ending}", Diff),
        (r"/actions/add", AddAction),
        (r"/(action|decision)s/close", CloseEntry),
        (r"/(action|decision)s/reopen", ReopenEntry),
        (r"/notes/([^/]+?)" + ending, NotesForm),
        (r"/notes/([^/]+)", NotesForm),
        (rf"/{step}/{step}/(versions)/{step}/{step}", ReportFile),
        (rf"/{step}/{step}/{step}", ReportFile),
    ]
    return [(pattern, handler, {"server": server}) for pattern, handler in table]
