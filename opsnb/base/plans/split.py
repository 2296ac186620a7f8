"""The split of an experiment as people write it: fractions, "1/3", percent, or ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from opsnb.base.toml_model import mistake

_NEARLY_PERCENT = (80, 120)
"""Whole numbers with a sum in between are percent, and one of them is mistyped."""


def weight(value: Any) -> Any:
    """A text such as "1/3" as its number; anything else as it is.

    Raises
    ------
    ValueError
        The text is no fraction.
    """
    if not isinstance(value, str):
        return value
    try:
        return float(Fraction(value.strip()))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise mistake(f'"{value}" is no share', 'write 0.5, or a fraction: "1/3"') from None


def as_shares(weights: Sequence[float]) -> list[float]:
    """Whole numbers, which are ratios or percent, as fractions of 1; fractions as they are.

    Weights of which one is not above 0, and percent that do not sum to 100, stay as they are:
    their sum is not 1, which is said where a split is checked.
    """
    total = math.fsum(weights)
    whole = all(value >= 1 and float(value).is_integer() for value in weights)
    low, high = _NEARLY_PERCENT
    if not whole or len(weights) < 2 or (total != 100 and low <= total <= high):
        return list(weights)
    return [value / total for value in weights]


def _by_arm(split: Mapping[str, float]) -> dict[str, float]:
    return dict(zip(split, as_shares(list(split.values())), strict=True))


Split = Annotated[dict[str, Annotated[float, BeforeValidator(weight)]], AfterValidator(_by_arm)]
"""Shares by arm: {control = 0.5, treatment = 0.5}, {control = 1, treatment = 2}, "1/3"."""
