"""What a customer will still buy: purchases, value a purchase, contract retention."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import betaln, gammaln, hyp2f1, psi

from opsnb.analysis.methods.estimate import need_finite, refuse
from opsnb.analysis.methods.likelihood import covariance_at, minimise, plausible

MIN_CUSTOMERS = 30
"""Customers below which the parameters of a population mean little."""


@dataclass(frozen=True)
class BgNbd:
    """Purchases by customers who may leave unseen (Fader, Hardie and Lee 2005).

    Purchase rates are gamma(r, alpha) between customers, the chance to leave after a purchase
    is beta(a, b). Times are in the unit of the data (weeks, days).
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    n: int
    covariance: np.ndarray | None = field(default=None, compare=False, repr=False)

    def expected(self, t: float) -> float:
        """Mean repeat purchases of a new customer up to time t."""
        return float(self.expected_at(np.array(t)))

    def expected_at(self, t: np.ndarray) -> np.ndarray:
        """The same for many times."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        form = hyp2f1(r, b, a + b - 1, t / (alpha + t))
        bought: np.ndarray = (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + t)) ** r * form)
        return bought

    def draws(self, n: int, rng: np.random.Generator) -> list[BgNbd]:
        """Models that the data would allow as well; see `plausible`."""
        logs = plausible(np.array([self.r, self.alpha, self.a, self.b]), self.covariance, n, rng)
        return [replace(self, r=r, alpha=alpha, a=a, b=b) for r, alpha, a, b in logs.tolist()]

    def expected_given(
        self, t: float, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray
    ) -> np.ndarray:
        """Mean purchases in the next t of customers with a known past, shape (customers,)."""
        x, tx, age = _history(frequency, recency, age)
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        form = hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + age + t))
        bought: np.ndarray = (a + b + x - 1) / (a - 1)
        bought *= 1 - ((alpha + age) / (alpha + age + t)) ** (r + x) * form
        bought /= 1 + self._gone_odds(x, tx, age)
        return bought

    def alive(self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Probability that each customer has not left, shape (customers,).

        One without a repeat has 1: the model lets nobody leave before a repeat purchase
        (Fader and Hardie 2008).
        """
        return 1 / (1 + self._gone_odds(*_history(frequency, recency, age)))

    def buys_within(
        self, t: float, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray
    ) -> np.ndarray:
        """Probability that each customer buys at least once in the next t, shape (customers,).

        Who is alive leaves only after a purchase, so the silence of t has the probability
        ((alpha + age) / (alpha + age + t)) ** (r + x), the rate being gamma(r + x, alpha + age).
        """
        x, tx, age = _history(frequency, recency, age)
        silent = ((self.alpha + age) / (self.alpha + age + t)) ** (self.r + x)
        buys: np.ndarray = (1 - silent) / (1 + self._gone_odds(x, tx, age))
        return buys

    def _gone_odds(self, x: np.ndarray, tx: np.ndarray, age: np.ndarray) -> np.ndarray:
        drop = self.a / (self.b + np.maximum(x, 1) - 1)
        odds = drop * ((self.alpha + age) / (self.alpha + tx)) ** (self.r + x)
        return np.where(x > 0, odds, 0.0)


