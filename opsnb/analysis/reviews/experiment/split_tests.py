"""Tests of who was assigned, when and to which arm: what must hold before outcomes are read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.clusters import FEWEST_CLUSTERS, MIN_CLUSTERS
from opsnb.analysis.methods.srm import (
    FAIL,
    WARN,
    SampleRatio,
    is_large,
    sample_ratio,
    sample_ratio_by,
    sequential_sample_ratio,
)
from opsnb.analysis.metrics import DailyCounts
from opsnb.analysis.metrics.daily_totals import impossible
from opsnb.analysis.reviews.experiment.exclusion_tests import exclusion_tests, several_arms_tests
from opsnb.analysis.reviews.experiment.experiment_data import ExperimentData
from opsnb.analysis.reviews.experiment.paired_tests import paired_tests
from opsnb.analysis.reviews.experiment.trust_tests import TrustTests, one_check
from opsnb.base.errors import MethodError
from opsnb.base.messages import Text
from opsnb.base.seam import Passed

SEVERAL_ARMS = 0.01
"""Share of users in more than one arm above which the check warns."""

MIN_DAYS, ADVISED_DAYS = 3, 7

_STATUS: dict[str, Passed] = {"pass": "pass", "warn": "warn", "fail": "block"}


def split_tests(data: ExperimentData) -> TrustTests:
    """The split, the arms, the dates and the exposure of an experiment."""
    found = _registered(data)
    found += paired_tests(data) if data.is_paired else _sample_ratio(data)
    if not data.is_paired:
        found += _sample_ratio_by_group(data)
    found += exclusion_tests(data)
    if not data.is_paired:
        found += _arms(data) + several_arms_tests(data)
    found += _dates(data) + _early(data) + _exposure(data)
    return found + _daily(data, data.panel) if isinstance(data.panel, DailyCounts) else found


def has_drifted(tests: TrustTests) -> bool:
    """Whether the split differs between days by more than chance."""
    drift = tests.fact("ab.split_drift")
    return drift is not None and drift.value < FAIL


def _registered(data: ExperimentData) -> TrustTests:
    if data.plan.registered:
        return TrustTests()
    return one_check("unregistered", "warn", Text("ab.plan.unregistered"))


def _sample_ratio(data: ExperimentData) -> TrustTests:
    plan = data.plan
    counts = {arm: data.assigned.counts.get(arm, 0) for arm in plan.split}
    users = TrustTests(tuple(Fact("ab.users", n, "count", variant=a) for a, n in counts.items()))
    if plan.daily is not None and plan.daily.population is None:
        fact = Fact("ab.srm", None, "p_value", method="chi_square")
        return users + TrustTests((fact,)) + one_check("srm", "warn", Text("ab.trust.srm_unknown"))
    total = sum(counts.values())
    if not plan.registered:
        seen = [Text.of("ab.trust.arm_users", arm=a, users=u) for a, u in counts.items()]
        fact = Fact("ab.srm", None, "p_value", n=total, method="chi_square")
        text = Text.of("ab.trust.srm_unregistered", counts=seen)
        return users + TrustTests((fact,)) + one_check("srm", "warn", text)
    if not total:
        text = Text.of("ab.trust.srm_nobody", arms=list(counts), seen=sorted(data.assigned.counts))
        return users + one_check("srm", "block", text)
    shares = data.planned_shares
    result = sample_ratio(counts, shares)
    fact = Fact(
        "ab.srm", result.p_value, "p_value", p_value=result.p_value, n=total, method=result.method
    )
    split = [Text.of("ab.trust.arm_split", arm=a, share=s) for a, s in shares.items()]
    text = Text.of(
        f"ab.trust.srm_{result.status}", who=data.who, counts=_counts(data, result), split=split,
        test=Text(f"ab.trust.test_{result.method}"), p=fact, furthest=_furthest(data, result),
    )  # fmt: skip
    return users + one_check("srm", _STATUS[result.status], text, fact)


def _counts(data: ExperimentData, result: SampleRatio) -> list[Text]:
    key = "ab.trust.arm_users" if data.counts_users else "ab.trust.arm_units"
    return [Text.of(key, arm=arm, users=users) for arm, users in result.observed.items()]


def _furthest(data: ExperimentData, result: SampleRatio) -> Text:
    """The arm furthest from its plan: how many were seen, and how many planned."""
    arm = result.furthest
    if not result.observed[arm]:
        strangers = sorted(set(data.assigned.counts) - set(data.plan.split))
        key = "ab.trust.arm_empty_renamed" if strangers else "ab.trust.arm_empty"
        return Text.of(key, arm=arm, planned=round(result.expected[arm]), seen=strangers)
    return Text.of(
        "ab.trust.arm_off", arm=arm, users=result.observed[arm], planned=round(result.expected[arm])
    )


def _sample_ratio_by_group(data: ExperimentData) -> TrustTests:
    """The split within each day and each registered attribute, and whether it changed."""
    panel, plan = data.panel, data.plan
    if isinstance(panel, DailyCounts):
        names = ["assigned_date"] if panel.population else []
    else:
        names = [name for name in plan.segments if name in data.assigned.attributes]
        names += ["assigned_date"] if panel.dated else []
    found = TrustTests()
    for name in names:
        sizes = panel.sizes(name)
        counts = {g: {arm: arms.get(arm, 0) for arm in plan.split} for g, arms in sizes.items()}
        if name == "assigned_date" and plan.ramp:
            found += _by_step(data, counts)
            continue
        try:
            result = sample_ratio_by(counts, plan.shares())
        except MethodError:  # no user in any planned arm of any group
            continue
        if not result.groups:
            continue
        found += _within_groups(data, name, result.groups, WARN)
        by_days = isinstance(panel, DailyCounts) and not panel.independent
        if name == "assigned_date" and not by_days:
            found += _drift(result.drift_p_value) + _read_daily(data, counts)
    return found


def _within_groups(
    data: ExperimentData, name: str, groups: Mapping[str, SampleRatio], limit: float
) -> TrustTests:
    """What the worst of several groups says of the split, and whether it is the only one.

    `groups` hold p-values adjusted for their number; below `limit` the split is off.
    """
    worst = min(groups, key=lambda group: groups[group].p_value)
    p_value = groups[worst].p_value
    fact = Fact("ab.srm", p_value, "p_value", segment=name, p_value=p_value)
    off = [group for group, result in groups.items() if result.p_value < limit]
    said: dict[str, Any] = {"dimension": data.dimension(name), "groups": len(groups), "p": fact}
    if not off:
        return one_check(f"srm.{name}", "pass", Text("ab.trust.srm_by_pass", said), fact)
    alone = len(off) == 1 < len(groups)
    said |= {
        "worst": worst, "counts": _counts(data, groups[worst]),
        "furthest": _furthest(data, groups[worst]), "off": len(off),
    }  # fmt: skip
    key = "ab.trust.srm_by_alone" if alone else "ab.trust.srm_by_fail"
    return one_check(f"srm.{name}", "warn", Text(key, said), fact)


def _by_step(data: ExperimentData, counts: dict[str, dict[str, int]]) -> TrustTests:
    """With a planned ramp: the split of each day against that day's own plan."""
    found = {}
    for day, users in counts.items():
        shares = data.plan.shares(dt.date.fromisoformat(day))
        if is_large(sum(users.values()), shares):
            found[day] = sample_ratio(users, shares)
    if not found:
        return TrustTests()
    adjusted = {
        day: replace(result, p_value=min(1.0, result.p_value * len(found)))
        for day, result in found.items()
    }
    days = _within_groups(data, "assigned_date", adjusted, FAIL)
    return days + one_check("split_changed", "pass", Text("ab.trust.ramp"))


