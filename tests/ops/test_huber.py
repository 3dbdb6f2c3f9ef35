"""Both parts of Huber's penalty, and where they meet."""

import numpy as np

from tf_lpdistill.ops import huber


def test_values_by_hand():
    differences = np.array([0.0, 0.5, -0.5, 1.0, -1.0, 3.0, -3.0], "float32")
    expected = [0.0, 0.125, 0.125, 0.5, 0.5, 2.5, 2.5]
    np.testing.assert_allclose(huber(differences), expected)
