"""A trained student of the digits, its teacher, and how to count in a `.tflite`."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import Distiller, Preprocessing, models
from tf_lpdistill.losses import LocalityPreserving, SoftTarget

PIXELS = Preprocessing((8, 8), "grayscale", "0..1")
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.fixture(scope="session")
def trained(digits):
    """A student and a teacher that know the digits, and the objective of the two."""
    keras.utils.set_random_seed(1)
    inputs = keras.ops.convert_to_numpy(PIXELS(digits.train.images))
    student, teacher = models.digits_student(), models.digits_teacher()
    for model in (student, teacher):
        model.compile(keras.optimizers.Adam(0.01), LOSS)
        model.fit(inputs, digits.train.labels, batch_size=64, epochs=5, verbose=0)
    losses = [SoftTarget(temperature=4.0), LocalityPreserving("features", "features")]
    distiller = Distiller(teacher, student, losses, [0.1, 0.3])
    distiller.compile("adam", LOSS)
    return types.SimpleNamespace(
        student=student,
        inputs=inputs[:500],
        labels=digits.train.labels[:500],
        objective=distiller.objective,
        test=keras.ops.convert_to_numpy(PIXELS(digits.test.images)),
        truth=digits.test.labels,
        preprocessing=PIXELS,
    )


@pytest.fixture(scope="session")
def batches(trained):
    """Makes the training data, as in a fresh process: each starts from the same shuffle."""

    def make(size=50):
        data = tf.data.Dataset.from_tensor_slices((trained.inputs, trained.labels))
        return data.shuffle(500, seed=7).batch(size)

    return make


@pytest.fixture(scope="session")
def accuracy(trained):
    """Scores a student, quantized or not, on the test images."""

    def score(model):
        return float(np.mean(model.predict(trained.test, verbose=0).argmax(-1) == trained.truth))

    return score


def kernels(model):
    """The kernels of a Keras model as arrays."""
    return [weight.numpy() for weight in model.weights if weight.path.endswith("/kernel")]


def file_kernels(path, model):
    """The kernels of a Keras model as they are in its `.tflite`, outputs last, found by shape."""
    from ai_edge_litert import schema_py_generated as schema

    kinds = {schema.TensorType.INT8: "int8", schema.TensorType.FLOAT32: "float32"}
    content = schema.ModelT.InitFromPackedBuf(path.read_bytes())
    found = []
    for tensor in content.subgraphs[0].tensors:
        data = content.buffers[tensor.buffer].data
        # Constants of other types are paddings and the like.
        if data is not None and len(tensor.shape) >= 2 and tensor.type in kinds:
            array = np.frombuffer(bytes(data), kinds[tensor.type]).reshape(tensor.shape)
            found.append(np.moveaxis(array, 0, -1))
    shapes = [kernel.shape for kernel in kernels(model)]
    assert all(any(array.shape == shape for array in found) for shape in shapes)
    return [array for array in found if array.shape in shapes]


def distinct_per_output(kernel):
    """The largest number of distinct values among the weights of one output."""
    rows = kernel.reshape(-1, kernel.shape[-1]).T
    return max(len(np.unique(row)) for row in rows)


@pytest.fixture(scope="session")
def chain(trained, batches):
    """Pruned, then clustered, then trained for int8, each keeping what was won before."""
    from tf_lpdistill import compression

    settings = {"epochs": 2, "verbose": 0}
    objective = trained.objective
    pruned = compression.prune(trained.student, batches(), objective, sparsity=0.6, **settings)
    clustered = compression.cluster(
        pruned, batches(), objective, num_clusters=12, preserve_sparsity=True, **settings
    )
    quantized = compression.quantize_aware(
        clustered, batches(), objective, preserve_sparsity=True, preserve_clusters=True, **settings
    )
    return types.SimpleNamespace(pruned=pruned, clustered=clustered, quantized=quantized)
