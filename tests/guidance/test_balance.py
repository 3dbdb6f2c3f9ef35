"""Weights from shares: exact on the batches looked at, steady on others, nothing changed."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tests.guidance.wiring import batches, lp, wire
from tests.small import batch, compiled, network
from tests.small import lp as small_lp
from tf_lpdistill import Distiller, guidance, models
from tf_lpdistill.guidance.evidence import read
from tf_lpdistill.guidance.gradients import part_gradients
from tf_lpdistill.guidance.unchanged import unchanged
from tf_lpdistill.losses import AttentionTransfer, SimilarityPreserving, SoftTarget
from tf_lpdistill.schedules import warm_up


def losses():
    return [SoftTarget(), lp(), SimilarityPreserving("relu4", "relu3"),
            AttentionTransfer("relu4", "relu3")]  # fmt: skip


def realised(distiller, weights, dataset, number=4):
    """The shares that weights give on some batches, the student's own loss first."""
    norms, gradients_on = [], part_gradients(distiller)
    with unchanged(distiller):
        for data, _ in zip(read(dataset), range(number), strict=False):
            norms.append([part.norm for part in gradients_on(data).values()])
    strengths = np.sqrt(np.mean(np.square(norms), axis=0)) * [1.0, *weights]
    return strengths / strengths.sum()


def test_shares_are_those_asked_for(teacher, student, train):
    distiller = wire(teacher, student, losses())
    shares = [0.2, 0.3, 0.05, 0.15]
    weights = guidance.balance(distiller, train, shares)
    assert isinstance(weights, list) and all(type(weight) is float for weight in weights)
    np.testing.assert_allclose(realised(distiller, weights, train), [0.3, *shares], rtol=0.02)
    wire(teacher, student, losses(), distillation_loss_weights=weights)


def test_equal_shares_by_default_and_the_table(teacher, student, train):
    weights = guidance.balance(wire(teacher, student, [SoftTarget(), lp()]), train)
    assert [row[0] for row in weights.rows] == [
        "student_loss",
        "soft_target",
        "locality_preserving",
    ]
    np.testing.assert_allclose([row[3] for row in weights.rows], [1 / 3] * 3)
    strengths = [row[1] * row[2] for row in weights.rows]
    np.testing.assert_allclose(strengths, strengths[0], rtol=0.01)
    lines = str(weights).splitlines()
    assert lines[0].split() == ["gradient", "norm", "weight", "share"]
    assert lines[1].startswith("student_loss") and lines[1].endswith("33%")
    assert lines[-1] == f"distillation_loss_weights={list(weights)}"


def test_steady_under_another_batch(teacher, digits):
    """Other images, half as many in a batch: the shares stay what was asked."""
    distiller = wire(teacher, models.digits_student(), losses())
    shares = [0.2, 0.2, 0.2, 0.2]
    weights = guidance.balance(distiller, batches(digits.train), shares)
    for size in (50, 150):
        others = batches(digits.validation, batch_size=size)
        found = realised(distiller, weights, others)
        assert found.min() > 0.1 and found.max() < 0.35  # SP falls like 1 / batch by itself
    plain = realised(distiller, [1.0] * 4, batches(digits.train))
    assert plain.max() > 0.4 and plain.min() < 0.01  # what there was to balance


