"""A KPI of a period: its value, its change, its status against a target, and how they are said."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from opsnb.analysis.display import Toned
from opsnb.analysis.findings import Card, Check, Fact, Tone
from opsnb.analysis.methods.estimate import Estimate
from opsnb.analysis.metrics import Metric
from opsnb.analysis.metrics.by_period import Measured
from opsnb.analysis.reviews.shared.number_formats import format_of
from opsnb.base.messages import Said, Text
from opsnb.base.plans import Target

KpiStatus = Literal["hit", "near", "missed"]

STATUS_TONE: dict[str, Tone] = {"hit": "good", "near": "warn", "missed": "bad"}

CHANGE, CHANGE_YEAR = "kpi.change", "kpi.change_year"


@dataclass(frozen=True)
class Change:
    """A KPI against an earlier period.

    Attributes
    ----------
    gap, relative : float
        Difference, and the same over the earlier value (None where that is 0).
    interval : Estimate or None
        Of the difference, where both are samples; in the unit of `gap`.
    aligned : bool
        The earlier value was laid on this period's calendar.
    per_day : bool
        A sum of days was compared by the recorded day, since some days are missing.
    days : int or None
        Only the same days of both periods were compared, so many of each.
    without : frozenset of date
        Days of either period that were left out for that.
    """

    gap: float
    relative: float | None
    interval: Estimate | None = None
    aligned: bool = False
    per_day: bool = False
    days: int | None = None
    without: frozenset[dt.date] = frozenset()

    @property
    def is_noise(self) -> bool:
        """Whether the interval of a sampled change includes zero."""
        return self.interval is not None and not self.interval.significant


@dataclass(frozen=True)
class Kpi:
    """A KPI of a period: measured, compared, and judged against its target.

    Attributes
    ----------
    fact : Fact
        Its value, with an interval where it is a sample.
    more : tuple of Fact
        Target, status and changes, as far as they are known.
    check : Check or None
        A warning, where it rests on few answers.
    usual : bool
        The target is the catalogue's: the team has agreed on none.
    basis : Text or None
        Which days of the period the value is of, where it is not of all.
    """

    metric: Metric
    measured: Measured
    previous: Measured | None
    change: Change | None
    year: Change | None
    target: Target | None
    goal: float | None
    status: KpiStatus | None
    fact: Fact
    more: tuple[Fact, ...] = ()
    check: Check | None = None
    usual: bool = False
    basis: Text | None = None

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All that is to be recorded of it."""
        return self.fact, *self.more

    @property
    def change_fact(self) -> Fact | None:
        """The change on the period before, where it is known."""
        return next((fact for fact in self.more if fact.id == CHANGE), None)

    @property
    def agreed(self) -> KpiStatus | None:
        """The status, where the target is the team's own and not the catalogue's."""
        return None if self.usual else self.status

    @property
    def format(self) -> str:
        return format_of(self.metric)

    @property
    def value_text(self) -> Text:
        return Text.of(f"common.{self.format}", value=self.measured.value)

    @property
    def value_on_record(self) -> Text:
        """The value, with the days that it is of where those are not all."""
        if self.basis is None:
            return self.value_text
        return Text.of("month.on_record", value=self.value_text, basis=self.basis)

    @property
    def target_text(self) -> Text | None:
        if self.goal is None or self.target is None:
            return None
        goal = Text.of(f"common.{self.format}", value=self.goal)
        if self.target.growth is not None:
            goal = Text.of("month.scorecard.growth", goal=goal, growth=self.target.growth)
        return Text.of("month.scorecard.usual", goal=goal) if self.usual else goal

    @property
    def change_text(self) -> Text:
        return self._said(self.change)

    @property
    def year_text(self) -> Text:
        return self._said(self.year)

    @property
    def status_text(self) -> Text | None:
        return Text(f"month.status.{self.status}") if self.status else None

    @property
    def status_cell(self) -> Toned | None:
        """The status as a table shows it: a word beside its colour."""
        if self.status is None or self.status_text is None:
            return None
        return Toned(None, STATUS_TONE[self.status], self.status_text)

    @property
    def owner(self) -> Said | None:
        return (self.target.owner if self.target else None) or self.metric.owner

    def _said(self, change: Change | None) -> Text:
        """Percentage points for shares and points for scores, percent for the rest."""
        if change is None:
            return Text("month.change_none")
        small = change.relative is not None and abs(change.relative) < self.metric.materiality
        if small:
            return Text("month.change_small")
        if self.metric.unit == "share":
            said = Text.of("month.change_points", value=change.gap)
        elif self.metric.unit == "score":
            said = Text.of("month.change_score", value=change.gap)
        else:
            each = "_each_day" if change.per_day else ""
            said = Text.of(f"month.change_relative{each}", value=change.relative)
        if change.is_noise:
            return Text("month.change_noise")
        if change.days is not None:
            return Text.of("month.change_same_days", change=said, days=change.days)
        return said

    @property
    def card(self) -> Card:
        """The KPI as a card of the first screen."""
        return self.card_of("month.card.change")

    def card_of(self, change: str) -> Card:
        """The card with the change said by the text under a key."""
        return Card(
            label=self.metric.label,
            value=self.value_text,
            fact=self.fact,
            target=self.target_text,
            change=Text.of(change, change=self.change_text),
            interval=Text.of("common.interval", fact=self.fact)
            if self.fact.low is not None
            else None,
            basis=self.basis,
            tone=STATUS_TONE[self.status] if self.status else "neutral",
            status=self.status_text,
        )