def fit_bg_nbd(frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> BgNbd:
    """Fit by maximum likelihood.

    Parameters
    ----------
    frequency : ndarray of shape (customers,)
        Repeat purchases: days with a purchase after the first.
    recency : ndarray of shape (customers,)
        Time from the first to the last purchase; 0 without a repeat.
    age : ndarray of shape (customers,)
        Time from the first purchase to the end of the data.

    Raises
    ------
    MethodError
        When shapes differ, recency exceeds age, there are fewer than 30 customers or no
        repeats, or the likelihood has no maximum.
    """
    x, tx, age = _history(frequency, recency, age)
    _enough(len(x))
    if not (x > 0).any():
        refuse("number of customers with a repeat purchase", 0, "at least 1")
    # Rescaling time brings alpha near the other parameters; the likelihood only shifts.
    unit = float(age.max()) / 10
    late, early = age / unit, tx / unit

    bought, customers = np.unique(x, return_counts=True)
    returned = x > 0
    later = np.maximum(x, 1) - 1

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        r, alpha, a, b = np.exp(logs)
        end, last = np.log(alpha + late), np.log(alpha + early)
        stay = -(r + x) * end
        gone = np.log(a) - np.log(b + later) - (r + x) * last
        each = np.where(returned, np.logaddexp(stay, gone), stay)
        left = np.where(returned, np.exp(gone - each), 0.0)
        # What depends on the number of purchases alone is worked out once a number.
        shared = gammaln(r + bought) - gammaln(r) + betaln(a, b + bought) - betaln(a, b)
        level = customers @ shared + len(x) * r * np.log(alpha) + each.sum()
        whole = psi(a + b) - psi(a + b + bought)
        slopes = [
            customers @ (psi(r + bought) - psi(r)) + len(x) * np.log(alpha)
            - ((1 - left) * end + left * last).sum(),
            len(x) * r / alpha
            - ((r + x) * ((1 - left) / (alpha + late) + left / (alpha + early))).sum(),
            customers @ whole + left.sum() / a,
            customers @ (psi(b + bought) - psi(b) + whole) - (left / (b + later)).sum(),
        ]  # fmt: skip
        return -float(level), -np.array(slopes) * (r, alpha, a, b)

    logs, best = minimise(loss, np.array([0.0, 0.0, 0.0, 0.5]), "BG/NBD")
    r, alpha, a, b = np.exp(logs)
    level = -best - float(x.sum()) * np.log(unit)
    spread = covariance_at(loss, logs)
    return BgNbd(float(r), float(alpha * unit), float(a), float(b), float(level), len(x), spread)


@dataclass(frozen=True)
class GammaGamma:
    """Value a purchase (Fader and Hardie 2013): independent of how often somebody buys."""

    p: float
    q: float
    v: float
    log_likelihood: float
    n: int
    covariance: np.ndarray | None = field(default=None, compare=False, repr=False)

    @property
    def mean(self) -> float:
        """Mean value a purchase over the population."""
        return self.p * self.v / (self.q - 1)

    def draws(self, n: int, rng: np.random.Generator) -> list[GammaGamma]:
        """Models that the data would allow as well; see `plausible`."""
        logs = plausible(np.array([self.p, self.q, self.v]), self.covariance, n, rng)
        return [replace(self, p=p, q=q, v=v) for p, q, v in logs.tolist()]

    def expected_given(self, frequency: np.ndarray, mean_value: np.ndarray) -> np.ndarray:
        """Mean value a purchase of each customer; with frequency 0, that of the population."""
        x, z = np.asarray(frequency, dtype=float), np.asarray(mean_value, dtype=float)
        own = self.p * x
        z = np.where(x > 0, z, 0.0)
        mean: np.ndarray = self.p * (self.v + x * z) / (own + self.q - 1)
        return mean


def fit_gamma_gamma(frequency: np.ndarray, mean_value: np.ndarray) -> GammaGamma:
    """Fit to customers with repeats, by maximum likelihood.

    Parameters
    ----------
    frequency, mean_value : ndarray of shape (customers,)
        Repeat purchases and their mean value; customers without either are left out.

    Raises
    ------
    MethodError
        When shapes differ, a mean value is negative, fewer than 30 customers remain, or the
        likelihood has no maximum.
    """
    x, z = np.asarray(frequency, dtype=float), np.asarray(mean_value, dtype=float)
    if x.shape != z.shape:
        refuse("mean_value", f"of shape {z.shape}", f"of shape {x.shape}, as frequency is")
    if (z[x > 0] < 0).any():
        refuse("mean_value", float(z[x > 0].min()), "at least 0")
    rows = (x > 0) & (z > 0)
    x, z = x[rows], z[rows]
    _enough(len(x))
    unit = float(z.mean())
    scaled = z / unit

    spent = x * scaled
    bought, customers = np.unique(x, return_counts=True)
    weighed, single = float(x @ np.log(spent)), float(np.log(scaled).sum())

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        p, q, v = np.exp(logs)
        own, together = p * x + q, np.log(v + spent)
        shared = gammaln(p * bought + q) - gammaln(p * bought) - gammaln(q) + q * np.log(v)
        level = customers @ shared + p * weighed - single - own @ together
        rise = psi(p * bought + q)
        slopes = [
            customers @ (bought * (rise - psi(p * bought))) + weighed - x @ together,
            customers @ (rise - psi(q) + np.log(v)) - together.sum(),
            len(x) * q / v - (own / (v + spent)).sum(),
        ]
        return -float(level), -np.array(slopes) * (p, q, v)

    logs, best = minimise(loss, np.array([1.0, 1.0, 0.0]), "Gamma-Gamma")
    p, q, v = np.exp(logs)
    level = -best - len(x) * np.log(unit)
    spread = covariance_at(loss, logs)
    return GammaGamma(float(p), float(q), float(v * unit), float(level), len(x), spread)


@dataclass(frozen=True)
class ShiftedBetaGeometric:
    """Retention of a cohort under contract (Fader and Hardie 2007).

    `log_likelihood` counts the customers who were passed to the fit.
    """

    alpha: float
    beta: float
    log_likelihood: float
    covariance: np.ndarray | None = field(default=None, compare=False, repr=False)

    def draws(self, n: int, rng: np.random.Generator) -> list[ShiftedBetaGeometric]:
        """Models that the data would allow as well; see `plausible`."""
        logs = plausible(np.array([self.alpha, self.beta]), self.covariance, n, rng)
        return [replace(self, alpha=alpha, beta=beta) for alpha, beta in logs.tolist()]

    def survival(self, periods: int) -> np.ndarray:
        """Share of the cohort left after 0, 1, ..., `periods` renewals."""
        step = np.arange(1, periods + 1)
        return np.concatenate([[1.0], np.cumprod(1 - self.leaving(step))])

    def leaving(self, period: np.ndarray) -> np.ndarray:
        """Probability to leave in the 1st, 2nd, ... period of those who are left by then."""
        return self.alpha / (self.alpha + self.beta + np.asarray(period, dtype=float) - 1)


def fit_shifted_beta_geometric(customers: np.ndarray) -> ShiftedBetaGeometric:
    """Fit to the customers of one cohort left after each renewal.

    Parameters
    ----------
    customers : ndarray of shape (periods + 1,)
        Starts with the whole cohort, such as [1000, 869, 743]; never rises.

    Raises
    ------
    MethodError
        With fewer than three numbers, a rise, a value below 0, or nobody leaving.
    """
    left = np.asarray(customers, dtype=float)
    if left.ndim != 1 or len(left) < 3:
        refuse("customers", f"of shape {left.shape}", "at least three numbers")
    for index, value in enumerate(left):
        need_finite(f"customers[{index}]", value)
    if left[-1] < 0 or (np.diff(left) > 0).any() or left[0] == left[-1]:
        refuse("customers", left.tolist(), "falling from period to period, not below 0")
    return fit_leaving(left[:-1], -np.diff(left))


def fit_leaving(at_risk: np.ndarray, left: np.ndarray) -> ShiftedBetaGeometric:
    """Fit to who could leave and who left in the 1st, 2nd, ... period of their contracts.

    The same likelihood as that of one cohort, as a product over the periods, so that customers
    of all ages may enter, each for the periods in which it was observed.

    Parameters
    ----------
    at_risk, left : ndarray of shape (periods,)
        Customers under contract as a period began, and those of them who left in it.

    Raises
    ------
    MethodError
        When shapes differ, more left than could, nobody left, everybody left, or the
        likelihood has no maximum.
    """
    risk, gone = np.asarray(at_risk, dtype=float), np.asarray(left, dtype=float)
    if risk.ndim != 1 or risk.shape != gone.shape or len(risk) < 2:
        refuse("shapes", f"{risk.shape} and {gone.shape}", "equal, of two periods or more")
    if not np.isfinite(np.concatenate([risk, gone])).all() or (gone < 0).any():
        refuse("left", "partly missing or negative", "at least 0 in every period")
    if (gone > risk).any():
        index = int(np.argmax(gone > risk))
        refuse(f"left[{index}]", float(gone[index]), f"at most at_risk, which is {risk[index]:g}")
    if not gone.any() or gone.sum() == risk.sum():
        refuse("customers who left", float(gone.sum()), "some of those who could, not all")
    step = np.arange(len(risk))

    stayed, everybody = risk - gone, gone.sum()

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        a, b = np.exp(logs)
        level = everybody * np.log(a) + np.log(b + step) @ stayed - np.log(a + b + step) @ risk
        due = (risk / (a + b + step)).sum()
        slopes = [everybody / a - due, (stayed / (b + step)).sum() - due]
        return -float(level), -np.array(slopes) * (a, b)

    logs, best = minimise(loss, np.zeros(2), "shifted-beta-geometric model")
    alpha, beta = np.exp(logs)
    return ShiftedBetaGeometric(float(alpha), float(beta), -best, covariance_at(loss, logs))


def _history(
    frequency: np.ndarray, recency: np.ndarray, age: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, tx, total = (np.atleast_1d(np.asarray(v, dtype=float)) for v in (frequency, recency, age))
    if not x.shape == tx.shape == total.shape:
        refuse("shapes", f"{x.shape}, {tx.shape} and {total.shape}", "equal")
    for name, values in (("frequency", x), ("recency", tx), ("age", total)):
        if not (np.isfinite(values).all() and (values >= 0).all()):
            refuse(name, "partly missing or negative", "at least 0 for every customer")
    if (tx > total).any():
        index = int(np.argmax(tx > total))
        refuse(f"recency[{index}]", float(tx[index]), f"at most age, which is {total[index]:g}")
    return x, tx, total


def _enough(n: int) -> None:
    if n < MIN_CUSTOMERS:
        refuse("number of customers", n, f"at least {MIN_CUSTOMERS}")