def _drift(p_value: float) -> TrustTests:
    """A split that changed on the way: arms are then compared within days."""
    fact = Fact("ab.split_drift", p_value, "p_value", p_value=p_value)
    if p_value >= FAIL:
        return TrustTests((fact,))
    text = Text.of("ab.trust.split_changed", p=Text.of("common.p", p=p_value))
    return one_check("split_changed", "warn", text, fact)


def _read_daily(data: ExperimentData, counts: Mapping[str, dict[str, int]]) -> TrustTests:
    """The split as it would have been read on each day: since when it could be seen to be off.

    Only said of a registered split: an alarm holds however often it is looked at.
    """
    plan = data.plan
    if not plan.registered:
        return TrustTests()
    p_values = sequential_sample_ratio(dict(sorted(counts.items())), plan.shares())
    last = min(p_values.values())
    fact = Fact(
        "ab.srm_sequential", last, "p_value", p_value=last, method="sequential_sample_ratio",
        n=sum(sum(users.values()) for users in counts.values()),
    )  # fmt: skip
    alarms = [day for day, p_value in p_values.items() if p_value < FAIL]
    if alarms:
        first = dt.date.fromisoformat(alarms[0])
        text = Text.of("ab.trust.srm_daily_fail", day=first, p=fact)
        return one_check("srm.daily", "block", text, fact)
    if data.is_early:
        return one_check("srm.daily", "pass", Text.of("ab.trust.srm_daily_pass", p=fact), fact)
    return TrustTests((fact,))


