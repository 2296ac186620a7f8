"""Tests of the tables that an experiment's metrics read: their contracts, and loss by arm."""

from __future__ import annotations

from opsnb.analysis.findings import Check, Fact
from opsnb.analysis.methods.compare import difference
from opsnb.analysis.methods.moments import Joint, ratio_moments
from opsnb.analysis.methods.srm import status_of
from opsnb.analysis.metrics import DailyCounts
from opsnb.analysis.metrics.rows_set_aside import set_aside_by_arm
from opsnb.analysis.reviews.experiment.experiment_data import ExperimentData
from opsnb.analysis.reviews.experiment.trust_tests import TrustTests, one_check
from opsnb.analysis.tables import TableReport
from opsnb.base.messages import Text
from opsnb.base.seam import Passed

_STATUS: dict[str, Passed] = {"pass": "pass", "warn": "warn", "fail": "block"}


def data_tests(data: ExperimentData) -> TrustTests:
    """What the data gate found, whether the primary metric can be read, and loss by arm.

    What blocks only a metric that does not decide is in `data.withheld`, not here.
    """
    aside = {block.check.id for block in data.withheld.blocks}
    found = TrustTests(
        data.gate.facts, tuple(check for check in data.gate.checks if check.id not in aside)
    )
    metric = data.plan.primary.metric
    if lacking := data.absent(metric):
        text = Text.of("ab.trust.primary_absent", metric=data.ops.label(metric), lacking=lacking)
        found += one_check("primary", "block", text)
    for report in data.gate.reports:
        found += _loss(data, report)
    return found


def not_tested(data: ExperimentData) -> TrustTests:
    """What is not known, where the primary metric's outcomes cannot be read."""
    label = data.ops.label(data.plan.primary.metric)
    return one_check("outcomes", "warn", Text.of("ab.trust.not_tested", metric=label))


def _loss(data: ExperimentData, report: TableReport) -> TrustTests:
    """Whether the arms lost rows of a table alike; nothing where no assigned user lost one."""
    table = report.table
    lost = report.quarantined - report.identical
    of_users = "user_id" in data.ops.rows.contract(table).people and table != "assignments"
    if not lost or not of_users or isinstance(data.panel, DailyCounts):
        return TrustTests()
    found = set_aside_by_arm(data.ops.rows, table, data.panel.assigned)
    arms = {name: Joint.from_sums(*sums) for name, sums in found.items()}
    control = arms.get(data.plan.control)
    treated = [arms[name] for name in data.treatments if name in arms]
    if control is None or not treated or not any(arm.means[0] for arm in (control, *treated)):
        return TrustTests()
    p_value = min(1.0, len(treated) * min(_unlike(control, arm) for arm in treated))
    status = _STATUS[status_of(p_value)]
    if status == "block" and not data.decides(table):
        status = "warn"
    facts = [
        Fact("ab.set_aside", arm.ratio()[0], "share", segment=table, variant=name, n=arm.n)
        for name, arm in arms.items()
        if name in data.plan.split
    ]
    shares = [Text.of("ab.trust.arm_share", arm=fact.variant, share=fact) for fact in facts]
    key = "ab.trust.set_aside_alike" if status == "pass" else "ab.trust.set_aside_unlike"
    text = Text.of(key, table=table, shares=shares, p=p_value)
    check = Check(f"set_aside.{table}", status, text, tuple(facts))
    return TrustTests(tuple(facts), (check,))


def _unlike(control: Joint, treatment: Joint) -> float:
    """p-value of the same share of rows left out, over units."""
    before, after = ratio_moments(control), ratio_moments(treatment)
    if before.var + after.var == 0:
        return 1.0 if before.mean == after.mean else 0.0
    p_value = difference(before, after).diff.p_value
    return 1.0 if p_value is None else p_value
