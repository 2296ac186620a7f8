"""The part of the trust gate that looks at outcomes: before exposure, missing, implausible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.compare import difference
from opsnb.analysis.methods.moments import Moments
from opsnb.analysis.methods.srm import FAIL, WARN, same_share
from opsnb.analysis.metrics import ArmAggregates
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.experiment.evidence import Evidence

IMBALANCE = 0.001
"""p-value of a difference before exposure below which the arms were not alike."""

NULL_SHARE = 0.05
"""Share of rows without a value above which the check warns."""

IMPLAUSIBLE = 0.3
"""Lift beyond which a result is more likely a mistake than a success (Twyman's law)."""


def outcome_checks(experiment: Evidence) -> None:
    """Checks of outcomes before exposure, their absence, and the size of the effect."""
    _before_exposure(experiment)
    _missing(experiment)
    _early_outcomes(experiment)
    _nulls(experiment)
    _twyman(experiment)


def _before_exposure(experiment: Evidence) -> None:
    """The primary metric in the days before exposure must not differ between the arms."""
    ops, plan = experiment.ops, experiment.plan
    window = experiment.covariate_window
    if experiment.absent(plan.primary.metric) or (window and not window.before_exposure):
        return
    arms = experiment.arms(plan.primary.metric)
    control = arms[plan.control]
    if "px" not in control.mean:
        return
    for variant in experiment.treatments:
        arm = arms[variant]
        if control.cov["px", "px"] + arm.cov["px", "px"] == 0:
            continue
        gap = difference(_before(control), _before(arm), alpha=plan.alpha).diff
        fact = ops.fact(
            "ab.pre_period",
            gap.value,
            low=gap.low,
            high=gap.high,
            p_value=gap.p_value,
            variant=variant,
            metric=plan.primary.metric,
        )
        bad = gap.p_value is not None and gap.p_value < IMBALANCE
        ops.check(
            f"pre_period.{variant}",
            "block" if bad else "pass",
            Text.of(
                "ab.trust.imbalanced" if bad else "ab.trust.balanced",
                what=_what_was_before(experiment),
                variant=variant,
                p=Text.of("common.p", p=gap.p_value),
            ),
            fact,
        )


def _what_was_before(experiment: Evidence) -> Text:
    """The covariate, for people: the metric's own past, or a column of the assignments."""
    plan = experiment.plan
    if experiment.covariate:
        return Text.of("ab.covariate.column", column=experiment.covariate)
    label = experiment.ops.label(plan.primary.metric)
    return Text.of("ab.covariate.past", metric=label, days=plan.covariate_days)


def _before(arm: ArmAggregates) -> Moments:
    return Moments(arm.n, arm.mean["px"], arm.cov["px", "px"])


def _missing(experiment: Evidence) -> None:
    """Ready-made outcomes: users without a row, and whether the arms lost them alike."""
    ops, plan = experiment.ops, experiment.plan
    seen = experiment.panel.seen(plan.primary.metric)
    if not seen or ops.catalogue[plan.primary.metric].table != "outcomes":
        return
    seen = {arm: seen[arm] for arm in plan.split if arm in seen}
    users, lost = (sum(getattr(s, name) for s in seen.values()) for name in ("users", "without"))
    p_value = same_share({arm: (s.without, s.users) for arm, s in seen.items()})
    fact = ops.fact(
        "ab.missing_outcomes", lost / users, "share", n=users, p_value=p_value, method="chi_square"
    )
    for arm, found in seen.items():
        share = found.without / found.users
        ops.fact("ab.missing_outcomes", share, "share", n=found.users, variant=arm)
    _attrition(experiment, "missing_outcomes", lost, fact)


def _attrition(experiment: Evidence, id: str, lost: int, fact: Fact) -> None:
    p_value = fact.p_value
    assert p_value is not None
    state = "unlike" if p_value < FAIL else "doubtful" if p_value < WARN else "alike"
    status = {"unlike": "block", "doubtful": "warn", "alike": "warn" if lost else "pass"}[state]
    text = Text.of(f"ab.trust.missing_{state}", users=lost, share=fact, p=p_value)
    if not lost:
        text = Text("ab.trust.missing_none")
    experiment.ops.check(id, status, text, fact)


def _early_outcomes(experiment: Evidence) -> None:
    """Ready-made outcomes dated before exposure do not count; how many users have them."""
    seen = experiment.panel.seen(experiment.plan.primary.metric)
    users, early = (sum(getattr(s, name) for s in seen.values()) for name in ("users", "early"))
    if not early:
        return
    fact = experiment.ops.fact("ab.early_outcomes", early / users, "share", n=users)
    text = Text.of("ab.trust.early_outcomes", users=early, share=fact)
    experiment.ops.check("early_outcomes", "warn", text, fact)


def _nulls(experiment: Evidence) -> None:
    """Rows whose value is NULL count as zero: for each metric, how many, and alike by arm."""
    ops, plan = experiment.ops, experiment.plan
    for metric in experiment.panel.metrics:
        everyone = experiment.panel.seen(metric)
        seen = {arm: everyone[arm] for arm in plan.split if arm in everyone}
        rows, nulls = (sum(getattr(s, n) for s in seen.values()) for n in ("rows", "nulls"))
        if not nulls:
            continue
        p_value = same_share({arm: (s.nulls, s.rows) for arm, s in seen.items() if s.rows})
        fact = ops.fact(
            "ab.null_share", nulls / rows, "share", metric=metric, n=rows, p_value=p_value,
            method="chi_square",
        )  # fmt: skip
        primary = metric == plan.primary.metric
        bad = p_value < FAIL and primary
        status = "block" if bad else "warn" if p_value < WARN or fact.value > NULL_SHARE else "pass"
        key = "ab.trust.nulls_unlike" if p_value < WARN else "ab.trust.nulls"
        text = Text.of(key, metric=ops.label(metric), share=fact, rows=nulls, p=p_value)
        ops.check(f"nulls.{metric}", status, text, fact)


def _twyman(experiment: Evidence) -> None:
    """A lift too good (or bad) to be true is to be explained before it is believed."""
    ops, plan = experiment.ops, experiment.plan
    blocked = any(check.status == "block" for check in ops.checks.values())
    if blocked or experiment.absent(plan.primary.metric):
        return
    effects = experiment.effects(plan.primary.metric)
    wild = [e for e in effects if e.lift and abs(e.lift.value) > IMPLAUSIBLE and e.diff.significant]
    if not wild:
        text = Text.of("ab.trust.plausible", limit=IMPLAUSIBLE)
        ops.check("plausible", "pass", text)
    for effect in wild:
        assert effect.lift is not None
        text = Text.of(
            "ab.trust.implausible", variant=effect.variant, lift=effect.lift.value,
            metric=effect.metric.label, limit=IMPLAUSIBLE,
        )  # fmt: skip
        ops.check(f"plausible.{effect.variant}", "warn", text)
