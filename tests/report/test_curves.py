import numpy as np

from tf_lpdistill.report.sections.curves import mean_and_band


def test_mean_and_sample_deviation_over_the_seeds():
    values = np.array([[0.1, 0.5], [0.3, 0.7], [0.8, 0.6]])
    mean, low, high = mean_and_band(values)
    np.testing.assert_allclose(mean, values.mean(axis=0))
    np.testing.assert_allclose(mean - low, values.std(axis=0, ddof=1))
    np.testing.assert_allclose(high - mean, values.std(axis=0, ddof=1))


def test_missing_values_do_not_count():
    values = np.array([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan]])
    mean, low, _ = mean_and_band(values)
    np.testing.assert_array_equal(mean, [2.0, 5.0, np.nan])
    np.testing.assert_allclose(low, [2.0 - np.sqrt(2.0), np.nan, np.nan])
