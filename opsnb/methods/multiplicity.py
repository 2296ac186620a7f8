"""Many tests at once: adjusted p-values."""

from __future__ import annotations

from collections.abc import Sequence

from statsmodels.stats.multitest import multipletests

from opsnb.methods.estimate import refuse


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
    return _adjust(p_values, "fdr_bh")


def _adjust(p_values: Sequence[float | None], method: str) -> list[float | None]:
    for index, p_value in enumerate(p_values):
        if p_value is not None and not 0 <= p_value <= 1:
            refuse(f"p_values[{index}]", p_value, "between 0 and 1")
    tested = [index for index, p_value in enumerate(p_values) if p_value is not None]
    adjusted: list[float | None] = [None] * len(p_values)
    if tested:
        values = multipletests([p_values[index] for index in tested], method=method)[1]
        for index, value in zip(tested, values, strict=True):
            adjusted[index] = float(value)
    return adjusted
