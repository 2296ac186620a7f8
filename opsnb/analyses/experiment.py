"""The A/B readout, step by step; each step can be called alone, with other metrics or options."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING, Any

from opsnb.analyses.effects import (
    Effect,
    arm_moments,
    compare_arms,
    diff_unit,
    guard,
    merge_arms,
)
from opsnb.analyses.experiment_cards import GUARD_TONE, experiment_cards
from opsnb.analyses.ruling import rule
from opsnb.analyses.trust import trust_checks
from opsnb.display import (
    Absent,
    Checks,
    Column,
    Fold,
    Note,
    Paragraph,
    Part,
    Table,
    Toned,
    charts,
)
from opsnb.errors import ParameterError, PlanError, did_you_mean
from opsnb.findings import Fact
from opsnb.messages import Said, Text
from opsnb.methods.guardrail import Guardrail
from opsnb.methods.multiplicity import benjamini_hochberg
from opsnb.metrics import ArmAggregates, Metric, arm_aggregates, assigned_users

if TYPE_CHECKING:
    from opsnb.session import Session, Shown


class Experiment:
    """One experiment: its plan, its arms, and the steps of its readout.

    Parameters
    ----------
    ops : Session
    experiment : str
        Id: the name of a file in plans/experiments/.
    """

    def __init__(self, ops: Session, experiment: str) -> None:
        plans = ops.workspace.experiments
        if experiment not in plans:
            raise ParameterError(
                f'unknown experiment "{experiment}"',
                where="parameter experiment",
                hint=did_you_mean(experiment, plans, kind="experiments"),
            )
        self.ops = ops
        self.plan = plans[experiment]
        self.assigned = assigned_users(ops.rows, experiment)
        if self.plan.control not in self.assigned.counts:
            raise PlanError(
                f'no user was assigned to the control "{self.plan.control}"',
                where=f"plans/experiments/{experiment}.toml, key control",
                hint=f"arms in the data: {', '.join(self.assigned.counts)}",
            )
        self._arms: dict[tuple[str, str | None], Any] = {}
        self._effects: dict[str, list[Effect]] = {}
        self.guardrail_results: list[tuple[Effect, Guardrail]] = []

    # -- numbers -----------------------------------------------------------------------

    @property
    def treatments(self) -> list[str]:
        """The arms that were planned beside the control and have users."""
        return [a for a in self.plan.split if a != self.plan.control and a in self.assigned.counts]

    def arms(self, metric: str) -> dict[str, ArmAggregates]:
        """A metric's moments by arm."""
        return {arm.variant: arm for arm in self._aggregates(metric, None)}

    def absent(self, metric: str) -> str | None:
        """What the workspace lacks for a metric read per assigned user, or None."""
        defined = self.ops.catalogue[metric]
        parts = [
            self.ops.catalogue[name] for name in (defined.numerator, defined.denominator) if name
        ]
        lacking = [self.ops.rows.absent(part) for part in parts or [defined]]
        return next((name for name in lacking if name), None)

    def effects(self, metric: str) -> list[Effect]:
        """Each treatment against the control."""
        if metric not in self._effects:
            arms = self.arms(metric)
            self._effects[metric] = [
                self._compare(metric, arms[self.plan.control], arms[variant])
                for variant in self.treatments
            ]
        return self._effects[metric]

    def _aggregates(self, metric: str, by: str | None) -> list[ArmAggregates]:
        if (metric, by) not in self._arms:
            self._arms[metric, by] = arm_aggregates(
                self.ops.rows,
                self.ops.catalogue,
                metric,
                self.assigned,
                end=self.last_day,
                covariate_days=self.plan.covariate_days or 0,
                by=(by,) if by else (),
            )
        return self._arms[metric, by]

    def _compare(self, metric: str, control: ArmAggregates, treatment: ArmAggregates) -> Effect:
        return compare_arms(
            self.ops.catalogue[metric],
            control,
            treatment,
            alpha=self.plan.alpha,
            power=self.plan.power,
        )

    @property
    def last_day(self) -> dt.date | None:
        """Last day whose outcomes count: the plan's end."""
        return self.plan.end

    @cached_property
    def valid(self) -> bool:
        """Whether no trust check blocks; asking runs the gate."""
        if "srm" not in self.ops.checks:
            trust_checks(self)
        return all(check.status != "block" for check in self.ops.checks.values())

    def dimension(self, name: str) -> Said:
        """An attribute's name for people."""
        key = f"dimension.{name}"
        return Text(key) if self.ops.language.has(key) else name

    # -- steps -------------------------------------------------------------------------

    def show_plan(self) -> Shown:
        """The plan as registered."""
        plan, ops = self.plan, self.ops
        primary = ops.catalogue[plan.primary.metric]
        rows: list[dict[str, Said]] = [
            {"item": Text("ab.plan.hypothesis"), "value": plan.hypothesis},
            {"item": Text("ab.plan.primary"), "value": self._primary_plan(primary)},
            {"item": Text("ab.plan.guardrails"), "value": self._guardrail_plan()},
            {"item": Text("ab.plan.dates"), "value": self._dates_plan()},
            {
                "item": Text("ab.plan.split"),
                "value": Text.of(
                    "common.list",
                    items=[
                        Text.of("ab.trust.arm_split", arm=a, share=s) for a, s in plan.split.items()
                    ],
                ),
            },
            {
                "item": Text("ab.plan.test"),
                "value": Text.of("ab.plan.test_value", alpha=plan.alpha, power=plan.power),
            },
            {"item": Text("ab.plan.owner"), "value": plan.owner or ops.owner},
        ]
        return ops.show(
            Table(
                [Column("item", Text("ab.plan.item")), Column("value", Text("ab.plan.registered"))],
                [row for row in rows if row["value"]],
            ),
            Note(Text.of("ab.plan.definition", definition=primary.definition)),
        )

    def _primary_plan(self, metric: Metric) -> Text:
        if self.plan.primary.mde:
            return Text.of("ab.plan.primary_mde", metric=metric.label, mde=self.plan.primary.mde)
        return Text.of("ab.plan.primary_only", metric=metric.label)

    def _guardrail_plan(self) -> Said:
        items = [
            Text.of("ab.plan.guardrail", metric=self.ops.label(g.metric), margin=g.margin)
            for g in self.plan.guardrails
        ]
        return Text.of("common.list", items=items) if items else Text("common.none")

    def _dates_plan(self) -> Text:
        if self.plan.start is None or self.plan.end is None:
            return Text("ab.plan.undated")
        return Text.of("common.from_to", start=self.plan.start, end=self.plan.end)

    def trust_gate(self) -> Shown:
        """Everything that must hold before a result may be read."""
        self.ops.inspect("assignments", self.ops.catalogue[self.plan.primary.metric].table or "")
        valid = self.valid
        if not valid:
            blocking = [c.message for c in self.ops.checks.values() if c.status == "block"]
            self.ops.status("invalid", Text.of("ab.trust.invalid", reason=blocking[0]))
        key = "ab.trust.summary_pass" if valid else "ab.trust.summary_block"
        return self.ops.show(
            Paragraph(Text(key), "good" if valid else "bad"),
            Checks(list(self.ops.checks.values())),
        )

    def primary(self, metric: str | None = None) -> Shown:
        """The primary metric: both arms, difference and lift with intervals, the MDE."""
        metric = metric or self.plan.primary.metric
        effects = self.effects(metric)
        rows = [self.record(effect) for effect in effects]
        mde = self.plan.primary.mde if metric == self.plan.primary.metric else None
        parts: list[Part] = [self._table(effects)]
        if any(effect.lift for effect in effects):
            parts.insert(0, self._forest(effects, Text("ab.primary.claim_role"), mde))
        for effect, facts in zip(effects, rows, strict=True):
            claim = self._claim(effect, facts)
            tone = "good" if effect.improved else "bad" if effect.worsened else "warn"
            if self.valid:
                self.ops.finding(
                    claim, facts["diff"], facts["lift"], grade="A", tone=tone, section="primary"
                )
            parts.insert(0, Paragraph(claim, tone))
            parts += self._adjustments(effect)
        return self.ops.show(*parts)

    def record(self, effect: Effect) -> dict[str, Fact]:
        """The facts of one effect."""
        ops, metric, plain = self.ops, effect.metric, effect.plain
        unit = diff_unit(metric)
        same = {"metric": metric.id, "variant": effect.variant}
        facts = {}
        for variant, value in (
            (self.plan.control, plain.control),
            (effect.variant, plain.treatment),
        ):
            facts[variant] = ops.fact(
                "ab.value",
                value.value,
                metric.unit,
                metric=metric.id,
                variant=variant,
                low=value.low,
                high=value.high,
                n=value.n,
            )
        for suffix, comparison in (("", plain), (".cuped", effect.adjusted)):
            if comparison is None:
                continue
            diff, lift = comparison.diff, comparison.lift
            facts["diff"] = ops.fact(
                f"ab.diff{suffix}", diff.value, unit, low=diff.low, high=diff.high,
                p_value=diff.p_value, n=diff.n, method=diff.method, **same,
            )  # fmt: skip
            facts["lift"] = ops.fact(
                f"ab.lift{suffix}", lift.value if lift else None, "relative",
                low=lift.low if lift else None, high=lift.high if lift else None,
                p_value=diff.p_value, n=diff.n, method=lift.method if lift else None, **same,
            )  # fmt: skip
        facts["mde"] = ops.fact(
            "ab.mde", effect.detectable.relative, "relative", n=effect.diff.n, **same
        )
        return facts

    def _claim(self, effect: Effect, facts: dict[str, Fact]) -> Text:
        """The interval first; "no effect" is never said."""
        if effect.lift is None:
            state = "improved" if effect.improved else "worsened" if effect.worsened else "open"
            return Text.of(
                f"ab.claim.absolute_{state}",
                metric=effect.metric.label,
                variant=effect.variant,
                diff=facts["diff"],
            )
        args = {
            "metric": effect.metric.label,
            "variant": effect.variant,
            "lift": facts["lift"],
            "diff": facts["diff"],
        }
        if effect.improved:
            return Text.of("ab.claim.improved", **args)
        if effect.worsened:
            return Text.of("ab.claim.worsened", **args)
        wanted = effect.lift.high if effect.metric.direction == "up" else -effect.lift.low
        key = "ab.claim.open" if wanted > 0 else "ab.claim.open_worse"
        return Text.of(key, **args, ruled_out=abs(wanted))

    def _table(self, effects: list[Effect]) -> Table:
        """One row an effect, values in the metric's own unit."""
        unit = effects[0].metric.unit
        value = {"share": "percent", "money": "exact_money", "count": "integer"}.get(unit, "number")
        change = {"share": "points", "money": "signed_money"}.get(unit, "signed_number")
        rows = []
        for effect in effects:
            diff, lift = effect.diff, effect.lift
            rows.append(
                {
                    "metric": effect.metric.label,
                    "variant": effect.variant,
                    "control": effect.plain.control.value,
                    "treatment": effect.plain.treatment.value,
                    "diff": diff.value,
                    "interval": diff,
                    "lift": lift.value if lift else None,
                    "lift_interval": lift,
                    "p": diff.p_value,
                }
            )
        columns = [
            Column("metric", Text("ab.column.metric"), "said"),
            Column("control", self.plan.control, value),
            Column("treatment", Text("ab.column.treatment"), value),
            Column("diff", Text("ab.column.diff"), change),
            Column("interval", Text("ab.column.interval"), f"{change}.interval"),
            Column("lift", Text("ab.column.lift"), "signed_percent"),
            Column("lift_interval", Text("ab.column.lift_interval"), "signed_percent.interval"),
            Column("p", Text("ab.column.p"), "p_value"),
        ]
        if len(effects) > 1:
            columns.insert(1, Column("variant", Text("ab.column.variant")))
        return Table(columns, rows)

    def _forest(
        self, effects: list[Effect], role: Said, mde: float | None = None, by_variant: bool = True
    ) -> Part:
        rows = [
            charts.Effect(
                e.variant if by_variant else e.metric.label, e.lift.value, e.lift.low, e.lift.high
            )
            for e in effects
            if e.lift is not None
        ]
        return charts.forest(
            rows,
            claim=Text.of("ab.chart.forest", role=role, metric=effects[0].metric.label),
            alt=Text.of("ab.chart.forest_alt", rows=len(rows)),
            source=self.source,
            format="signed_percent",
            mde=(mde, Text("ab.chart.mde")) if mde else None,
        )

    @property
    def source(self) -> Text:
        plan = self.plan
        users = sum(self.assigned.counts.values())
        if plan.start is None or plan.end is None:
            return Text.of("ab.chart.source_undated", users=users)
        return Text.of("ab.chart.source", users=users, start=plan.start, end=plan.end)

    def _adjustments(self, effect: Effect) -> list[Part]:
        """What was done to the values before comparing, in words."""
        notes: list[Part] = []
        if effect.adjustment is not None:
            done = effect.adjustment
            key = "ab.note.cuped" if done.applied else f"ab.note.cuped_{done.reason}"
            notes.append(
                Note(
                    Text.of(
                        key,
                        days=self.plan.covariate_days,
                        correlation=done.correlation,
                        reduction=done.reduction,
                    )
                )
            )
        if effect.cap is not None:
            quantile = effect.metric.cap
            notes.append(
                Note(
                    Text.of(
                        "ab.note.capped", cap=effect.cap, quantile=quantile, share=effect.capped
                    )
                )
            )
        return notes

    def guardrails(self) -> Shown:
        """Each guardrail against its margin: pass, fail, or not proven."""
        ops, rows = self.ops, []
        self.guardrail_results = []
        for planned in self.plan.guardrails:
            lacking = self.absent(planned.metric)
            if lacking:
                rows.append(self._guardrail_absent(planned.metric, lacking))
                continue
            for effect in self.effects(planned.metric):
                rows.append(self._guardrail_row(effect, planned.margin))
        if not rows:
            return ops.show(Absent(Text("ab.guardrail.none")))
        table = Table(
            [
                Column("metric", Text("ab.column.metric"), "said"),
                Column("status", Text("ab.column.status"), "said"),
                Column("change", Text("ab.column.change"), "signed_percent"),
                Column("interval", Text("ab.column.lift_interval"), "signed_percent.interval"),
                Column("margin", Text("ab.column.margin"), "round_percent"),
            ],
            rows,
            note=Text("ab.guardrail.note"),
        )
        effects = [effect for effect, _ in self.guardrail_results if effect.lift]
        chart = [self._forest(effects, Text("ab.guardrail.role"), None, False)] if effects else []
        return ops.show(table, *chart)

    def _guardrail_absent(self, metric: str, lacking: str) -> dict[str, Any]:
        message = Text.of("ab.guardrail.absent", metric=self.ops.label(metric), lacking=lacking)
        self.ops.check(f"guardrail.{metric}", "warn", message)
        return {
            "metric": self.ops.label(metric),
            "status": Text("ab.guardrail.unknown"),
            "change": None,
            "interval": None,
            "margin": None,
        }

    def _guardrail_row(self, effect: Effect, margin: float) -> dict[str, Any]:
        result = guard(effect, margin, self.plan.alpha)
        self.guardrail_results.append((effect, result))
        lift, same = effect.lift, {"metric": effect.metric.id, "variant": effect.variant}
        self.record(effect)
        fact = self.ops.fact(
            "ab.guardrail", result.status, "text", low=lift.low if lift else None,
            high=lift.high if lift else None, p_value=result.p_value, n=effect.diff.n,
            method="non_inferiority", **same,
        )  # fmt: skip
        word = Text(f"ab.guardrail.{result.status}")
        if self.valid and result.status != "pass":
            self.ops.finding(
                Text.of(
                    f"ab.guardrail.finding_{result.status}",
                    metric=effect.metric.label,
                    variant=effect.variant,
                    lift=self.ops.facts.get(f"ab.lift.cuped/{effect.metric.id}/{effect.variant}")
                    or self.ops.facts[f"ab.lift/{effect.metric.id}/{effect.variant}"],
                    margin=margin,
                ),
                fact,
                grade="A",
                tone=GUARD_TONE[result.status],
                section="guardrails",
            )
        return {
            "metric": effect.metric.label,
            "status": Toned(None, GUARD_TONE[result.status], word),
            "change": lift.value if lift else None,
            "interval": lift,
            "margin": margin,
        }

    def secondary(self) -> Shown:
        """Secondary metrics, exploratory, with Benjamini and Hochberg's adjustment."""
        planned = [s.metric for s in self.plan.secondary if not self.absent(s.metric)]
        effects = [effect for metric in planned for effect in self.effects(metric)]
        if not effects:
            return self.ops.show(Absent(Text("ab.secondary.none")))
        adjusted = benjamini_hochberg([effect.diff.p_value for effect in effects])
        for effect in effects:
            self.record(effect)
        rows = [
            {
                "metric": effect.metric.label,
                "variant": effect.variant,
                "lift": effect.lift.value if effect.lift else None,
                "interval": effect.lift,
                "p": effect.diff.p_value,
                "adjusted": p_value,
            }
            for effect, p_value in zip(effects, adjusted, strict=True)
        ]
        columns = [
            Column("metric", Text("ab.column.metric"), "said"),
            Column("lift", Text("ab.column.lift"), "signed_percent"),
            Column("interval", Text("ab.column.lift_interval"), "signed_percent.interval"),
            Column("p", Text("ab.column.p"), "p_value"),
            Column("adjusted", Text("ab.column.p_adjusted"), "p_value"),
        ]
        if len(self.treatments) > 1:
            columns.insert(1, Column("variant", Text("ab.column.variant")))
        return self.ops.show(Table(columns, rows, note=Text("ab.secondary.note")))

    def cumulative(self) -> Shown:
        """The effect as users came in, day of assignment by day."""
        metric = self.plan.primary.metric
        if not self.assigned.timed:
            return self.ops.show(Absent(Text("ab.cumulative.absent")))
        parts = self._aggregates(metric, "assigned_date")
        drawn: list[Part] = []
        for variant in self.treatments:
            points = self._running(parts, variant)
            if not points:
                continue
            drawn.append(
                charts.cumulative_effect(
                    points,
                    claim=Text.of("ab.chart.cumulative", metric=self.ops.label(metric)),
                    alt=Text.of("ab.chart.cumulative_alt", days=len(points)),
                    source=self.source,
                    format="signed_percent",
                )
            )
        return self.ops.show(*drawn, Note(Text("ab.cumulative.note")))

    def _running(self, parts: list[ArmAggregates], variant: str) -> list[charts.SeriesPoint]:
        days = sorted({part.group for part in parts if part.group})
        points = []
        for day in days:
            so_far = {
                arm: [
                    p for p in parts if p.variant == arm and p.group and p.group <= day and p.n > 1
                ]
                for arm in (self.plan.control, variant)
            }
            if not all(so_far.values()):
                continue
            control, treatment = (merge_arms(found) for found in so_far.values())
            if arm_moments(control).var == 0 or arm_moments(treatment).var == 0:
                continue
            lift = self._compare(self.plan.primary.metric, control, treatment).lift
            if lift is not None:
                points.append(
                    charts.SeriesPoint(dt.date.fromisoformat(day), lift.value, lift.low, lift.high)
                )
        return points

    def segments(self) -> Shown:
        """The effect within registered attributes, and whether it differs between them."""
        from opsnb.analyses.segments import segment_parts

        return self.ops.show(*segment_parts(self))

    def impact(self) -> Shown:
        """What a year would bring, as a range, with its assumptions."""
        plan, ops = self.plan, self.ops
        if not plan.annual_users:
            return ops.show(Absent(Text("ab.impact.absent")))
        if not self.valid:
            return ops.show(Absent(Text("ab.impact.invalid")))
        effect = self.effects(plan.primary.metric)[0]
        per_user, unit = self._impact_unit(effect)
        fact = ops.fact(
            "ab.impact", per_user.value * plan.annual_users, unit,
            low=per_user.low * plan.annual_users, high=per_user.high * plan.annual_users,
            metric=effect.metric.id, variant=effect.variant, method="annualised",
        )  # fmt: skip
        key = "ab.impact.money" if unit == "money" else "ab.impact.count"
        return ops.show(
            Paragraph(Text.of(key, impact=fact, metric=effect.metric.label)),
            Note(Text.of("ab.impact.assumptions", users=plan.annual_users)),
        )

    def _impact_unit(self, effect: Effect) -> tuple[Any, Any]:
        return effect.diff, "money" if effect.metric.unit == "money" else "count"

    def details(self) -> Shown:
        """Method, arms, and the definition of each metric read."""
        rows = [
            {"metric": metric.label, "definition": metric.definition, "kind": metric.kind}
            for metric in (self.ops.catalogue[name] for name in self._effects)
        ]
        table = Table(
            [
                Column("metric", Text("ab.column.metric"), "said"),
                Column("definition", Text("ab.column.definition"), "said"),
                Column("kind", Text("ab.column.kind")),
            ],
            rows,
        )
        return self.ops.show(
            Fold(Text("ab.details.title"), [Note(Text("ab.details.method")), table])
        )

    # -- the first screen ----------------------------------------------------------------

    def summary(self) -> Shown:
        """Verdict by the registered rule, cards, what to decide, findings, next steps."""
        ops = self.ops
        ruling = rule(self)
        verdict = ruling.verdict(self)
        ops.fact("ab.verdict", ruling.word, "text")
        ops.decide(
            Text.of(f"ab.decision.{ruling.word}", name=self.plan.name),
            self.plan.owner or None,
            recommendation=Text(f"ab.recommend.{ruling.reason}"),
            due=ops.workspace.as_of + dt.timedelta(days=7),
        )
        ops.act(
            Text(f"ab.action.{ruling.reason}"),
            self.plan.owner or None,
            due=ops.workspace.as_of + dt.timedelta(days=14),
            source=ops.period.key,
        )
        return ops.first_screen(verdict, experiment_cards(self))
