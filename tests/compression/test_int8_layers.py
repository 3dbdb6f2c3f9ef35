"""What `preflight` lets pass for int8 is int8 in the file: nothing is left in float."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tf_lpdistill import Preprocessing, compression, tflite

ACTIVATIONS = ["gelu", "hard_sigmoid", "hard_swish", "leaky_relu", "relu6", "sigmoid", "silu"]


def convolutions(x):
    for kind in (layers.Conv2D, layers.SeparableConv2D, layers.Conv2DTranspose):
        x = kind(8, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(8, 3, dilation_rate=2, padding="same", activation="tanh")(x)
    return layers.DepthwiseConv2D(3, padding="same")(x)


def activations(x):
    for activation in ACTIVATIONS:
        x = layers.Conv2D(8, 1, activation=activation)(x)
    return layers.LeakyReLU()(layers.PReLU(shared_axes=[1, 2])(x))


def normalisations(x):
    x = layers.BatchNormalization()(layers.Conv2D(8, 3, activation="relu")(x))
    x = layers.BatchNormalization()(layers.SeparableConv2D(8, 3)(x))
    x = layers.Dropout(0.2)(layers.BatchNormalization()(layers.Dense(8)(x)))
    x = layers.BatchNormalization()(layers.Dense(16)(layers.GlobalAveragePooling2D()(x)))
    return layers.Reshape((2, 2, 4))(x)


def sums(x):
    y = layers.Conv2D(8, 1)(x)
    for kind in ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"):
        x = getattr(layers, kind)()([layers.Conv2D(8, 1)(x), y])
    return layers.Rescaling(0.5, 0.1)((2.0 * layers.Conv2D(8, 1)(x) - 1.0) / 3.0 + y * y)


def shapes(x):
    x = layers.Cropping2D(1)(layers.ZeroPadding2D(2)(x))
    x = layers.UpSampling2D()(layers.MaxPooling2D(2)(layers.AveragePooling2D(2)(x)))
    return layers.Identity()(layers.Permute((2, 1, 3))(x))


@pytest.mark.slow
@pytest.mark.parametrize("part", [convolutions, activations, normalisations, sums, shapes])
def test_nothing_is_left_in_float(part, tmp_path):
    inputs = keras.Input((12, 12, 3))
    x = part(layers.Conv2D(8, 3)(layers.Rescaling(1 / 255.0)(inputs)))
    student = keras.Model(inputs, layers.Dense(10)(layers.Flatten()(x)), name="student")
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (32, 12, 12, 3)).astype("uint8")
    data = tf.data.Dataset.from_tensor_slices((images.astype("float32"), rng.integers(0, 10, 32)))
    quantized = compression.quantize_aware(student, data.batch(16), epochs=1, verbose=0)
    bundle = tflite.export_bundle(
        quantized, tmp_path / "phone", labels=[str(i) for i in range(10)], precisions=["int8"],
        preprocessing=Preprocessing((12, 12), "rgb", "0..255"), max_runtime=None,
    )  # fmt: skip
    facts = bundle.facts()["files"]["int8"]
    assert (facts["int8_share"], facts["float_ops"]) == (1.0, [])
    scores = tflite.verify(bundle, quantized, (images, rng.integers(0, 10, 32)))
    assert scores["int8"]["max_difference"] < 0.15
