"""Adjusted p-values against GrowthBook's figures and simulated nulls."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from opsnb.analysis.methods.multiplicity import benjamini_hochberg, holm
from opsnb.base.errors import MethodError


def test_holm_equals_growthbook():
    """Oracle 21: growthbook experiments.test.ts."""
    assert holm([0.01, 0.04, 0.03, 0.005, 0.55, 0.6]) == pytest.approx(
        [0.05, 0.12, 0.12, 0.03, 1, 1]
    )


def test_benjamini_hochberg_equals_growthbook():
    """Oracle 22: growthbook experiments.test.ts."""
    assert benjamini_hochberg([0.898, 0.138, 0.007, 0.964, 0.538, 0.006, 0.138]) == pytest.approx(
        [0.964, 0.2415, 0.0245, 0.964, 0.7532, 0.0245, 0.2415]
    )


@pytest.mark.parametrize(("ours", "name"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_both_equal_statsmodels(ours, name):
    p_values = np.random.default_rng(2).uniform(0, 0.3, 12)
    assert ours(list(p_values)) == pytest.approx(multipletests(p_values, method=name)[1])


def test_missing_tests_do_not_count():
    assert holm([0.01, None, 0.04]) == [pytest.approx(0.02), None, pytest.approx(0.04)]
    assert benjamini_hochberg([None]) == [None]
    assert holm([]) == []


def test_holm_keeps_the_familywise_error():
    p_values = np.random.default_rng(1).uniform(size=(1500, 8))
    alarms = [min(holm(list(row))) < 0.05 for row in p_values]
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.02)


def test_error_names_the_position():
    with pytest.raises(MethodError, match=r"p_values\[1\] is 1.2; it must be between 0 and 1"):
        holm([0.5, 1.2])
