"""A check changes nothing: the run after it is the run without it, bit for bit."""

import random

import keras
import numpy as np
import pytest

from tests.guidance.wiring import batches, lp, wire
from tests.small import batch, compiled, network
from tests.small import lp as small_lp
from tf_lpdistill import Distiller, guidance
from tf_lpdistill.losses import ContrastiveRepresentation, Hint, SoftTarget


def dropout_student():
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(8, 3, strides=2, name="conv")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Dropout(0.3, name="drop")(keras.layers.Flatten(name="features")(x))
    return keras.Model(inputs, keras.layers.Dense(10, name="logits")(x))


def train(teacher, digits, look):
    """Trains with or without a look before; returns the variables and the look's random draws."""
    keras.utils.set_random_seed(7)
    memory = ContrastiveRepresentation(
        "features", "features", num_samples=1000, num_negatives=50, name="crd"
    )
    losses = [SoftTarget(), lp(), Hint("features", "features", regressor="dense"), memory]
    distiller = wire(teacher, dropout_student(), losses)
    data = batches(digits.train, sample_ids=True)
    if look:
        assert guidance.check(distiller, data).problems == []
    draws = random.random(), np.random.random()
    distiller.fit(data, steps_per_epoch=3, epochs=1, shuffle=False, verbose=0)
    return {v.path: np.array(v) for v in distiller.variables}, draws


def test_the_run_after_it_is_the_same_bit_for_bit(teacher, digits):
    before = [np.array(weight) for weight in teacher.weights]
    (without, draws), (looked, others) = (train(teacher, digits, look) for look in (False, True))
    assert draws == others
    assert len(without) == len(looked) > 15
    for left, right in zip(without.values(), looked.values(), strict=True):
        np.testing.assert_array_equal(left, right)
    for left, right in zip(before, teacher.weights, strict=True):
        np.testing.assert_array_equal(left, right)


class Moving(keras.Model):
    """A teacher whose own statistics move with every call."""

    def __init__(self):
        super().__init__()
        self.model = network(norm=True)

    def call(self, inputs, training=None):
        return self.model(inputs, training=True)


def test_even_a_teacher_in_training_mode_is_put_back():
    teacher = Moving()
    x, y = batch(32)
    teacher(x)
    teacher.model.get_layer("norm").moving_mean.assign([5.0] * 4)
    distiller = compiled(Distiller(teacher, network(norm=True), [SoftTarget()]))
    before = [np.array(v) for model in (teacher, distiller) for v in model.variables]
    names = [found.name for found in guidance.check(distiller, [(x, y)])]
    assert "teacher_depends_on_batch" in names
    after = [np.array(v) for model in (teacher, distiller) for v in model.variables]
    for left, right in zip(before, after, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.slow
def test_replicas_keep_their_own_values(mirrored):
    x, y = batch(32)
    with mirrored.scope():
        distiller = compiled(
            Distiller(network(), network(norm=True, dropout=0.5), [SoftTarget(), small_lp()])
        )
        distiller.fit(x, y, batch_size=16, verbose=0)  # the dropout seeds of the replicas part

        def values():
            return [
                part.numpy()
                for variable in distiller.variables
                for part in getattr(variable.value, "values", [variable.value])
            ]

        before = values()
        guidance.check(distiller, [(x, y)])
        after = values()
    seeds = [value for value in before if value.dtype.kind in "iu" and value.shape == (2,)]
    assert len(seeds) == 2 and not np.array_equal(*seeds)
    for left, right in zip(before, after, strict=True):
        np.testing.assert_array_equal(left, right)


def test_what_is_put_back_survives_an_error():
    teacher = network(name="teacher")
    student = network(norm=True)
    distiller = compiled(Distiller(teacher, student, [SoftTarget()]))
    before = [np.array(v) for v in distiller.variables]
    with pytest.raises(ValueError, match="at least one batch, as for `fit`. Received: dataset="):
        guidance.check(distiller, [])
    for left, right in zip(before, distiller.variables, strict=True):
        np.testing.assert_array_equal(left, np.array(right))
