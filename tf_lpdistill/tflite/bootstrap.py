"""How sure a score is: the bootstrap."""

import numpy as np

_RESAMPLES = 2000
_LEVEL = 0.95


def mean_interval(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Returns the 95 % bootstrap interval of the mean of `values`.

    The images are drawn anew 2,000 times, with replacement; only the counts of each distinct value
    matter, so that one multinomial draw stands for one resample.

    Args:
        values: (n,) numbers: 0 or 1 for a score, -1, 0 or 1 for a difference of two.
        seed: of the draws.

    Returns:
        (low, high), floats: the percentiles 2.5 and 97.5 (Efron and Tibshirani 1993, section 13.3).
    """
    distinct, counts = np.unique(np.asarray(values, "float64"), return_counts=True)
    draws = np.random.default_rng(seed).multinomial(
        counts.sum(), counts / counts.sum(), size=_RESAMPLES
    )
    means = draws @ distinct / counts.sum()
    low, high = np.quantile(means, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(low), float(high)
