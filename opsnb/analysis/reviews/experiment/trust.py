"""Whether an experiment's data can be trusted, asked before any result is looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opsnb.analysis.methods.clusters import MIN_CLUSTERS
from opsnb.analysis.methods.srm import FAIL, sample_ratio, sample_ratio_by, sequential_sample_ratio
from opsnb.analysis.metrics import DailyCounts
from opsnb.analysis.metrics.daily_totals import impossible
from opsnb.analysis.reviews.experiment.outcome_checks import outcome_checks
from opsnb.base.errors import MethodError
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.experiment.evidence import Evidence

SEVERAL_ARMS = 0.01
"""Share of users in more than one arm above which the check warns."""

MIN_DAYS, ADVISED_DAYS = 3, 7

_STATUS = {"pass": "pass", "warn": "warn", "fail": "block"}


def trust_checks(experiment: Evidence) -> None:
    """Record every trust check of an experiment; a "block" makes it invalid."""
    _sample_ratio(experiment)
    _sample_ratio_by_group(experiment)
    _arms(experiment)
    _dates(experiment)
    _early(experiment)
    _exposure(experiment)
    if isinstance(experiment.panel, DailyCounts):
        _daily(experiment, experiment.panel)
    outcome_checks(experiment)


def _sample_ratio(experiment: Evidence) -> None:
    ops, plan = experiment.ops, experiment.plan
    counts = {arm: experiment.assigned.counts.get(arm, 0) for arm in plan.split}
    for arm, users in counts.items():
        ops.fact("ab.users", users, "count", variant=arm)
    if plan.daily is not None and plan.daily.population is None:
        ops.fact("ab.srm", None, "p_value", method="chi_square")
        ops.check("srm", "warn", Text("ab.trust.srm_unknown"))
        return
    if not plan.registered:
        seen = [Text.of("ab.trust.arm_users", arm=a, users=u) for a, u in counts.items()]
        ops.fact("ab.srm", None, "p_value", n=sum(counts.values()), method="chi_square")
        ops.check("srm", "warn", Text.of("ab.trust.srm_unregistered", counts=seen))
        return
    shares = experiment.planned_shares
    result = sample_ratio(counts, shares)
    fact = ops.fact(
        "ab.srm",
        result.p_value,
        "p_value",
        p_value=result.p_value,
        n=sum(counts.values()),
        method="chi_square",
    )
    key = "ab.trust.arm_users" if experiment.counts_users else "ab.trust.arm_units"
    seen = [Text.of(key, arm=a, users=u) for a, u in counts.items()]
    split = [Text.of("ab.trust.arm_split", arm=a, share=s) for a, s in shares.items()]
    ops.check(
        "srm",
        _STATUS[result.status],
        Text.of(
            f"ab.trust.srm_{result.status}", who=experiment.who, counts=seen, split=split, p=fact
        ),
        fact,
    )


def _sample_ratio_by_group(experiment: Evidence) -> None:
    """The split within each day and each registered attribute, and whether it changed."""
    panel, plan = experiment.panel, experiment.plan
    if isinstance(panel, DailyCounts):
        names = ["assigned_date"] if panel.population else []
    else:
        names = [name for name in plan.segments if name in experiment.assigned.attributes]
        names += ["assigned_date"] if panel.dated else []
    for name in names:
        sizes = panel.sizes(name)
        counts = {g: {arm: arms.get(arm, 0) for arm in plan.split} for g, arms in sizes.items()}
        if name == "assigned_date" and plan.ramp:
            _by_step(experiment, counts)
            continue
        try:
            result = sample_ratio_by(counts, plan.shares())
        except MethodError:  # no user in any planned arm of any group
            continue
        if not result.groups:
            continue
        _group_check(experiment, name, result.status, result)
        by_days = isinstance(panel, DailyCounts) and not panel.independent
        if name == "assigned_date" and not by_days:
            _drift(experiment, result.drift_p_value)
            _read_daily(experiment, counts)


def _group_check(experiment: Evidence, name: str, status: str, result: Any) -> None:
    worst = min(result.groups, key=lambda group: result.groups[group].p_value)
    p_value = result.groups[worst].p_value
    fact = experiment.ops.fact("ab.srm", p_value, "p_value", segment=name, p_value=p_value)
    experiment.ops.check(
        f"srm.{name}",
        "pass" if status == "pass" else "warn",
        Text.of(
            "ab.trust.srm_by_pass" if status == "pass" else "ab.trust.srm_by_fail",
            dimension=experiment.dimension(name),
            worst=worst,
            groups=len(result.groups),
            p=fact,
        ),
        fact,
    )


def _by_step(experiment: Evidence, counts: dict[str, dict[str, int]]) -> None:
    """With a planned ramp: the split of each day against that day's own plan."""
    plan, worst = experiment.plan, ("", 1.0)
    tested = 0
    for day, users in counts.items():
        try:
            result = sample_ratio(users, plan.shares(dt.date.fromisoformat(day)))
        except MethodError:  # too few users that day
            continue
        tested += 1
        worst = min(worst, (day, result.p_value), key=lambda item: item[1])
    if not tested:
        return
    p_value = min(1.0, worst[1] * tested)
    fact = experiment.ops.fact("ab.srm", p_value, "p_value", segment="assigned_date")
    key = "ab.trust.srm_by_pass" if p_value >= FAIL else "ab.trust.srm_by_fail"
    day_word = experiment.dimension("assigned_date")
    text = Text.of(key, dimension=day_word, worst=worst[0], groups=tested, p=fact)
    experiment.ops.check("srm.assigned_date", "pass" if p_value >= FAIL else "warn", text, fact)
    experiment.ops.check("split_changed", "pass", Text("ab.trust.ramp"))


