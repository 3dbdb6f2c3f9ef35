import numpy as np
import pytest

from tf_lpdistill.tflite import similarity


def test_cosines():
    """cos of 45 degrees, of opposites, and of nothing."""
    found = similarity.cosines([[1, 0], [1, 2], [0, 0]], [[1, 1], [-2, -4], [1, 1]])
    np.testing.assert_allclose(found, [np.sqrt(0.5), -1.0, 0.0])


def test_compare():
    found = similarity.compare(
        np.array([[1.0, 0.0], [0.0, 3.0]]), np.array([[1.0, 0.0], [3.0, 3.0]])
    )
    assert found["cosine"] == pytest.approx((1 + np.sqrt(0.5)) / 2)
    assert found["lowest_cosine"] == pytest.approx(np.sqrt(0.5))
    assert (found["max_difference"], found["images"]) == (3.0, 2)
