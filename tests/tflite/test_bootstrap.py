import numpy as np
import pytest

from tf_lpdistill.tflite import bootstrap


def test_it_equals_drawing_the_images_anew():
    values = np.random.default_rng(1).integers(-1, 2, 300)
    draws = np.random.default_rng(2).integers(0, 300, (20_000, 300))
    expected = np.quantile(values[draws].mean(1), [0.025, 0.975])
    assert bootstrap.mean_interval(values) == pytest.approx(tuple(expected), abs=0.01)


def test_the_width_of_a_share_is_that_of_the_binomial():
    low, high = bootstrap.mean_interval([1] * 900 + [0] * 100)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.9 * 0.1 / 1000), rel=0.1)
    assert low < 0.9 < high


def test_the_seed_decides():
    values = [True, False, True, True] * 20
    assert bootstrap.mean_interval(values, 3) == bootstrap.mean_interval(values, 3)
    assert bootstrap.mean_interval(values, 3) != bootstrap.mean_interval(values, 4)


def test_no_doubt_without_variation():
    assert bootstrap.mean_interval([1, 1, 1]) == (1.0, 1.0)
