"""The monthly retrospective, step by step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from opsnb.analyses import people
from opsnb.analyses.drivers import drivers, moved_trees
from opsnb.analyses.emptiness import empty_verdict, needs_rows, say_empty, say_reach
from opsnb.analyses.gate import data_end, data_gate
from opsnb.analyses.scorecard import Kpi, leading, measure_kpis, scorecard_parts, target_of
from opsnb.analyses.tasks import due_tasks
from opsnb.analyses.voice import comment_themes, service_times, survey_scores
from opsnb.analyses.why import explained, why
from opsnb.display import Absent, Note, Paragraph, charts
from opsnb.findings import Card, Fact, Verdict
from opsnb.messages import Said, Text
from opsnb.metrics.funnel import ordered_funnel
from opsnb.metrics.lifespans import recorded
from opsnb.metrics.reach import holds_rows

if TYPE_CHECKING:
    from pandas import DataFrame

    from opsnb.metrics import Metric
    from opsnb.periods import Period
    from opsnb.session import Session, Shown

NEEDS = ("orders",)
OPTIONAL = ("users", "events", "surveys", "tickets", "tasks", "spend")

DEFAULT_KPIS = (
    "gmv_net", "orders", "new_users", "active_users", "wau", "dau", "stickiness",
    "activation", "conversion_rate", "paying_conversion", "arpu", "aov", "repurchase_rate",
    "refund_rate", "churn_rate", "retention_d1", "retention_d7", "retention_d30", "nps", "csat",
    "tickets_on_time", "tasks_on_time", "cac", "ltv_90", "ltv_cac",
)  # fmt: skip
"""What a user-operations team starts with; a targets file narrows or widens it."""

ONLY_CONTRACTS = "users.ended_at"
"""A column that only contracts have: who sells without them misses nothing."""

TREND_MONTHS = 13
MOST_EXPLAINED = 3
"""Rates whose change is explained in full when none is named; the others are folded."""


class Month:
    """One cycle's retrospective: its period, what it is compared with, and the steps.

    Parameters
    ----------
    ops : Session
    kpis : sequence of str, optional
        Metric ids; by default those with a target in this cycle, then the usual ones.
    """

    name = "month"

    def __init__(self, ops: Session, kpis: Sequence[str] = ()) -> None:
        self.ops = ops
        self.period: Period = ops.period
        self.targets = ops.workspace.targets(ops.period)
        self.kpi_ids = list(kpis) or list(dict.fromkeys([*self.targets, *DEFAULT_KPIS]))

    # -- what the period is worth --------------------------------------------------------

    @cached_property
    def recorded_until(self) -> dt.date | None:
        return data_end(self.ops, "orders")

    @cached_property
    def is_empty(self) -> bool:
        """Whether nothing was recorded in the period that a KPI could be measured on."""
        return not (holds_rows(self.ops.rows, self.period) and self.kpis)

    @property
    def partial(self) -> bool:
        """Whether the data ends before the period does."""
        return self.recorded_until is None or self.recorded_until < self.period.end

    @property
    def why_partial(self) -> Text:
        return Text.of("month.partial", period=self.period.text, last=self.recorded_until)

    @property
    def refunds_open(self) -> bool:
        """Whether refunds of the period may still arrive."""
        window = self.ops.workspace.refund_window_days
        return self.ops.workspace.as_of < self.period.end + dt.timedelta(days=window)

    @property
    def source(self) -> Text:
        return Text.of("month.source", start=self.period.start, end=self.period.end)

    @property
    def leading(self) -> list[Kpi]:
        """The KPIs that the scorecard shows unfolded."""
        return leading(self.kpis)

    @cached_property
    def kpis(self) -> list[Kpi]:
        return measure_kpis(self)

    # -- steps -------------------------------------------------------------------------

    def data_gate(self) -> Shown:
        """What the tables hold; whether the month is complete and its refunds are in."""
        ops = self.ops
        say_reach(ops, self)
        if self.is_empty:
            say_empty(self)
        elif self.partial:
            ops.status("provisional", self.why_partial)
            ops.check("complete", "warn", self.why_partial)
        elif self.refunds_open:
            days = ops.workspace.refund_window_days
            reason = Text.of("month.refunds_open", days=days, as_of=ops.workspace.as_of)
            ops.status("provisional", reason)
            ops.check("refunds", "warn", reason)
        else:
            ops.check("complete", "pass", Text.of("month.complete", as_of=ops.workspace.as_of))
        return data_gate(ops, NEEDS, OPTIONAL)

    def earlier(self) -> Shown:
        """Actions, decisions and predictions of earlier cycles, and what became of them."""
        return self.ops.memory()

    @needs_rows
    def tasks(self) -> Shown:
        """Tasks that fell due in the month: done, late, open."""
        return self.ops.show(*due_tasks(self))

    @needs_rows
    def scorecard(self) -> Shown:
        """Each KPI against its target, last month and last year."""
        ops = self.ops
        parts = scorecard_parts(self)
        if not parts:
            return ops.show(Absent(Text("month.scorecard.none")))
        if self.partial:
            parts.insert(0, Paragraph(Text("month.scorecard.partial"), "warn"))
        lacking = {
            lack
            for metric in self.kpi_ids
            if (lack := ops.meter.absent(metric)) not in (None, ONLY_CONTRACTS)
        }
        if lacking:
            parts.append(Absent(Text.of("month.scorecard.left_out", tables=sorted(lacking))))
        return ops.show(*parts)

    @needs_rows
    def scores(self) -> Shown:
        """NPS and CSAT with intervals, the number of answers, and the change."""
        return self.ops.show(*survey_scores(self))

    @needs_rows
    def service(self) -> Shown:
        """Tickets: volume, first response, resolution, on time, by category."""
        return self.ops.show(*service_times(self))

    @needs_rows
    def themes(self) -> Shown:
        """What unhappy comments are about, with masked quotes."""
        return self.ops.show(*comment_themes(self))

    @needs_rows
    def trend(self, metric: str = "gmv_net") -> Shown:
        """A metric over thirteen months, with its targets."""
        ops = self.ops
        if ops.meter.absent(metric):
            return ops.show(Absent(Text.of("month.absent", table=ops.meter.absent(metric))))
        if not self.covers(ops.catalogue[metric]):
            return ops.show(Absent(self.not_recorded(metric)))
        periods = [self.period]
        while len(periods) < TREND_MONTHS:
            periods.insert(0, periods[0].previous())
        values = {m.period: m.value for m in ops.meter.measure(metric, periods)}
        first = self.first_recorded(ops.catalogue[metric].table)
        known = [p for p in periods if first is None or p.start >= first]
        points = [values[p.key] for p in known]
        targets = [(p.start, goal) for p in known if (goal := self._target(metric, p)) is not None]
        spec = {"money": "money", "share": "percent", "count": "integer"}
        label = ops.label(metric)
        kpi = next((k for k in self.kpis if k.metric.id == metric), None)
        change = kpi.change_text if kpi and not self.partial else Text("month.trend.no_change")
        chart = charts.trend(
            charts.Series(label, [p.start for p in known], points),
            claim=Text.of("month.trend.claim", metric=label, change=change),
            alt=Text.of("month.trend.alt", metric=label, n=len(known)),
            source=Text.of("month.trend.source", start=known[0].start, end=self.period.end),
            format=spec.get(ops.catalogue[metric].unit, "number"),
            target=charts.Series(Text("chart.target"), *map(list, zip(*targets, strict=True)))
            if targets
            else None,
            from_zero=True,
        )
        return ops.show(chart)

    def _target(self, metric: str, period: Period) -> float | None:
        target = self.ops.workspace.targets(period).get(metric)
        if target is None:
            return None
        before = self.ops.meter.value(metric, period.previous()) if target.growth else None
        return target_of(target, before)

    def first_recorded_of(self, metric: Metric) -> dt.date | None:
        """`first_recorded` of the table that a metric is counted in."""
        while metric.numerator:
            metric = self.ops.catalogue[metric.numerator]
        if metric.kind == "churn":
            since = recorded(self.ops.rows, self.period.end)
            return since.first if since else None
        return self.first_recorded(metric.table)

    def covers(self, metric: Metric) -> bool:
        """Whether the metric's table was recorded in the period: else its zero says nothing."""
        while metric.numerator:
            metric = self.ops.catalogue[metric.numerator]
        first = self.first_recorded(metric.table)
        if first is None or self.period.end < first:
            return False
        if metric.kind == "churn":  # ends go on where nobody arrives any more
            return True
        last = data_end(self.ops, metric.table or "orders")
        return last is None or last >= self.period.start

    def not_recorded(self, metric: str) -> Text:
        """What stands in place of a metric that `covers` denies."""
        return Text.of("month.not_recorded", metric=self.ops.label(metric), period=self.period.text)

    def first_recorded(self, table: str | None) -> dt.date | None:
        """First day of the first month that the table covers from its first day on."""
        reports = self.ops.inspect(table or "orders")
        if not reports or reports[0].first is None:
            return None
        return _date(reports[0].first).replace(day=1)

    @needs_rows
    def funnel(self, steps: Sequence[str] = ("visit", "cart", "order")) -> Shown:
        """Users by step, against last month."""
        ops = self.ops
        if not ops.rows.has("events"):
            return ops.show(Absent(Text.of("month.absent", table="events")))
        before = self.period.previous()
        now = ordered_funnel(ops.rows, steps, self.period.start, self.period.end)
        then = ordered_funnel(ops.rows, steps, before.start, before.end)
        if not now[0].users:
            return ops.show(Absent(Text("campaign.funnel.empty")))
        if ops.people("funnel.stage", *({step.step: step.users} for step in now)):
            return ops.show(Absent(ops.withheld.note))
        for step in now:
            ops.fact("funnel.stage", step.users, "count", segment=step.step)
        rate = ops.fact("funnel.rate", now[-1].users / now[0].users, "share", n=now[0].users)
        chart = charts.funnel(
            [
                charts.Stage(self.word("event", a.step), a.users, b.users)
                for a, b in zip(now, then, strict=True)
            ],
            claim=Text.of(
                "campaign.funnel.claim", rate=rate, first=self.word("event", now[0].step),
                last=self.word("event", now[-1].step),
            ),
            alt=Text.of("campaign.funnel.alt", steps=len(now)),
            source=self.source,
            comparison=before.text,
        )  # fmt: skip
        return ops.show(chart, Note(Text("campaign.funnel.note")))

    def word(self, kind: str, name: str) -> Said:
        """The name of a dimension, an event or a segment for people, where one is known."""
        key = f"{kind}.{name}"
        return Text(key) if self.ops.language.has(key) else name

    @needs_rows
    def active(self) -> Shown:
        """Daily active users, and the month's DAU, MAU and stickiness."""
        ops = self.ops
        if not ops.rows.has("events"):
            return ops.show(Absent(Text.of("month.absent", table="events")))
        end = min(self.period.end, self.recorded_until or self.period.end)
        if end < self.period.start:
            return ops.show(Absent(self.why_partial))
        daily = ops.meter.daily("active_users", self.period.start, end)
        mau = ops.meter.value("active_users", self.period)
        dau = ops.meter.value("dau", self.period)
        sticky = ops.meter.value("stickiness", self.period)
        facts = {
            "mau": ops.fact("active.mau", mau.value, "count"),
            "dau": ops.fact("active.dau", dau.value, "count"),
            "stickiness": ops.fact("active.stickiness", sticky.value, "share"),
        }
        chart = charts.trend(
            charts.Series(Text("month.active.series"), _dates(daily), list(daily["value"])),
            claim=Text.of("month.active.claim", **facts),
            alt=Text.of("month.active.alt", days=len(daily)),
            source=self.source,
            format="integer",
            events=self._events(),
            from_zero=True,
        )
        return ops.show(chart)

    def _events(self) -> list[charts.Event]:
        return [
            charts.Event(event.start, event.name, event.end)
            for event in self.ops.workspace.events
            if event.start <= self.period.end and (event.end or event.start) >= self.period.start
        ]

    @needs_rows
    def growth(self) -> Shown:
        """Rolling active users, and who was won, kept, brought back and lost."""
        return self.ops.show(*people.rolling(self), *people.accounting(self))

    @needs_rows
    def stages(self, by: str = "channel") -> Shown:
        """Acquisition, activation, retention, revenue and referral by channel."""
        return self.ops.show(*people.stages(self, by))

    @needs_rows
    def segments(self) -> Shown:
        """RFM segments, their moves since last month, and who to win back."""
        return self.ops.show(*people.rfm(self))

    @needs_rows
    def cohorts(self, months: int = 9) -> Shown:
        """Retention by month of arrival; unobservable months stay empty."""
        return self.ops.show(*people.cohort_parts(self, months))

    @needs_rows
    def levels(self) -> Shown:
        """Activity levels by frozen thresholds, and the moves since last month."""
        return self.ops.show(*people.level_moves(self))

    @needs_rows
    def churn(self, weeks: int = 13, by: str = "contract", complete: bool = False) -> Shown:
        """Who is likely gone: by contract where users have an end, else by silence.

        Parameters
        ----------
        weeks : int
            Last weeks of the month's data that the model of purchases is judged on.
        by : str
            A column of users that tells kinds of contracts.
        complete : bool
            Whether the users hold everybody who ever left, however late their first end is.
        """
        users = "users" in self.ops.workspace.tables
        if users and "ended_at" in self.ops.rows.table("users").expr.columns:
            return self.ops.show(*people.contract_churn(self, by, complete))
        return self.ops.show(*people.churn_risk(self, weeks))

    @needs_rows
    def acquisition(self) -> Shown:
        """What new users cost, what they bring by age, and when that is earned back."""
        return self.ops.show(*people.economics(self))

    def win_back_users(self) -> DataFrame:
        """The users behind the win-back table: a list to act on, in no report."""
        return people.win_back_users(self)

    def churn_scores(self, weeks: int = 13) -> DataFrame:
        """The customers behind the churn table, with their probabilities; in no report."""
        return people.churn_scores(self, weeks)

    @needs_rows
    def why(self, metric: str = "", by: str = "") -> Shown:
        """Why KPIs moved: the mix of groups or the rates within them, or the parts of a sum.

        Without a metric, every KPI that moved beyond its materiality, those after the first few
        behind a line; without a dimension, the one that tells most.
        """
        parts = why(self, metric, by) if metric else explained(self, MOST_EXPLAINED)
        if not parts:
            return self.ops.show(Absent(Text("month.why.nothing")))
        return self.ops.show(*parts, Note(Text("month.why.caution")))

    @needs_rows
    def drivers(self, metric: str = "gmv_net") -> Shown:
        """A metric's change as the parts of its drivers; the trees of others that moved, folded."""
        return self.ops.show(*drivers(self, metric), *moved_trees(self, metric))

    @needs_rows
    def outlook(self, metrics: Sequence[str] = ()) -> Shown:
        """What the next month is expected to bring, registered as predictions."""
        from opsnb.analyses.outlook import outlook

        return self.ops.show(*outlook(self, metrics))

    @needs_rows
    def anomalies(self, metrics: Sequence[str] = ("orders", "active_users")) -> Shown:
        """Days outside expectation, with the known event that explains them, or none."""
        from opsnb.analyses.unusual import unusual_days

        return self.ops.show(*unusual_days(self, metrics))

    # -- the first screen ----------------------------------------------------------------

    def summary(self) -> Shown:
        """Verdict, cards, what to decide, findings, next steps."""
        ops = self.ops
        if self.is_empty:
            return ops.first_screen(empty_verdict(self), [])
        scored = [kpi for kpi in self.kpis if kpi.agreed is not None]
        missed = [kpi for kpi in scored if kpi.agreed == "missed"]
        for kpi in missed[:4]:
            self._propose(kpi)
        if missed:
            ops.decide(
                Text.of("month.decision.missed", metrics=[k.metric.label for k in missed[:3]]),
                recommendation=Text("month.recommend.missed"),
                due=ops.workspace.as_of + dt.timedelta(days=7),
                evidence=tuple(kpi.fact for kpi in missed[:3]),
            )
        return ops.first_screen(self._verdict(scored), self._cards())

    def _propose(self, kpi: Kpi) -> None:
        self.ops.finding(
            Text.of(
                "month.finding.missed", metric=kpi.metric.label, value=kpi.value_text,
                target=kpi.target_text,
            ),
            kpi.fact, tone="bad", section="scorecard",
        )  # fmt: skip
        self.ops.act(
            Text.of("month.action.missed", metric=kpi.metric.label),
            kpi.owner,
            due=self.ops.workspace.as_of + dt.timedelta(days=14),
            source=self.period.key,
            evidence=(kpi.fact,),
        )

    def _verdict(self, scored: list[Kpi]) -> Verdict:
        ops = self.ops
        hit = sum(kpi.status == "hit" for kpi in scored)
        share = hit / len(scored) if scored else None
        if self.partial:
            case = "partial"
        elif share is None:
            case = "no_targets"
        else:
            case = "on_track" if share >= 0.8 else "mixed" if share >= 0.5 else "off_track"
        lead = next((kpi for kpi in self.kpis if kpi.metric.id == "gmv_net"), self.kpis[0])
        evidence: tuple[Fact, ...] = (lead.fact,)
        tone: Any = {"on_track": "good", "off_track": "bad", "no_targets": "neutral"}.get(
            case, "warn"
        )
        ops.fact("month.verdict", case, "text")
        return Verdict(
            word=Text(f"month.word.{case}"),
            sentence=Text.of(
                f"month.verdict.{case}",
                period=self.period.text,
                hit=hit,
                n=len(scored),
                metric=lead.metric.label,
                value=lead.value_text,
                change=lead.change_text,
                last=self.recorded_until,
            ),
            grade="E",
            tone=tone,
            rule=Text("month.rule.partial" if self.partial else "month.rule.targets"),
            evidence=evidence,
        )

    def _cards(self) -> list[Card]:
        """The lead KPI, then what was missed, then the rest in the team's order; six at most."""
        lead, *rest = self.kpis
        rank = {"missed": 0, "near": 1}
        rest.sort(key=lambda kpi: rank.get(kpi.status or "", 2))
        return [kpi.card for kpi in (lead, *rest)][:6]


def _date(moment: Any) -> dt.date:
    return moment.date() if hasattr(moment, "date") else moment


def _dates(frame: Any) -> list[dt.date]:
    return [stamp.date() for stamp in frame["day"]]
