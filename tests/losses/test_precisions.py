"""Every loss inside the Distiller's own `fit`, in mixed precision and under XLA."""

import functools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tests.losses.contract import BATCH, LABELS, all_classes, module_of
from tf_lpdistill import Distiller, data

EPOCHS = 6  # of one batch each
MODES = {
    "float32": ("float32", False),
    "XLA": ("float32", True),
    "mixed_bfloat16": ("mixed_bfloat16", False),
    "mixed_float16": ("mixed_float16", False),
    "mixed_bfloat16 under XLA": ("mixed_bfloat16", True),
}


def network(names, shapes):
    """From 8 numbers to features of the named layers, or to the one output of that shape."""
    inputs = keras.Input((8,))
    hidden = layers.Dense(12, activation="tanh", name="hidden")(inputs)
    if names is None:
        return keras.Model(inputs, feature(hidden, shapes))
    pairs = zip(names, shapes, strict=True) if isinstance(names, tuple) else [(names, shapes)]
    features = [feature(hidden, shape, name) for name, shape in pairs]
    flat = layers.Concatenate()([layers.Flatten()(tensor) for tensor in features])
    return keras.Model(inputs, layers.Dense(3)(flat))


def feature(hidden, shape, name=None):
    return layers.Reshape(shape, name=name)(layers.Dense(math.prod(shape))(hidden))


@functools.cache
def fitted(loss_class, mode):
    """Fits a student to the loss alone: (values by epoch, distiller, student's weights before)."""
    policy, jit_compile = MODES[mode]
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(policy)
    module = module_of(loss_class)
    loss = module.EXAMPLES[0]()
    teacher_shape, student_shape = getattr(module, "SHAPES", ((7,), (5,)))
    teacher = network(loss.teacher_layer_name, teacher_shape)
    student = network(loss.student_layer_name, student_shape)
    before = student.get_weights()
    distiller = Distiller(teacher, student, loss, student_loss_weight=0.0)
    distiller.compile(keras.optimizers.Adam(1e-3), jit_compile=jit_compile)
    x = np.random.default_rng(0).normal(size=(BATCH, 8)).astype("float32")
    samples = tf.data.Dataset.from_tensor_slices((x, LABELS))
    batches = data.with_sample_ids(samples).batch(BATCH)
    history = distiller.fit(batches, epochs=EPOCHS, shuffle=False, verbose=0).history
    return history[loss.name], distiller, before


@pytest.mark.slow
@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "float32"])
@pytest.mark.parametrize("loss_class", all_classes())
def test_fit_is_close_to_float32(loss_class, mode):
    expected, *_ = fitted(loss_class, "float32")
    values, distiller, before = fitted(loss_class, mode)
    assert np.isfinite(values).all() and len(values) == EPOCHS
    np.testing.assert_allclose(values[0], expected[0], rtol=0.02, atol=0.01)
    # Wider afterwards: a step that loss scaling skips lets draws fall otherwise from there on.
    np.testing.assert_allclose(values, expected, rtol=0.15, atol=0.05)
    after = distiller.student.get_weights()
    assert all(np.isfinite(weight).all() for weight in after)
    assert max(np.abs(a - b).max() for a, b in zip(after, before, strict=True)) > 1e-4
    scaled = isinstance(distiller.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (mode == "mixed_float16")
