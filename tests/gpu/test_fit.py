"""The Distiller on a GPU against the CPU: `make test-gpu`. Skipped where there is no GPU."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tf_lpdistill import Distiller, Preprocessing, data
from tf_lpdistill.losses import LocalityPreserving, SoftTarget
from tf_lpdistill.ops import center, heat_affinities, squared_distances

GPUS = tf.config.get_visible_devices("GPU")
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not GPUS, reason="no GPU is visible")]
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.fixture(autouse=True)
def full_float32():
    """Products in float32: TensorFloat-32 keeps ten bits, fewer than a comparison wants."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    yield
    tf.config.experimental.enable_tensor_float_32_execution(before)


def network(width):
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(width, 3, activation="relu")(inputs)
    x = layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(inputs, layers.Dense(10, name="logits")(x))


def fit(digits, strategy, policy="float32", jit_compile=False, epochs=2):
    """Trains with KD and LP; returns (history, the student's weights before and after)."""
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(policy)
    losses = [SoftTarget(), LocalityPreserving("features", "features")]
    with strategy.scope():
        student = network(8)
        distiller = Distiller(network(16), student, losses, [1.0, 0.3])
        distiller.compile(keras.optimizers.Adam(0.01), CROSS_ENTROPY, jit_compile=jit_compile)
    before = student.get_weights()
    pixels = Preprocessing((8, 8), color="grayscale", scaling="0..1")
    batches = data.training_batches(digits.train, pixels, batch_size=100, seed=0)
    history = distiller.fit(
        batches, steps_per_epoch=5, epochs=epochs, shuffle=False, verbose=0
    ).history
    return history, before, student.get_weights()


@pytest.fixture(scope="module")
def on_cpu(digits):
    return fit(digits, tf.distribute.OneDeviceStrategy("CPU:0"))


def assert_close(found, expected, rtol):
    for name, values in expected[0].items():
        np.testing.assert_allclose(found[0][name], values, rtol=rtol, err_msg=name)
    assert all(np.isfinite(weight).all() for weight in found[2])
    assert max(np.abs(a - b).max() for a, b in zip(found[1], found[2], strict=True)) > 1e-3


@pytest.mark.parametrize("jit_compile", [False, True])
def test_fit_equals_the_cpu(digits, on_cpu, jit_compile):
    found = fit(digits, tf.distribute.OneDeviceStrategy("GPU:0"), jit_compile=jit_compile)
    assert_close(found, on_cpu, rtol=1e-3)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_is_close_to_the_cpu(digits, on_cpu, policy, jit_compile):
    found = fit(digits, tf.distribute.OneDeviceStrategy("GPU:0"), policy, jit_compile)
    assert_close(found, on_cpu, rtol=0.1)


def test_mirrored_over_all_gpus_equals_the_cpu(digits, on_cpu):
    found = fit(digits, tf.distribute.MirroredStrategy())
    assert_close(found, on_cpu, rtol=1e-3)


def test_neighbours_equal_the_cpu(digits):
    features = digits.train.images.astype("float32")
    with tf.device("CPU:0"):
        expected = heat_affinities(features, 5)
    with tf.device("GPU:0"):
        found = heat_affinities(features, 5)
        distances = squared_distances(center(features)).numpy()
    np.testing.assert_array_equal(np.diag(distances), 0.0)
    assert np.mean(found[0].numpy() == expected[0].numpy()) > 0.99
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-2)
