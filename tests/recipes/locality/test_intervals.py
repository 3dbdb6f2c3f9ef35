"""Means, intervals and paired tests against known numbers."""

import math

import numpy as np
import pytest

from locality import intervals

stats = pytest.importorskip("scipy.stats")


def test_mean_deviation_and_interval_of_known_numbers():
    found = intervals.mean([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (found.number, found.mean) == (5, 3.0)
    assert found.deviation == pytest.approx(math.sqrt(2.5))
    # 2.776445 is the 97.5 % quantile of Student's t with 4 degrees of freedom in printed tables.
    half = 2.776445 * math.sqrt(2.5) / math.sqrt(5)
    np.testing.assert_allclose([found.low, found.high], [3 - half, 3 + half], rtol=1e-6)


@pytest.mark.parametrize(("values", "expected"), [([], math.nan), ([0.5], 0.5)])
def test_fewer_than_two_values_have_no_spread(values, expected):
    found = intervals.mean(values)
    assert found.number == len(values)
    np.testing.assert_equal(found.mean, expected)
    assert all(map(math.isnan, (found.deviation, found.low, found.high)))


def test_pairs_are_compared_over_the_seeds_that_both_have():
    values, others = {0: 0.9, 1: 0.8, 2: 0.95, 7: 0.1}, {0: 0.85, 1: 0.8, 2: 0.9, 8: 0.9}
    difference, p = intervals.paired(values, others)
    assert difference.number == 3
    assert difference.mean == pytest.approx(0.1 / 3)
    assert p == pytest.approx(stats.ttest_rel([0.9, 0.8, 0.95], [0.85, 0.8, 0.9]).pvalue)


@pytest.mark.parametrize(("others", "p"), [({0: 1.0, 1: 2.0}, 1.0), ({0: 0.5, 1: 1.5}, 0.0)])
def test_differences_without_a_spread(others, p):
    assert intervals.paired({0: 1.0, 1: 2.0}, others)[1] == p


def test_one_common_seed_tests_nothing():
    difference, p = intervals.paired({0: 1.0}, {0: 0.25})
    assert difference.mean == 0.75 and math.isnan(p)


def test_holm_of_a_worked_example():
    # 0.01 * 3; then 0.03 * 2; then 0.04 * 1, but not below the one before.
    np.testing.assert_allclose(intervals.holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])
    np.testing.assert_equal(intervals.holm([0.8, math.nan, 0.9]), [1.0, math.nan, 1.0])
