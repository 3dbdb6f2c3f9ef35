"""Scalings of a data set's own size and colour."""

import dataclasses

import numpy as np

import inputs
from tf_lpdistill import Preprocessing, data


def test_the_training_images_are_standardized_channel_by_channel(digits):
    tinted = np.concatenate([digits.train.images, 255 - digits.train.images // 2], axis=-1)
    tinted = np.concatenate([tinted, tinted[..., :1]], axis=-1)
    split = data.Split(tinted, digits.train.labels)
    loaded = data.ImageData("tinted", split, None, None, digits.class_names)
    pixels = inputs.standardized(loaded)
    assert pixels.input_shape == (8, 8, 3)
    x = np.asarray(pixels(split.images))
    np.testing.assert_allclose(x.mean(axis=(0, 1, 2)), 0.0, atol=1e-3)
    np.testing.assert_allclose(x.std(axis=(0, 1, 2)), 1.0, atol=1e-3)


def test_a_channel_of_one_value_is_not_divided_by_nothing(digits):
    flat = data.Split(np.full_like(digits.train.images, 7), digits.train.labels)
    black = dataclasses.replace(digits, train=flat)
    np.testing.assert_array_equal(inputs.standardized(black)(flat.images[:2]), 0.0)


def test_grey_images_stay_grey(digits):
    assert inputs.scaled(digits) == Preprocessing((8, 8), "grayscale", "0..1")
