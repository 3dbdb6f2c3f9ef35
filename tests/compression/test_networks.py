"""Every verb on real networks with the teacher teaching, down to a file that LiteRT opens."""

import os
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tests.compression.conftest import LOSS, distinct_per_output, file_kernels, kernels
from tf_lpdistill import Distiller, Preprocessing, compression, models, tflite
from tf_lpdistill.losses import LocalityPreserving, SoftTarget
from tf_lpdistill.tflite.runtime import Runner

SHAPE = (32, 32, 3)
SETTINGS = {"epochs": 1, "verbose": 0}

pytestmark = pytest.mark.slow


def resnet():
    return models.get("resnet20")(SHAPE, 10), "features", "0..1"


def mobilenet_v2():
    return models.mobilenet_v2(SHAPE, 10, alpha=0.35), "features", "-1..1"


def mobilenet_v3():
    return models.mobilenet_v3_small(SHAPE, 10), "features", "-1..1"


def efficientnet():
    """Not made here: pixels 0..255, scaled inside; silu, squeeze-and-excitation, a softmax."""
    model = keras.applications.EfficientNetB0(weights=None, input_shape=SHAPE, classes=10)
    # Logits want no softmax; both models that the test makes need the same name for the feature.
    model = keras.Model(model.inputs[0], model.layers[-2].output, name="backbone")
    model = keras.Sequential([keras.Input(SHAPE), model, layers.Dense(10)], name="efficientnet")
    return model, "backbone/avg_pool", "0..255"


def someone_elses():
    """A Keras file made by others, its normalisation inside."""
    data = os.environ.get("LPDISTILL_DATA")
    path = pathlib.Path(data or "/nowhere").parent / "models" / "cifar10_resnet20_jpegft.keras"
    if not path.exists():
        pytest.skip("no folder of models beside LPDISTILL_DATA")
    return keras.saving.load_model(path, compile=False), "features", "0..255"


def mixing(model):
    """The kernels that mix channels: those within a channel are left whole."""
    return [kernel for kernel in kernels(model) if kernel.shape[-1] > 1]


def batches(preprocessing, size=32):
    """A few coloured squares in noise, to learn which colour."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, 2 * size)
    images = rng.integers(0, 100, (len(y), *SHAPE))
    images[np.arange(len(y)), 3 * y[:, None] // 2, 3 * y[:, None] // 2] = 255
    x = keras.ops.convert_to_numpy(preprocessing(images.astype("uint8")))
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(size), images.astype("uint8")


@pytest.mark.parametrize("make", [resnet, mobilenet_v2, mobilenet_v3, efficientnet, someone_elses])
def test_a_network_goes_through_every_verb_to_the_phone(make, tmp_path):
    keras.utils.set_random_seed(0)
    student, feature, scaling = make()
    preprocessing = Preprocessing(SHAPE[:2], "rgb", scaling)
    data, images = batches(preprocessing)
    teacher, _, _ = make()
    losses = [SoftTarget(temperature=4.0), LocalityPreserving(feature, feature)]
    distiller = Distiller(teacher, student, losses, [0.5, 0.1])
    distiller.compile("adam", LOSS)
    objective = distiller.objective

    pruned = compression.prune(student, data, objective, sparsity=0.5, **SETTINGS)
    assert min(np.mean(kernel == 0) for kernel in mixing(pruned)) > 0.45
    clustered = compression.cluster(
        pruned, data, objective, preserve_sparsity=True, learning_rate=1e-4, **SETTINGS
    )
    assert max(len(np.unique(kernel)) for kernel in mixing(clustered)) <= 16
    quantized = compression.quantize_aware(
        clustered, data, objective, preserve_sparsity=True, preserve_clusters=True,
        learning_rate=1e-4, **SETTINGS,
    )  # fmt: skip
    # Convolutions are rounded for each output, and may have clusters of their own for each.
    assert max(map(distinct_per_output, mixing(quantized.student))) <= 16
    assert min(np.mean(kernel == 0) for kernel in mixing(quantized.student)) > 0.45

    bundle = tflite.export_bundle(
        quantized, tmp_path / "phone", labels=[str(i) for i in range(10)],
        preprocessing=preprocessing, precisions=["float32", "int8"], max_runtime=None,
    )  # fmt: skip
    facts = bundle.facts()["files"]["int8"]
    assert facts["int8_share"] == 1.0, facts["float_ops"]
    found = file_kernels(bundle.files["int8"], quantized.student)
    found = [kernel for kernel in found if kernel.shape[-1] > 1]
    assert len(found) == len(mixing(student))
    assert {kernel.dtype.name for kernel in found} == {"int8"}
    assert max(map(distinct_per_output, found)) <= 16
    assert min(np.mean(kernel == 0) for kernel in found) > 0.45
    run = Runner(bundle.files["int8"])
    found = np.stack([run(image) for image in images[:8]])
    inputs = keras.ops.convert_to_numpy(preprocessing(images[:8]))
    expected = keras.ops.convert_to_numpy(keras.ops.softmax(quantized.predict(inputs)))
    assert np.abs(found - expected).max() < 0.15
