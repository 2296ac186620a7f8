"""Sample ratio mismatch: did users arrive in the arms as planned?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from opsnb.methods.estimate import need_count, refuse

WARN = 0.01
"""p-value below which the split is worth a look."""

FAIL = 0.001
"""p-value below which no result of the experiment can be trusted."""

MIN_EXPECTED = 5.0
"""Expected users an arm below which the chi-square approximation does not hold."""

Status = Literal["pass", "warn", "fail"]


@dataclass(frozen=True)
class SampleRatio:
    """Users seen against users planned.

    Attributes
    ----------
    observed, expected : dict of str to int, float
        Users by arm.
    chi2, p_value : float
        Pearson's test with (arms - 1) degrees of freedom; after `sample_ratio_by` the
        p-value is adjusted for the number of groups.
    status : str
        `warn` below 0.01, `fail` below 0.001.
    """

    observed: dict[str, int]
    expected: dict[str, float]
    chi2: float
    p_value: float
    status: Status

    @property
    def n(self) -> int:
        """Users of all arms."""
        return sum(self.observed.values())


@dataclass(frozen=True)
class SampleRatioBy:
    """The check within each group (a day, a device, a channel), adjusted by Bonferroni.

    Attributes
    ----------
    groups : dict of str to SampleRatio
        Groups that could be tested.
    untested : tuple of str
        Groups with fewer than five users expected in some arm.
    drift_p_value : float
        Of "the split is the same in every group", whatever was planned; 1 with one group.
    status : str
        The worst of the groups.
    """

    groups: dict[str, SampleRatio]
    untested: tuple[str, ...]
    drift_p_value: float
    status: Status


def sample_ratio(observed: Mapping[str, int], split: Mapping[str, float]) -> SampleRatio:
    """Chi-square test of the users by arm against the planned split.

    Parameters
    ----------
    observed : mapping of arm to users
        An arm of the split that is absent counts as 0 users.
    split : mapping of arm to planned share
        Shares above 0 that sum to 1.

    Raises
    ------
    MethodError
        When the split does not sum to 1, an arm was not planned, a count is negative or
        there are too few users.
    """
    _check_split(split)
    strangers = [arm for arm in observed if arm not in split]
    if strangers:
        refuse("arm", f'"{strangers[0]}"', f"one of the planned arms: {', '.join(split)}")
    for arm, users in observed.items():
        need_count(f"observed[{arm}]", users)
    counts = {arm: int(observed.get(arm, 0)) for arm in split}
    n = sum(counts.values())
    expected = {arm: n * share for arm, share in split.items()}
    if min(expected.values()) < MIN_EXPECTED:
        refuse("number of users", n, f"large enough to expect {MIN_EXPECTED:g} in every arm")
    chi2 = sum((counts[arm] - expected[arm]) ** 2 / expected[arm] for arm in split)
    p_value = float(stats.chi2.sf(chi2, len(split) - 1))
    return SampleRatio(counts, expected, chi2, p_value, status_of(p_value))


def sample_ratio_by(
    observed: Mapping[str, Mapping[str, int]], split: Mapping[str, float]
) -> SampleRatioBy:
    """The same test in every group, with Bonferroni's correction for their number.

    Raises
    ------
    MethodError
        As `sample_ratio`, and when there is no group.
    """
    _check_split(split)
    if not observed:
        refuse("number of groups", 0, "at least 1")
    least = min(split.values())
    large = {g: arms for g, arms in observed.items() if sum(arms.values()) * least >= MIN_EXPECTED}
    groups = {}
    for group, arms in large.items():
        plain = sample_ratio(arms, split)
        p_value = min(1.0, plain.p_value * len(large))
        groups[group] = SampleRatio(
            plain.observed, plain.expected, plain.chi2, p_value, status_of(p_value)
        )
    worst = min((check.p_value for check in groups.values()), default=1.0)
    untested = tuple(group for group in observed if group not in large)
    table = np.array([list(check.observed.values()) for check in groups.values()])
    return SampleRatioBy(groups, untested, _homogeneity(table), status_of(worst))


def status_of(p_value: float) -> Status:
    """The status that a p-value of this check gives."""
    return "fail" if p_value < FAIL else "warn" if p_value < WARN else "pass"


def _homogeneity(table: np.ndarray) -> float:
    """p-value of equal splits in every row (chi-square test of independence)."""
    if len(table) < 2:
        return 1.0
    table = table[:, table.sum(axis=0) > 0]
    return float(stats.chi2_contingency(table, correction=False).pvalue)


def _check_split(split: Mapping[str, float]) -> None:
    if len(split) < 2:
        refuse("number of arms in split", len(split), "at least 2")
    for arm, share in split.items():
        if not 0 < share < 1:
            refuse(f"split[{arm}]", share, "between 0 and 1, both excluded")
    total = sum(split.values())
    if abs(total - 1) > 1e-6:
        refuse("sum of split", float(total), "1", hint="give every arm's share of the users")
