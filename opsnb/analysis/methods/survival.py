"""How long customers stay: survival by age from those observed at each age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opsnb.analysis.methods.distributions import norm
from opsnb.analysis.methods.estimate import need_fraction, refuse


@dataclass(frozen=True)
class Survival:
    """Share still there after each period, with pointwise intervals; arrays of shape (periods,).

    Attributes
    ----------
    median : int or None
        First period after which half or fewer are left; None where that is not reached.
    """

    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    median: int | None


def survival(at_risk: np.ndarray, left: np.ndarray, *, alpha: float = 0.05) -> Survival:
    """Kaplan and Meier's product-limit estimate (1958) with log-log Greenwood intervals.

    Customers may enter late: one counts at risk only in the periods in which it was observed.

    Parameters
    ----------
    at_risk, left : ndarray of shape (periods,)
        Customers there as the 1st, 2nd, ... period began, and those of them who left in it.
        The estimate ends before the first period in which nobody was at risk.

    Raises
    ------
    MethodError
        When shapes differ, more left than could, or nobody was ever at risk.
    """
    need_fraction("alpha", alpha)
    risk, gone = np.asarray(at_risk, dtype=float), np.asarray(left, dtype=float)
    if risk.ndim != 1 or risk.shape != gone.shape:
        refuse("shapes", f"{risk.shape} and {gone.shape}", "equal")
    if not len(risk) or risk[0] <= 0:
        refuse("at_risk", "empty in the first period", "at least 1 customer there")
    if (gone < 0).any() or (gone > risk).any():
        index = int(np.argmax((gone < 0) | (gone > risk)))
        refuse(f"left[{index}]", float(gone[index]), f"between 0 and {risk[index]:g}")
    empty = np.flatnonzero(risk == 0)
    end = int(empty[0]) if len(empty) else len(risk)
    risk, gone = risk[:end], gone[:end]
    share = np.cumprod(1 - gone / risk)
    low, high = _bounds(share, risk, gone, float(norm.ppf(1 - alpha / 2)))
    halved = np.flatnonzero(share <= 0.5)
    return Survival(share, low, high, int(halved[0]) + 1 if len(halved) else None)


def _bounds(
    share: np.ndarray, risk: np.ndarray, gone: np.ndarray, q: float
) -> tuple[np.ndarray, np.ndarray]:
    """Greenwood's variance on the scale of log(-log), where bounds stay within 0 and 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(gone / (risk * (risk - gone)))) / np.abs(np.log(share))
        low, high = share ** np.exp(q * spread), share ** np.exp(-q * spread)
    inside = (share > 0) & (share < 1)
    return np.where(inside, low, share), np.where(inside, high, share)
