"""Checks of the effect: the holdout, the fit before, placebos, priors, controls, days after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.findings import Check, Fact
from opsnb.analysis.methods.srm import sample_ratio
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.methods.estimate import Estimate
    from opsnb.analysis.reviews.campaign.increment import Increment
    from opsnb.analysis.reviews.campaign.review import Campaign

LEAST_FIT = 0.5
"""Share of the variation before the campaign that a model should explain."""

FEW_CLUSTERS = 20
"""Regions below which clustered errors are rough."""


def effect_checks(campaign: Campaign, found: Increment) -> list[Check]:
    """Every check that the evidence allows."""
    checks: list[Check] = []
    if found.srm_counts:
        checks += _holdout(campaign, found)
    if found.evidence in {"series", "geo", "did"}:
        checks += [_pre_length(campaign, found), _fit(campaign, found)]
        checks += _placebos(campaign, found)
    checks += _regions(campaign, found)
    checks += _series(campaign, found)
    checks += _post_period(campaign, found)
    return checks


def _holdout(campaign: Campaign, found: Increment) -> list[Check]:
    """The users held out against the share that the plan names, and whether they were reached."""
    ops, holdout = campaign.ops, campaign.plan.holdout
    assert holdout is not None and found.srm_counts is not None
    checks = []
    if holdout.split is None:
        checks.append(ops.check("holdout", "warn", Text("campaign.effect.no_split")))
    else:
        counts = {arm: found.srm_counts.get(arm, 0) for arm in holdout.split}
        result = sample_ratio(counts, holdout.split)
        fact = ops.fact("campaign.srm", result.p_value, "p_value", p_value=result.p_value)
        status = {"pass": "pass", "warn": "warn", "fail": "block"}[result.status]
        if status == "block":
            ops.status("invalid", Text.of("campaign.effect.srm_fail", p=fact))
        key = "campaign.effect.srm_pass" if status == "pass" else "campaign.effect.srm_fail"
        checks.append(ops.check("holdout", status, Text.of(key, p=fact), fact))
    if found.scrutiny.balance is not None:
        before = _estimate(campaign, "campaign.balance", found.scrutiny.balance)
        state = "unbalanced" if found.scrutiny.balance.significant else "balanced"
        message = Text.of(f"campaign.effect.{state}", before=before, days=found.scrutiny.pre_days)
        status = "warn" if state == "unbalanced" else "pass"
        checks.append(ops.check("balance", status, message, before))
    reached = ops.fact("campaign.contaminated", found.contaminated, "count", n=found.holdout_users)
    state = "clean" if found.contaminated == 0 else "reached"
    message = Text.of(f"campaign.effect.holdout_{state}", users=reached, held=found.holdout_users)
    checks.append(
        ops.check("contamination", "warn" if found.contaminated else "pass", message, reached)
    )
    return checks


def _pre_length(campaign: Campaign, found: Increment) -> Check:
    days, needed = found.scrutiny.pre_days, found.scrutiny.pre_needed
    enough = days >= needed
    return campaign.ops.check(
        "pre_period",
        "pass" if enough else "warn",
        Text.of(f"campaign.effect.pre_{'long' if enough else 'short'}", days=days, needed=needed),
    )


def _fit(campaign: Campaign, found: Increment) -> Check:
    scrutiny = found.scrutiny
    fit = campaign.ops.fact("campaign.fit", scrutiny.r2, "share", n=scrutiny.pre_days)
    good = scrutiny.r2 is not None and scrutiny.r2 >= LEAST_FIT
    return campaign.ops.check(
        "fit",
        "pass" if good else "warn",
        Text.of("campaign.effect.fit", r2=fit, days=scrutiny.pre_days),
        fit,
    )


def _placebos(campaign: Campaign, found: Increment) -> list[Check]:
    ops, checks, placebos = campaign.ops, [], found.scrutiny.placebos
    facts = [
        _estimate(campaign, "campaign.placebo", placebo, segment=str(number))
        for number, placebo in enumerate(placebos, 1)
    ]
    if placebos:
        alarms = sum(placebo.significant for placebo in placebos)
        message = Text.of(
            "campaign.effect.placebo", windows=len(placebos), alarms=alarms,
            expected=sum(placebo.alpha for placebo in placebos),
        )  # fmt: skip
        checks.append(ops.check("placebo", "warn" if alarms else "pass", message, *facts))
    if found.scrutiny.space is not None:
        share, regions = found.scrutiny.space
        fact = ops.fact("campaign.placebo_space", share, "p_value", p_value=share, n=regions)
        message = Text.of("campaign.effect.placebo_space", p=fact, regions=regions)
        checks.append(ops.check("placebo_space", "pass" if share <= 0.1 else "warn", message, fact))
    return checks


def _regions(campaign: Campaign, found: Increment) -> list[Check]:
    ops, scrutiny, checks = campaign.ops, found.scrutiny, []
    if scrutiny.misfit is not None:
        fact = ops.fact("campaign.scaled_l2", scrutiny.misfit, "number")
        message = Text.of("campaign.effect.misfit", misfit=fact, p=found.p_value)
        checks.append(
            ops.check("synthetic", "pass" if scrutiny.misfit <= 0.8 else "warn", message, fact)
        )
    if scrutiny.pre_trend is not None:
        parallel = not scrutiny.pre_trend.significant
        trend = _estimate(campaign, "campaign.pre_trend", scrutiny.pre_trend)
        message = Text.of(
            f"campaign.effect.{'parallel' if parallel else 'not_parallel'}", trend=trend
        )
        checks.append(ops.check("pre_trend", "pass" if parallel else "warn", message, trend))
    if scrutiny.clusters is not None and scrutiny.clusters < FEW_CLUSTERS:
        message = Text.of("campaign.effect.few_regions", regions=scrutiny.clusters)
        checks.append(ops.check("clusters", "warn", message))
    if scrutiny.incomplete:
        message = Text.of("campaign.effect.incomplete", regions=list(scrutiny.incomplete))
        checks.append(ops.check("regions", "warn", message))
    return checks


def _series(campaign: Campaign, found: Increment) -> list[Check]:
    """Sensitivity to the prior, controls that the campaign touched, days nobody could learn."""
    ops, scrutiny, checks = campaign.ops, found.scrutiny, []
    if scrutiny.sensitivity:
        facts = [
            _estimate(campaign, "campaign.sensitivity", estimate, segment=f"{sd:g}")
            for sd, estimate in scrutiny.sensitivity.items()
        ]
        state = stability(list(scrutiny.sensitivity.values()))
        rows = [
            Text.of("campaign.effect.prior", sd=f"{sd:g}", effect=fact)
            for sd, fact in zip(scrutiny.sensitivity, facts, strict=True)
        ]
        message = Text.of(f"campaign.effect.prior_{state}", rows=rows)
        checks.append(
            ops.check("sensitivity", "pass" if state == "stable" else "warn", message, *facts)
        )
    for name, estimate in scrutiny.touched.items():
        fact = ops.fact(
            "campaign.control_effect", estimate.value, "relative", low=estimate.low,
            high=estimate.high, p_value=estimate.p_value, segment=name,
        )  # fmt: skip
        state = "touched" if estimate.significant else "untouched"
        message = Text.of(f"campaign.effect.control_{state}", control=name, effect=fact)
        checks.append(
            ops.check(f"control.{name}", "warn" if estimate.significant else "pass", message, fact)
        )
    if scrutiny.unseen:
        kinds = [Text(f"special.{kind}") for kind in scrutiny.unseen]
        checks.append(
            ops.check("special_days", "warn", Text.of("campaign.effect.unseen", kinds=kinds))
        )
    return checks


def stability(estimates: list[Estimate]) -> str:
    """How the conclusion fares: its sign "flips", whether it is shown is "open", or "stable"."""
    if len({estimate.value > 0 for estimate in estimates}) > 1:
        return "flips"
    return "stable" if len({estimate.significant for estimate in estimates}) == 1 else "open"


def _post_period(campaign: Campaign, found: Increment) -> list[Check]:
    """The days after against those planned; as long as the campaign, or one repurchase cycle."""
    planned, days = campaign.plan.post_days, found.after_days
    if days < planned:
        message = Text.of("campaign.effect.short_post", days=days, planned=planned)
        return [campaign.ops.check("post_period", "warn", message)]
    cycle = campaign.repurchase_days
    if days < found.window_days and not (cycle and days >= cycle):
        key = "no_post" if cycle is None else "no_post_cycle"
        message = Text.of(
            f"campaign.effect.{key}", days=days, window=found.window_days, cycle=cycle
        )
        return [campaign.ops.check("post_period", "warn", message)]
    message = Text.of("campaign.effect.full_post", days=days)
    return [campaign.ops.check("post_period", "pass", message)]


def _estimate(campaign: Campaign, id: str, estimate: Estimate, segment: str | None = None) -> Fact:
    return campaign.ops.fact(
        id, estimate.value, campaign.unit, low=estimate.low, high=estimate.high,
        p_value=estimate.p_value, segment=segment, metric=campaign.plan.metric,
    )  # fmt: skip
