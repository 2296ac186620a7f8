"""The effect over time: as users came in, and by days since exposure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from opsnb.analysis.display import Absent, Note, Part, charts
from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.estimate import Estimate
from opsnb.analysis.methods.novelty import effect_trend
from opsnb.analysis.methods.sequential import confidence_sequence
from opsnb.analysis.metrics import ArmAggregates, DailyCounts
from opsnb.analysis.metrics.days_since_exposure import Since, moments_since
from opsnb.analysis.reviews.experiment.effects import Effect, lifts_since, merge_arms
from opsnb.analysis.reviews.experiment.evidence import Evidence
from opsnb.analysis.reviews.experiment.looks import any_day
from opsnb.analysis.reviews.shared.days_said import said_days
from opsnb.base.errors import MethodError
from opsnb.base.messages import Text

MIN_USERS = 30
"""Users an arm from which the cumulative effect is drawn."""

MIN_DAYS = 7
"""The same where the day is the unit."""


def cumulative_parts(experiment: Evidence) -> list[Part]:
    """A chart an arm: the effect so far, with the band that may be read on any day."""
    metric = experiment.plan.primary.metric
    if not experiment.panel.dated:
        return [Absent(Text("ab.cumulative.absent"))]
    if not experiment.ops.catalogue[metric].kind.has_moments:
        _sequentials(experiment)
        return [Absent(Text("ab.cumulative.quantile"))]
    parts = experiment.aggregates(metric, "assigned_date")
    mde = experiment.plan.primary.mde
    sign = 1 if experiment.ops.catalogue[metric].direction == "up" else -1
    drawn: list[Part] = []
    holes = _holes(experiment)
    for variant in experiment.treatments:
        points = [p for p in _running(experiment, parts, variant) if p.date not in holes]
        if not points:
            continue
        fact = _sequential(experiment, variant)
        crossed = bool(fact and fact.low is not None and fact.high is not None
                       and (fact.low > 0 or fact.high < 0))  # fmt: skip
        drawn.append(
            charts.cumulative_effect(
                points,
                claim=Text.of(
                    f"ab.chart.cumulative_{'crossed' if crossed else 'open'}",
                    metric=experiment.ops.label(metric), variant=variant,
                ),
                alt=Text.of("ab.chart.cumulative_alt", days=len(points)),
                source=experiment.source,
                format="signed_percent",
                reference=(sign * mde, Text("ab.chart.mde")) if mde else None,
                holes=holes,
            )
        )  # fmt: skip
    if not drawn:
        return [Absent(Text("ab.cumulative.few"))]
    notes = [Note(Text("ab.cumulative.note"))]
    if holes:
        notes.append(Note(Text.of("ab.cumulative.holes", spans=said_days(holes))))
    return [*drawn, *notes]


def _holes(experiment: Evidence) -> frozenset[dt.date]:
    """Days of the run that the primary metric's tables, or an arm's totals, do not hold."""
    metric, assigned = experiment.plan.primary.metric, experiment.assigned
    if isinstance(experiment.panel, DailyCounts):
        return frozenset(experiment.panel.left_out(metric))
    if assigned.first is None or assigned.last is None:
        return frozenset()
    records = experiment.on_record.of([metric])
    gaps = (gap for one in records for gap in one.gaps_in(assigned.first, assigned.last))
    return frozenset(day for gap in gaps for day in gap.days)


def _sequentials(experiment: Evidence) -> None:
    for variant in experiment.treatments:
        _sequential(experiment, variant)


def _sequential(experiment: Evidence, variant: str) -> Fact | None:
    """The reading that holds however often one looks, or at the planned look."""
    plan, look, metric = experiment.plan, experiment.look, experiment.plan.primary.metric
    effect = next((e for e in experiment.effects(metric) if e.variant == variant), None)
    if effect is not None and not look.is_sequential:
        level = any_day(look.n, look.planned_n, plan.alpha)
        pair = experiment.pair(metric, variant)
        effect = experiment.compare(metric, *pair, level=level)
    if effect is None or effect.lift is None:
        return None
    method = look.method if look.is_sequential else "confidence_sequence"
    diff, p_value = effect.diff, None
    if method == "confidence_sequence":
        p_value = confidence_sequence(
            diff.value, diff.se, look.n, planned_n=look.planned_n, alpha=plan.alpha
        ).p_value
    return experiment.ops.fact(
        "ab.sequential", effect.lift.value, "relative", low=effect.lift.low,
        high=effect.lift.high, n=effect.lift.n, metric=metric, variant=variant, method=method,
        p_value=p_value,
    )  # fmt: skip


def _running(
    experiment: Evidence, parts: Sequence[ArmAggregates], variant: str
) -> list[charts.SeriesPoint]:
    """The lift after each day of assignment, with the confidence sequence as its band."""
    control, metric = experiment.plan.control, experiment.plan.primary.metric
    points: list[charts.SeriesPoint] = []
    by_days = isinstance(experiment.panel, DailyCounts) and not experiment.panel.independent
    least = MIN_DAYS if by_days else MIN_USERS
    for day in sorted({part.group for part in parts if part.group}):
        so_far = {
            arm: [p for p in parts if p.variant == arm and p.group and p.group <= day]
            for arm in (control, variant)
        }
        if any(sum(part.n for part in found) < least for found in so_far.values()):
            continue
        pair = (merge_arms(so_far[control]), merge_arms(so_far[variant]))
        if experiment.weighted(metric):
            pair = experiment.pair(metric, variant, until=day)
        n = pair[0].n + pair[1].n
        level = any_day(n, max(experiment.look.planned_n, n), experiment.plan.alpha)
        effect = experiment.comparison(metric, pair, level=level)
        # An arm of nothing has no normal band.
        if effect is None or effect.lift is None or 0 in (effect.control.var, effect.treatment.var):
            continue
        lift, date = effect.lift, dt.date.fromisoformat(day)
        points.append(charts.SeriesPoint(date, lift.value, lift.low, lift.high))
    return points


def novelty_parts(experiment: Evidence) -> list[Part]:
    """Effects by days since exposure: does what users do wear off, or build up?"""
    if isinstance(experiment.panel, DailyCounts):
        return [Absent(Text("ab.novelty.absent"))]
    ops, metric = experiment.ops, experiment.ops.catalogue[experiment.plan.primary.metric]
    found = {arm.variant: arm for arm in moments_since(experiment.panel, metric.id)}
    parts: list[Part] = []
    for variant in experiment.treatments:
        effects = _by_age(experiment, found, variant)
        lifts = {age: e.usual.lift for age, e in effects.items() if e.usual.lift is not None}
        if len(lifts) < 2:
            continue
        for age, lift in lifts.items():
            ops.fact(
                "ab.novelty", lift.value, "relative", low=lift.low, high=lift.high, n=lift.n,
                metric=metric.id, variant=variant, segment=f"days_since_exposure={age}",
            )  # fmt: skip
        parts.append(
            charts.forest(
                [charts.Effect(_age(age), x.value, x.low, x.high) for age, x in lifts.items()],
                claim=_trend(experiment, found, lifts, variant),
                alt=Text.of("ab.chart.forest_alt", rows=len(lifts)),
                source=experiment.source,
                format="signed_percent",
            )
        )
    if not parts:
        return [Absent(Text("ab.novelty.absent"))]
    return [*parts, Note(Text("ab.novelty.note"))]


def _trend(
    experiment: Evidence, found: Mapping[str, Since], lifts: dict[str, Estimate], variant: str
) -> Text:
    """Whether the effect fades or grows, as the claim of its chart.

    Of relative effects: what users do falls off after the first day in both arms. The same
    users are seen in all stretches, so their effects go together (`lifts_since`).
    """
    metric = experiment.ops.catalogue[experiment.plan.primary.metric]
    said = {"metric": metric.label, "variant": variant}
    pair = (found[experiment.plan.control], found[variant])
    days = [sum(map(int, age.split("-"))) / 2 for age in lifts]
    try:
        effects, cov = lifts_since(*pair, list(lifts))
        trend = effect_trend(
            days, effects, cov,
            n=max(x.n for x in lifts.values()), alpha=experiment.plan.alpha,
        )  # fmt: skip
    except MethodError:  # two stretches, or so few users that their covariances are singular
        return Text("ab.chart.novelty", said)
    slope = trend.slope
    experiment.ops.fact(
        "ab.novelty_trend", slope.value, "relative", low=slope.low, high=slope.high,
        p_value=slope.p_value, n=slope.n, metric=metric.id, variant=variant,
        method="generalised_least_squares",
    )  # fmt: skip
    return Text(f"ab.chart.novelty_{trend.pattern}", said)


def _by_age(experiment: Evidence, found: Mapping[str, Since], variant: str) -> dict[str, Effect]:
    metric, control = experiment.plan.primary.metric, experiment.plan.control
    ages: dict[str, dict[str, ArmAggregates]] = {}
    for name in (control, variant):
        for arm in found[name].stretches if name in found else []:
            if arm.n >= MIN_USERS:
                ages.setdefault(str(arm.group), {})[name] = arm
    pairs = {
        age: (a[control], a[variant]) for age, a in ages.items() if {control, variant} <= set(a)
    }
    effects = {age: experiment.comparison(metric, pair, pooled=True) for age, pair in pairs.items()}
    return {
        age: effect
        for age, effect in effects.items()
        if effect is not None and effect.control.var + effect.treatment.var > 0
    }


def _age(age: str) -> Text:
    first, last = age.split("-")
    key = "ab.novelty.day" if first == last else "ab.novelty.days"
    return Text.of(key, first=int(first), last=int(last))