def _drift(experiment: Evidence, p_value: float) -> None:
    """A split that changed on the way: arms are then compared within days."""
    fact = experiment.ops.fact("ab.split_drift", p_value, "p_value", p_value=p_value)
    if p_value < FAIL:
        text = Text.of("ab.trust.split_changed", p=Text.of("common.p", p=p_value))
        experiment.ops.check("split_changed", "warn", text, fact)


def _read_daily(experiment: Evidence, counts: Mapping[str, dict[str, int]]) -> None:
    """The split as it would have been read on each day: since when it could be seen to be off.

    Only said of a registered split: an alarm holds however often it is looked at.
    """
    plan, ops = experiment.plan, experiment.ops
    if not plan.registered:
        return
    p_values = sequential_sample_ratio(dict(sorted(counts.items())), plan.shares())
    last = min(p_values.values())
    fact = ops.fact(
        "ab.srm_sequential", last, "p_value", p_value=last, method="sequential_sample_ratio",
        n=sum(sum(users.values()) for users in counts.values()),
    )  # fmt: skip
    alarms = [day for day, p_value in p_values.items() if p_value < FAIL]
    if not alarms:
        if experiment.is_early:
            ops.check("srm.daily", "pass", Text.of("ab.trust.srm_daily_pass", p=fact), fact)
        return
    first = dt.date.fromisoformat(alarms[0])
    ops.check("srm.daily", "block", Text.of("ab.trust.srm_daily_fail", day=first, p=fact), fact)


def _arms(experiment: Evidence) -> None:
    ops, plan, assigned = experiment.ops, experiment.plan, experiment.assigned
    if isinstance(experiment.panel, DailyCounts):
        return
    total = sum(assigned.counts.values()) + assigned.several
    share = ops.fact("ab.several_arms", assigned.several / total, "share", n=total)
    status = "warn" if share.value > SEVERAL_ARMS else "pass"
    ops.check(
        "several_arms",
        status,
        Text.of("ab.trust.several_arms", users=assigned.several, share=share)
        if assigned.several
        else Text("ab.trust.several_arms_none"),
        share,
    )
    if assigned.repeated:
        fact = ops.fact("ab.repeated_exposures", assigned.repeated, "count", n=total)
        text = Text.of("ab.trust.repeated", users=assigned.repeated)
        ops.check("repeated_exposures", "pass", text, fact)
    smallest = min((assigned.counts.get(a, 0), a) for a in plan.split)
    if plan.cluster and smallest[0] < MIN_CLUSTERS:
        args = {"arm": smallest[1], "units": smallest[0], "least": MIN_CLUSTERS}
        ops.check("few_clusters", "warn", Text.of("ab.trust.few_clusters", **args))
    unknown = sorted(set(assigned.counts) - set(plan.split))
    if unknown:
        ops.check("unknown_arms", "warn", Text.of("ab.trust.unknown_arms", arms=unknown))
    if assigned.unassigned:
        ops.check("unassigned", "warn", Text.of("ab.trust.unassigned", rows=assigned.unassigned))


