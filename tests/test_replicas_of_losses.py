"""Every loss gives the same update and the same logs on 1, 2 and 4 replicas, through `fit`.

A few losses share one `Distiller`: each has layers of its own in teacher and student, so that few
fits hold them all to it. The second batch is smaller and divides by neither 2 nor 4.
"""

import functools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tests.losses.contract import all_classes, cases
from tf_lpdistill import Distiller, data

SIZES = (12, 7)
GROUPS = 5


def examples():
    """(name, make, teacher shapes, student shapes) of each loss; shapes are lists, one a layer."""
    for case in cases():
        if case.id.endswith("-0"):
            make, *shapes = case.values[0]
            shapes = [list(s) if isinstance(s[0], tuple) else [s] for s in shapes]
            yield case.id.partition("-")[0], make, *shapes


def test_every_loss_is_in_a_group():
    found = [name for group in range(GROUPS) for name, *_ in group_of_losses(group)]
    assert sorted(found) == sorted(loss.__name__ for loss in all_classes())


def names(who, example, shapes):
    return tuple(f"{who}_{example}_{index}" for index in range(len(shapes)))


def network(who, shapes_of_example):
    inputs = keras.Input((6,))
    features = []
    for example, shapes in shapes_of_example.items():
        for name, shape in zip(names(who, example, shapes), shapes, strict=True):
            x = layers.Dense(math.prod(shape), activation="tanh")(inputs)
            features.append(layers.Reshape(shape, name=name)(x))
    joined = layers.Concatenate()([layers.Flatten()(feature) for feature in features])
    return keras.Model(inputs, layers.Dense(5)(joined))


def distiller(chosen):
    losses = []
    for name, make, teacher, student in chosen:
        loss = make()
        several = isinstance(loss.teacher_layer_name, tuple)
        layer_names = names("teacher", name, teacher), names("student", name, student)
        loss.teacher_layer_name, loss.student_layer_name = (
            layer_names if several else (part[0] for part in layer_names)
        )
        losses.append(loss)
    teacher = network("teacher", {name: shapes for name, _, shapes, _ in chosen})
    student = network("student", {name: shapes for name, _, _, shapes in chosen})
    return Distiller(teacher, student, losses)


def batches():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(sum(SIZES), 6)).astype("float32")
    dataset = tf.data.Dataset.from_tensor_slices((x, np.arange(len(x)) % 5))
    return data.with_sample_ids(dataset).batch(SIZES[0])


def train(strategy, chosen):
    """(logs, weights before, weights after) of an epoch."""
    keras.utils.set_random_seed(0)
    with strategy.scope():
        model = distiller(chosen)
        model.compile(
            keras.optimizers.SGD(1e-2),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
    weights = [model.get_weights()]
    history = model.fit(batches(), verbose=0, shuffle=False).history
    return history, *weights, model.get_weights()


@functools.cache
def one_device(group):
    return train(tf.distribute.get_strategy(), group_of_losses(group))


def group_of_losses(group):
    return list(examples())[group::GROUPS]


@pytest.mark.parametrize("group", range(GROUPS))
@pytest.mark.parametrize(
    "replicas", ["mirrored", pytest.param("mirrored4", marks=pytest.mark.slow)]
)
def test_the_same_update_and_logs(replicas, group, request):
    chosen = group_of_losses(group)
    expected_logs, start, expected = one_device(group)
    logs, own_start, weights = train(request.getfixturevalue(replicas), chosen)
    assert len(logs) == len(chosen) + 3  # loss, student_loss, accuracy
    for name, values in expected_logs.items():
        np.testing.assert_allclose(logs[name], values, rtol=1e-5, err_msg=name)
    moved = 0
    for before, own_before, a, b in zip(start, own_start, expected, weights, strict=True):
        np.testing.assert_array_equal(before, own_before)
        if not np.isfinite(a).all():  # CRD's mark of a constant that is not yet known
            continue
        # A stored float32 weight cannot be nearer than its own rounding, whatever the update is.
        rounding = np.finfo("float32").eps * np.linalg.norm(a)
        update = np.linalg.norm(np.float64(a) - before)
        assert np.linalg.norm(np.float64(a) - b) <= 1e-5 * update + rounding
        moved += update > 1e-5
    assert moved > 2 * len(chosen) > 0
