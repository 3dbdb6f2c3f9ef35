"""Preprocessing layers at the front of a student."""

import keras
import numpy as np
from keras import layers

from tf_lpdistill.compression.front import find_front


def test_the_chain_of_preprocessing_is_found():
    augmentation = keras.Sequential([layers.RandomFlip(), layers.RandomZoom(0.1)], name="augment")
    student = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Resizing(4, 4, name="size"), augmentation,
         layers.Rescaling(0.5, 1.0, name="scale"), layers.Conv2D(2, 3), layers.Rescaling(2.0)]
    )  # fmt: skip
    front = find_front(student)
    assert front.paths == ("size", "augment", "scale")
    assert front.output_shape == (None, 4, 4, 1)
    images = np.full((2, 8, 8, 1), 4.0, "float32")
    np.testing.assert_allclose(front(images), np.full((2, 4, 4, 1), 3.0), rtol=1e-6)


def test_augmentation_is_for_training():
    layer = layers.RandomBrightness(0.9, value_range=(0, 1))
    front = find_front(keras.Sequential([keras.Input((4, 4, 1)), layer, layers.Flatten()]))
    images = np.full((2, 4, 4, 1), 0.5, "float32")
    np.testing.assert_array_equal(front(images), images)
    assert np.abs(front(images, training=True) - images).max() > 0.01


def test_it_goes_on_into_a_nested_model():
    augmentation = keras.Sequential([layers.RandomFlip()], name="augment")
    backbone = keras.Sequential(
        [keras.Input((4, 4, 1)), layers.Rescaling(0.5, name="scale"), augmentation,
         layers.Normalization(mean=1.0, variance=4.0, name="norm"), layers.Conv2D(2, 3)],
        name="backbone",
    )  # fmt: skip
    outer = keras.Sequential([keras.Input((4, 4, 1)), backbone, layers.Rescaling(2.0)])
    front = find_front(outer)
    assert front.paths == ("backbone/scale", "backbone/augment", "backbone/norm")
    assert front.holds("backbone/augment/random_flip") and front.holds("backbone/norm")
    assert not front.holds("backbone") and not front.holds("backbone/norm2")
    np.testing.assert_allclose(front(np.full((2, 4, 4, 1), 6.0, "float32")), np.ones((2, 4, 4, 1)))


def test_it_ends_where_the_pixels_are_used_twice():
    inputs = keras.Input((4, 4, 1))
    pixels = layers.Rescaling(0.5, name="scale")(inputs)
    scaled = layers.Rescaling(2.0)(pixels)
    front = find_front(keras.Model(inputs, layers.Add()([pixels, scaled])))
    assert front.paths == ("scale",)


def test_without_any_the_input_passes():
    front = find_front(keras.Sequential([keras.Input((4,)), layers.Dense(2)]))
    assert front.paths == () and front.output_shape == (None, 4)
    assert front("anything") == "anything"