def _dates(experiment: Evidence) -> None:
    ops, plan = experiment.ops, experiment.plan
    if plan.start is None or plan.end is None:
        ops.check("dates", "warn", Text.of("ab.trust.undated"))
        return
    days = (plan.end - plan.start).days + 1
    run = min(days, (ops.workspace.as_of - plan.start).days)
    if run < MIN_DAYS:
        args = {"days": run, "least": MIN_DAYS, "advised": ADVISED_DAYS}
        ops.check("full_weeks", "warn", Text.of("ab.trust.too_short", **args))
    elif days % 7:
        ops.check("full_weeks", "warn", Text.of("ab.trust.not_full_weeks", days=days))
    else:
        ops.check("full_weeks", "pass", Text.of("ab.trust.full_weeks", weeks=days // 7))


def _early(experiment: Evidence) -> None:
    """Read before the planned end: said, and fixed-horizon results are not decision-grade."""
    ops, plan = experiment.ops, experiment.plan
    if plan.end is None or not experiment.is_early:
        return
    if ops.workspace.as_of > plan.end:  # nobody comes any more, but not everybody's days are over
        over = plan.end + dt.timedelta(days=experiment.window or 0)
        text = Text.of("ab.trust.early_window", days=experiment.window, over=over)
        ops.check("early", "warn", text)
        ops.status("provisional", text)
        return
    key = "ab.trust.planned_look" if experiment.reading.method == "lan_demets" else "ab.trust.early"
    reading = experiment.reading
    text = Text.of(
        key, as_of=ops.workspace.as_of, end=plan.end, look=reading.look, looks=reading.looks
    )
    ops.check("early", "warn", text)
    ops.status("provisional", text)


def _exposure(experiment: Evidence) -> None:
    """Users whose first exposure lies outside the planned dates."""
    ops, plan, assigned = experiment.ops, experiment.plan, experiment.assigned
    if isinstance(experiment.panel, DailyCounts) or not assigned.timed:
        return
    if plan.start is None or plan.end is None:
        return
    day = assigned.users.assigned_at.date()
    early, late = (
        int(number)
        for number in assigned.users.agg(
            early=(day < plan.start).sum(), late=(day > plan.end).sum()
        )
        .execute()
        .iloc[0]
    )
    total = sum(assigned.counts.values())
    fact = ops.fact("ab.outside_dates", (early + late) / total, "share", n=total)
    ops.check(
        "exposure_dates",
        "warn" if early or late else "pass",
        Text.of(
            "ab.trust.dates_outside" if early or late else "ab.trust.dates_inside",
            first=assigned.first,
            last=assigned.last,
            start=plan.start,
            end=plan.end,
            early=early,
            late=late,
        ),
        fact,
    )


def _daily(experiment: Evidence, panel: DailyCounts) -> None:
    """Daily totals: days that lack values, and funnels that cannot be."""
    ops, plan = experiment.ops, experiment.plan
    ops.check("daily", "warn", Text(f"ab.trust.daily_{'count' if panel.independent else 'day'}"))
    days = panel.left_out(plan.primary.metric)
    if days:
        fact = ops.fact("ab.days_left_out", len(days), "count", metric=plan.primary.metric)
        text = Text.of("ab.trust.days_left_out", days=len(days), first=days[0], last=days[-1])
        ops.check("days_left_out", "warn", text, fact)
    if plan.daily is None or len(plan.daily.funnel) < 2:
        return
    found = impossible(panel, plan.daily.funnel)
    total = sum(found.values())
    fact = ops.fact("ab.impossible_funnel", total, "count")
    for arm, number in found.items():
        ops.fact("ab.impossible_funnel", number, "count", variant=arm)
    counts = [Text.of("ab.trust.arm_days", arm=arm, days=number) for arm, number in found.items()]
    ops.check(
        "impossible_funnel",
        "warn" if total else "pass",
        Text.of(f"ab.trust.funnel_{'impossible' if total else 'fine'}", counts=counts),
        fact,
    )
