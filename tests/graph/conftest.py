"""Real features to search in."""

import pytest


@pytest.fixture(scope="session")
def digit_images(digits):
    """The 1,000 training digits as features, float32 (1000, 8, 8, 1)."""
    return digits.train.images.astype("float32")
