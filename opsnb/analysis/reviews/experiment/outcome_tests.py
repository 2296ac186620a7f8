"""Tests of outcomes: alike before exposure, recorded alike in all arms, effects not implausible."""

from __future__ import annotations

from collections.abc import Sequence

from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.compare import difference
from opsnb.analysis.methods.estimate import Estimate
from opsnb.analysis.methods.moments import Moments
from opsnb.analysis.methods.srm import FAIL, WARN, same_share
from opsnb.analysis.metrics import ArmAggregates, DailyCounts
from opsnb.analysis.reviews.experiment.effects import Effect, diff_unit
from opsnb.analysis.reviews.experiment.experiment_data import ExperimentData
from opsnb.analysis.reviews.experiment.trust_tests import TrustTests, one_check
from opsnb.base.errors import MethodError, MetricError
from opsnb.base.messages import Text
from opsnb.base.seam import Passed

IMBALANCE = 0.001
"""p-value of a difference before exposure below which the arms were not alike."""

NULL_SHARE = 0.05
"""Share of rows without a value above which the check warns."""

IMPLAUSIBLE = 0.3
"""Lift beyond which a result is more likely a mistake than a success (Twyman's law)."""


def outcome_tests(data: ExperimentData) -> TrustTests:
    """Outcomes before exposure, and those that are missing, by arm."""
    return (
        _before_exposure(data)
        + _denominator(data)
        + _missing(data)
        + _early_outcomes(data)
        + _nulls(data)
    )


def plausibility(effects: Sequence[Effect]) -> TrustTests:
    """A lift too good (or bad) to be true is to be explained before it is believed."""
    found = TrustTests()
    for effect in effects:
        if effect.lift is None:
            found += _without_lift(effect)
        elif abs(effect.lift.value) > IMPLAUSIBLE and effect.diff.significant:
            text = Text.of(
                "ab.trust.implausible", variant=effect.variant, lift=effect.lift.value,
                metric=effect.metric.label, limit=IMPLAUSIBLE,
            )  # fmt: skip
            found += one_check(f"plausible.{effect.variant}", "warn", text)
    if found.checks:
        return found
    return one_check("plausible", "pass", Text.of("ab.trust.plausible", limit=IMPLAUSIBLE))


def _without_lift(effect: Effect) -> TrustTests:
    """With a control near zero no lift can be held against a limit: said, never passed.

    An arm in which nothing happens beside one in which something does is seldom true: more often
    the arms are not recorded alike.
    """
    plain, values = effect.plain, (effect.plain.control.value, effect.plain.treatment.value)
    args = {"metric": effect.metric.label, "variant": effect.variant}
    if values[0] == 0 and effect.diff.significant:
        arms = {"users": plain.control.n, "diff": Text.of("common.change", fact=_gap(effect))}
        text = Text("ab.trust.implausible_zero", args | arms)
        return one_check(f"plausible.{effect.variant}", "warn", text)
    key = "nothing" if values == (0, 0) else "untested"
    return one_check("plausible", "warn", Text(f"ab.trust.plausible_{key}", args))


def _gap(effect: Effect) -> Fact:
    return Fact("ab.diff", effect.diff.value, diff_unit(effect.metric))


def _before_exposure(data: ExperimentData) -> TrustTests:
    """The primary metric in the days before exposure must not differ between the arms."""
    plan, window, found = data.plan, data.covariate_window, TrustTests()
    if data.absent(plan.primary.metric) or (window and not window.before_exposure):
        return found
    try:
        arms = data.arms(plan.primary.metric)
    except (MethodError, MetricError):  # nobody's days are over, or too few values
        return found
    control = arms[plan.control]
    if "px" not in control.mean:
        return found
    for variant in data.treatments:
        arm = arms[variant]
        if control.cov["px", "px"] + arm.cov["px", "px"] == 0:
            continue
        gap = difference(_before(control), _before(arm), alpha=plan.alpha).diff
        fact = Fact(
            "ab.pre_period", gap.value, low=gap.low, high=gap.high, p_value=gap.p_value,
            variant=variant, metric=plan.primary.metric,
        )  # fmt: skip
        bad = gap.p_value is not None and gap.p_value < IMBALANCE
        text = Text.of(
            "ab.trust.imbalanced" if bad else "ab.trust.balanced",
            what=_what_was_before(data), variant=variant, p=Text.of("common.p", p=gap.p_value),
        )  # fmt: skip
        found += one_check(f"pre_period.{variant}", "block" if bad else "pass", text, fact)
    return found


def _what_was_before(data: ExperimentData) -> Text:
    """The covariate, for people: the metric's own past, or a column of the assignments."""
    plan = data.plan
    if data.covariate:
        return Text.of("ab.covariate.column", column=data.covariate)
    label = data.ops.label(plan.primary.metric)
    return Text.of("ab.covariate.past", metric=label, days=plan.covariate_days)


def _before(arm: ArmAggregates) -> Moments:
    return Moments(arm.n, arm.mean["px"], arm.cov["px", "px"])


