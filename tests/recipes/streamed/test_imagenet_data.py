"""Streams from a data set that tfds has prepared, see `little_imagenet`."""

import numpy as np
import pytest

from streamed import imagenet_data
from tf_lpdistill import Preprocessing

PIXELS = Preprocessing((32, 32), scaling="-1..1")


@pytest.fixture(scope="module")
def streams(little_imagenet):
    return imagenet_data.load("little_imagenet", little_imagenet, 32)


def test_splits(streams):
    assert [len(s) for s in (streams.train, streams.validation, streams.test)] == [63, 1, 16]
    assert streams.num_classes == 10 and streams.image_shape == (32, 32, 3)
    assert streams.describe()["labelled"] == 63


def test_training_batches_go_on_and_differ_between_epochs(streams):
    def take(seed, number):
        batches = streams.train.training_batches(PIXELS, 21, seed).take(number)
        return [(x.numpy(), y.numpy()) for x, y in batches]

    first = take(0, 6)
    assert all(x.shape == (21, 32, 32, 3) and x.dtype == np.float32 for x, _ in first)
    assert min(x.min() for x, _ in first) >= -1.0 and max(x.max() for x, _ in first) <= 1.0
    epochs = [np.concatenate([y for _, y in first[i : i + 3]]) for i in (0, 3)]
    assert sorted(epochs[0]) == sorted(epochs[1]) and (epochs[0] != epochs[1]).any()
    for again, other in zip(take(0, 2), take(1, 2), strict=True):
        assert (again[0] != other[0]).any()
    for (x, y), (same_x, same_y) in zip(first, take(0, 3), strict=False):
        np.testing.assert_array_equal(x, same_x)
        np.testing.assert_array_equal(y, same_y)


def test_evaluation_batches_are_all_images_once(streams, little_imagenet_labels):
    batches = list(streams.test.evaluation_batches(PIXELS, 10))
    assert [len(y) for _, y in batches] == [10, 6]
    found = np.concatenate([y for _, y in batches])
    assert sorted(found) == sorted(little_imagenet_labels)
    loaded = streams.test.load(12)
    np.testing.assert_array_equal(loaded.labels, found[:12])
    np.testing.assert_allclose(PIXELS(loaded.images[:10]), batches[0][0], atol=1e-6)


def test_other_data_are_refused(little_imagenet, tmp_path):
    with pytest.raises(ValueError, match=r"--dataset must hold JPEG files.*begins with b'\\x89PNG"):
        imagenet_data.load("little_png", little_imagenet, 32)
    with pytest.raises(ValueError, match="'imagenet2012' is not prepared: there is no"):
        imagenet_data.load("imagenet2012", tmp_path, 32)
