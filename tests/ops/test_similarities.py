"""Cosines of rows of any length."""

import numpy as np

from tf_lpdistill.ops import cosine_similarities


def test_equals_numpy_for_every_length():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(6, 5))
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    lengths = 10.0 ** np.array([-15, -6, 0, 3, 9, 15])[:, None]
    cosines = cosine_similarities((rows * lengths).astype("float32"))
    np.testing.assert_allclose(cosines, unit @ unit.T, atol=1e-6)


def test_zero_rows_are_like_nothing():
    cosines = cosine_similarities(np.array([[0.0, 0.0], [1.0, 1.0]], "float32"))
    np.testing.assert_allclose(cosines, [[0.0, 0.0], [0.0, 1.0]], atol=1e-6)
