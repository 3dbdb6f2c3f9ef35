"""A scaling that cannot be right is refused; one that may be right is not."""

import dataclasses

import keras
import numpy as np
import pytest

from tf_lpdistill import models
from tf_lpdistill.preprocessing import Preprocessing
from tf_lpdistill.tflite import scaling

PIXELS = Preprocessing((8, 8), "grayscale", "0..255")


def beginning_with(*layers):
    end = [keras.layers.Flatten(), keras.layers.Dense(3)]
    return keras.Sequential([keras.Input((8, 8, 1)), *layers, *end])


def normalization(variance):
    return keras.layers.Normalization(axis=None, mean=100.0, variance=variance)


@pytest.mark.parametrize(
    ("layers", "given"),
    [
        ([keras.layers.Rescaling(1 / 255, name="inside")], "0..1"),
        ([keras.layers.Rescaling(1 / 127.5, -1.0, name="inside")], "-1..1"),
        ([keras.layers.Rescaling(255.0, name="inside")], "0..255"),
        ([normalization(3600.0)], "0..1"),
        ([keras.Sequential([keras.layers.Rescaling(1 / 255, name="inside")])], "-1..1"),
        ([keras.layers.RandomFlip(), keras.layers.Rescaling(1 / 255, name="inside")], "0..1"),
    ],
)
def test_pixels_that_are_scaled_twice_are_refused(layers, given):
    preprocessing = dataclasses.replace(PIXELS, scaling=given)
    message = rf"its own layer '(inside|normalization\w*)'.*black and white .* apart.*'{given}'"
    with pytest.raises(ValueError, match=message):
        scaling.check_first_layer(beginning_with(*layers), preprocessing)


@pytest.mark.parametrize(
    ("layers", "given"),
    [
        ([keras.layers.Rescaling(1 / 255)], "0..255"),
        ([keras.layers.Rescaling(255.0)], "0..1"),
        ([keras.layers.Rescaling(2.0, -1.0)], "0..1"),
        ([normalization(3600.0)], "0..255"),
        ([keras.layers.Conv2D(2, 3)], "-1..1"),
    ],
)
def test_pixels_that_are_scaled_once_are_not(layers, given):
    preprocessing = dataclasses.replace(PIXELS, scaling=given)
    scaling.check_first_layer(beginning_with(*layers), preprocessing)


@pytest.mark.parametrize("given", ["0..255", "0..1", "-1..1"])
def test_models_that_scale_back_are_not(given):
    model = models.application("MobileNetV2", (32, 32, 3), 4, weights=None, input_scaling=given)
    scaling.check_first_layer(model, Preprocessing((32, 32), "rgb", given))


def test_a_std_in_other_units_is_refused():
    preprocessing = dataclasses.replace(PIXELS, scaling="mean_std", mean=0.5, std=0.25)
    with pytest.raises(ValueError, match=r".*`mean` and `std` are in pixel units 0..255"):
        scaling.check_first_layer(beginning_with(), preprocessing)


def test_a_scaling_that_scores_worse_is_refused(grey):
    images, labels = grey.test, grey.labels.astype(np.int64)
    scaling.check_scores(grey.model, grey.preprocessing, images, labels)
    wrong = dataclasses.replace(grey.preprocessing, scaling="-1..1")
    with pytest.raises(
        ValueError, match=r"right on \d+% of the 200 .* 9\d% with '0..1'\. .*'-1..1'"
    ):
        scaling.check_scores(grey.model, wrong, images, labels)


def test_a_mean_and_std_that_are_not_among_the_common_ones_pass(colour):
    scaling.check_scores(colour.model, colour.preprocessing, colour.test, colour.labels)


def test_imagenets_mean_and_std_are_named(colour):
    """The colour student reads pixels through a layer that undoes ImageNet's scaling."""
    undo = [
        keras.layers.Rescaling([58.395, 57.12, 57.375], [123.675, 116.28, 103.53]),
        keras.layers.Normalization(
            mean=colour.preprocessing.mean, variance=np.square(colour.preprocessing.std)
        ),
    ]
    model = keras.Sequential([keras.Input((8, 8, 3)), *undo, colour.model])
    right = dataclasses.replace(
        colour.preprocessing, mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375)
    )
    scaling.check_scores(model, right, colour.test, colour.labels)
    wrong = Preprocessing((8, 8), "rgb", "0..1")
    with pytest.raises(ValueError, match=r"with 'mean_std', mean=\(123.675, .*, std=\(58.395, "):
        scaling.check_scores(model, wrong, colour.test, colour.labels)
