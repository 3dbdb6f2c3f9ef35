"""AT against a float64 loop and the authors' formula for equal maps."""

import numpy as np
import pytest

from tf_lpdistill.losses import AttentionTransfer

EXAMPLES = [lambda: AttentionTransfer(), lambda: AttentionTransfer(power=1.5)]
SHAPES = ((6, 5, 3), (4, 5, 7))
MATCHING = True


def maps(height, width, channels, batch=4, seed=0):
    shape = (batch, height, width, channels)
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def reference_attention(image, power):
    height, width, channels = image.shape
    attention = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            for c in range(channels):
                attention[i, j] += abs(image[i, j, c]) ** power
    return attention / np.sqrt((attention**2).sum())


def reference_halves(image):
    """Averages over squares of 2 x 2 pixels."""
    return (image[::2, ::2] + image[1::2, ::2] + image[::2, 1::2] + image[1::2, 1::2]) / 4.0


def reference(teacher, student, power):
    values = []
    for t, s in zip(np.float64(teacher), np.float64(student), strict=True):
        difference = reference_attention(t, power) - reference_attention(s, power)
        values.append((difference**2).mean())
    return np.array(values)


@pytest.mark.parametrize("power", [1, 2, 3.5])
def test_equals_the_loop(power):
    teacher, student = maps(5, 4, 6), maps(5, 4, 3, seed=1)
    value = AttentionTransfer(power=power).compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student, power).mean(), rtol=1e-5)


@pytest.mark.parametrize("larger", ["teacher", "student"])
def test_the_larger_map_is_averaged_over_areas(larger):
    teacher, student = maps(8, 6, 2), maps(4, 3, 5, seed=1)
    if larger == "student":
        teacher, student = student, teacher
    pooled = [
        np.stack([reference_halves(image) for image in np.float64(features)])
        if features.shape[1] == 8
        else features
        for features in (teacher, student)
    ]
    value = AttentionTransfer().compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(*pooled, 2).mean(), rtol=1e-5)


def test_value_computed_by_hand():
    # Pixels (3, 0) and (0, -4): Q_T = (9, 16), |Q_T| = sqrt(337). Q_S = (0, 4), normalised (0, 1).
    teacher = np.array([[[[3.0, 0.0], [0.0, -4.0]]]])
    student = np.array([[[[0.0], [2.0]]]])
    length = np.sqrt(337.0)
    expected = ((9.0 / length - 0.0) ** 2 + (16.0 / length - 1.0) ** 2) / 2.0
    np.testing.assert_allclose(AttentionTransfer().compute_loss(teacher, student), expected, 1e-6)


def test_scale_sign_and_doubled_channels_do_not_matter():
    teacher, student = maps(4, 4, 3), maps(4, 4, 3, seed=1)
    loss = AttentionTransfer()
    twice = np.concatenate([student, -student], axis=-1) * 30.0
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student), loss.compute_loss(teacher, twice), rtol=1e-5
    )


def test_weight_times_pixels_gives_the_squared_norm():
    teacher, student = maps(4, 6, 3), maps(4, 6, 3, seed=1)
    squared_norms = [
        ((reference_attention(t, 2) - reference_attention(s, 2)) ** 2).sum()
        for t, s in zip(np.float64(teacher), np.float64(student), strict=True)
    ]
    value = AttentionTransfer().compute_loss(teacher, student)
    np.testing.assert_allclose(24.0 * value, np.mean(squared_norms), rtol=1e-5)


def test_sample_weight():
    teacher, student = maps(5, 4, 6), maps(5, 4, 3, seed=1)
    weight = np.array([1.0, 0.0, 2.0, 0.5], "float32")
    value = AttentionTransfer().compute_loss(teacher, student, sample_weight=weight)
    np.testing.assert_allclose(value, (weight * reference(teacher, student, 2)).mean(), rtol=1e-5)


@pytest.mark.parametrize("power", [0.5, -2, float("nan"), float("inf"), "2", None])
def test_power_is_checked(power):
    with pytest.raises(ValueError, match="`power` must be a finite number of 1 or more.*Received"):
        AttentionTransfer(power=power)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((None, 8), "expected feature maps .*Name a convolutional layer, before flattening"),
        ((None, None, None, 8), "of known size.*of a model with a fixed input size"),
        ((None, 1, 1, 8), "of 2 pixels or more.*Name an earlier layer, before global pooling"),
    ],
)
def test_features_without_attention_are_refused(shape, message):
    for shapes in ((shape, (None, 4, 4, 3)), ((None, 4, 4, 3), shape)):
        with pytest.raises(ValueError, match=message):
            AttentionTransfer().ensure_built(*shapes)
