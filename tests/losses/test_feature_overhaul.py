"""OFD against a float64 loop; margins from batch normalisation against samples and by hand."""

import keras
import numpy as np
import pytest

from tf_lpdistill.losses import FeatureOverhaul
from tf_lpdistill.losses.feature_overhaul import batch_norm_margin, partial_squared_difference

MARGIN = [-0.1, -0.5, -1.0, -0.2, 0.0, -3.0]
EXAMPLES = [lambda: FeatureOverhaul(), lambda: FeatureOverhaul(margin=MARGIN)]
SHAPES = ((4, 2, 6), (4, 4, 3))


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def reference(teacher, student, margin):
    total = 0.0
    for t, s in zip(teacher.reshape(-1, 6), student.reshape(-1, 6), strict=True):
        for c in range(6):
            target = max(float(t[c]), margin[c])
            if s[c] > target or target > 0:
                total += (float(s[c]) - target) ** 2
    return total / teacher.size


def connect(loss, student):
    """The student's map through 1x1 convolution and batch normalisation, in numpy."""
    kernel, scale, offset = (
        v.numpy()
        for v in (loss.connector.convolution.kernel, loss.connector.scale, loss.connector.offset)
    )
    connected = np.float64(student) @ kernel[0, 0]
    connected -= connected.mean(axis=(0, 1, 2))
    return scale * connected / np.sqrt(connected.var(axis=(0, 1, 2)) + 1e-5) + offset


def test_equals_the_loop():
    teacher, student = draw(5, 4, 2, 6), 2.0 * draw(5, 4, 2, 6, seed=1)
    value = partial_squared_difference(teacher, student, np.array(MARGIN, "float32"))
    np.testing.assert_allclose(value, reference(teacher, student, MARGIN), rtol=1e-5)


def test_connector_and_pooling():
    teacher, student = draw(5, 4, 2, 6), draw(5, 4, 4, 3, seed=1)
    loss = FeatureOverhaul(margin=MARGIN)
    value = loss.compute_loss(teacher, student)
    connected = connect(loss, (student[:, :, 0::2] + student[:, :, 1::2]) / 2)
    np.testing.assert_allclose(value, reference(teacher, connected, MARGIN), rtol=1e-4)
    assert len(loss.trainable_variables) == 3


def test_without_margin_it_is_the_mean_of_the_batchs_negative_values():
    teacher, student = draw(5, 4, 2, 6), draw(5, 4, 2, 3, seed=1)
    teacher[..., 2] = np.abs(teacher[..., 2])  # never negative: the margin is 0
    weight = np.array([1.0, 1.0, 0.0, 1.0, 1.0], "float32")
    loss = FeatureOverhaul()
    value = loss.compute_loss(teacher, student)
    columns = teacher.reshape(-1, 6).T
    margin = [column[column < 0].mean() if (column < 0).any() else 0.0 for column in columns]
    assert margin[2] == 0.0 and margin[0] < -0.5
    np.testing.assert_allclose(value, reference(teacher, connect(loss, student), margin), rtol=1e-4)
    inside = weight > 0
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student, sample_weight=weight),
        0.8 * loss.compute_loss(teacher[inside], student[inside]),
        rtol=1e-5,
    )


def test_value_computed_by_hand():
    # t' = max(t, -1): 2, 2, -1, -1, -0.5. Silent teacher: only what rises above t' counts.
    teacher = np.array([2.0, 2.0, -5.0, -5.0, -0.5], "float32").reshape(1, 1, 1, 5)
    student = np.array([1.0, 4.0, -9.0, 1.0, -0.6], "float32").reshape(1, 1, 1, 5)
    value = partial_squared_difference(teacher, student, -1.0)
    np.testing.assert_allclose(value, (1.0 + 4.0 + 0.0 + 4.0 + 0.0) / 5)


def test_a_student_equal_to_the_teacher_gives_zero_above_the_margin():
    teacher = np.maximum(draw(3, 2, 2, 6), -0.4)
    assert float(partial_squared_difference(teacher, teacher, -0.4)) == 0.0


def batch_norm(beta=None, gamma=None):
    layer = keras.layers.BatchNormalization(center=beta is not None, scale=gamma is not None)
    layer.build((None, 4, 4, len(beta or gamma or [0, 0])))
    if beta is not None:
        layer.beta.assign(beta)
    if gamma is not None:
        layer.gamma.assign(gamma)
    return layer


def test_margin_is_the_mean_of_a_normals_negative_part():
    beta, gamma = [0.5, -1.0, 0.0], [1.0, 2.0, -0.7]
    rng = np.random.default_rng(0)
    for margin, b, g in zip(batch_norm_margin(batch_norm(beta, gamma)), beta, gamma, strict=True):
        samples = rng.normal(b, abs(g), 1_000_000)
        np.testing.assert_allclose(margin, samples[samples < 0].mean(), rtol=5e-3)


def test_margin_at_the_edges():
    # Negative less than once in a thousand: -3 sigma. Sigma 0: t is beta itself.
    layer = batch_norm(beta=[4.0, 0.5, -0.5], gamma=[0.5, 0.0, 0.0])
    np.testing.assert_allclose(batch_norm_margin(layer), [-1.5, 0.0, -0.5])
    # E[t | t < 0] of the standard normal is -2 phi(0).
    half_normal = -np.sqrt(2 / np.pi)
    np.testing.assert_allclose(batch_norm_margin(batch_norm()), [half_normal] * 2, rtol=1e-6)


def test_margin_of_a_far_negative_channel_is_its_mean():
    np.testing.assert_allclose(batch_norm_margin(batch_norm([-30.0], [1.0])), [-30.0], rtol=1e-6)


def test_margin_from_a_layer_survives_the_config():
    margin = batch_norm_margin(batch_norm([0.1, -0.2], [1.0, 3.0]))
    again = FeatureOverhaul.from_config(FeatureOverhaul(margin=margin).get_config())
    np.testing.assert_array_equal(np.array(again.margin, "float32"), margin)


@pytest.mark.parametrize("layer", [keras.layers.Dense(3), keras.layers.BatchNormalization()])
def test_margin_wants_a_built_batch_normalisation(layer):
    with pytest.raises(ValueError, match="must be a built keras.layers.BatchNormalization"):
        batch_norm_margin(layer)


@pytest.mark.parametrize("margin", [-1.0, [[-1.0]], [0.5], [float("nan")]])
def test_margin_is_checked(margin):
    with pytest.raises(ValueError, match="`margin` must be a vector of finite numbers up to 0"):
        FeatureOverhaul(margin=margin)


def test_margin_for_another_number_of_channels_is_refused():
    with pytest.raises(ValueError, match="one number for each of the 6 channels.*2 numbers"):
        FeatureOverhaul(margin=[-1.0, -1.0]).ensure_built((None, 6), (None, 3))


def test_features_of_another_rank_are_refused():
    with pytest.raises(ValueError, match="expected features .* of known size"):
        FeatureOverhaul().ensure_built((None, 4, 6), (None, 4, 6))