def _arms(data: ExperimentData) -> TrustTests:
    """Users in several arms or in none, units too few, arms that nobody planned."""
    plan, assigned = data.plan, data.assigned
    if isinstance(data.panel, DailyCounts):
        return TrustTests()
    total = sum(assigned.counts.values()) + assigned.several
    share = Fact("ab.several_arms", assigned.several / total, "share", n=total)
    text = Text("ab.trust.several_arms_none")
    if assigned.several:
        text = Text.of("ab.trust.several_arms", users=assigned.several, share=share)
    status: Passed = "warn" if share.value > SEVERAL_ARMS else "pass"
    found = one_check("several_arms", status, text, share)
    if assigned.repeated:
        fact = Fact("ab.repeated_exposures", assigned.repeated, "count", n=total)
        text = Text.of("ab.trust.repeated", users=assigned.repeated)
        found += one_check("repeated_exposures", "pass", text, fact)
    smallest = min((assigned.counts.get(a, 0), a) for a in plan.split)
    if plan.cluster and smallest[0] < MIN_CLUSTERS:
        few = smallest[0] < FEWEST_CLUSTERS
        least = FEWEST_CLUSTERS if few else MIN_CLUSTERS
        key = "ab.trust.too_few_clusters" if few else "ab.trust.few_clusters"
        text = Text.of(key, arm=smallest[1], units=smallest[0], least=least)
        found += one_check("few_clusters", "block" if few else "warn", text)
    unknown = sorted(set(assigned.counts) - set(plan.split))
    if unknown:
        found += one_check("unknown_arms", "warn", Text.of("ab.trust.unknown_arms", arms=unknown))
    if assigned.unassigned:
        text = Text.of("ab.trust.unassigned", rows=assigned.unassigned)
        found += one_check("unassigned", "warn", text)
    return found


def _dates(data: ExperimentData) -> TrustTests:
    """Whether the run covers whole weeks, and is long enough to be read."""
    plan = data.plan
    if plan.start is None or plan.end is None:
        return one_check("dates", "warn", Text.of("ab.trust.undated"))
    days = (plan.end - plan.start).days + 1
    run = min(days, (data.ops.workspace.as_of - plan.start).days)
    if run < MIN_DAYS:
        args = {"days": run, "least": MIN_DAYS, "advised": ADVISED_DAYS}
        return one_check("full_weeks", "warn", Text.of("ab.trust.too_short", **args))
    if days % 7:
        return one_check("full_weeks", "warn", Text.of("ab.trust.not_full_weeks", days=days))
    return one_check("full_weeks", "pass", Text.of("ab.trust.full_weeks", weeks=days // 7))


def _early(data: ExperimentData) -> TrustTests:
    """Read before the planned end: said, and fixed-horizon results are not decision-grade."""
    plan, as_of = data.plan, data.ops.workspace.as_of
    if plan.end is None or not data.is_early:
        return TrustTests()
    if as_of > plan.end:  # nobody comes any more, but not everybody's days are over
        over = plan.end + dt.timedelta(days=data.window or 0)
        text = Text.of("ab.trust.early_window", days=data.window, over=over)
        return one_check("early", "warn", text)
    look = data.look
    key = "ab.trust.planned_look" if look.method == "lan_demets" else "ab.trust.early"
    text = Text.of(key, as_of=as_of, end=plan.end, look=look.number, looks=look.planned)
    return one_check("early", "warn", text)


def _exposure(data: ExperimentData) -> TrustTests:
    """Users whose first exposure lies outside the planned dates."""
    plan, assigned = data.plan, data.assigned
    if isinstance(data.panel, DailyCounts) or not assigned.timed:
        return TrustTests()
    if plan.start is None or plan.end is None:
        return TrustTests()
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
    fact = Fact("ab.outside_dates", (early + late) / total, "share", n=total)
    text = Text.of(
        "ab.trust.dates_outside" if early or late else "ab.trust.dates_inside",
        first=assigned.first, last=assigned.last, start=plan.start, end=plan.end,
        early=early, late=late,
    )  # fmt: skip
    return one_check("exposure_dates", "warn" if early or late else "pass", text, fact)


def _daily(data: ExperimentData, panel: DailyCounts) -> TrustTests:
    """Daily totals: days that lack values, and funnels that cannot be."""
    plan = data.plan
    unit = "count" if panel.independent else "day"
    found = one_check("daily", "warn", Text(f"ab.trust.daily_{unit}"))
    days = panel.left_out(plan.primary.metric)
    if days:
        fact = Fact("ab.days_left_out", len(days), "count", metric=plan.primary.metric)
        text = Text.of("ab.trust.days_left_out", days=len(days), first=days[0], last=days[-1])
        found += one_check("days_left_out", "warn", text, fact)
    if plan.daily is None or len(plan.daily.funnel) < 2:
        return found
    by_arm = impossible(panel, plan.daily.funnel)
    total = sum(by_arm.values())
    facts = [Fact("ab.impossible_funnel", total, "count")]
    facts += [Fact("ab.impossible_funnel", n, "count", variant=arm) for arm, n in by_arm.items()]
    counts = [Text.of("ab.trust.arm_days", arm=arm, days=n) for arm, n in by_arm.items()]
    text = Text.of(f"ab.trust.funnel_{'impossible' if total else 'fine'}", counts=counts)
    seen = one_check("impossible_funnel", "warn" if total else "pass", text, facts[0])
    return found + seen + TrustTests(tuple(facts[1:]))
