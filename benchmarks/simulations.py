"""Error rates, coverage, peeking, CUPED, sample ratio and power, each against its band."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchmarks.cases import CASES, Case, Rng
from opsnb.analysis.methods.bayes import posterior
from opsnb.analysis.methods.compare import difference, two_proportions
from opsnb.analysis.methods.cuped import cuped
from opsnb.analysis.methods.dunnett import arm_levels, dunnett
from opsnb.analysis.methods.estimate import Comparison
from opsnb.analysis.methods.guardrail import non_inferiority
from opsnb.analysis.methods.moments import Joint, Moments
from opsnb.analysis.methods.multiplicity import benjamini_hochberg, holm
from opsnb.analysis.methods.novelty import effect_trend, stretch_lifts
from opsnb.analysis.methods.planning import Procedure, planned_level, users_over_arms
from opsnb.analysis.methods.power import users_for_margin, users_for_mean, users_for_share
from opsnb.analysis.methods.sequential import boundaries, confidence_sequence, inflation
from opsnb.analysis.methods.srm import same_share, sample_ratio, sequential_sample_ratio
from opsnb.analysis.methods.strata import heterogeneity, lift_heterogeneity

BAND = 0.999
"""Level of the binomial bands: wide enough for some fifty rows to stay inside together."""

LIFT = 0.08
"""True lift under which coverage is counted."""

DAYS = 30

Arms = Callable[[int, float, float], list[Moments]]
"""Draws arms of a size, mean and variance."""


@dataclass(frozen=True)
class Row:
    """A simulated figure and the band it has to lie in."""

    what: str
    value: float
    low: float
    high: float

    @property
    def ok(self) -> bool:
        return self.low <= self.value <= self.high


def rate(what: str, hits: int, runs: int, expected: float, *, side: str = "both") -> Row:
    """A share of runs against the binomial band; `at_most` and `at_least` leave one side open."""
    low, high = (float(x) / runs for x in stats.binom.interval(BAND, runs, expected))
    value = hits / runs
    return Row(what, value, 0.0 if side == "at_most" else low, 1.0 if side == "at_least" else high)


def false_positives(rng: Rng, runs: int, cases: tuple[Case, ...] = CASES) -> list[Row]:
    """A/A: how often each comparison is significant at .05 without any effect."""
    rows = []
    for case in cases:
        hits = 0
        for _ in range(runs):
            answer = case.draw(rng, 0.0)
            diff = answer.diff if isinstance(answer, Comparison) else answer
            hits += diff.significant
        rows.append(rate(f"A/A: {case.name}", hits, runs, 0.05))
    return rows


def coverage(rng: Rng, runs: int, cases: tuple[Case, ...] = CASES) -> list[Row]:
    """How often the 95 % intervals hold the true difference and the true lift."""
    rows = []
    for case in cases:
        hits = lifts = with_lift = 0
        for _ in range(runs):
            answer = case.draw(rng, LIFT)
            diff = answer.diff if isinstance(answer, Comparison) else answer
            hits += diff.low < LIFT * case.base < diff.high
            if isinstance(answer, Comparison) and answer.lift and case.name != "capped mean":
                with_lift += 1
                lifts += answer.lift.low < LIFT < answer.lift.high
        rows.append(rate(f"coverage: {case.name}, difference", hits, runs, 0.95))
        if with_lift:
            rows.append(rate(f"coverage: {case.name}, lift", lifts, with_lift, 0.95))
    return rows


def many_tests(rng: Rng, runs: int) -> list[Row]:
    """Any false alarm among three arms or six metrics."""
    alarms = {"Dunnett, 3 arms": 0, "Holm, 3 arms": 0, "Benjamini-Hochberg, 6 metrics": 0}
    inside = 0
    truth = {"b": 0.0, "c": 0.5, "d": -0.5}
    for _ in range(runs):
        control = Moments.from_values(rng.normal(10, 2, 150))
        arms = {k: Moments.from_values(rng.normal(10, 1.5 + i, 100)) for i, k in enumerate(truth)}
        found = dunnett(control, arms)
        alarms["Dunnett, 3 arms"] += any(arm.diff.significant for arm in found.values())
        moved = {k: Moments(m.n, m.mean + truth[k], m.var) for k, m in arms.items()}
        again = dunnett(control, moved)
        inside += all(again[k].diff.low < truth[k] < again[k].diff.high for k in truth)
        plain = [difference(control, arm).diff.p_value for arm in arms.values()]
        alarms["Holm, 3 arms"] += _least(holm(plain)) < 0.05
        tests = list(rng.uniform(size=6))
        alarms["Benjamini-Hochberg, 6 metrics"] += _least(benjamini_hochberg(tests)) < 0.05
    rows = [
        rate(f"A/A: {name}", hits, runs, 0.05, side="at_most" if "Holm" in name else "both")
        for name, hits in alarms.items()
    ]
    return [*rows, rate("coverage: Dunnett, all 3 arms together", inside, runs, 0.95)]


def _least(p_values: list[float | None]) -> float:
    return min(p for p in p_values if p is not None)


def other_tests(rng: Rng, runs: int) -> list[Row]:
    """Tests that compare no two arms, and the guardrail at its margin."""
    names = ("heterogeneity of segments", "trend by day since exposure", "missing outcomes by arm")
    hits = dict.fromkeys((*names, "posterior, chance to win beyond 97.5 %"), 0)
    passed = 0
    for _ in range(runs):
        errors = rng.uniform(0.5, 2, 6)
        hits[names[0]] += heterogeneity(list(rng.normal(0.3, errors)), list(errors)).p_value < 0.05
        own = 10 + rng.normal(0, 1, (2, 100, 1)) + rng.normal(0, 1, (2, 100, 7))
        days = [Joint.from_values(*arm.T) for arm in own]
        effects, cov = stretch_lifts(*(part for d in days for part in (d.means, d.cov / d.n)))
        hits[names[1]] += effect_trend(np.arange(7), effects, cov).slope.significant
        counts = rng.binomial(2000, 0.1, 3)
        hits[names[2]] += (
            same_share({k: (int(x), 2000) for k, x in zip("abc", counts, strict=True)}) < 0.05
        )
        arms = [Moments.from_values(rng.gamma(4, 2.5, 300)) for _ in range(2)]
        effect = difference(*arms).diff
        chance = posterior(effect.value, effect.se).chance_to_win
        hits["posterior, chance to win beyond 97.5 %"] += not 0.025 < chance < 0.975
        worse = Moments(arms[1].n, arms[1].mean - 0.5, arms[1].var)
        passed += non_inferiority(arms[0], worse, margin=0.05).status == "pass"
    rows = [rate(f"A/A: {name}", count, runs, 0.05) for name, count in hits.items()]
    return [*rows, rate("guardrail passed at its margin (one-sided .05)", passed, runs, 0.05)]


def peeking(rng: Rng, runs: int) -> list[Row]:
    """Reading an A/A test every day for 30 days, and stopping at the first significant day."""
    a_day = 100
    n = a_day * np.arange(1, DAYS + 1)
    shares = list(n / n[-1])
    draws = rng.exponential(10, (runs, 2, DAYS, a_day))
    sums, squares = draws.sum(axis=3).cumsum(axis=2), (draws**2).sum(axis=3).cumsum(axis=2)
    means = sums / n
    errors = np.sqrt(((squares - sums * means) / (n - 1) / n).sum(axis=1))
    effects = means[:, 1] - means[:, 0]
    z = np.abs(effects / errors)
    always = sum(
        any(
            confidence_sequence(effect, se, 2 * int(size), planned_n=int(2 * n[-1])).significant
            for effect, se, size in zip(effects[run], errors[run], n, strict=True)
        )
        for run in range(runs)
    )
    fixed = int((z > stats.norm.ppf(0.975)).any(axis=1).sum())
    planned = int((z > np.array(boundaries(shares))).any(axis=1).sum())
    return [
        Row("peeking 30 days: fixed horizon, inflated", fixed / runs, 0.15, 1.0),
        rate("peeking 30 days: confidence sequence", always, runs, 0.05, side="at_most"),
        rate("peeking 30 days: group sequential, 30 looks", planned, runs, 0.05),
    ]


def variance_reduction(rng: Rng, runs: int) -> list[Row]:
    """CUPED: bias in standard errors, and the variance saved against the prediction."""
    plain, adjusted, predicted = [], [], []
    for _ in range(runs):
        before = rng.gamma(4, 2.5, (2, 200))
        after = 0.7 * before + rng.gamma(2, 1.5, (2, 200)) + [[0.0], [1.0]]
        result = cuped(*(Joint.from_values(after[i], before[i]) for i in (0, 1)))
        plain.append(after[1].mean() - after[0].mean())
        adjusted.append(result.treatment.mean - result.control.mean)
        predicted.append(result.correlation**2)
    bias = (np.mean(adjusted) - 1) / (np.std(adjusted) / math.sqrt(runs))
    saved = 1 - np.var(adjusted) / np.var(plain)
    expected = float(np.mean(predicted))
    return [
        Row("CUPED: bias in standard errors", float(bias), -3.3, 3.3),
        Row("CUPED: share of variance saved", float(saved), expected - 0.05, expected + 0.05),
    ]


def adjusted_lifts(rng: Rng, runs: int) -> list[Row]:
    """Coverage of lifts after CUPED, where the covariate is strong and the lift large."""
    rows = []
    for lift, spread, n in ((1.0, 1.0, 1600), (2.0, 3.0, 1600), (1.0, 5.0, 8000)):
        hits = counted = 0
        for _ in range(runs):
            past, other = rng.normal(size=(2, 2, n))
            own = 0.95 * past + math.sqrt(1 - 0.95**2) * other
            values = np.array([[1.0], [1.0 + lift]]) + spread * own
            found = cuped(*(Joint.from_values(values[i], past[i]) for i in (0, 1)))
            if not found.applied:  # the arms differed beforehand, in one of a thousand runs
                continue
            seen = difference(found.control, found.treatment, cov=found.cov).lift
            if seen is None:
                continue
            counted += 1
            hits += seen.low < lift < seen.high
        what = f"coverage: CUPED at correlation .95, lift {lift:+.0%}, sd / mean {spread:g}"
        rows.append(rate(what, hits, counted, 0.95))
    return rows


def lifts_by_segment(rng: Rng, runs: int) -> list[Row]:
    """Alarms of heterogeneity under one relative effect in segments of unlike levels."""
    rows, levels = [], np.array([1.0, 2.0, 4.0, 8.0])
    for lift, n in ((0.145, 300), (0.145, 20_000), (0.5, 5000)):
        covs = np.zeros((4, 2, 2))
        covs[:, 0, 0], covs[:, 1, 1] = ((1.5 * levels * k) ** 2 / n for k in (1, 1 + lift))
        hits = 0
        for _ in range(runs):
            base = rng.normal(levels, np.sqrt(covs[:, 0, 0]))
            other = rng.normal(levels * (1 + lift), np.sqrt(covs[:, 1, 1]))
            hits += lift_heterogeneity(base, other, covs).p_value < 0.05
        what = f"heterogeneity of lifts: all {lift:+.1%}, {n} users an arm and segment"
        rows.append(rate(what, hits, runs, 0.05))
    return rows


def sample_ratio_alarms(rng: Rng, runs: int) -> list[Row]:
    """Alarms of a sound split, read once and read daily, and of one that is 2 % off."""
    split = {"a": 0.5, "b": 0.3, "c": 0.2}
    shares = list(split.values())
    many = 5 * runs
    p_values = np.array([_ratio(row, split) for row in rng.multinomial(10_000, shares, many)])
    rows = [
        rate(f"sample ratio: alarms below {level:g}", int((p_values < level).sum()), many, level)
        for level in (0.05, 0.01, 0.001)
    ]
    daily = fixed = 0
    for _ in range(runs):
        days = rng.multinomial(1000, shares, DAYS)
        named = {str(i): dict(zip(split, map(int, day), strict=True)) for i, day in enumerate(days)}
        daily += min(sequential_sample_ratio(named, split).values()) < 0.05
        expected = np.outer(1000 * np.arange(1, DAYS + 1), shares)
        chi2 = ((days.cumsum(axis=0) - expected) ** 2 / expected).sum(axis=1)
        fixed += bool((chi2 > stats.chi2.ppf(0.95, 2)).any())
    off = rng.multinomial(100_000, [0.49, 0.306, 0.204], 200)
    found = int(sum(_ratio(row, split) < 0.001 for row in off))
    return [
        *rows,
        rate("sample ratio: sequential, read for 30 days", daily, runs, 0.05, side="at_most"),
        Row("sample ratio: chi-square, read for 30 days", fixed / runs, 0.15, 1.0),
        Row("sample ratio: a split 2 % off found at .001", found / 200, 0.95, 1.0),
    ]


def _ratio(row: np.ndarray, split: dict[str, float]) -> float:
    return sample_ratio(dict(zip(split, map(int, row), strict=True)), split).p_value


def power(rng: Rng, runs: int) -> list[Row]:
    """Whether planned users find the planned effect as often as planned, within 2 points."""
    many, rows = 10 * runs, []

    def row(what: str, found: int) -> None:
        rows.append(Row(f"power .80: {what}", found / many, 0.78, 0.82))

    def arms(size: int, mean: float, var: float) -> list[Moments]:
        # Means and variances of normal values, without drawing them.
        means = rng.normal(mean, math.sqrt(var / size), many)
        spreads = var * rng.chisquare(size - 1, many) / (size - 1)
        return [Moments(size, float(m), float(v)) for m, v in zip(means, spreads, strict=True)]

    for what, ratio in (("means", 1.0), ("means, 1:3", 1 / 3)):
        size = users_for_mean(100, 0.6, ratio=ratio)
        pairs = zip(arms(size.control, 10, 100), arms(size.treatment, 10.6, 100), strict=True)
        row(what, sum(difference(a, b).diff.significant for a, b in pairs))
    size = users_for_mean(100 * (1 - 0.6**2), 0.6)
    pairs = zip(arms(size.control, 10, 64), arms(size.treatment, 10.6, 64), strict=True)
    row("CUPED, correlation .6", sum(difference(a, b).diff.significant for a, b in pairs))
    size = users_for_share(0.1, 0.12)
    counts = zip(
        rng.binomial(size.control, 0.1, many), rng.binomial(size.treatment, 0.12, many), strict=True
    )
    found = sum(
        two_proportions(int(a), size.control, int(b), size.treatment).diff.significant
        for a, b in counts
    )
    row("shares", found)
    size = users_for_margin(10, 100, 0.05)
    pairs = zip(arms(size.control, 10, 100), arms(size.treatment, 10, 100), strict=True)
    row("guardrail", sum(non_inferiority(a, b, margin=0.05).status == "pass" for a, b in pairs))
    shares = np.array([0.25, 0.5, 0.75, 1.0])
    users = users_for_mean(1.0, 0.2).control * inflation(list(shares))
    steps = rng.normal(0.2 * users / 4, math.sqrt(2 * users / 4), (many, 4)).cumsum(axis=1)
    z = steps / np.sqrt(2 * users * shares)
    for procedure in ("holm", "dunnett"):
        row(f"3 treatments at 4:2:2:2, {procedure}", _found_among(rng, many, procedure, arms))
    row("four looks", int((np.abs(z) > boundaries(list(shares))).any(axis=1).sum()))
    return rows


def _found_among(rng: Rng, runs: int, procedure: Procedure, arms: Arms) -> int:
    """How often the one arm with an effect is found among three, at the size planned for it."""
    shares = [0.4, 0.2, 0.2, 0.2]
    level = planned_level(shares, procedure=procedure)
    users = users_over_arms(lambda r: users_for_mean(100, 0.6, alpha=level, ratio=r), shares)
    sizes = [round(users * share) for share in shares]
    drawn = [arms(n, 10 + 0.6 * (i == 1), 100) for i, n in enumerate(sizes)]
    control, *treatments = [arm[0] for arm in drawn]
    pairs = {i: (control, arm) for i, arm in enumerate(treatments)}
    # An arm's level hangs on sizes and variances alone, so that once is enough.
    dunnetts = arm_levels(pairs, {i: difference(*pair) for i, pair in pairs.items()})[0].level
    found = 0
    for control, *treatments in zip(*drawn, strict=True):
        p_values = [difference(control, arm).diff.p_value or 0.0 for arm in treatments]
        rejected = p_values[0] < dunnetts if procedure == "dunnett" else (
            (holm(p_values)[0] or 0.0) < 0.05
        )  # fmt: skip
        found += rejected
    return found


SIMULATIONS: dict[str, Callable[[Rng, int], list[Row]]] = {
    "false_positives": false_positives,
    "coverage": coverage,
    "many_tests": many_tests,
    "other_tests": other_tests,
    "peeking": peeking,
    "variance_reduction": variance_reduction,
    "adjusted_lifts": adjusted_lifts,
    "lifts_by_segment": lifts_by_segment,
    "sample_ratio": sample_ratio_alarms,
    "power": power,
}
