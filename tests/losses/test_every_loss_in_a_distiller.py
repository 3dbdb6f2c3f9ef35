"""Every loss as a term of one Distiller: found, not listed.

Each term has layers of its own in teacher and student, so that a wrong update names its loss.
"""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.losses.contract import cases
from tests.small import compiled
from tf_lpdistill import Distiller, TeacherEnsemble, guidance

CASES = [case for case in cases() if "-0" in case.id]  # the first example of each
SAMPLES, BATCH = 18, 12  # a whole batch, and a smaller last one


def parts(case):
    """(make, shapes of the teacher's layers, shapes of the student's, two teachers) of a case."""
    make, teacher, student = case.values[0]
    ensemble = case.id.endswith("-two-teachers")
    teacher = teacher[0] if ensemble else teacher
    shapes = (shape if isinstance(shape[0], tuple) else (shape,) for shape in (teacher, student))
    return make, *shapes, ensemble


def network(role, name=None, local=True):
    """A branch for each layer that a case compares, "<case>.<number>", and logits of them all.

    `local` adds layers that depend on the batch of each replica, and on random draws.
    """
    inputs = keras.Input((6,))
    branches = []
    for case in CASES:
        for number, shape in enumerate(parts(case)[role]):
            features = keras.layers.Dense(math.prod(shape), name=f"dense.{case.id}.{number}")
            reshape = keras.layers.Reshape(shape, name=f"{case.id}.{number}")
            branches.append(keras.layers.Flatten()(reshape(features(inputs))))
    x = keras.layers.Concatenate()(branches)
    if local:
        x = keras.layers.BatchNormalization()(keras.layers.Dropout(0.3, seed=1)(x))
    return keras.Model(inputs, keras.layers.Dense(3, name="logits")(x), name=name)


def term(case):
    """The loss of a case, which compares the layers of this case."""
    make, teacher, _, ensemble = parts(case)
    names = [f"{case.id}.{number}" for number in range(len(teacher))]
    owned = names if ensemble else [f"one/{name}" for name in names]
    single = len(names) == 1
    loss = make()
    return type(loss).from_config(
        loss.get_config()
        | {
            "teacher_layer_name": owned[0] if single else owned,
            "student_layer_name": names[0] if single else names,
            "name": case.id,
        }
    )


def batches():
    rng = np.random.default_rng(0)
    ids = np.arange(SAMPLES)
    x = {"inputs": rng.normal(size=(SAMPLES, 6)).astype("float32"), "sample_id": ids}
    return tf.data.Dataset.from_tensor_slices((x, ids % 3)).batch(BATCH)


def make(weight, student_loss_weight=1.0, local=True):
    teacher = TeacherEnsemble([network(1, "one"), network(1, "two")])
    keras.utils.set_random_seed(2)
    losses = [term(case) for case in CASES]
    student = network(2, local=local)
    return Distiller(teacher, student, losses, [weight] * len(losses), student_loss_weight)


def test_weight_zero_equals_plain_fit():
    plain, distiller = compiled(make(0.0).student), compiled(make(0.0))
    settings = {"epochs": 2, "verbose": 0, "shuffle": False}
    expected = plain.fit(batches().map(lambda x, y: (x["inputs"], y)), **settings).history
    history = distiller.fit(batches(), **settings).history
    assert history["loss"] == history["student_loss"] == expected["loss"]
    assert set(history) == {"loss", "student_loss", *(case.id for case in CASES)}
    assert all(np.isfinite(values).all() for values in history.values())
    for one, other in zip(plain.weights, distiller.student.weights, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=one.path)


def test_a_check_finds_no_fault_with_a_loss_of_ours():
    looked_at = {"self_distillation", "no_gradient", "not_finite", "refused"}
    found = guidance.check(compiled(make(1.0)), batches())
    assert [each.what for each in found if each.name in looked_at] == []


@pytest.mark.slow
def test_the_same_update_on_one_and_two_replicas(mirrored):
    histories, updates = [], []
    for strategy in (tf.distribute.get_strategy(), mirrored):
        keras.utils.set_random_seed(1)
        with strategy.scope():
            distiller = compiled(make(1.0, 0.0, local=False), keras.optimizers.SGD(1.0))
        before = distiller.get_weights()
        fit = distiller.fit(batches().take(1), verbose=0, shuffle=False)
        histories.append(fit.history)
        updates.append([b - a for a, b in zip(before, distiller.get_weights(), strict=True)])
    for name, value in histories[0].items():
        np.testing.assert_allclose(histories[1][name], value, rtol=1e-5, atol=1e-6, err_msg=name)
    for weight, one, two in zip(distiller.weights, *updates, strict=True):
        size = np.abs(one).max()
        # What the rounding of weights, which are about 1, lets through.
        np.testing.assert_allclose(two, one, rtol=0, atol=1e-3 * size + 1e-6, err_msg=weight.path)
        if weight.path.startswith("dense.") and weight.path.endswith("kernel"):
            assert size > 1e-4, f"{weight.path} stands still"