def _denominator(data: ExperimentData) -> TrustTests:
    """A ratio also moves when its denominator does: both parts, each on its own."""
    plan, found = data.plan, TrustTests()
    metric = plan.primary.metric
    if not data.ops.catalogue[metric].kind.is_ratio or isinstance(data.panel, DailyCounts):
        return found
    arms = data.arms(metric)
    level = WARN / len(data.treatments)  # several arms are several chances of a false alarm
    for variant in data.treatments:
        parts = [_part(arms[plan.control], arms[variant], letter, level) for letter in "xy"]
        facts = [
            Fact(
                f"ab.{name}", lift.value, "relative", low=lift.low, high=lift.high,
                p_value=lift.p_value, n=lift.n, metric=metric, variant=variant,
                method=lift.method,
            )
            for name, lift in zip(("numerator", "denominator"), parts, strict=True)
            if lift is not None
        ]  # fmt: skip
        if len(facts) < 2:
            continue
        moved = facts[1].p_value is not None and facts[1].p_value < level
        text = Text.of(
            "ab.trust.denominator_moved" if moved else "ab.trust.denominator_held",
            metric=data.ops.label(metric), variant=variant, unit=data.unit_word,
            numerator=facts[0], denominator=facts[1],
            p=Text.of("common.p", p=facts[1].p_value), level=1 - level,
        )  # fmt: skip
        status: Passed = "warn" if moved else "pass"
        found += one_check(f"denominator.{variant}", status, text, *facts)
    return found


def _part(control: ArmAggregates, arm: ArmAggregates, letter: str, alpha: float) -> Estimate | None:
    """The relative change of one part of a ratio a unit; None where it cannot be estimated."""
    pair = [Moments(a.n, a.mean[letter], a.cov[letter, letter]) for a in (control, arm)]
    if pair[0].var + pair[1].var == 0:
        return None
    return difference(*pair, alpha=alpha).lift


def _missing(data: ExperimentData) -> TrustTests:
    """Ready-made outcomes: users without a row, and whether the arms lost them alike."""
    plan, metric = data.plan, data.plan.primary.metric
    seen = data.panel.seen(metric)
    if not seen or data.ops.catalogue[metric].table != "outcomes":
        return TrustTests()
    seen = {arm: seen[arm] for arm in plan.split if arm in seen}
    users, lost = (sum(getattr(s, name) for s in seen.values()) for name in ("users", "without"))
    p_value = same_share({arm: (s.without, s.users) for arm, s in seen.items()})
    fact = Fact(
        "ab.missing_outcomes", lost / users, "share", n=users, p_value=p_value, method="chi_square"
    )
    by_arm = [
        Fact("ab.missing_outcomes", s.without / s.users, "share", n=s.users, variant=arm)
        for arm, s in seen.items()
    ]
    state = "unlike" if p_value < FAIL else "doubtful" if p_value < WARN else "alike"
    statuses: dict[str, Passed] = {
        "unlike": "block", "doubtful": "warn", "alike": "warn" if lost else "pass"
    }  # fmt: skip
    text = Text.of(f"ab.trust.missing_{state}", users=lost, share=fact, p=p_value)
    if not lost:
        text = Text("ab.trust.missing_none")
    return one_check("missing_outcomes", statuses[state], text, fact) + TrustTests(tuple(by_arm))


def _early_outcomes(data: ExperimentData) -> TrustTests:
    """Ready-made outcomes dated before exposure do not count; how many users have them."""
    seen = data.panel.seen(data.plan.primary.metric)
    users, early = (sum(getattr(s, name) for s in seen.values()) for name in ("users", "early"))
    if not early:
        return TrustTests()
    fact = Fact("ab.early_outcomes", early / users, "share", n=users)
    text = Text.of("ab.trust.early_outcomes", users=early, share=fact)
    return one_check("early_outcomes", "warn", text, fact)


def _nulls(data: ExperimentData) -> TrustTests:
    """Rows whose value is NULL count as zero: for each metric, how many, and alike by arm."""
    plan, found = data.plan, TrustTests()
    for metric in data.panel.metrics:
        everyone = data.panel.seen(metric)
        seen = {arm: everyone[arm] for arm in plan.split if arm in everyone}
        rows, nulls = (sum(getattr(s, n) for s in seen.values()) for n in ("rows", "nulls"))
        if not nulls:
            continue
        by_arm = {arm: (s.nulls, s.rows) for arm, s in seen.items() if s.rows}
        p_value = same_share(by_arm) if len(by_arm) > 1 else 1.0
        fact = Fact(
            "ab.null_share", nulls / rows, "share", metric=metric, n=rows, p_value=p_value,
            method="chi_square",
        )  # fmt: skip
        bad = p_value < FAIL and metric == plan.primary.metric
        many = p_value < WARN or fact.value > NULL_SHARE
        status: Passed = "block" if bad else "warn" if many else "pass"
        key = "ab.trust.nulls_unlike" if p_value < WARN else "ab.trust.nulls"
        text = Text.of(key, metric=data.ops.label(metric), share=fact, rows=nulls, p=p_value)
        found += one_check(f"nulls.{metric}", status, text, fact)
    return found
