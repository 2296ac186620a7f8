"""Whether an experiment's data can be trusted, asked before any result is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsnb.messages import Text
from opsnb.methods.compare import difference
from opsnb.methods.moments import Moments
from opsnb.methods.srm import sample_ratio, sample_ratio_by
from opsnb.metrics import ArmAggregates

if TYPE_CHECKING:
    from opsnb.analyses.experiment import Experiment

SEVERAL_ARMS = 0.01
"""Share of users in more than one arm above which the check warns."""

IMBALANCE = 0.001
"""p-value of a difference before exposure below which the arms were not alike."""

MIN_DAYS, ADVISED_DAYS = 3, 7

_STATUS = {"pass": "pass", "warn": "warn", "fail": "block"}


def trust_checks(experiment: Experiment) -> None:
    """Record every trust check of an experiment; a "block" makes it invalid."""
    _sample_ratio(experiment)
    _sample_ratio_by_group(experiment)
    _arms(experiment)
    _dates(experiment)
    _before_exposure(experiment)
    _outcomes(experiment)


def _sample_ratio(experiment: Experiment) -> None:
    ops, plan, assigned = experiment.ops, experiment.plan, experiment.assigned
    planned = {arm: assigned.counts.get(arm, 0) for arm in plan.split}
    result = sample_ratio(planned, plan.split)
    for arm, users in planned.items():
        ops.fact("ab.users", users, "count", variant=arm)
    fact = ops.fact(
        "ab.srm",
        result.p_value,
        "p_value",
        p_value=result.p_value,
        n=sum(planned.values()),
        method="chi_square",
    )
    counts = [Text.of("ab.trust.arm_users", arm=a, users=u) for a, u in planned.items()]
    split = [Text.of("ab.trust.arm_split", arm=a, share=s) for a, s in plan.split.items()]
    ops.check(
        "srm",
        _STATUS[result.status],
        Text.of(f"ab.trust.srm_{result.status}", counts=counts, split=split, p=fact),
        fact,
    )


def _sample_ratio_by_group(experiment: Experiment) -> None:
    """The split within each day and each registered attribute."""
    ops, plan, assigned = experiment.ops, experiment.plan, experiment.assigned
    users = assigned.users
    groups: dict[str, Any] = {
        name: users[name].cast("string").coalesce("(none)")
        for name in plan.segments
        if name in users.columns
    }
    if assigned.timed:
        groups["assigned_date"] = users.assigned_at.date().cast("string")
    for name, column in groups.items():
        grouped = users.mutate(_group=column)
        frame = grouped.group_by(["_group", "variant"]).agg(n=grouped.count()).execute()
        wide = frame.pivot(index="_group", columns="variant", values="n")
        counts = wide.reindex(columns=list(plan.split)).fillna(0).astype(int)
        result = sample_ratio_by(counts.to_dict("index"), plan.split)
        if not result.groups:
            continue
        worst = min(result.groups, key=lambda group: result.groups[group].p_value)
        p_value = result.groups[worst].p_value
        fact = ops.fact("ab.srm", p_value, "p_value", segment=name, p_value=p_value)
        ops.check(
            f"srm.{name}",
            "warn" if result.status == "fail" else _STATUS[result.status],
            Text.of(
                "ab.trust.srm_by_pass" if result.status == "pass" else "ab.trust.srm_by_fail",
                dimension=experiment.dimension(name),
                worst=worst,
                groups=len(result.groups),
                p=fact,
            ),
            fact,
        )


def _arms(experiment: Experiment) -> None:
    ops, plan, assigned = experiment.ops, experiment.plan, experiment.assigned
    total = sum(assigned.counts.values()) + assigned.several
    share = ops.fact("ab.several_arms", assigned.several / total, "share", n=total)
    status = "warn" if share.value > SEVERAL_ARMS else "pass"
    ops.check(
        "several_arms",
        status,
        Text.of("ab.trust.several_arms", users=assigned.several, share=share),
        share,
    )
    unknown = sorted(set(assigned.counts) - set(plan.split))
    if unknown:
        ops.check("unknown_arms", "warn", Text.of("ab.trust.unknown_arms", arms=unknown))
    if assigned.unassigned:
        ops.check("unassigned", "warn", Text.of("ab.trust.unassigned", rows=assigned.unassigned))


def _dates(experiment: Experiment) -> None:
    ops, plan, assigned = experiment.ops, experiment.plan, experiment.assigned
    if plan.start is None or plan.end is None:
        ops.check("dates", "warn", Text.of("ab.trust.undated"))
        return
    days = (plan.end - plan.start).days + 1
    if days < MIN_DAYS or days % 7 or days < ADVISED_DAYS:
        ops.check("full_weeks", "warn", Text.of("ab.trust.not_full_weeks", days=days))
    else:
        ops.check("full_weeks", "pass", Text.of("ab.trust.full_weeks", weeks=days // 7))
    if assigned.first and assigned.last:
        outside = assigned.first < plan.start or assigned.last > plan.end
        ops.check(
            "assignment_dates",
            "warn" if outside else "pass",
            Text.of(
                "ab.trust.dates_outside" if outside else "ab.trust.dates_inside",
                first=assigned.first,
                last=assigned.last,
                start=plan.start,
                end=plan.end,
            ),
        )
    if ops.workspace.as_of <= plan.end:
        ops.check(
            "early",
            "warn",
            Text.of("ab.trust.early", as_of=ops.workspace.as_of, end=plan.end),
        )
        ops.status(
            "provisional", Text.of("ab.trust.early", as_of=ops.workspace.as_of, end=plan.end)
        )


def _before_exposure(experiment: Experiment) -> None:
    """The primary metric in the days before exposure must not differ between the arms."""
    ops, plan = experiment.ops, experiment.plan
    arms = experiment.arms(plan.primary.metric)
    if not plan.covariate_days or "px" not in arms[plan.control].mean:
        return
    control = arms[plan.control]
    for variant, arm in arms.items():
        if variant == plan.control or control.cov["px", "px"] + arm.cov["px", "px"] == 0:
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
                days=plan.covariate_days,
                metric=ops.label(plan.primary.metric),
                variant=variant,
                p=Text.of("common.p", p=gap.p_value),
            ),
            fact,
        )


def _before(arm: ArmAggregates) -> Moments:
    return Moments(arm.n, arm.mean["px"], arm.cov["px", "px"])


def _outcomes(experiment: Experiment) -> None:
    """Ready-made outcomes: users assigned without a row, by arm (differential attrition)."""
    ops, plan, assigned = experiment.ops, experiment.plan, experiment.assigned
    if ops.catalogue[plan.primary.metric].table != "outcomes":
        return
    mine = assigned.outcomes(ops.rows.table("outcomes").expr)
    outcomes = mine.select("user_id").distinct()
    joined = assigned.users.left_join(outcomes, "user_id")
    frame = (
        joined.group_by("variant")
        .agg(n=joined.count(), missing=joined.user_id_right.isnull().sum())
        .execute()
    )
    table = {row.variant: (int(row.n), int(row.missing)) for row in frame.itertuples()}
    missing = sum(lacking for _, lacking in table.values())
    total = sum(n for n, _ in table.values())
    fact = ops.fact("ab.missing_outcomes", missing / total, "share", n=total)
    ops.check(
        "missing_outcomes",
        "warn" if missing else "pass",
        Text.of("ab.trust.missing_outcomes", users=missing, share=fact),
        fact,
    )
