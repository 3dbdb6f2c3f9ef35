import base64

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.report import png


@pytest.mark.parametrize("shape", [(8, 8, 1), (5, 7, 3), (1, 1, 1)])
def test_another_reader_finds_the_same_pixels(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.testing.assert_array_equal(tf.io.decode_png(png.encode(image)).numpy(), image)


def test_data_uri_holds_a_png():
    image = np.full((8, 8, 1), 7, np.uint8)
    kind, _, content = png.data_uri(image).partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == png.encode(image)


def test_a_photograph_is_reduced_to_the_means_of_its_blocks():
    image = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    reduced = png.reduce(image, longest_side=3)
    expected = np.stack(
        [
            [image[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean(axis=(0, 1)) for j in range(3)]
            for i in range(2)
        ]
    )
    np.testing.assert_array_equal(reduced, np.round(expected))


@pytest.mark.parametrize("shape", [(300, 200, 3), (1000, 3, 1), (97, 97, 1)])
def test_no_side_is_longer_than_a_thumbnail(shape):
    reduced = png.reduce(np.zeros(shape, np.uint8))
    assert max(reduced.shape[:2]) <= 96
    assert min(reduced.shape[:2]) >= 1


def test_a_small_image_stays_as_it_is():
    image = np.zeros((96, 8, 1), np.uint8)
    assert png.reduce(image) is image
