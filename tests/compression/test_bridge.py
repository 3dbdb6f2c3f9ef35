"""The bridge to tf_keras: every layer that `preflight` lets pass computes the same there."""

import keras
import numpy as np
import pytest
from keras import layers

from tf_lpdistill import models
from tf_lpdistill.compression import preflight
from tf_lpdistill.compression._tfmot import bridge
from tf_lpdistill.compression.preflight import _ACTIVATIONS, _LAYERS

PAIRS = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")
ARGUMENTS = {
    "Activation": {"activation": "hard_silu"},
    "AveragePooling2D": {"pool_size": 2},
    "Conv1D": {"filters": 4, "kernel_size": 3},
    "Conv2D": {"filters": 4, "kernel_size": 3, "dilation_rate": 2, "activation": "hard_sigmoid"},
    "Conv2DTranspose": {"filters": 4, "kernel_size": 3, "activation": "relu"},
    "Cropping2D": {"cropping": 1},
    "Dense": {"units": 4, "activation": "leaky_relu"},
    "DepthwiseConv2D": {"kernel_size": 3, "strides": 2, "activation": "relu6"},
    "Dropout": {"rate": 0.5},
    "GlobalAveragePooling2D": {"keepdims": True},
    "GroupNormalization": {"groups": 2},
    "LeakyReLU": {"negative_slope": 0.1},
    "PReLU": {"shared_axes": [1, 2]},
    "Permute": {"dims": (2, 1, 3)},
    "ReLU": {"max_value": 2.0, "negative_slope": 0.1, "threshold": 0.2},
    "Rescaling": {"scale": 2.0, "offset": -1.0},
    "Reshape": {"target_shape": (-1, 4)},
    "SeparableConv2D": {"filters": 4, "kernel_size": 3, "activation": "silu"},
    "SpatialDropout2D": {"rate": 0.5},
    "UpSampling2D": {"interpolation": "bilinear"},
}


def student_with(kind):
    """A student with one layer of a kind, its weights and statistics drawn at random."""
    inputs = keras.Input((6, 6, 3))
    x = layers.Conv2D(4, 3, padding="same", name="first")(inputs)
    if kind == "Conv1D":
        x = layers.Reshape((36, 4))(x)
    layer = getattr(layers, kind)(**ARGUMENTS.get(kind, {}), name="middle")
    x = layer([x, layers.Conv2D(4, 1)(x)] if kind in PAIRS else x)
    return randomized(keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x))))


def randomized(student):
    rng = np.random.default_rng(0)
    for weight in student.weights:
        low = 0.5 if "variance" in weight.path or "gamma" in weight.path else -0.5
        weight.assign(rng.uniform(low, 1.5 if low > 0 else 0.5, weight.shape))
    return student


def images(student, seed=1):
    rng = np.random.default_rng(seed)
    return rng.uniform(-2, 2, (4, *student.input_shape[1:])).astype("float32")


@pytest.mark.parametrize("for_int8", [False, True])
@pytest.mark.parametrize("kind", sorted(_LAYERS))
def test_a_layer_computes_the_same(kind, for_int8):
    student = student_with(kind)
    preflight(student, "prune")
    bridged = bridge.to_tf_keras(student, for_int8)
    bridge.check_parity(student, bridged, images(student))
    assert {"first", "middle"} <= set(bridged.outputs)


@pytest.mark.parametrize("activation", sorted(_ACTIVATIONS))
def test_an_activation_computes_the_same(activation):
    student = randomized(
        keras.Sequential([keras.Input((5,)), layers.Dense(4, activation), layers.Dense(3)])
    )
    preflight(student, "prune")
    bridge.check_parity(student, bridge.to_tf_keras(student), images(student))


def test_sums_and_products_of_tensors_and_numbers():
    inputs = keras.Input((5,))
    x = layers.Dense(5)(inputs)
    x = (2.0 - x) * 3.0 + (x - 1.0) / 4.0 - 0.5 * x * x
    student = randomized(keras.Model(inputs, layers.Dense(3)(x)))
    preflight(student, "prune")
    bridge.check_parity(student, bridge.to_tf_keras(student, for_int8=True), images(student))


def test_nested_models_and_batch_normalisation_in_any_place():
    inner = keras.Sequential(
        [keras.Input((6, 6, 3)), layers.Normalization(mean=0.5, variance=4.0),
         layers.BatchNormalization(), layers.Conv2D(4, 3, name="conv"), layers.ReLU(),
         layers.BatchNormalization(name="norm"), layers.Flatten(), layers.Dense(6),
         layers.BatchNormalization()],
        name="backbone",
    )  # fmt: skip
    inputs = keras.Input((6, 6, 3))
    student = randomized(keras.Model(inputs, layers.Dense(3, name="logits")(inner(inputs))))
    preflight(student, "quantize_aware")
    for for_int8 in (False, True):
        bridged = bridge.to_tf_keras(student, for_int8)
        bridge.check_parity(student, bridged, images(student))
        assert {"backbone", "backbone/conv", "backbone/norm", "logits"} <= set(bridged.outputs)


@pytest.mark.parametrize(
    "name", ["digits_student", pytest.param("mobilenet_v3_small", marks=pytest.mark.slow)]
)
def test_a_network_computes_the_same_and_its_weights_come_back(name):
    student = models.get(name)(**({} if "digits" in name else {"input_shape": (32, 32, 3)}))
    for for_int8 in (False, True):
        bridged = bridge.to_tf_keras(student, for_int8)
        bridge.check_parity(student, bridged, images(student))
        before = student.get_weights()
        for weight in student.weights:
            weight.assign(keras.ops.zeros_like(weight))
        bridge.bring_back(bridged, lambda n, b=bridged: b.model.get_layer(n).get_weights())
        for a, b in zip(before, student.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_another_result_is_refused():
    student = student_with("ReLU")
    bridged = bridge.to_tf_keras(student)
    student.get_layer("first").bias.assign_add([0.0, 1e-3, 0.0, 0.0])
    with pytest.raises(ValueError, match=r"outputs differ by .*Expected: at most 1e-05"):
        bridge.check_parity(student, bridged, images(student))
