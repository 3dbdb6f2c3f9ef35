"""Means of a few seeds: spread, intervals, paired tests. Needs scipy, in the extra `study`."""

import dataclasses
import math

import numpy as np


@dataclasses.dataclass(frozen=True)
class Mean:
    """A mean over seeds.

    Args:
        number: how many values.
        mean: their mean; NaN of none.
        deviation: their standard deviation with n - 1; NaN of fewer than two.
        low: lower end of the 95 % interval of the mean (Student's t); NaN of fewer than two.
        high: upper end.
    """

    number: int
    mean: float
    deviation: float
    low: float
    high: float


def mean(values, confidence=0.95):
    """The `Mean` of values, an iterable of floats."""
    values = np.array(list(values), np.float64)
    number = len(values)
    if number < 2:
        nothing = math.nan
        return Mean(number, float(values[0]) if number else nothing, nothing, nothing, nothing)
    from scipy import stats

    centre, deviation = float(values.mean()), float(values.std(ddof=1))
    half = stats.t.ppf((1 + confidence) / 2, number - 1) * deviation / math.sqrt(number)
    return Mean(number, centre, deviation, centre - float(half), centre + float(half))


def paired(values, others):
    """Compares two methods over the seeds that both have.

    Args:
        values: {seed: float}.
        others: the same of the other method.

    Returns:
        (`Mean` of the differences, two-sided p of the paired t test): p is NaN for fewer than two
        common seeds, and for differences that are all equal 1.0 at zero and 0.0 elsewhere.
    """
    common = sorted(set(values) & set(others))
    difference = mean([values[seed] - others[seed] for seed in common])
    if difference.number < 2:
        return difference, math.nan
    if difference.deviation == 0.0:
        return difference, float(difference.mean == 0.0)
    from scipy import stats

    t = difference.mean / (difference.deviation / math.sqrt(difference.number))
    return difference, float(2 * stats.t.sf(abs(t), difference.number - 1))


def holm(p_values):
    """Corrects p values of one family for their number, as Holm 1979 does.

    Args:
        p_values: sequence of floats; NaN is left out of the family.

    Returns:
        List of the corrected ones, in the same order, at most 1.
    """
    corrected = [math.nan] * len(p_values)
    order = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    largest = 0.0
    for rank, (p, i) in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p))
        corrected[i] = largest
    return corrected
