"""Bad images, labels, weights and batches given to `fit`: refused before the first step."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.small import CROSS_ENTROPY, batch, compiled, lp, network
from tf_lpdistill import Distiller
from tf_lpdistill.losses import DecoupledSoftTarget, SoftTarget

IMAGES = r"predictions must be finite.*samples \[3\].*inputs hold NaN or infinite.*these images"


def distiller(losses=None, **settings):
    return compiled(Distiller(network(), network(), losses or [SoftTarget(), lp()], **settings))


def with_value(array, value, row=3):
    array = np.array(array, "float32")
    array.reshape(len(array), -1)[row, 0] = value
    return array


def fit(model, x, y, weight=None, batch_size=16):
    """Fits on an epoch in order; returns the history."""
    parts = tuple(part for part in (x, y, weight) if part is not None)
    dataset = tf.data.Dataset.from_tensor_slices(parts if y is not None else (x,))
    return model.fit(dataset.batch(batch_size), verbose=0, shuffle=False).history


# What is done to (x, y, sample_weight), and what the error says.
REFUSED = {
    "nan image": (lambda x, y, w: (with_value(x, np.nan), y, w), IMAGES),
    "infinite image": (lambda x, y, w: (with_value(x, np.inf), y, w), IMAGES),
    "huge image": (lambda x, y, w: (with_value(x, 1e30), y, w), "squares overflow float32"),
    "label too large": (lambda x, y, w: (x, y + 1, w), r"classes from 0 to 2,.*y with \[3\]"),
    "label negative": (lambda x, y, w: (x, y - 1, w), r"classes from 0 to 2,.*y with \[-1\]"),
    "label enormous": (lambda x, y, w: (x, y + 10**9, w), "classes from 0 to 2"),
    "label that int32 cuts to a class": (
        lambda x, y, w: (x, y.astype("int64") + 2**32, w),
        "classes from 0 to 2.*4294967296",
    ),
    "label between classes": (lambda x, y, w: (x, y + 0.5, w), r"classes from 0 to 2.*\[0.5, 1.5"),
    "label nan": (
        lambda x, y, w: (x, with_value(y, np.nan), w),
        r"Labels must be finite numbers.*samples \[3\]",
    ),
    "label infinite": (
        lambda x, y, w: (x, with_value(y, np.inf), w),
        r"Labels must be finite numbers.*samples \[3\]",
    ),
    "labels strings": (lambda x, y, w: (x, y.astype(str), w), "Labels must be numbers.*strings"),
    "labels missing": (lambda x, y, w: (x, None, w), "supervised loss needs labels"),
    "weight nan": (
        lambda x, y, w: (x, y, with_value(w, np.nan)),
        r"`sample_weight` must hold finite numbers.*samples \[3\]",
    ),
    "weight infinite": (
        lambda x, y, w: (x, y, with_value(w, np.inf)),
        r"`sample_weight` must hold finite numbers.*samples \[3\]",
    ),
    "weights a matrix": (
        lambda x, y, w: (x, y, np.stack([w, w], 1)),
        r"one weight per sample.*\(16, 2\)",
    ),
    "inputs too wide": (
        lambda x, y, w: (np.concatenate([x, x], 1), y, w),
        r"takes inputs of shape \(None, 6\)",
    ),
    "batch of 1": (lambda x, y, w: (x[:1], y[:1], w[:1]), "num_neighbors=2 with a batch of 1"),
    "batch of k": (lambda x, y, w: (x[:2], y[:2], w[:2]), "num_neighbors=2 with a batch of 2"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_refused_before_anything_moves(fault):
    change, message = REFUSED[fault]
    model = distiller()
    before = model.get_weights()
    with pytest.raises(ValueError, match=f"(?s){message}"):
        fit(model, *change(*batch(), np.ones(16, "float32")))
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_empty_data_set_is_named_and_moves_nothing():
    x, y = batch()
    empty = tf.data.Dataset.from_tensor_slices((x, y)).take(0).batch(4)
    model = distiller()
    with pytest.warns(UserWarning, match="ran out of data"):
        model.fit(empty, verbose=0, shuffle=False)
    assert model.optimizer.iterations.numpy() == 0


ACCEPTED = {
    "one class only": lambda x, y: (x, np.zeros_like(y)),
    "labels of a column": lambda x, y: (x, y[:, None]),
    "labels uint8": lambda x, y: (x, y.astype("uint8")),
    "labels float": lambda x, y: (x, y.astype("float32")),
    "all images equal": lambda x, y: (np.ones_like(x), y),
    "all images zero": lambda x, y: (np.zeros_like(x), y),
    "denormal images": lambda x, y: ((x * np.float32(1e-40)).astype("float32"), y),
    "images float16": lambda x, y: (x.astype("float16"), y),
    "images float64": lambda x, y: (x.astype("float64"), y),
    "images uint8": lambda x, y: ((20 * np.abs(x)).astype("uint8"), y),
    "batch of k + 1": lambda x, y: (x[:3], y[:3]),
    "last batch of 1": lambda x, y: (x[:9], y[:9]),
}


@pytest.mark.parametrize("fault", ACCEPTED)
def test_trained_on_with_a_finite_loss_and_weights(fault):
    model = distiller()
    history = fit(model, *ACCEPTED[fault](*batch()), batch_size=8)
    assert all(np.isfinite(values).all() for values in history.values())
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


@pytest.mark.parametrize("jit_compile", [False, True])
def test_labels_are_looked_at_whatever_the_losses(jit_compile):
    x, y = batch()
    for losses in ([], [SoftTarget()], [DecoupledSoftTarget()]):
        model = Distiller(network(), network(), losses)
        model.compile("sgd", loss="sparse_categorical_crossentropy", jit_compile=jit_compile)
        with pytest.raises(ValueError, match=r"classes from 0 to 2.*y with \[3, 4\]"):
            fit(model, x, y + 2)


def test_labels_that_the_loss_ignores_are_no_fault():
    x, y = batch()
    model = Distiller(network(), network(), [SoftTarget()])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    model.compile("sgd", loss=loss)
    history = fit(model, x, np.where(np.arange(16) < 4, -1, y))
    assert np.isfinite(history["loss"]).all()


def test_a_student_that_makes_nan_of_good_images_is_named():
    student = network()
    student.get_layer("logits").bias.assign([0.0, np.nan, 0.0])
    model = Distiller(network(), student, [])
    model.compile("sgd", loss=CROSS_ENTROPY)
    with pytest.raises(ValueError, match=r"samples \[0, 1, 2, 3, 4\].*the student's weights"):
        fit(model, *batch())


def test_float16_that_overflows_inside_the_student_is_named():
    keras.config.set_dtype_policy("mixed_float16")
    student = network()
    student.get_layer("hidden").kernel.assign(np.ones((6, 4)))
    model = Distiller(network(), student, [SoftTarget()])
    model.compile("sgd", loss=CROSS_ENTROPY)
    x, y = batch()
    with pytest.raises(ValueError, match=r"finite.*samples \[0, 1.*make them of finite inputs"):
        fit(model, np.full_like(x, 3e4), y)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_later_image_that_is_not_finite_makes_the_loss_nan(jit_compile, value):
    x, y = batch(40)
    model = Distiller(network(), network(), [SoftTarget(), lp()])
    compiled(model, jit_compile=jit_compile)
    dataset = tf.data.Dataset.from_tensor_slices((with_value(x, value, row=20), y)).batch(8)
    stop = keras.callbacks.TerminateOnNaN()
    history = model.fit(dataset, verbose=0, shuffle=False, callbacks=[stop]).history
    assert np.isnan(history["loss"]).all() and np.isnan(history["student_loss"]).all()
    assert model.optimizer.iterations == 3  # of five: it is in the third batch


def test_a_validation_image_that_is_not_finite_makes_its_loss_nan():
    x, y = batch()
    bad = with_value(x, np.nan)
    history = distiller().fit(x, y, validation_data=(bad, y), verbose=0).history
    assert np.isnan(history["val_loss"]).all() and np.isfinite(history["loss"]).all()


def test_weights_of_another_form_than_one_a_sample_are_passed_over():
    x, y = batch()
    inputs = keras.Input(x.shape[1:])
    student = keras.Model(inputs, [keras.layers.Dense(3)(inputs), keras.layers.Dense(3)(inputs)])
    model = Distiller(student, student, [])
    model.compile("adam", [keras.losses.SparseCategoricalCrossentropy(from_logits=True)] * 2)
    weights = [np.ones(len(x), "float32"), np.zeros(len(x), "float32")]
    assert np.isfinite(model.evaluate(x, [y, y], sample_weight=weights, verbose=0)).all()


def test_an_input_that_a_layer_would_mend_is_refused():
    x, y = batch()
    inputs = keras.Input(x.shape[1:])
    outputs = keras.layers.Dense(3)(keras.ops.nan_to_num(inputs))
    student = keras.Model(inputs, outputs)
    model = compiled(Distiller(network(), student, [SoftTarget()]))
    with pytest.raises(ValueError, match=r"inputs must be finite, even .* samples \[3\]"):
        model.fit(with_value(x, np.nan, row=3), y, verbose=0, shuffle=False)
