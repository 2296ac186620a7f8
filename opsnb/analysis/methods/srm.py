"""Sample ratio mismatch: did users arrive in the arms as planned?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from opsnb.analysis.methods.distributions import chi2, independence
from opsnb.analysis.methods.estimate import need_count, need_successes, refuse

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
    method : str
        `chi_square`, or `exact_binomial` where fewer than five users are expected in an arm.
    """

    observed: dict[str, int]
    expected: dict[str, float]
    chi2: float
    p_value: float
    status: Status
    method: Literal["chi_square", "exact_binomial"] = "chi_square"

    @property
    def n(self) -> int:
        """Users of all arms."""
        return sum(self.observed.values())

    @property
    def furthest(self) -> str:
        """The arm furthest from its plan, in standard errors; of two, the one that is short."""

        def distance(arm: str) -> tuple[float, bool]:
            seen, planned = self.observed[arm], self.expected[arm]
            spread = planned * (1 - planned / self.n)
            return round(abs(seen - planned) / spread**0.5, 9), seen < planned

        return max(self.observed, key=distance)


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

    Where fewer than five users are expected in an arm, each arm is held against the rest by
    the exact binomial test instead, with Bonferroni's correction for more than two arms.

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
        there is no user.

    Examples
    --------
    >>> found = sample_ratio({"control": 5000, "treatment": 5200}, {"control": .5, "treatment": .5})
    >>> round(found.chi2, 2), round(found.p_value, 3), found.status
    (3.92, 0.048, 'pass')
    """
    _check_split(split)
    counts = _counts(observed, split)
    n = sum(counts.values())
    expected = {arm: n * share for arm, share in split.items()}
    if n == 0:
        refuse("number of users", n, "at least 1")
    statistic = sum((counts[arm] - expected[arm]) ** 2 / expected[arm] for arm in split)
    if is_large(n, split):
        p_value = float(chi2.sf(statistic, len(split) - 1))
        return SampleRatio(counts, expected, statistic, p_value, status_of(p_value))
    p_value = _exact(counts, split)
    return SampleRatio(counts, expected, statistic, p_value, status_of(p_value), "exact_binomial")


def is_large(users: int, split: Mapping[str, float]) -> bool:
    """Whether so many users let one expect five in every arm: then the chi-square test holds."""
    return users * min(split.values()) >= MIN_EXPECTED


def _exact(counts: Mapping[str, int], split: Mapping[str, float]) -> float:
    from scipy.stats import binomtest  # seldom needed, and long to import

    n = sum(counts.values())
    found = [float(binomtest(counts[arm], n, share).pvalue) for arm, share in split.items()]
    return found[0] if len(found) == 2 else min(1.0, len(found) * min(found))


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
    large = {g: arms for g, arms in observed.items() if is_large(sum(arms.values()), split)}
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


CONCENTRATION = 10_000.0
"""Users that the prior of `sequential_sample_ratio` is worth: most power for shifts of the
split by about one percentage point."""


def sequential_sample_ratio(
    daily: Mapping[str, Mapping[str, int]], split: Mapping[str, float]
) -> dict[str, float]:
    """p-values of the split that may be read every day (Lindon, Malek and Turner 2022).

    The chi-square test alarms falsely more often the oftener it is read. This Bayes factor of
    a Dirichlet prior around the planned split against the split itself does not: the chance
    that the p-value ever falls below alpha is at most alpha.

    Parameters
    ----------
    daily : mapping of day to (mapping of arm to new users), in order of time

    Returns
    -------
    dict of day to p-value
        Running minimum; never rises.

    Raises
    ------
    MethodError
        As `sample_ratio`, but few users are no error.
    """
    _check_split(split)
    shares = np.array(list(split.values()))
    prior, total, lowest = CONCENTRATION * shares, np.zeros(len(split)), 1.0
    found = {}
    for day, arms in daily.items():
        total = total + np.array(list(_counts(arms, split).values()))
        ahead = _log_beta(prior + total) - _log_beta(prior) - float(total @ np.log(shares))
        lowest = min(lowest, float(np.exp(-max(ahead, 0.0))))
        found[day] = lowest
    return found


def same_share(counts: Mapping[str, tuple[int, int]]) -> float:
    """p-value of "the share is the same in all arms": missing outcomes, late users, bounces.

    Parameters
    ----------
    counts : mapping of arm to (users concerned, all users)

    Returns
    -------
    float
        Of the chi-square test with arms - 1 degrees of freedom; of Fisher's exact test for
        two arms with fewer than five expected somewhere; 1 where nobody or everybody is
        concerned.

    Raises
    ------
    MethodError
        With fewer than two arms, or counts that are no shares.
    """
    if len(counts) < 2:
        refuse("number of arms", len(counts), "at least 2")
    for arm, (concerned, users) in counts.items():
        need_successes(arm, concerned, users)
    table = np.array([[concerned, users - concerned] for concerned, users in counts.values()])
    if not table.sum(axis=0).all():
        return 1.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    if len(counts) == 2 and expected.min() < MIN_EXPECTED:
        from scipy.stats import fisher_exact  # seldom needed, and long to import

        return float(fisher_exact(table).pvalue)
    return independence(table)


def share_difference(one: tuple[int, int], other: tuple[int, int]) -> float:
    """p-value of the same share in two arms, each (those with the trait, all): Fisher's test.

    Examples
    --------
    >>> round(share_difference((5, 1000), (6, 1000)), 2)
    1.0
    """
    from scipy.stats import fisher_exact  # seldom needed, and long to import

    table = [[count, n - count] for count, n in (one, other)]
    return float(fisher_exact(table).pvalue)


def status_of(p_value: float) -> Status:
    """The status that a p-value of this check gives."""
    return "fail" if p_value < FAIL else "warn" if p_value < WARN else "pass"


def _counts(observed: Mapping[str, int], split: Mapping[str, float]) -> dict[str, int]:
    """Users of every planned arm, absent ones as 0."""
    strangers = [arm for arm in observed if arm not in split]
    if strangers:
        refuse("arm", f'"{strangers[0]}"', f"one of the planned arms: {', '.join(split)}")
    for arm, users in observed.items():
        need_count(f"observed[{arm}]", users)
    return {arm: int(observed.get(arm, 0)) for arm in split}


def _log_beta(weights: np.ndarray) -> float:
    return float(special.gammaln(weights).sum() - special.gammaln(weights.sum()))


def _homogeneity(table: np.ndarray) -> float:
    """p-value of equal splits in every row (chi-square test of independence)."""
    if len(table) < 2:
        return 1.0
    table = table[:, table.sum(axis=0) > 0]
    return independence(table)


def _check_split(split: Mapping[str, float]) -> None:
    if len(split) < 2:
        refuse("number of arms in split", len(split), "at least 2")
    for arm, share in split.items():
        if not 0 < share < 1:
            refuse(f"split[{arm}]", share, "between 0 and 1, both excluded")
    total = sum(split.values())
    if abs(total - 1) > 1e-6:
        refuse("sum of split", float(total), "1", hint="give every arm's share of the users")
