"""Signatures tell real images apart, and let rounding pass."""

import numpy as np
import pytest

from tf_lpdistill.data import load_npz
from tf_lpdistill.teachers.cache.signature import differing, signature


@pytest.fixture(scope="module")
def images(digits):
    """The 1,000 training digits, scaled 0..1."""
    return digits.train.images.astype("float32") / 255.0


def test_the_numbers_are_fixed(images):
    # RandomState promises its stream: caches stay readable.
    expected = np.linalg.norm(images[0])
    weights = np.random.RandomState(0).standard_normal((64, 4)).astype("float32")
    found = signature(images[:1])
    assert found.shape == (1, 5) and found.dtype == np.float32
    np.testing.assert_allclose(found[0], [expected, *(images[0].ravel() @ weights)], rtol=1e-5)


def test_rounding_passes(images):
    expected = signature(images)
    rng = np.random.default_rng(0)
    noisy = images * (1.0 + 1e-6 * rng.normal(size=images.shape))
    assert differing(signature(noisy), expected).size == 0
    assert differing(signature(images[::-1])[::-1], expected).size == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda x: np.roll(x, 1, axis=1),
        lambda x: x[:, :, ::-1],
        lambda x: 1.0 - x,
        lambda x: x * 1.01,
        lambda x: 2.0 * x - 1.0,
        lambda x: np.roll(x, 1, axis=0),
        lambda x: x + 0.01 * (np.arange(64) == 27).reshape(8, 8, 1),
    ],
    ids=["shift", "flip", "inverted", "brighter", "another scaling", "other samples", "one pixel"],
)
def test_changes_are_seen_in_every_image(images, change):
    found = differing(signature(change(images)), signature(images))
    assert len(found) == len(images)


def test_not_a_number_is_no_match(images):
    broken = images[:3].copy()
    broken[1, 0, 0, 0] = np.nan
    np.testing.assert_array_equal(differing(signature(broken), signature(images[:3])), [1])


def test_structures_and_integers(images):
    parts = {"a": images[:5], "b": np.arange(5)}
    other = {"a": images[:5], "b": np.array([0, 1, 2, 3, 9])}
    np.testing.assert_array_equal(differing(signature(other), signature(parts)), [4])


def test_mnist_digits_differ_from_each_other_and_from_themselves_shifted(real_data_dir):
    mnist = load_npz(f"{real_data_dir}/mnist.npz").train.images[:5000]
    expected = signature(mnist)
    assert differing(expected, np.roll(expected, 1, axis=0)).size == len(mnist)
    assert len(differing(signature(np.roll(mnist, 1, axis=2)), expected)) == len(mnist)
