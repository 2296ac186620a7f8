"""Checks of the effect: the holdout, the fit before, placebos, priors, controls, days after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from opsnb.analysis.findings import Check, Fact
from opsnb.analysis.methods.srm import sample_ratio
from opsnb.analysis.reviews.campaign.wording import count, each, spans
from opsnb.base.messages import Text
from opsnb.base.periods import Every

if TYPE_CHECKING:
    from opsnb.analysis.findings.records import Unit
    from opsnb.analysis.methods.estimate import Estimate
    from opsnb.analysis.reviews.campaign.increment import Increment, Lacking
    from opsnb.base.plans import CampaignPlan

LEAST_FIT = 0.5
"""Share of the variation before the campaign that a model should explain."""

LENGTH: dict[Every, int] = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
"""Days of a step, about."""

FEW_CLUSTERS = 20
"""Regions below which clustered errors are rough."""

SPLIT: dict[str, Literal["pass", "warn", "block"]] = {
    "pass": "pass",
    "warn": "warn",
    "fail": "block",
}
"""What a split of users is to the comparison, by how its test came out."""


def effect_checks(
    plan: CampaignPlan, found: Increment, unit: Unit, repurchase_days: float | None
) -> tuple[Check, ...]:
    """Every check that the evidence allows; none where nothing causal can be said.

    Parameters
    ----------
    unit : str
        Of the plan's metric.
    repurchase_days : float or None
        Days from one purchase to the customer's next, the median.
    """
    if found.method == "none":
        return ()
    checks: list[Check] = _judged(found)
    if found.srm_counts:
        checks += _holdout(plan, found, unit)
    if found.method in {"series", "geo", "did"}:
        checks += [_pre_length(found), _fit(found)]
        checks += _placebos(plan, found, unit)
    checks += _regions(plan, found, unit)
    checks += _series(plan, found, unit)
    checks.append(_post_period(found, repurchase_days))
    return tuple(checks)


def _holdout(plan: CampaignPlan, found: Increment, unit: Unit) -> list[Check]:
    """The users held out against the share that the plan names, and whether they were reached."""
    assert plan.holdout is not None and found.srm_counts is not None
    checks = [_split(plan.holdout.split, found.srm_counts)]
    if found.scrutiny.balance is not None:
        before = _fact("campaign.balance", found.scrutiny.balance, plan, unit)
        state = "unbalanced" if found.scrutiny.balance.significant else "balanced"
        message = Text.of(f"campaign.effect.{state}", before=before, days=found.scrutiny.pre_days)
        checks.append(_check("balance", state == "balanced", message, before))
    reached = Fact("campaign.contaminated", found.contaminated, "count", n=found.holdout_users)
    state = "clean" if found.contaminated == 0 else "reached"
    message = Text.of(f"campaign.effect.holdout_{state}", users=reached, held=found.holdout_users)
    return [*checks, _check("contamination", state == "clean", message, reached)]


def _split(planned: dict[str, float] | None, counted: dict[str, int]) -> Check:
    """Users by arm against the shares of the plan."""
    if planned is None:
        return Check("holdout", "warn", Text("campaign.effect.no_split"))
    result = sample_ratio({arm: counted.get(arm, 0) for arm in planned}, planned)
    fact = Fact("campaign.srm", result.p_value, "p_value", p_value=result.p_value)
    key = "campaign.effect.srm_pass" if result.status == "pass" else "campaign.effect.srm_fail"
    return Check("holdout", SPLIT[result.status], Text.of(key, p=fact), (fact,))


def _judged(found: Increment) -> list[Check]:
    """What the effect is not of, for want of records: steps of the campaign, or before it."""
    one = found.judged
    checks = []
    if one.every != "day":
        key = "campaign.effect.judged_cut" if one.cut else "campaign.effect.judged_steps"
        steps = Text.of(key, each=each(one.every), days=spans(one.cut))
        checks = [Check("judged.steps", "pass", steps)]
    if not one.lacking:
        return checks
    named = [_lack(lacking, one.every) for lacking in one.lacking]
    unit, of = Text(f"step.unit.{one.every}"), count(one.of, one.every)
    judged = [Text.of("campaign.effect.judged_window", n=one.window, of=of, unit=unit)]
    if one.after < one.after_of:
        of = count(one.after_of, one.every)
        judged.append(Text.of("campaign.effect.judged_after", n=one.after, of=of, unit=unit))
    state = "part" if one.is_part else "whole"
    message = Text.of(
        f"campaign.effect.judged_{state}", judged=judged, lacking=named, each=each(one.every)
    )
    return [_check("judged", not one.is_part, message), *checks]


def _lack(lacking: Lacking, every: Every) -> Text:
    """What is not on record of the metric, a control or a region."""
    before = count(lacking.before, every)
    if not lacking.periods:
        return Text.of("campaign.effect.lacks_before", what=lacking.what, before=before)
    key = "campaign.effect.lacks_both" if lacking.before else "campaign.effect.lacks"
    return Text.of(key, what=lacking.what, days=spans(lacking.periods), before=before)


def _pre_length(found: Increment) -> Check:
    days, needed = found.scrutiny.pre_days, found.scrutiny.pre_needed
    state, every = "long" if days >= needed else "short", found.judged.every
    message = Text.of(
        f"campaign.effect.pre_{state}", days=count(days, every), needed=count(needed, every)
    )
    return _check("pre_period", state == "long", message)


def _fit(found: Increment) -> Check:
    scrutiny = found.scrutiny
    fit = Fact("campaign.fit", scrutiny.r2, "share", n=scrutiny.pre_days)
    good = scrutiny.r2 is not None and scrutiny.r2 >= LEAST_FIT
    days = count(scrutiny.pre_days, found.judged.every)
    return _check("fit", good, Text.of("campaign.effect.fit", r2=fit, days=days), fit)


def _placebos(plan: CampaignPlan, found: Increment, unit: Unit) -> list[Check]:
    checks, placebos = [], found.scrutiny.placebos
    facts = [
        _fact("campaign.placebo", placebo, plan, unit, segment=str(number))
        for number, placebo in enumerate(placebos, 1)
    ]
    if placebos:
        alarms = sum(placebo.significant for placebo in placebos)
        message = Text.of(
            "campaign.effect.placebo", windows=len(placebos), alarms=alarms,
            expected=sum(placebo.alpha for placebo in placebos),
        )  # fmt: skip
        checks.append(_check("placebo", not alarms, message, *facts))
    if found.scrutiny.space is not None:
        share, regions = found.scrutiny.space
        fact = Fact("campaign.placebo_space", share, "p_value", p_value=share, n=regions)
        message = Text.of("campaign.effect.placebo_space", p=fact, regions=regions)
        checks.append(_check("placebo_space", share <= 0.1, message, fact))
    return checks


def _regions(plan: CampaignPlan, found: Increment, unit: Unit) -> list[Check]:
    scrutiny, checks = found.scrutiny, []
    if scrutiny.misfit is not None:
        fact = Fact("campaign.scaled_l2", scrutiny.misfit, "number")
        message = Text.of("campaign.effect.misfit", misfit=fact, p=found.p_value)
        checks.append(_check("synthetic", scrutiny.misfit <= 0.8, message, fact))
    if scrutiny.pre_trend is not None:
        parallel = not scrutiny.pre_trend.significant
        trend = _fact("campaign.pre_trend", scrutiny.pre_trend, plan, unit)
        message = Text.of(
            f"campaign.effect.{'parallel' if parallel else 'not_parallel'}",
            trend=trend,
            each=each(found.judged.every),
        )
        checks.append(_check("pre_trend", parallel, message, trend))
    if scrutiny.clusters is not None and scrutiny.clusters < FEW_CLUSTERS:
        message = Text.of("campaign.effect.few_regions", regions=scrutiny.clusters)
        checks.append(Check("clusters", "warn", message))
    if scrutiny.incomplete:
        message = Text.of("campaign.effect.incomplete", regions=list(scrutiny.incomplete))
        checks.append(Check("regions", "warn", message))
    return checks


def _series(plan: CampaignPlan, found: Increment, unit: Unit) -> list[Check]:
    """Sensitivity to the prior, controls that the campaign touched, days nobody could learn."""
    scrutiny, checks = found.scrutiny, []
    if scrutiny.sensitivity:
        facts = [
            _fact("campaign.sensitivity", estimate, plan, unit, segment=f"{sd:g}")
            for sd, estimate in scrutiny.sensitivity.items()
        ]
        state = stability(list(scrutiny.sensitivity.values()))
        rows = [
            Text.of("campaign.effect.prior", sd=f"{sd:g}", effect=fact)
            for sd, fact in zip(scrutiny.sensitivity, facts, strict=True)
        ]
        message = Text.of(f"campaign.effect.prior_{state}", rows=rows)
        checks.append(_check("sensitivity", state == "stable", message, *facts))
    for name, estimate in scrutiny.touched.items():
        fact = Fact(
            "campaign.control_effect", estimate.value, "relative", low=estimate.low,
            high=estimate.high, p_value=estimate.p_value, segment=name,
        )  # fmt: skip
        state = "touched" if estimate.significant else "untouched"
        message = Text.of(f"campaign.effect.control_{state}", control=name, effect=fact)
        checks.append(_check(f"control.{name}", state == "untouched", message, fact))
    if scrutiny.unseen:
        kinds = [Text(f"special.{kind}") for kind in scrutiny.unseen]
        message = Text.of("campaign.effect.unseen", kinds=kinds)
        checks.append(Check("special_days", "warn", message))
    return checks


def stability(estimates: list[Estimate]) -> str:
    """How the conclusion fares: its sign "flips", whether it is shown is "open", or "stable"."""
    if len({estimate.value > 0 for estimate in estimates}) > 1:
        return "flips"
    return "stable" if len({estimate.significant for estimate in estimates}) == 1 else "open"


def _post_period(found: Increment, cycle: float | None) -> Check:
    """The days after against those planned; as long as the campaign, or one repurchase cycle."""
    one = found.judged
    planned, days = one.planned_after, one.after_of
    said = {"days": count(days, one.every), "planned": count(planned, one.every)}
    if days < planned:
        return Check("post_period", "warn", Text.of("campaign.effect.short_post", **said))
    if days < one.of and not (cycle and days * LENGTH[one.every] >= cycle):
        key = "no_post" if cycle is None else "no_post_cycle"
        window = count(one.of, one.every)
        message = Text.of(f"campaign.effect.{key}", window=window, cycle=cycle, **said)
        return Check("post_period", "warn", message)
    return Check("post_period", "pass", Text.of("campaign.effect.full_post", **said))


def _check(id: str, passed: bool, message: Text, *evidence: Fact) -> Check:
    return Check(id, "pass" if passed else "warn", message, evidence)


def _fact(
    id: str, estimate: Estimate, plan: CampaignPlan, unit: Unit, segment: str | None = None
) -> Fact:
    return Fact(
        id, estimate.value, unit, low=estimate.low, high=estimate.high,
        p_value=estimate.p_value, segment=segment, metric=plan.metric,
    )  # fmt: skip
