"""Keras's own data sets, of real digits in the place of a download."""

import keras
import numpy as np
import pytest

from tf_lpdistill import data


def test_grey_and_colour_images_with_labels_in_columns(monkeypatch, digits):
    grey = [(split.images[..., 0], split.labels) for split in (digits.train, digits.test)]
    colour = [(np.repeat(x[..., None], 3, axis=-1), y[:, None]) for x, y in grey]
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: grey)
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: colour)
    for name, channels in (("mnist", 1), ("cifar10", 3)):
        loaded = data.load_keras(name)
        assert (loaded.name, loaded.num_classes, loaded.validation) == (name, 10, None)
        assert loaded.image_shape == (8, 8, channels)
        np.testing.assert_array_equal(loaded.test.images[..., :1], digits.test.images)
        np.testing.assert_array_equal(loaded.train.labels, digits.train.labels)


def test_a_failed_download_tells_the_way_out(monkeypatch):
    def fail():
        raise Exception("URL fetch failure on https://example.org: no such host")

    monkeypatch.setattr(keras.datasets.cifar100, "load_data", fail)
    with pytest.raises(OSError, match="could not get 'cifar100'.*no such host.*an .npz file"):
        data.load_keras("cifar100")


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="knows mnist, .* Received: 'imagenet'"):
        data.load_keras("imagenet")