@pytest.mark.parametrize("change", ["width", "resolution"])
def test_steady_under_another_width_and_resolution(teacher, digits, change):
    """Weights found for one student give nearly the same shares in another one."""
    train = batches(digits.train)
    shares = [0.2, 0.2, 0.2, 0.2]
    weights = guidance.balance(wire(teacher, models.digits_student(), losses()), train, shares)
    if change == "width":
        other = wire(teacher, models.digits_student(filters=(16, 32, 32)), losses())
    else:
        sized = keras.Sequential([keras.Input((16, 16, 1)), layers.AveragePooling2D(2), teacher])
        inputs = keras.Input((16, 16, 1))
        x = inputs
        for index, (filters, stride) in enumerate(((8, 1), (16, 2), (16, 1)), start=1):
            x = layers.Conv2D(filters, 3, stride, "same", use_bias=False)(x)
            x = layers.BatchNormalization(momentum=0.9)(x)
            x = layers.ReLU(name=f"relu{index}")(x)
        x = layers.GlobalAveragePooling2D(name="features")(x)
        big = keras.Model(inputs, layers.Dense(10)(x))
        name = teacher.name
        other = wire(sized, big, [SoftTarget(), lp(f"{name}/features"),
            SimilarityPreserving(f"{name}/relu4", "relu3"),
            AttentionTransfer(f"{name}/relu2", "relu3")])  # fmt: skip
        train = train.map(lambda x, y: (tf.image.resize(x, (16, 16), "nearest"), y))
    found = realised(other, weights, train)
    assert found.min() > 0.08 and found.max() < 0.4
    again = guidance.balance(other, train, shares)
    assert max(again[i] / weights[i] for i in range(4)) < 3
    assert min(again[i] / weights[i] for i in range(4)) > 1 / 3


def test_nothing_is_changed(teacher, student, train):
    distiller = wire(teacher, student)
    before = [np.array(v) for model in (teacher, distiller) for v in model.variables]
    first = guidance.balance(distiller, train)
    after = [np.array(v) for model in (teacher, distiller) for v in model.variables]
    for left, right in zip(before, after, strict=True):
        np.testing.assert_array_equal(left, right)
    assert guidance.balance(distiller, train) == first


def test_without_labels_the_first_loss_has_the_weight_1():
    x, _ = batch(32)
    distiller = compiled(
        Distiller(network(), network(), [small_lp(), SoftTarget()], student_loss_weight=0)
    )
    weights = guidance.balance(distiller, [(x,)], shares=[0.25, 0.25])
    (first, norm, *_), (_, other, *_) = weights.rows
    assert first == "locality_preserving" and weights[0] == 1.0
    np.testing.assert_allclose(weights[1], norm / other, rtol=0.01)


def test_the_students_weight_counts_as_it_is_at_the_start():
    data = [batch(32)]

    def weights(student_loss_weight):
        keras.utils.set_random_seed(0)
        distiller = Distiller(
            network(), network(), [SoftTarget()], student_loss_weight=student_loss_weight
        )
        return guidance.balance(compiled(distiller), data)

    (half,), (whole,) = weights(0.5), weights(1.0)
    np.testing.assert_allclose(2 * half, whole, rtol=0.01)
    assert weights(warm_up(3.0, steps=5)) == [1.0]  # it begins at 0: the losses alone


@pytest.mark.parametrize("shares", [[0.5], [0.5, 0.5], [0.5, -0.1], [0.2, 0.2, 0.2], "ab"])
def test_other_shares_are_refused(shares):
    distiller = compiled(Distiller(network(), network(), [SoftTarget(), small_lp()]))
    with pytest.raises(ValueError, match="positive number for each of the 2 losses.*Received: sha"):
        guidance.balance(distiller, [batch()], shares)


def test_a_part_without_gradient_is_refused():
    student = network()
    student.get_layer("hidden").trainable = False
    distiller = compiled(Distiller(network(), student, [SoftTarget(), small_lp()]))
    message = r"Received: norms \{'locality_preserving': 0.0\}. Ask guidance.check"
    with pytest.raises(ValueError, match=message):
        guidance.balance(distiller, [batch(32)])


def test_a_student_that_is_not_built_is_built_on_every_replica(mirrored):
    with mirrored.scope():
        inner = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(3)])
        distiller = compiled(Distiller(network(), inner, [SoftTarget()]))
    guidance.balance(distiller, [batch(32)])
    assert all(len(weight.value.values) == 2 for weight in inner.weights)


@pytest.mark.slow
def test_replicas_give_the_same_weights(mirrored):
    def weights():
        keras.utils.set_random_seed(4)
        distiller = compiled(Distiller(network(), network(), [SoftTarget(), small_lp()]))
        return guidance.balance(distiller, [batch(32)])

    alone = weights()
    with mirrored.scope():
        np.testing.assert_allclose(weights(), alone, rtol=0.01)
