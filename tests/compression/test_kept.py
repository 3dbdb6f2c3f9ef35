"""What pruning and clustering won is kept by `quantize_aware`, whatever stands behind a kernel."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tests.compression.conftest import distinct_per_output, file_kernels, kernels
from tf_lpdistill import Preprocessing, compression, tflite

SETTINGS = {"epochs": 1, "learning_rate": 0.01, "verbose": 0}


def student(zeros_in_stem=True):
    """Kernels before a ReLU, a Concatenate and nothing, each of eight values, 0 among them."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, activation="relu", name="stem")(inputs)
    x = layers.DepthwiseConv2D(3, activation="relu", name="within")(x)
    left = layers.Conv2D(6, 1, name="left")(x)
    right = layers.ReLU()(layers.Conv2D(7, 1, name="right")(x))
    x = layers.GlobalAveragePooling2D()(layers.Concatenate()([left, right]))
    x = layers.Dense(24, activation="relu", name="embedding")(x)
    model = keras.Model(inputs, layers.Dense(10, name="logits")(x), name="student")
    rng = np.random.default_rng(0)
    for name in ("stem", "left", "right", "embedding", "logits"):
        kernel = model.get_layer(name).kernel
        values = rng.integers(-4, 4, kernel.shape) / 8
        kernel.assign(values if zeros_in_stem or name != "stem" else np.where(values, values, 0.5))
    return model


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (64, 8, 8, 3)).astype("uint8")
    arrays = images / np.float32(255), rng.integers(0, 10, len(images))
    return tf.data.Dataset.from_tensor_slices(arrays).batch(16)


def mixing(model):
    """The kernels that mix channels: those within a channel are left whole."""
    return [kernel for kernel in kernels(model) if kernel.shape[-1] > 1]


def assert_zeros_stay(before, after):
    for old, new in zip(mixing(before), mixing(after), strict=True):
        assert (new[old == 0] == 0).all()
        assert np.abs(new - old).max() > 1e-4  # it learnt nevertheless


def test_zeros_and_clusters_are_counted_in_the_student_and_in_the_file(data, tmp_path):
    before = student()
    quantized = compression.quantize_aware(
        before, data, preserve_sparsity=True, preserve_clusters=True, **SETTINGS
    )
    assert_zeros_stay(before, quantized.student)
    assert max(map(distinct_per_output, mixing(quantized.student))) <= 8
    bundle = tflite.export_bundle(
        quantized, tmp_path / "phone", labels=[str(i) for i in range(10)], precisions=["int8"],
        preprocessing=Preprocessing((8, 8), "rgb", "0..1"), max_runtime=None,
    )  # fmt: skip
    found = file_kernels(bundle.files["int8"], quantized.student)
    found = [kernel for kernel in found if kernel.shape[-1] > 1]
    assert len(found) == len(mixing(before)) == 5
    assert {kernel.dtype.name for kernel in found} == {"int8"}
    assert max(map(distinct_per_output, found)) <= 8
    zeros = {kernel.shape: np.mean(kernel == 0) for kernel in mixing(before)}
    for kernel in found:
        assert np.mean(kernel == 0) >= zeros[kernel.shape] > 0.05


def test_zeros_alone(data):
    before = student()
    quantized = compression.quantize_aware(before, data, preserve_sparsity=True, **SETTINGS)
    assert_zeros_stay(before, quantized.student)


def test_a_kernel_without_zeros_takes_none_from_the_others(data):
    before = student(zeros_in_stem=False)
    quantized = compression.quantize_aware(
        before, data, preserve_sparsity=True, preserve_clusters=True, **SETTINGS
    )
    assert_zeros_stay(before, quantized.student)


def test_a_kernel_that_cannot_keep_them_is_refused(data):
    stack = [keras.Input((8, 8, 3)), layers.Conv2DTranspose(4, 3, name="up"), layers.Flatten()]
    with pytest.raises(ValueError, match=r"cannot keep the zeros.*\['up'\].*UpSampling2D"):
        compression.quantize_aware(keras.Sequential(stack), data, preserve_sparsity=True)


@pytest.mark.parametrize("kind", [layers.Conv2D, layers.Dense])
def test_the_emulation_rounds_the_kernel_before_a_relu(kind):
    layer = kind(3, **{"kernel_size": 1} if kind is layers.Conv2D else {}, activation="relu")
    model = keras.Sequential([keras.Input((1, 1, 2)), layer, layers.Flatten()])
    layer.kernel.assign(np.reshape([[1000.0] * 3, [3.0] * 3], layer.kernel.shape))
    images = np.tile(np.float32([0, 1]), (8, 1, 1, 1))  # see the small weights alone
    data = tf.data.Dataset.from_tensor_slices((images, np.zeros(8, "int64"))).batch(4)
    settings = SETTINGS | {"learning_rate": 1e-9}
    quantized = compression.quantize_aware(model, data, **settings)
    np.testing.assert_allclose(quantized.student.predict(images, verbose=0), 3.0, atol=1e-3)
    assert (quantized.predict(images) == 0).all()  # a step of these kernels is 1000 / 127
