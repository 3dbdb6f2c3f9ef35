"""Labels as they come in data sets."""

import numpy as np
import pytest

from tf_lpdistill.guidance.labels import as_classes


@pytest.mark.parametrize(
    "y",
    [
        [2, 0, 1],
        np.uint8([[2], [0], [1]]),
        np.float32([2, 0, 1]),
        np.eye(3)[[2, 0, 1]],
        np.float32([[0, 0.3, 0.7], [0.9, 0.1, 0], [0.2, 0.6, 0.2]]),
    ],
    ids=["integers", "column", "floats", "one-hot", "mixed"],
)
def test_classes_are_read(y):
    np.testing.assert_array_equal(as_classes(np.asarray(y)), [2, 0, 1])


@pytest.mark.parametrize(
    "y",
    [None, {"a": np.zeros(3)}, (np.zeros(3),), np.float32([0.5, 1]), np.zeros((2, 2, 2)), ["a"]],
    ids=["none", "dict", "tuple", "fractions", "map", "text"],
)
def test_anything_else_is_no_classes(y):
    assert as_classes(np.asarray(y) if isinstance(y, list) else y) is None
