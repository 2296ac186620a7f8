"""Maxima of likelihoods whose parameters are above zero: found, judged and drawn from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize

from opsnb.base.errors import MethodError

_FAR = 15.0
"""The log of a parameter that no data of people lead to."""

Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]
"""Of the logs of a model's parameters: the loss, and its slope."""


def minimise(loss: Loss, start: np.ndarray, name: str) -> tuple[np.ndarray, float]:
    """Where a loss is least, and how little it is there.

    Downhill along the slope; where that ends on a ridge or a plain, by trial (Nelder-Mead).
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        steep = optimize.minimize(
            loss, start, jac=True, method="L-BFGS-B", bounds=[(-_FAR, _FAR)] * len(start),
            options={"maxiter": 1000, "ftol": 0, "gtol": 1e-8},
        )  # fmt: skip
        logs = _settled(loss, steep.x)
        if logs is None and np.abs(steep.x).max() < _FAR - 3:
            tried = optimize.minimize(
                lambda logs: loss(logs)[0], steep.x, method="Nelder-Mead",
                options={"xatol": 1e-7, "fatol": 1e-8, "maxiter": 2000},
            )  # fmt: skip
            logs = tried.x if tried.success else None
    if logs is None or np.abs(logs).max() > _FAR - 3:
        raise MethodError(
            f"the likelihood of the {name} has no maximum for these customers",
            hint="use more customers or a longer history",
        )
    return logs, loss(logs)[0]


def _settled(loss: Loss, logs: np.ndarray) -> np.ndarray | None:
    """The place near a minimum where the slope is nil, by Newton's steps; None if there is none.

    Around its minimum the loss itself is too flat to tell one place from the next. Where it
    falls for ever, ever less, the steps do not get shorter.
    """
    for _ in range(30):
        curve = _curve(loss, logs)
        if curve is None or np.abs(logs).max() > _FAR:
            return None
        move = np.linalg.solve(curve, loss(logs)[1])
        longest = float(np.abs(move).max())
        logs = logs - move / max(1.0, 2 * longest)
        if longest < 1e-7:
            return logs
    return None


def _curve(loss: Loss, logs: np.ndarray) -> np.ndarray | None:
    """The matrix of second derivatives; None where the loss does not rise on all sides."""
    step = 1e-4
    slopes = [loss(logs + move)[1] - loss(logs - move)[1] for move in step * np.eye(len(logs))]
    curve = np.array(slopes) / (2 * step)
    curve = (curve + curve.T) / 2
    if not np.isfinite(curve).all() or np.linalg.eigvalsh(curve)[0] <= 0:
        return None
    return curve


def covariance_at(loss: Loss, logs: np.ndarray) -> np.ndarray | None:
    """Of the logs of the parameters: the inverse of the loss's curvature at its minimum.

    None where the loss is flat in some direction, so that the data do not pin them down.
    """
    curve = _curve(loss, logs)
    return None if curve is None else np.linalg.inv(curve)


def plausible(
    fitted: np.ndarray, covariance: np.ndarray | None, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Draws of the parameters, shape (n, parameters): their logs are normal around the fit.

    The large-sample distribution of a maximum of the likelihood.

    Raises
    ------
    MethodError
        When the data do not pin the parameters down.
    """
    if covariance is None:
        raise MethodError(
            "the parameters have no covariance: the likelihood is flat around its maximum",
            hint="use more customers or a longer history",
        )
    return np.exp(rng.multivariate_normal(np.log(fitted), covariance, size=n))
