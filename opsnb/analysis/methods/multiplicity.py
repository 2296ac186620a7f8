"""Many tests at once: adjusted p-values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from opsnb.analysis.methods.estimate import refuse


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's adjustment: the chance of any false alarm stays below alpha.

    Order is kept; None (no test) stays None and does not count.

    Raises
    ------
    MethodError
        When a p-value lies outside [0, 1].
    """
    return _adjust(p_values, "holm")


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Benjamini and Hochberg's adjustment: the expected share of false alarms among alarms
    stays below alpha. Order and None as in `holm`."""
    return _adjust(p_values, "benjamini_hochberg")


def _adjust(p_values: Sequence[float | None], method: str) -> list[float | None]:
    for index, p_value in enumerate(p_values):
        if p_value is not None and not 0 <= p_value <= 1:
            refuse(f"p_values[{index}]", p_value, "between 0 and 1")
    tested = [index for index, p_value in enumerate(p_values) if p_value is not None]
    plain = np.array([p_values[index] for index in tested], dtype=float)
    order, m = np.argsort(plain), len(plain)
    rank = np.arange(1, m + 1)
    if method == "holm":
        raised = np.maximum.accumulate(plain[order] * (m + 1 - rank))
    else:
        raised = np.minimum.accumulate((plain[order] * m / rank)[::-1])[::-1]
    adjusted: list[float | None] = [None] * len(p_values)
    for position, value in zip(order, raised, strict=True):
        adjusted[tested[position]] = min(float(value), 1.0)
    return adjusted
