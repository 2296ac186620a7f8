"""The page and the brief on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.publishing.reports.formats import Content, Format

if TYPE_CHECKING:
    from opsnb.base.workspace import Workspace


class Pdf(Format):
    """Laid out by plutoprint, or tagged by WeasyPrint where opsnb.toml asks for that."""

    name = "pdf"
    label = "PDF"
    extension = "pdf"
    media_type = "application/pdf"
    stems = ("report", "brief")
    slow = True

    def draw(self, stem: str, content: Content) -> bytes:
        from opsnb.publishing.reports import pdf

        if stem == "brief":
            return pdf.make_brief(content.report, content.run)
        from opsnb.publishing.reports.html import Request, render

        asked = Request(content.run, content.report, printing=True)
        return pdf.make_pdf(*render(content.notebook, asked), content.run)

    def state(self, workspace: Workspace) -> str:
        return "accessible" if workspace.accessible else "standard"

    def prepare(self) -> None:
        from opsnb.publishing.reports import pdf

        pdf.engine()


FORMAT = Pdf()
