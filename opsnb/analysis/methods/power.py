"""How many users, how many days, how small an effect?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy import optimize

from opsnb.analysis.methods.distributions import norm
from opsnb.analysis.methods.estimate import need_count, need_finite, need_fraction, refuse


@dataclass(frozen=True)
class SampleSize:
    """Users needed in each arm and together."""

    control: int
    treatment: int

    @property
    def total(self) -> int:
        """Users of both arms."""
        return self.control + self.treatment


def users_for_mean(
    var: float, effect: float, *, alpha: float = 0.05, power: float = 0.8, ratio: float = 1.0
) -> SampleSize:
    """Users that find a difference of means with the power asked for (t-test).

    Parameters
    ----------
    var : float
        Variance of the metric between users (after CUPED: times 1 - correlation^2).
    effect : float
        Absolute difference to be found; its sign does not matter.
    ratio : float
        Users of treatment for each user of control.
    """
    _check_variance(var)
    _check_wish(effect, alpha, power, ratio)
    q = _z(1 - alpha / 2)
    need = ((q + _z(power)) / effect) ** 2 * var * (1 + 1 / ratio)
    # Guenther's correction (1981) for the t distribution: exact to one user.
    return _rounded(need + q * q / 4, ratio)


def users_for_share(
    base: float, share: float, *, alpha: float = 0.05, power: float = 0.8, ratio: float = 1.0
) -> SampleSize:
    """Users that find a change of a share from `base` to `share` (pooled z-test).

    >>> users_for_share(0.10, 0.11)
    SampleSize(control=14751, treatment=14751)
    """
    need_fraction("base", base)
    need_fraction("share", share)
    _check_wish(share - base, alpha, power, ratio)
    pooled = (base + ratio * share) / (1 + ratio)
    null = math.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio))
    own = math.sqrt(base * (1 - base) + share * (1 - share) / ratio)
    need = ((_z(1 - alpha / 2) * null + _z(power) * own) / (share - base)) ** 2
    return _rounded(need, ratio)


def power_for_mean(
    var: float, effect: float, n_control: int, n_treatment: int, *, alpha: float = 0.05
) -> float:
    """Chance of a significant difference when the true one is `effect`."""
    _check_variance(var)
    need_finite("effect", effect)
    _check_design(alpha, n_control, n_treatment)
    return _power(effect / math.sqrt(var / n_control + var / n_treatment), alpha)


def power_for_share(
    base: float, share: float, n_control: int, n_treatment: int, *, alpha: float = 0.05
) -> float:
    """Chance that the pooled z-test of two shares is significant.

    The critical value uses the pooled variance, the distribution of the difference its own.
    """
    need_fraction("base", base)
    need_fraction("share", share)
    _check_design(alpha, n_control, n_treatment)
    pooled = (base * n_control + share * n_treatment) / (n_control + n_treatment)
    null = math.sqrt(pooled * (1 - pooled) * (1 / n_control + 1 / n_treatment))
    own = math.sqrt(base * (1 - base) / n_control + share * (1 - share) / n_treatment)
    q = float(norm.ppf(1 - alpha / 2)) * null
    gap = share - base
    return float(norm.sf((q - gap) / own) + norm.cdf((-q - gap) / own))


def power_for_lift(
    mean: float, var: float, lift: float, n_control: int, n_treatment: int, *, alpha: float = 0.05
) -> float:
    """Chance that a relative lift is significant by the delta method, as GrowthBook plans it."""
    return _power(
        lift / math.sqrt(_lift_variance(mean, var, lift, n_control, n_treatment, alpha)), alpha
    )


def detectable_lift(
    mean: float,
    var: float,
    n_control: int,
    n_treatment: int,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    """The smallest positive lift found with the power asked for by the delta method.

    Raises
    ------
    MethodError
        When the design is too small to find any lift.
    """
    need_fraction("power", power)
    _lift_variance(mean, var, 0.0, n_control, n_treatment, alpha)
    k = (_z(1 - alpha / 2) + _z(power)) ** 2 * var / mean**2
    a, b, c = 1 - k / n_control, 2 * k / n_control, k / n_control + k / n_treatment
    if a <= 0:
        refuse("n_control", n_control, f"above {math.ceil(k)} to find a lift of any size")
    return (b + math.sqrt(b * b + 4 * a * c)) / (2 * a)


def detectable_share(
    base: float, n_control: int, n_treatment: int, *, alpha: float = 0.05, power: float = 0.8
) -> float:
    """The smallest rise of a share of `base` that the pooled z-test finds with this power.

    Raises
    ------
    MethodError
        When no share up to 1 is found with it.
    """
    need_fraction("base", base)
    need_fraction("power", power)
    _check_design(alpha, n_control, n_treatment)

    def excess(share: float) -> float:
        return power_for_share(base, share, n_control, n_treatment, alpha=alpha) - power

    top = 1 - 1e-9
    if power <= alpha or excess(top) <= 0:
        refuse("power", power, "above alpha and within reach of so few users")
    return float(optimize.brentq(excess, base, top, xtol=1e-12)) - base


def power_for_margin(
    mean: float,
    var: float,
    margin: float,
    n_control: int,
    n_treatment: int,
    *,
    change: float = 0.0,
    direction: Literal["up", "down"] = "up",
    alpha: float = 0.05,
) -> float:
    """Chance that a guardrail passes: that `non_inferiority` is shown.

    Parameters
    ----------
    mean, var : float
        Of the metric between users of the control.
    margin : float
        Acceptable worsening as a share of |mean|, above 0.
    change : float
        True improvement as a share of |mean|: 0 for no effect, negative when worse.
    direction : str
        `up` when more is better, `down` when less is.
    alpha : float
        One-sided.
    """
    _check_variance(var)
    weight = _control_weight(mean, margin, change, direction)
    _check_design(alpha, n_control, n_treatment)
    distance = (change + margin) * abs(mean)
    se = math.sqrt(var / n_treatment + weight**2 * var / n_control)
    return float(norm.cdf(distance / se - _z(1 - alpha)))


def users_for_margin(
    mean: float,
    var: float,
    margin: float,
    *,
    change: float = 0.0,
    direction: Literal["up", "down"] = "up",
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
) -> SampleSize:
    """Users with which a guardrail passes with the power asked for; as `power_for_margin`.

    Raises
    ------
    MethodError
        When the true change uses up the margin: then no number of users will do.
    """
    _check_variance(var)
    weight = _control_weight(mean, margin, change, direction)
    distance = (change + margin) * abs(mean)
    if distance <= 0:
        refuse("change", change, f"above {-margin:g}: at the margin no number of users will do")
    _check_wish(distance, alpha, power, ratio)
    z = (_z(1 - alpha) + _z(power)) / distance
    return _rounded(z * z * var * (weight**2 + 1 / ratio), ratio)


def days_needed(users: int, users_a_day: float, *, whole_weeks: bool = True) -> int:
    """Days until `users` have come, rounded up to whole weeks so that each weekday counts once.

    >>> days_needed(29_502, 1_500), days_needed(29_502, 1_500, whole_weeks=False)
    (21, 20)
    """
    need_count("users", users, least=1)
    if not (math.isfinite(users_a_day) and users_a_day > 0):
        refuse("users_a_day", users_a_day, "a finite number above 0")
    days = math.ceil(users / users_a_day)
    return math.ceil(days / 7) * 7 if whole_weeks else days


def _check_wish(effect: float, alpha: float, power: float, ratio: float) -> None:
    need_fraction("alpha", alpha)
    need_fraction("power", power)
    if not (math.isfinite(effect) and effect != 0):
        refuse("effect", effect, "a finite number other than 0")
    if not (math.isfinite(ratio) and ratio > 0):
        refuse("ratio", ratio, "a finite number above 0")


def _control_weight(mean: float, margin: float, change: float, direction: str) -> float:
    """Weight of the control's noise in the test of non-inferiority."""
    need_fraction("margin", margin)
    need_finite("change", change)
    if not (math.isfinite(mean) and mean != 0):
        refuse("mean", mean, "a finite number other than 0")
    if direction not in ("up", "down"):
        refuse("direction", f'"{direction}"', '"up" or "down"')
    return 1 - math.copysign(margin, mean if direction == "up" else -mean)


def _rounded(control: float, ratio: float) -> SampleSize:
    return SampleSize(math.ceil(control - 1e-9), math.ceil(control * ratio - 1e-9))


def _lift_variance(
    mean: float, var: float, lift: float, n_control: int, n_treatment: int, alpha: float
) -> float:
    _check_variance(var)
    need_finite("lift", lift)
    _check_design(alpha, n_control, n_treatment)
    if not (math.isfinite(mean) and mean != 0):
        refuse("mean", mean, "a finite number other than 0")
    return var / mean**2 * (1 / n_treatment + (1 + lift) ** 2 / n_control)


def _power(z: float, alpha: float) -> float:
    q = _z(1 - alpha / 2)
    return float(norm.sf(q - z) + norm.cdf(-q - z))


def _z(p: float) -> float:
    return float(norm.ppf(p))


def _check_variance(var: float) -> None:
    if not (math.isfinite(var) and var > 0):
        refuse("var", var, "a finite number above 0")


def _check_design(alpha: float, n_control: int, n_treatment: int) -> None:
    need_fraction("alpha", alpha)
    need_count("n_control", n_control, least=2)
    need_count("n_treatment", n_treatment, least=2)
