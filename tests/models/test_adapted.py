"""A teacher of one size and scaling sees the pixels of another as it would see its own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import Preprocessing, models, taps

PIXELS = Preprocessing((32, 32), scaling="-1..1")


@pytest.fixture(scope="module")
def images(digits):
    """Digits as colour images of 32 pixels, 0..255."""
    return digits.test.images[:8].repeat(4, axis=1).repeat(4, axis=2).repeat(3, axis=3)


def network(size, channels=3):
    inputs = keras.Input((size, size, channels))
    x = keras.layers.Conv2D(4, 3, 2, activation="relu", name="conv")(inputs)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(inputs, keras.layers.Dense(10, name="logits")(x), name="own")


@pytest.mark.parametrize("size", [96, 8, 24])
@pytest.mark.parametrize("scaling", ["0..255", "0..1", "-1..1"])
def test_it_answers_as_to_its_own_input(images, size, scaling):
    teacher = network(size)
    wrapped = models.adapted(teacher, PIXELS, scaling)
    expected = np.asarray(teacher(Preprocessing((size, size), scaling=scaling)(images)))
    tolerance = 1e-4 * np.abs(expected).max()
    np.testing.assert_allclose(wrapped(PIXELS(images)), expected, atol=tolerance)
    assert "own/features" in taps.list_layers(wrapped)


def test_the_students_own_input_needs_no_wrapping():
    teacher = network(32)
    assert models.adapted(teacher, PIXELS, "-1..1") is teacher


def test_it_is_saved_and_compiled(images, tmp_path):
    wrapped = models.adapted(network(96), PIXELS, "0..1")
    expected = wrapped(PIXELS(images))
    compiled = tf.function(wrapped, jit_compile=True)(PIXELS(images))
    np.testing.assert_allclose(compiled, expected, atol=1e-5)
    wrapped.save(tmp_path / "wrapped.keras")
    loaded = keras.saving.load_model(tmp_path / "wrapped.keras")
    np.testing.assert_allclose(loaded(PIXELS(images)), expected, atol=1e-6)


def test_a_grey_teacher_is_refused():
    with pytest.raises(ValueError, match="must take 'rgb' images.*Received: 'own' with inputs"):
        models.adapted(network(32, channels=1), PIXELS, "0..1")
