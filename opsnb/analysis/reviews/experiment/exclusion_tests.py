"""Whether the arms lost users alike: to what the workspace excludes, and to a second arm."""

from __future__ import annotations

from collections.abc import Mapping

from opsnb.analysis.findings import Check, Fact
from opsnb.analysis.methods.srm import share_difference, status_of
from opsnb.analysis.metrics import DailyCounts
from opsnb.analysis.metrics.excluded_by_arm import excluded_by_arm
from opsnb.analysis.metrics.several_arms import first_arms
from opsnb.analysis.reviews.experiment.experiment_data import ExperimentData
from opsnb.analysis.reviews.experiment.trust_tests import TrustTests
from opsnb.base.messages import Text
from opsnb.base.seam import Passed

_STATUS: dict[str, Passed] = {"pass": "pass", "warn": "warn", "fail": "block"}


def exclusion_tests(data: ExperimentData) -> TrustTests:
    """The share of users left out in each arm; nothing where none was.

    The split is read without them, so that a loss that differs by arm has to be seen here: a
    treatment that makes people look like bots leaves arms that are not comparable.
    """
    if isinstance(data.panel, DailyCounts):
        return TrustTests()
    return _lost_alike(
        data, "excluded", excluded_by_arm(data.ops.rows, data.assigned.experiment_id)
    )


def several_arms_tests(data: ExperimentData) -> TrustTests:
    """The share of each arm's users left out because they met another arm later.

    Each user counts in the arm of the first exposure; nothing where exposures have no times, or
    where clusters were randomised.
    """
    if isinstance(data.panel, DailyCounts) or data.assigned.unit:
        return TrustTests()
    left = first_arms(data.ops.rows, data.assigned)
    counts = data.assigned.counts
    found = {
        arm: (left.get(arm, 0), n + left.get(arm, 0))
        for arm in data.plan.split
        if (n := counts.get(arm, 0)) or left.get(arm)
    }
    return _lost_alike(data, "several_arms_from", found)


def _lost_alike(data: ExperimentData, id: str, lost: Mapping[str, tuple[int, int]]) -> TrustTests:
    """Whether the arms lost the same share of their users: by arm, those left out, and all."""
    found = {arm: lost[arm] for arm in data.plan.split if arm in lost}
    control = found.get(data.plan.control)
    treated = [found[arm] for arm in found if arm != data.plan.control]
    if control is None or not treated or not any(out for out, _ in found.values()):
        return TrustTests()
    p_value = min(1.0, len(treated) * min(share_difference(control, arm) for arm in treated))
    status = _STATUS[status_of(p_value)]
    if status == "block" and data.assigned.unit:
        status = "warn"  # users of a cluster come and go together
    facts = tuple(
        Fact(f"ab.{id}", out / n, "share", variant=arm, n=n) for arm, (out, n) in found.items()
    )
    shares = [Text.of("ab.trust.arm_share", arm=fact.variant, share=fact) for fact in facts]
    key = f"ab.trust.{id}_alike" if status == "pass" else f"ab.trust.{id}_unlike"
    text = Text.of(key, shares=shares, p=p_value)
    return TrustTests(facts, (Check(id, status, text, facts),))
