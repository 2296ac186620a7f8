"""The campaign review, step by step."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING, Any

from opsnb.analyses import money
from opsnb.analyses.gate import data_gate
from opsnb.analyses.increment import Increment, measure_increment
from opsnb.display import Absent, Checks, Column, Note, Paragraph, Part, Table, charts
from opsnb.errors import ParameterError, did_you_mean
from opsnb.findings import Card, Fact, Prediction, Verdict
from opsnb.messages import Said, Text
from opsnb.methods.srm import sample_ratio
from opsnb.metrics.funnel import ordered_funnel

if TYPE_CHECKING:
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
        plan = self.plan
        rows: list[tuple[str, Said | None]] = [
            ("objective", plan.objective),
            ("metric", self.ops.label(plan.metric)),
            ("dates", self._dates()),
            ("success", self._money("increment", plan.success.increment if plan.success else None)),
            ("predicted", self._predicted()),
            ("budget", self._money("money", plan.budget.total or None)),
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

    def _money(self, key: str, value: float | None) -> Text | None:
        return None if value is None else Text.of(f"campaign.goal.value_{key}", value=value)

    def _predicted(self) -> Text | None:
        expected = self.plan.predicted
        if expected is None:
            return None
        if expected.low is None or expected.high is None:
            return Text.of("campaign.goal.value_increment", value=expected.value)
        return Text.of(
            "campaign.goal.predicted_range",
            value=expected.value,
            low=expected.low,
            high=expected.high,
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
                "kind": Text(f"kind.{kind}") if ops.language.has(f"kind.{kind}") else kind,
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
        kinds = [Text(f"kind.{kind}") for kind in book.missing]
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
        window = ops.fact("campaign.window", now, "money", metric=plan.metric)
        change = ops.fact(
            "campaign.change", now / then - 1 if then else None, "relative", metric=plan.metric
        )
        chart = charts.trend(
            charts.Series(ops.label(plan.metric), list(daily["date"]), list(daily["value"])),
            claim=Text.of("campaign.result.claim", metric=ops.label(plan.metric), change=change),
            alt=Text.of("campaign.result.alt", metric=ops.label(plan.metric)),
            source=Text.of("campaign.result.source", start=plan.start - reach, end=last),
            format="money",
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
        parts: list[Part] = [Paragraph(self._effect_claim(facts), self._effect_tone())]
        parts.append(self._effect_chart(found))
        parts += self._effect_checks(found)
        parts.append(Note(Text("campaign.effect.order")))
        headline = facts["net"] if "net" in facts else facts["during"]
        self.ops.finding(
            self._effect_claim(facts),
            headline,
            grade=found.grade,
            tone=self._effect_tone(),
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
                id_, estimate.value, "money", low=estimate.low, high=estimate.high,
                p_value=estimate.p_value, n=estimate.n, method=found.evidence,
                metric=self.plan.metric, period={"during": "campaign"}.get(name, name),
            )  # fmt: skip
        assert found.during is not None
        days = found.window_days
        facts["average"] = ops.fact(
            "campaign.effect_average", found.during.value / days, "money",
            low=found.during.low / days, high=found.during.high / days,
            method=found.evidence, metric=self.plan.metric,
        )  # fmt: skip
        return facts

    def _effect_tone(self) -> Any:
        head = self.increment.headline
        assert head is not None
        return "good" if head.low > 0 else "bad" if head.high < 0 else "warn"

    def _effect_claim(self, facts: dict[str, Fact]) -> Text:
        head = facts.get("net", facts["during"])
        state = {"good": "up", "bad": "down", "warn": "open"}[self._effect_tone()]
        span = "net" if "net" in facts else "during"
        return Text.of(
            f"campaign.effect.claim_{state}",
            metric=self.ops.label(self.plan.metric),
            effect=head,
            span=Text.of(f"campaign.effect.span_{span}", days=self.increment.after_days),
        )

    def _effect_chart(self, found: Increment) -> Part:
        claim = Text(f"campaign.effect.chart_{found.evidence}")
        if found.impact is not None:
            impact, first = found.impact, found.pre_days
            return charts.counterfactual(
                found.dates, found.observed, list(impact.expected),
                [None] * first + list(impact.low[first:]),
                [None] * first + list(impact.high[first:]),
                claim=claim,
                alt=Text.of("campaign.effect.alt_series", days=len(found.dates)),
                source=Text.of("campaign.effect.source_series", controls=list(self.plan.controls)),
                format="money",
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
            format="signed_money",
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
                "campaign.placebo", average.value, "money", low=average.low, high=average.high,
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
                    value=expected.value, low=expected.low, high=expected.high, observed=observed,
                ),
                observed,
                grade=self.increment.grade,
                tone="neutral" if inside else "warn",
                section="effect",
            )  # fmt: skip

    def returns(self) -> Shown:
        """ROAS, classic ROI and incremental ROI: three numbers, each with its definition."""
        ops, cost = self.ops, self.ledger.total
        rows, parts = [], []
        credited, margin = self.attributed, self.margin
        if credited is not None and credited.orders and cost:
            revenue = ops.fact("campaign.net_revenue", credited.revenue, "money", n=credited.orders)
            roas = ops.fact("campaign.roas", credited.revenue / cost, "factor")
            rows.append(self._return_row("roas", roas))
            if margin is not None:
                profit = ops.fact("campaign.gross_profit", credited.revenue * margin, "money")
                classic = (profit.value - cost) / cost
                rows.append(
                    self._return_row(
                        "classic", ops.fact("campaign.roi_classic", classic, "relative")
                    )
                )
            parts.append(
                Note(
                    Text.of(
                        "campaign.returns.attributed",
                        revenue=revenue,
                        revenue_orders=credited.orders,
                    )
                )
            )
        increment = self._incremental_return(cost, margin)
        if increment is not None:
            rows.append(self._return_row("incremental", increment))
            parts.insert(0, self._waterfall(cost, margin))
        if not rows:
            return ops.show(Absent(Text("campaign.returns.none")))
        table = Table(
            [
                Column("name", Text("campaign.returns.name"), "said"),
                Column("value", Text("campaign.returns.value"), "said"),
                Column("interval", Text("ab.column.interval"), "signed_percent.interval"),
                Column("definition", Text("ab.column.definition"), "said"),
            ],
            rows,
        )
        parts.insert(0, table)
        if not self.ledger.complete:
            parts.insert(0, Paragraph(Text("campaign.returns.incomplete"), "warn"))
        if margin is not None:
            parts.append(Note(Text.of("campaign.returns.margin", margin=margin)))
        return ops.show(*parts)

    def _return_row(self, name: str, fact: Fact) -> dict[str, Any]:
        return {
            "name": Text(f"campaign.returns.{name}"),
            "value": Text.of("common.change", fact=fact),
            "interval": fact if fact.low is not None else None,
            "definition": Text(f"campaign.returns.{name}_definition"),
        }

    def _incremental_return(self, cost: float, margin: float | None) -> Fact | None:
        """Incremental gross profit over cost, less one; the interval carried through."""
        head = self.increment.headline
        if head is None or margin is None or not cost:
            return None
        self.ops.fact(
            "campaign.value.direct", head.value * margin, "money",
            low=head.low * margin, high=head.high * margin, method=self.increment.evidence,
        )  # fmt: skip
        low, value, high = (x * margin / cost - 1 for x in (head.low, head.value, head.high))
        return self.ops.fact(
            "campaign.roi_incremental", value, "relative", low=low, high=high,
            method=self.increment.evidence,
        )  # fmt: skip

    def _waterfall(self, cost: float, margin: float | None) -> Part:
        head = self.increment.headline
        assert head is not None and margin is not None
        gross = head.value * margin
        steps = [
            charts.Step(Text("campaign.returns.gross"), gross, is_total=True),
            *(
                charts.Step(Text.of("campaign.returns.less", kind=Text(f"kind.{kind}")), -amount)
                for kind, amount in self.ledger.booked.items()
            ),
            charts.Step(Text("campaign.returns.left"), gross - cost, is_total=True),
        ]
        key = "campaign.returns.claim_gain" if gross > cost else "campaign.returns.claim_loss"
        left = self.ops.fact("campaign.net_value", gross - cost, "money")
        return charts.bridge(
            steps,
            claim=Text.of(key, left=left),
            alt=Text("campaign.returns.alt"),
            source=self.source,
            format="money",
        )

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
            Column("name", self._dimension(by)),
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

    def _dimension(self, by: str) -> Said:
        key = f"dimension.{by}"
        return Text(key) if self.ops.language.has(key) else by

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
                charts.Stage(self._step(a.step), a.users, b.users)
                for a, b in zip(now, then, strict=True)
            ],
            claim=Text.of(
                "campaign.funnel.claim", rate=rate, first=self._step(now[0].step),
                last=self._step(now[-1].step),
            ),
            alt=Text.of("campaign.funnel.alt", steps=len(now)),
            source=self.source,
            comparison=Text.of("common.from_to", start=before[0], end=before[1]),
        )  # fmt: skip
        return ops.show(chart, Note(Text("campaign.funnel.note")))

    def _step(self, event: str) -> Said:
        key = f"event.{event}"
        return Text(key) if self.ops.language.has(key) else event

    # -- the first screen ----------------------------------------------------------------

    def summary(self) -> Shown:
        """Verdict, cards, what to decide, findings, next steps."""
        from opsnb.analyses.campaign_ruling import campaign_ruling

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
        return self._first_screen(verdict)

    def _first_screen(self, verdict: Verdict) -> Shown:
        facts = self.ops.facts
        metric = self.plan.metric
        cards = []
        head = facts.get(f"campaign.effect/{metric}///net") or facts.get(
            f"campaign.effect/{metric}///campaign"
        )
        if head is not None:
            target = self.plan.success
            cards.append(
                Card(
                    Text("campaign.card.effect"),
                    Text.of("common.signed_money", value=head.value),
                    head,
                    target=Text.of("common.money", value=target.increment) if target else None,
                    interval=Text.of("common.signed_interval", fact=head),
                    tone=self._effect_tone(),
                    status=self._target_status(head),
                )
            )
        roi = facts.get("campaign.roi_incremental")
        if roi is not None:
            assert roi.low is not None and roi.high is not None
            tone = "good" if roi.low > 0 else "bad" if roi.high < 0 else "warn"
            status = Text(
                f"campaign.card.roi_{tone}" if self.ledger.complete else "campaign.card.roi_upper"
            )
            cards.append(
                Card(
                    Text("campaign.returns.incremental"),
                    Text.of("common.signed_percent", value=roi.value),
                    roi,
                    interval=Text.of("common.interval", fact=roi),
                    tone=tone if self.ledger.complete else "warn",
                    status=status,
                )
            )
        for key, label in (("campaign.roi_classic", "classic"), ("campaign.roas", "roas")):
            if key in facts:
                cards.append(
                    Card(
                        Text(f"campaign.returns.{label}"),
                        Text.of("common.change", fact=facts[key]),
                        facts[key],
                        change=Text("campaign.card.attributed"),
                    )
                )
        cards.append(self._cost_card(facts["campaign.cost"]))
        cards += self._count_cards()
        return self.ops.first_screen(verdict, cards[:6])

    def _target_status(self, head: Fact) -> Text:
        if self.plan.success is None:
            return Text("campaign.card.no_target")
        line = self.plan.success.increment
        assert head.low is not None and head.high is not None
        if head.low >= line:
            return Text("campaign.card.reached")
        return Text("campaign.card.missed" if head.high < line else "campaign.card.unclear")

    def _cost_card(self, cost: Fact) -> Card:
        budget = self.ledger.budget
        over = cost.value / budget - 1 if budget else None
        return Card(
            Text("campaign.card.cost"),
            Text.of("common.money", value=cost.value),
            cost,
            target=Text.of("common.money", value=budget) if budget else None,
            change=Text.of("campaign.card.budget", over=over) if over is not None else None,
            tone="neutral" if self.ledger.complete else "warn",
            status=None if self.ledger.complete else Text("campaign.card.incomplete"),
        )

    def _count_cards(self) -> list[Card]:
        """Conversions and cost a conversion, where the ledger counts them."""
        rows = money.channels(self.ops, self.plan, "channel")
        counted = [row for row in rows if row.conversions]
        total = sum(row.conversions or 0 for row in counted)
        if not total:
            return []
        spend = sum(row.spend for row in counted)
        conversions = self.ops.fact("campaign.conversions", total, "count")
        each = self.ops.fact("campaign.cac", spend / total, "money")
        return [
            Card(
                Text("campaign.card.conversions"),
                Text.of("common.integer", value=total),
                conversions,
                change=Text("campaign.card.counted"),
            ),
            Card(
                Text("campaign.card.cpa"),
                Text.of("common.exact_money", value=each.value),
                each,
                change=Text("campaign.card.counted"),
            ),
        ]
