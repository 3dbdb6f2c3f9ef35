"""Crops of a digit as a JPEG file."""

import numpy as np
import pytest
import tensorflow as tf

from streamed.jpeg_crops import center_crop, random_crop
from tf_lpdistill.data.decode import decode_jpeg


@pytest.fixture(scope="module")
def jpeg(digits):
    """A digit of 80x60 pixels as a JPEG file."""
    image = tf.image.resize(digits.train.images[0], (80, 60))
    return tf.io.encode_jpeg(tf.cast(tf.repeat(image, 3, axis=-1) * 15, tf.uint8)).numpy()


def test_the_centre_of_256_pixels_at_224(jpeg):
    whole = decode_jpeg(jpeg)
    assert whole.shape == (80, 60, 3)
    side = round(60 * 224 / 256)
    top, left = (80 - side) // 2, (60 - side) // 2
    cut = whole[top : top + side, left : left + side].astype("float32")
    expected = tf.image.resize(cut, (20, 20), antialias=True)
    np.testing.assert_allclose(center_crop(jpeg, 20), expected, atol=0.51)


def test_random_crops_are_drawn_from_the_seed(jpeg):
    crops = [random_crop(jpeg, 24, (7, i)).numpy() for i in (*range(6), 0)]
    assert all(crop.shape == (24, 24, 3) and crop.dtype == np.uint8 for crop in crops)
    np.testing.assert_array_equal(crops[0], crops[-1])
    assert len({crop.tobytes() for crop in crops}) == 6


def test_random_crops_are_of_all_sizes_and_both_ways(monkeypatch, jpeg):
    windows = []
    decode = tf.image.decode_and_crop_jpeg

    def spy(encoded, window, **settings):
        windows.append(np.asarray(window))
        return decode(encoded, window, **settings)

    monkeypatch.setattr(tf.image, "decode_and_crop_jpeg", spy)
    for i in range(200):
        random_crop(jpeg, 8, (0, i))
    top, left, height, width = np.array(windows).T
    assert (top >= 0).all() and (top + height <= 80).all() and (left + width <= 60).all()
    area = height * width / (80 * 60)
    assert area.min() < 0.15 and area.max() > 0.8
    ratio = width / height
    assert (0.7 < ratio).all() and (ratio < 1.4).all()
