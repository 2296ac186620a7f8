"""Tests of a split in which every unit is in both arms: complete pairs, dealt out as planned."""

from __future__ import annotations

from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.clusters import MIN_CLUSTERS
from opsnb.analysis.methods.distributions import fair_coins
from opsnb.analysis.methods.paired import MIN_PAIRS, allocation_p_value
from opsnb.analysis.methods.srm import status_of
from opsnb.analysis.metrics.paired_units import PairCounts, pair_counts
from opsnb.analysis.reviews.experiment.experiment_data import ExperimentData
from opsnb.analysis.reviews.experiment.trust_tests import TrustTests, one_check
from opsnb.base.messages import Text
from opsnb.base.seam import Passed

_STATUS: dict[str, Passed] = {"pass": "pass", "warn": "warn", "fail": "block"}


def paired_tests(data: ExperimentData) -> TrustTests:
    """Units in both arms or in one, their number, and how their rows were dealt out."""
    plan, assigned = data.plan, data.assigned
    found = TrustTests(
        tuple(
            Fact("ab.users", assigned.counts.get(arm, 0), "count", variant=arm)
            for arm in plan.split
        )
    )
    pairs = {
        arm: pair_counts(assigned, plan.control, arm, plan.shares()) for arm in data.treatments
    }
    found += _dealt(data, pairs)
    if data.found_paired:
        found += one_check("paired", "warn", Text.of("ab.trust.paired_found", unit=data.unit_word))
    for arm, counts in pairs.items():
        found += _complete(data, arm, counts) + _enough(data, arm, counts)
    metric = plan.primary.metric
    if pairs and not data.absent(metric) and (why := data.pairs_lack(metric)):
        found += one_check("pairs", "block", why)
    empty = [arm for arm in plan.treatments if arm not in pairs]
    if empty:
        found += one_check("empty_arms", "block", Text.of("ab.trust.paired_empty", arms=empty))
    unknown = sorted(set(assigned.counts) - set(plan.split))
    if unknown:
        found += one_check("unknown_arms", "warn", Text.of("ab.trust.unknown_arms", arms=unknown))
    if assigned.several:
        text = Text.of("ab.trust.paired_torn", users=assigned.several, unit=data.unit_word)
        found += one_check("several_arms", "warn", text)
    if assigned.unassigned:
        text = Text.of("ab.trust.unassigned", rows=assigned.unassigned)
        found += one_check("unassigned", "warn", text)
    return found


def _dealt(data: ExperimentData, pairs: dict[str, PairCounts]) -> TrustTests:
    """The sample ratio within units, where these have more than one row in an arm."""
    tested = {
        arm: p_value
        for arm, counts in pairs.items()
        if counts.most > 1
        and (p_value := allocation_p_value(counts.both, counts.mean, counts.var)) is not None
    }
    units = max((counts.both for counts in pairs.values()), default=0)
    if not tested:
        fact = Fact("ab.srm", None, "p_value", n=units, method="paired")
        return one_check("srm", "pass", Text.of("ab.trust.paired_once", unit=data.unit_word), fact)
    p_value = min(1.0, len(tested) * min(tested.values()))
    fact = Fact("ab.srm", p_value, "p_value", p_value=p_value, n=units, method="paired")
    status = status_of(p_value)
    text = Text.of(f"ab.trust.paired_dealt_{status}", unit=data.unit_word, p=fact)
    return one_check("srm", _STATUS[status], text, fact)


def _complete(data: ExperimentData, arm: str, counts: PairCounts) -> TrustTests:
    """Units in one arm only leave the comparison; the arms must have lost them alike."""
    alone = counts.control_only + counts.treatment_only
    total = counts.both + alone
    if not total:
        return TrustTests()
    p_value = fair_coins(counts.control_only, alone) if alone else None
    fact = Fact(
        "ab.unpaired", alone / total, "share", variant=arm, n=total, p_value=p_value,
        method="sign_test",
    )  # fmt: skip
    status = "pass" if p_value is None else status_of(p_value)
    text = Text.of("ab.trust.paired_complete", unit=data.unit_word, units=counts.both, arm=arm)
    if alone:
        key = "ab.trust.paired_alike" if status == "pass" else "ab.trust.paired_unlike"
        text = Text.of(
            key, unit=data.unit_word, units=counts.both, arm=arm, control=data.plan.control,
            first=counts.control_only, second=counts.treatment_only, p=p_value,
        )  # fmt: skip
    return one_check(f"pairs.{arm}", _STATUS[status], text, fact)


def _enough(data: ExperimentData, arm: str, counts: PairCounts) -> TrustTests:
    if counts.both >= MIN_CLUSTERS:
        return TrustTests()
    few = counts.both < MIN_PAIRS
    text = Text.of(
        "ab.trust.paired_too_few" if few else "ab.trust.paired_few",
        unit=data.unit_word, units=counts.both, arm=arm,
        least=MIN_PAIRS if few else MIN_CLUSTERS,
    )  # fmt: skip
    return one_check(f"few_pairs.{arm}", "block" if few else "warn", text)
