"""Whether the arms lost users alike to what the workspace excludes: staff, bots, tests."""

from __future__ import annotations

from opsnb.analysis.findings import Check, Fact
from opsnb.analysis.methods.srm import share_difference, status_of
from opsnb.analysis.metrics import DailyCounts
from opsnb.analysis.metrics.excluded_by_arm import excluded_by_arm
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
    found = excluded_by_arm(data.ops.rows, data.assigned.experiment_id)
    found = {arm: found[arm] for arm in data.plan.split if arm in found}
    control = found.get(data.plan.control)
    treated = [found[arm] for arm in data.treatments if arm in found]
    if control is None or not treated or not any(out for out, _ in found.values()):
        return TrustTests()
    p_value = min(1.0, len(treated) * min(share_difference(control, arm) for arm in treated))
    status = _STATUS[status_of(p_value)]
    if status == "block" and data.assigned.unit:
        status = "warn"  # users of a cluster come and go together
    facts = tuple(
        Fact("ab.excluded", out / n, "share", variant=arm, n=n) for arm, (out, n) in found.items()
    )
    shares = [Text.of("ab.trust.arm_share", arm=fact.variant, share=fact) for fact in facts]
    key = "ab.trust.excluded_alike" if status == "pass" else "ab.trust.excluded_unlike"
    text = Text.of(key, shares=shares, p=p_value)
    return TrustTests(facts, (Check("excluded", status, text, facts),))
