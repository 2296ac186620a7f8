"""The page, and the brief for an e-mail."""

from __future__ import annotations

from opsnb.publishing.reports.formats import PAGE, Content, Format


class Html(Format):
    """One file that loads nothing: charts, fonts and styles are inside."""

    name = PAGE
    label = "HTML"
    extension = "html"
    media_type = "text/html; charset=utf-8"
    stems = ("report", "brief")

    def draw(self, stem: str, content: Content) -> str:
        if stem == "brief":
            from opsnb.publishing.reports.brief import brief_page

            return brief_page(content.report, content.language)
        from opsnb.publishing.reports.html import Request, render

        asked = Request(content.run, content.report, brief=True, links=content.links)
        page, _ = render(content.notebook, asked)
        return page

    def prepare(self) -> None:
        from opsnb.publishing.reports import fonts, html, templates

        _ = html.exporter().template
        pages = templates.environment()
        for name in pages.list_templates(extensions=["j2"]):
            pages.get_template(name)
        fonts.faces(fonts.page_characters(""), chinese=True)


FORMAT = Html()
