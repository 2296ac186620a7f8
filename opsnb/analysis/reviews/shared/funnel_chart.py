"""The chart of a funnel, as the month and a campaign show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from opsnb.analysis.display import charts
from opsnb.analysis.metrics.funnel import FunnelCount
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.display.figures import Chart
    from opsnb.analysis.findings import Fact


class Named(Protocol):
    """An analysis that says an id of the data in words, and where its numbers come from."""

    def word(self, kind: str, id_: str, /) -> Said: ...

    @property
    def source(self) -> Said: ...


def funnel_chart(
    about: Named,
    now: Sequence[FunnelCount],
    then: Sequence[FunnelCount] | None,
    *,
    rate: Fact,
    comparison: Said,
) -> Chart:
    """Users by step, beside those of an earlier span.

    Parameters
    ----------
    then : sequence of FunnelCount, optional
        Of the earlier span; None where there is none to compare with.
    rate : Fact
        Share of the first step's users that reach the last.
    comparison : Said
        What the earlier span is called.
    """
    earlier = [step.users for step in then] if then else [None] * len(now)
    return charts.funnel(
        [
            charts.Stage(about.word("event", step.step), step.users, before)
            for step, before in zip(now, earlier, strict=True)
        ],
        claim=Text.of(
            "campaign.funnel.claim", rate=rate, first=about.word("event", now[0].step),
            last=about.word("event", now[-1].step),
        ),
        alt=Text.of("campaign.funnel.alt", steps=len(now)),
        source=about.source,
        comparison=comparison if then else None,
    )  # fmt: skip
