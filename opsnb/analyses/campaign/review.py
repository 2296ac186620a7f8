"""The campaign review, step by step."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING, Any

from opsnb.analyses.campaign import money
from opsnb.analyses.campaign.cards import campaign_cards
from opsnb.analyses.campaign.increment import Increment, measure_increment
from opsnb.analyses.campaign.returns import return_parts
from opsnb.analyses.campaign.ruling import campaign_ruling
from opsnb.analyses.gate import data_gate
from opsnb.display import Absent, Checks, Column, Note, Paragraph, Part, Table, charts
from opsnb.errors import ParameterError, did_you_mean
from opsnb.findings import Fact, Prediction, Tone
from opsnb.findings.records import Unit
from opsnb.messages import Said, Text
from opsnb.methods.srm import sample_ratio
from opsnb.metrics.funnel import ordered_funnel

if TYPE_CHECKING:
    from opsnb.metrics import Metric
    from opsnb.session import Session, Shown

NEEDS = ("spend",)
OPTIONAL = ("orders", "events", "users", "assignments", "series")


class Campaign:
    """One campaign: its plan, its ledger, and the steps of its review.

    Parameters
    ----------
    ops : Session
    campaign : str
        Id: the name of a file in plans/campaigns/.
    """

    def __init__(self, ops: Session, campaign: str) -> None:
        plans = ops.workspace.campaigns
        if campaign not in plans:
            raise ParameterError(
                f'unknown campaign "{campaign}"',
                where="parameter campaign",
                hint=did_you_mean(campaign, plans, kind="campaigns"),
            )
        self.ops = ops
        self.plan = plans[campaign]

    @cached_property
    def ledger(self) -> money.Ledger:
        return money.ledger(self.ops, self.plan)

    @cached_property
    def attributed(self) -> money.Attributed | None:
        return money.attributed(self.ops, self.plan)

    @cached_property
    def increment(self) -> Increment:
        return measure_increment(self.ops, self.plan)

    @property
    def metric(self) -> Metric:
        """What the effect is measured on."""
        return self.ops.catalogue[self.plan.metric]

    @property
    def unit(self) -> Unit:
        """The unit of facts about the metric."""
        return "money" if self.metric.unit == "money" else "count"

    @property
    def format(self) -> str:
        return "money" if self.unit == "money" else "integer"

    def amount(self, value: float, *, signed: bool = True) -> Text:
        """A registered amount of the metric, in its own unit."""
        return Text.of(f"common.{'signed_' if signed else ''}{self.format}", value=value)

    def word(self, group: str, name: str) -> Said:
        """A kind of cost, dimension or event for people, as far as the languages know it."""
        key = f"{group}.{name}"
        return Text(key) if self.ops.language.has(key) else name

    @property
    def dated(self) -> bool:
        return self.plan.start is not None and self.plan.end is not None

    @property
    def source(self) -> Text:
        if not self.dated:
            return Text("campaign.source_undated")
        return Text.of("campaign.source", start=self.plan.start, end=self.plan.end)

    @property
    def margin(self) -> float | None:
        """Gross margin: realised on the attributed orders, else the plan's or the workspace's."""
        if self.attributed is not None and self.attributed.margin is not None:
            return self.attributed.margin
        return self.plan.gross_margin or self.ops.workspace.gross_margin

    # -- steps -------------------------------------------------------------------------

    def goal(self) -> Shown:
        """What was promised beforehand."""
        plan, budget = self.plan, self.plan.budget.total
        rows: list[tuple[str, Said | None]] = [
            ("objective", plan.objective),
            ("metric", self.ops.label(plan.metric)),
            ("dates", self._dates()),
            ("success", self._increment(plan.success.increment if plan.success else None)),
            ("predicted", self._predicted()),
            ("budget", Text.of("common.money", value=budget) if budget else None),
            ("owner", plan.owner or self.ops.owner),
        ]
        table = Table(
            [
                Column("item", Text("campaign.goal.item"), "said"),
                Column("value", Text("campaign.goal.registered"), "said"),
            ],
            [
                {
                    "item": Text(f"campaign.goal.{name}"),
                    "value": value or Text("campaign.goal.none"),
                }
                for name, value in rows
            ],
        )
        return self.ops.show(table)

    def _dates(self) -> Text:
        if not self.dated:
            return Text("campaign.goal.undated")
        return Text.of(
            "campaign.goal.date_range",
            start=self.plan.start,
            end=self.plan.end,
            days=self.plan.post_days,
        )

    def _increment(self, value: float | None) -> Text | None:
        if value is None:
            return None
        return Text.of("campaign.goal.value_increment", value=self.amount(value))

    def _predicted(self) -> Text | None:
        expected = self.plan.predicted
        if expected is None:
            return None
        if expected.low is None or expected.high is None:
            return self._increment(expected.value)
        return Text.of(
            "campaign.goal.predicted_range",
            value=self.amount(expected.value),
            low=self.amount(expected.low),
            high=self.amount(expected.high),
        )

    def data_gate(self) -> Shown:
        """What the tables hold, and what was set aside."""
        return data_gate(self.ops, NEEDS, OPTIONAL)

    def costs(self) -> Shown:
        """The ledger: budget against booked, by kind."""
        ops, book = self.ops, self.ledger
        total = ops.fact("campaign.cost", book.total, "money")
        for kind, amount in book.booked.items():
            ops.fact("campaign.cost", amount, "money", segment=kind)
        rows = [
            {
                "kind": self.word("kind", kind),
                "planned": book.planned.get(kind),
                "booked": book.booked.get(kind),
                "gap": book.booked.get(kind, 0.0) - book.planned[kind]
                if kind in book.planned and kind in book.booked
                else None,
            }
            for kind in dict.fromkeys([*book.planned, *book.booked])
        ]
        planned = book.budget or None
        gap = book.total - planned if planned else None
        total_row = {
            "kind": Text("kind.total"),
            "planned": planned,
            "booked": book.total,
            "gap": gap,
        }
        table = Table(
            [
                Column("kind", Text("campaign.cost.kind"), "said"),
                Column("planned", Text("campaign.cost.planned"), "exact_money"),
                Column("booked", Text("campaign.cost.booked"), "exact_money"),
                Column("gap", Text("campaign.cost.gap"), "signed_money"),
            ],
            [*rows, total_row],
        )
        return ops.show(table, Checks([self._cost_check(total)]))

    def _cost_check(self, total: Fact) -> Any:
        ops, book = self.ops, self.ledger
        if book.complete:
            key = "campaign.cost.complete" if book.planned else "campaign.cost.no_budget"
            return ops.check("cost", "pass" if book.planned else "warn", Text(key), total)
        kinds = [self.word("kind", kind) for kind in book.missing]
        reason = Text.of("campaign.cost.missing", kinds=kinds)
        ops.status("provisional", reason)
        return ops.check("cost", "block", reason, total)

    def result(self) -> Shown:
        """What was counted in the window, beside the weeks before: description, not effect."""
        ops, plan = self.ops, self.plan
        if not self.dated or ops.meter.absent(plan.metric):
            return ops.show(Absent(self._why_no_result()))
        assert plan.start and plan.end
        before = money.window_before(plan.start, plan.end)
        reach = dt.timedelta(days=42)
        last = plan.end + dt.timedelta(days=plan.post_days)
        daily = ops.meter.daily(plan.metric, plan.start - reach, min(last, ops.workspace.as_of))
        daily = daily.assign(date=daily["day"].dt.date)
        now = daily.loc[daily["date"].between(plan.start, plan.end), "value"].sum()
        then = daily.loc[daily["date"].between(*before), "value"].sum()
        window = ops.fact("campaign.window", now, self.unit, metric=plan.metric)
        change = ops.fact(
            "campaign.change", now / then - 1 if then else None, "relative", metric=plan.metric
        )
        chart = charts.trend(
            charts.Series(ops.label(plan.metric), list(daily["date"]), list(daily["value"])),
            claim=Text.of("campaign.result.claim", metric=ops.label(plan.metric), change=change),
            alt=Text.of("campaign.result.alt", metric=ops.label(plan.metric)),
            source=Text.of(
                "campaign.result.source",
                metric=ops.label(plan.metric),
                start=plan.start - reach,
                end=last,
            ),
            format=self.format,
            events=[charts.Event(plan.start, plan.name, plan.end)],
        )
        note = Text.of(
            "campaign.result.before", before_start=before[0], before_end=before[1],
            value=window, change=change,
        )  # fmt: skip
        return ops.show(Paragraph(note), chart, Note(Text("campaign.result.not_causal")))

    def _why_no_result(self) -> Text:
        if not self.dated:
            return Text("campaign.result.undated")
        lacking = self.ops.meter.absent(self.plan.metric) or ""
        return Text.of("campaign.result.absent", lacking=lacking)

    def effect(self) -> Shown:
        """What the campaign added, by the best evidence there is."""
        found = self.increment
        if found.evidence == "none":
            return self.ops.show(
                Absent(Text("campaign.effect.none")), Note(Text("campaign.effect.order"))
            )
        facts = self._effect_facts(found)
        parts: list[Part] = [Paragraph(self._effect_claim(facts), self.effect_tone)]
        parts.append(self._effect_chart(found))
        parts += self._effect_checks(found)
        parts.append(Note(Text("campaign.effect.order")))
        headline = facts["net"] if "net" in facts else facts["during"]
        if not self.ops.is_invalid:
            self.ops.finding(
                self._effect_claim(facts),
                headline,
                grade=found.grade,
                tone=self.effect_tone,
                section="effect",
            )
            self._score_prediction(headline)
        return self.ops.show(*parts)

    def _effect_facts(self, found: Increment) -> dict[str, Fact]:
        ops, facts = self.ops, {}
        names = {
            "during": "campaign.effect",
            "after": "campaign.post_dip",
            "net": "campaign.effect",
        }
        for name, id_ in names.items():
            estimate = getattr(found, name)
            if estimate is None:
                continue
            facts[name] = ops.fact(
                id_, estimate.value, self.unit, low=estimate.low, high=estimate.high,
                p_value=estimate.p_value, n=estimate.n, method=found.evidence,
                metric=self.plan.metric, period={"during": "campaign"}.get(name, name),
            )  # fmt: skip
        assert found.during is not None
        days = found.window_days
        facts["average"] = ops.fact(
            "campaign.effect_average", found.during.value / days, self.unit,
            low=found.during.low / days, high=found.during.high / days,
            method=found.evidence, metric=self.plan.metric,
        )  # fmt: skip
        return facts

    @property
    def effect_fact(self) -> Fact | None:
        """The effect that decides: net of the days after, where they are on record."""
        facts, metric = self.ops.facts, self.plan.metric
        net = facts.get(f"campaign.effect/{metric}///net")
        return net or facts.get(f"campaign.effect/{metric}///campaign")

    @property
    def effect_tone(self) -> Tone:
        head = self.increment.headline
        assert head is not None
        return "good" if head.low > 0 else "bad" if head.high < 0 else "warn"

    def _effect_claim(self, facts: dict[str, Fact]) -> Text:
        head = facts.get("net", facts["during"])
        state = {"good": "up", "bad": "down", "warn": "open"}[self.effect_tone]
        span = "net" if "net" in facts else "during"
        return Text.of(
            f"campaign.effect.claim_{state}",
            metric=self.ops.label(self.plan.metric),
            effect=head,
            span=Text.of(f"campaign.effect.span_{span}", days=self.increment.after_days),
        )

    def _effect_chart(self, found: Increment) -> Part:
        label = self.ops.label(self.plan.metric)
        claim = Text.of(f"campaign.effect.chart_{found.evidence}", metric=label)
        if found.impact is not None:
            impact, first = found.impact, found.pre_days
            return charts.counterfactual(
                found.dates, found.observed, list(impact.expected),
                [None] * first + list(impact.low[first:]),
                [None] * first + list(impact.high[first:]),
                claim=claim,
                alt=Text.of("campaign.effect.alt_series", days=len(found.dates)),
                source=Text.of("campaign.effect.source_series", controls=list(self.plan.controls)),
                format=self.format,
                events=[charts.Event(self.plan.start, self.plan.name, self.plan.end)],
            )  # fmt: skip
        rows = [
            charts.Effect(
                Text(f"campaign.effect.row_{name}"), e.value, e.low, e.high, strong=strong
            )
            for name, e, strong in (
                ("during", found.during, False),
                ("after", found.after, False),
                ("net", found.net, True),
            )
            if e is not None
        ]
        return charts.forest(
            rows,
            claim=claim,
            alt=Text.of("ab.chart.forest_alt", rows=len(rows)),
            source=Text.of(
                "campaign.effect.source_holdout", exposed=found.users, held=found.holdout_users
            ),
            format=f"signed_{self.format}",
        )

    def _effect_checks(self, found: Increment) -> list[Part]:
        checks = []
        if found.srm_counts:
            checks.append(self._holdout_check(found.srm_counts))
        if found.impact is not None:
            checks += self._series_checks(found)
        planned = self.plan.post_days
        if found.after_days < planned:
            checks.append(
                self.ops.check(
                    "post_period",
                    "warn",
                    Text.of("campaign.effect.short_post", days=found.after_days, planned=planned),
                )
            )
        return [Checks(checks)] if checks else []

    def _holdout_check(self, counts: dict[str, int]) -> Any:
        """The users held out against the share that the plan names."""
        assert self.plan.holdout is not None
        split = self.plan.holdout.split
        if split is None:
            return self.ops.check("holdout", "warn", Text("campaign.effect.no_split"))
        result = sample_ratio({arm: counts.get(arm, 0) for arm in split}, split)
        fact = self.ops.fact("campaign.srm", result.p_value, "p_value", p_value=result.p_value)
        status = {"pass": "pass", "warn": "warn", "fail": "block"}[result.status]
        if status == "block":
            self.ops.status("invalid", Text.of("campaign.effect.srm_fail", p=fact))
        key = "campaign.effect.srm_pass" if status == "pass" else "campaign.effect.srm_fail"
        return self.ops.check("holdout", status, Text.of(key, p=fact), fact)

    def _series_checks(self, found: Increment) -> list[Any]:
        assert found.impact is not None
        ops = self.ops
        fit = ops.fact("campaign.fit", found.impact.r2, "share", n=found.impact.n_before)
        checks = [
            ops.check(
                "fit",
                "pass" if found.impact.r2 >= 0.5 else "warn",
                Text.of("campaign.effect.fit", r2=fit, days=found.impact.n_before),
                fit,
            )
        ]
        alarms = sum(placebo.alarm for placebo in found.placebos)
        for number, placebo in enumerate(found.placebos, 1):
            average = placebo.effect.average
            ops.fact(
                "campaign.placebo", average.value, self.unit, low=average.low, high=average.high,
                segment=str(number), metric=self.plan.metric,
            )  # fmt: skip
        if found.placebos:
            checks.append(
                ops.check(
                    "placebo",
                    "warn" if alarms else "pass",
                    Text.of("campaign.effect.placebo", windows=len(found.placebos), alarms=alarms),
                )
            )
        return checks

    def _score_prediction(self, observed: Fact) -> None:
        expected = self.plan.predicted
        if expected is None:
            return
        label = self.ops.label(self.plan.metric)
        self.ops.predict(
            Prediction(
                what=Text.of("campaign.prediction", metric=label, name=self.plan.name),
                metric=self.plan.metric,
                value=expected.value,
                low=expected.low,
                high=expected.high,
                due=self.plan.end,
                observed=observed.value,
            )
        )
        if expected.low is not None and expected.high is not None:
            inside = expected.low <= observed.value <= expected.high
            self.ops.finding(
                Text.of(
                    "campaign.prediction_hit" if inside else "campaign.prediction_miss",
                    value=self.amount(expected.value), low=self.amount(expected.low),
                    high=self.amount(expected.high), observed=observed,
                ),
                observed,
                grade=self.increment.grade,
                tone="neutral" if inside else "warn",
                section="effect",
            )  # fmt: skip

    def returns(self) -> Shown:
        """ROAS, classic ROI and incremental ROI: three numbers, each with its definition."""
        return self.ops.show(*return_parts(self))

    def channels(self, by: str = "channel") -> Shown:
        """Spend and counts by channel, or by another column of the ledger."""
        ops, rows = self.ops, []
        columns = ops.rows.table("spend").expr.columns
        if by not in columns:
            raise ParameterError(
                f'the spend table has no column "{by}"',
                where="parameter breakdown",
                hint=did_you_mean(by, columns, kind="columns"),
            )
        for row in money.channels(ops, self.plan, by):
            for name in ("spend", "impressions", "clicks", "conversions", "ctr", "cpc", "cpa"):
                value = getattr(row, name)
                if value is not None:
                    unit = {"spend": "money", "cpc": "money", "cpa": "money", "ctr": "share"}
                    ops.fact(
                        f"campaign.channel.{name}", value, unit.get(name, "count"), segment=row.name
                    )
            rows.append(
                {
                    "name": row.name, "spend": row.spend, "impressions": row.impressions,
                    "clicks": row.clicks, "ctr": row.ctr, "cpc": row.cpc,
                    "conversions": row.conversions, "cpa": row.cpa, "new_users": row.new_users,
                }
            )  # fmt: skip
        shown = [
            Column("name", self.word("dimension", by)),
            *(
                Column(name, Text(f"campaign.channels.{name}"), format)
                for name, format in (
                    ("spend", "exact_money"), ("impressions", "integer"), ("clicks", "integer"),
                    ("ctr", "percent"), ("cpc", "exact_money"), ("conversions", "integer"),
                    ("cpa", "exact_money"), ("new_users", "integer"),
                )
                if any(row[name] is not None for row in rows)
            ),
        ]  # fmt: skip
        table = Table(shown, rows, order=Text("campaign.channels.order"))
        parts: list[Part] = [table]
        if len(rows) > 1:
            parts.append(self._channel_chart(rows))
        parts += self._oddities()
        parts.append(Note(Text("campaign.channels.note")))
        return ops.show(*parts)

    def _channel_chart(self, rows: list[dict[str, Any]]) -> Part:
        """Cost a conversion where conversions were counted, else the spend."""
        known = [row for row in rows if row["cpa"] is not None]
        key, use = ("cpa", known) if len(known) > 1 else ("spend", rows)
        ranked = sorted(use, key=lambda row: -row[key])
        return charts.bars(
            [charts.Bar(row["name"], row[key]) for row in use],
            claim=Text.of(
                f"campaign.channels.chart_{key}",
                dearest=ranked[0]["name"],
                most=ranked[0][key],
                cheapest=ranked[-1]["name"],
                least=ranked[-1][key],
            ),
            alt=Text.of("campaign.channels.alt", rows=len(use)),
            source=self.source,
            format="exact_money" if key == "cpa" else "money",
        )

    def _oddities(self) -> list[Part]:
        odd = money.oddities(self.ops, self.plan)
        if odd is None or not (odd.no_clicks or odd.more_conversions_than_clicks):
            return []
        fact = self.ops.fact(
            "campaign.channel.oddities", odd.more_conversions_than_clicks, "count", n=odd.rows
        )
        message = Text.of(
            "campaign.channels.odd", rows=odd.rows, none=odd.no_clicks,
            over=odd.more_conversions_than_clicks,
        )  # fmt: skip
        return [Checks([self.ops.check("ledger_counts", "warn", message, fact)])]

    def funnel(self) -> Shown:
        """Users by step in order, in the campaign's window and in the weeks before."""
        ops, plan = self.ops, self.plan
        if not plan.funnel or not self.dated or not ops.rows.has("events"):
            return ops.show(Absent(Text("campaign.funnel.absent")))
        assert plan.start and plan.end
        before = money.window_before(plan.start, plan.end)
        now = ordered_funnel(ops.rows, plan.funnel, plan.start, plan.end)
        then = ordered_funnel(ops.rows, plan.funnel, *before)
        if not now[0].users:
            return ops.show(Absent(Text("campaign.funnel.empty")))
        for step in now:
            ops.fact("campaign.funnel", step.users, "count", segment=step.step)
        whole = now[-1].users / now[0].users
        rate = ops.fact("campaign.funnel_rate", whole, "share", n=now[0].users)
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
            comparison=Text.of("common.from_to", start=before[0], end=before[1]),
        )  # fmt: skip
        return ops.show(chart, Note(Text("campaign.funnel.note")))

    # -- the first screen ----------------------------------------------------------------

    def summary(self) -> Shown:
        """Verdict, cards, what to decide, findings, next steps."""
        ops, plan = self.ops, self.plan
        case, verdict = campaign_ruling(self)
        ops.fact("campaign.verdict", case, "text")
        due = ops.workspace.as_of
        ops.decide(
            Text.of(f"campaign.decision.{case}", name=plan.name),
            plan.owner or None,
            recommendation=Text(f"campaign.recommend.{case}"),
            due=due + dt.timedelta(days=7),
        )
        ops.act(
            Text(f"campaign.action.{case}"),
            plan.owner or None,
            due=due + dt.timedelta(days=14),
            source=ops.period.key,
        )
        if not self.ledger.complete:
            ops.act(
                Text.of(
                    "campaign.action.book_costs",
                    kinds=[Text(f"kind.{kind}") for kind in self.ledger.missing],
                ),
                plan.owner or None,
                due=due + dt.timedelta(days=7),
                source=ops.period.key,
            )
        return ops.first_screen(verdict, campaign_cards(self))
