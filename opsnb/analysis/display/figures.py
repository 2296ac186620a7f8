"""Charts as parts of a page: a claim, a drawing in SVG, its alt text and its source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from opsnb.analysis.display.grid import Plotted, cell, column, mark
from opsnb.analysis.display.parts import Part, escape
from opsnb.analysis.display.style import house_style
from opsnb.analysis.display.svg import Drawing, to_svg
from opsnb.analysis.findings.words import Speaker
from opsnb.base.messages import Language, Said
from opsnb.base.page_parts import Grid
from opsnb.base.seam import as_json

__all__ = ["PHONE_WIDTH", "Chart"]

PHONE_WIDTH = 3.5
"""Width in inches of the second drawing, which a phone shows in place of the first."""


_DRAWING = Plotted("drawing")
"""Of a chart that says no more than its drawing."""


@dataclass(frozen=True)
class Chart(Part):
    """A figure with a claim for its title.

    Attributes
    ----------
    claim : Said
        What the chart shows, as a sentence.
    draw : function of a Drawing (a matplotlib Figure) and a Language
        Draws on the empty figure, in the house style; called once a width.
    alt : Said
        The same for a reader who does not see it.
    source : Said
        Tables, period and filter behind the numbers.
    height, width : float
        Inches. The page scales the drawing to its column.
    phone_height : float, optional
        Inches of the drawing for phones (3.5 inches wide), `height` when not given; 0 means
        that phones get the wide drawing, to be scrolled.
    plotted : Plotted
        What it is drawn from; nothing of it that the drawing does not show.
    """

    claim: Said
    draw: Callable[[Drawing, Language], None]
    alt: Said
    source: Said
    height: float = 3.2
    width: float = 7.2
    phone_height: float | None = None
    plotted: Plotted = _DRAWING

    def html(self, language: Language) -> str:
        phone_height = self.height if self.phone_height is None else self.phone_height
        if phone_height:
            drawings = self.svg(language, css_class="ob-chart ob-wide") + self.svg(
                language, width=PHONE_WIDTH, height=phone_height, css_class="ob-chart ob-narrow"
            )
        else:
            drawings = f'<div class="ob-scroll">{self.svg(language)}</div>'
        source = language.text("display.source", source=self.source)
        return (
            f'<figure class="ob-figure"><p class="ob-claim">{escape(language.say(self.claim))}</p>'
            f'{drawings}<figcaption class="ob-source">{escape(source)}</figcaption></figure>'
        )

    def plain(self, language: Language) -> str:
        source = language.text("display.source", source=self.source)
        return f"{language.say(self.claim)}\n{language.say(self.alt)}\n{source}"

    def data(self, say: Speaker) -> dict[str, Any]:
        shown = self.plotted.held()
        rows = tuple(
            tuple(cell(v, field.format, say) for v, field in zip(row, shown.fields, strict=True))
            for row in shown.rows
        )
        return as_json(
            Grid(
                "chart",
                tuple(column(field, say) for field in shown.fields),
                rows,
                kind=shown.kind,
                title=say(self.claim),
                alt=say(self.alt),
                source=say(self.source),
                marks=tuple(mark(each, say) for each in shown.marks),
                level=shown.level,
            )
        )

    def svg(
        self,
        language: Language,
        *,
        width: float | None = None,
        height: float | None = None,
        css_class: str = "ob-chart",
    ) -> str:
        """The drawing alone, as an `<svg>` element."""
        with house_style():
            figure = Drawing((width or self.width, height or self.height))
            self.draw(figure, language)
            return to_svg(figure, language.say(self.alt), css_class=css_class)
