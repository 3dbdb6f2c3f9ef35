"""AB against a float64 loop of the published cases; its connector."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.losses import ActivationBoundary
from tf_lpdistill.losses.activation_boundary import activation_boundary

EXAMPLES = [lambda: ActivationBoundary(), lambda: ActivationBoundary(margin=0.3)]
SHAPES = ((4, 2, 6), (4, 4, 3))


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def reference(teacher, student, margin):
    total = 0.0
    for t, s in zip(np.float64(teacher).ravel(), np.float64(student).ravel(), strict=True):
        if t <= 0 and s > -margin:
            total += (s + margin) ** 2
        if t > 0 and s <= margin:
            total += (s - margin) ** 2
    return total / teacher.size


@pytest.mark.parametrize("margin", [0.3, 1.0, 2.0])
def test_equals_the_loop(margin):
    teacher, student = draw(5, 4, 3, 6), 2.0 * draw(5, 4, 3, 6, seed=1)
    value = ActivationBoundary(margin=margin).compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student, margin), rtol=1e-5)


def test_value_computed_by_hand():
    # t > 0: (s - 1)^2 up to 1, then 0; t <= 0 (0 too): (s + 1)^2 from -1, else 0.
    teacher = np.array([[2.0, 2.0, -1.0, 0.0]], "float32")
    student = np.array([[-1.0, 5.0, 1.0, -1.5]], "float32")
    value = ActivationBoundary().compute_loss(teacher, student)
    np.testing.assert_allclose(value, (4.0 + 0.0 + 4.0 + 0.0) / 4)


def test_only_the_teachers_signs_matter():
    teacher, student = draw(5, 6), draw(5, 6, seed=1)
    loss = ActivationBoundary()
    np.testing.assert_array_equal(
        loss.compute_loss(teacher, student), loss.compute_loss(np.sign(teacher) * 1e6, student)
    )


def test_the_same_boundaries_with_the_margin_kept_give_zero():
    teacher = draw(5, 6)
    student = np.sign(teacher) * (1.0 + np.abs(draw(5, 6, seed=1)))
    assert float(ActivationBoundary().compute_loss(teacher, student)) == 0.0


def test_equal_channels_need_no_connector():
    loss = ActivationBoundary()
    loss.ensure_built((None, 4, 4, 6), (None, 8, 8, 6))
    assert loss.weights == []


def test_connector_and_pooling():
    teacher, student = draw(5, 4, 2, 6), draw(5, 4, 4, 3, seed=1)
    loss = ActivationBoundary()
    value = loss.compute_loss(teacher, student)
    kernel = loss.connector.convolution.kernel.numpy()[0, 0]
    connected = (np.float64(student[:, :, 0::2] + student[:, :, 1::2]) / 2) @ kernel
    connected -= connected.mean(axis=(0, 1, 2))
    connected /= np.sqrt(connected.var(axis=(0, 1, 2)) + 1e-5)
    np.testing.assert_allclose(value, reference(teacher, connected, 1.0), rtol=1e-4)
    with tf.GradientTape() as tape:
        value = loss.compute_loss(teacher, student)
    gradients = tape.gradient(value, loss.trainable_variables)
    assert len(gradients) == 3 and all(np.abs(g).max() > 0.0 for g in gradients)


def test_sample_weight():
    teacher, student = draw(3, 1, 1, 6), draw(3, 1, 1, 6, seed=1)
    weight = np.array([2.0, 0.0, 1.0], "float32")
    each = [reference(teacher[i], student[i], 1.0) for i in range(3)]
    value = activation_boundary(teacher, student, sample_weight=weight)
    np.testing.assert_allclose(value, np.dot(each, weight) / 3, rtol=1e-5)


def test_margin_is_checked():
    with pytest.raises(ValueError, match=r"`margin` must be a positive.*Received: margin=0"):
        ActivationBoundary(margin=0)


def test_features_of_another_rank_are_refused():
    with pytest.raises(ValueError, match="expected features .* of known size"):
        ActivationBoundary().ensure_built((None, 4, 6), (None, 4, 6))
