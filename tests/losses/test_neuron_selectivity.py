"""NST against the double loop over channels, for each kernel and in both forms of memory."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.losses import NeuronSelectivity

KERNELS = ["linear", "polynomial", "gaussian"]
EXAMPLES = [lambda kernel=kernel: NeuronSelectivity(kernel=kernel) for kernel in KERNELS]
SHAPES = ((6, 5, 3), (4, 5, 7))
MATCHING = True


def maps(height, width, channels, batch=4, seed=0):
    shape = (batch, height, width, channels)
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def reference_patterns(image):
    patterns = [np.float64(image[:, :, c]).ravel() for c in range(image.shape[-1])]
    return [pattern / np.sqrt((pattern**2).sum()) for pattern in patterns]


def reference_one(teacher, student, kernel):
    teacher, student = reference_patterns(teacher), reference_patterns(student)
    squared_sigma = np.mean([((t - s) ** 2).sum() for t in teacher for s in student])

    def k(x, y):
        if kernel == "gaussian":
            return np.exp(-((x - y) ** 2).sum() / (2.0 * squared_sigma))
        return (x @ y) ** {"linear": 1, "polynomial": 2}[kernel]

    def mean(a, b):
        return np.mean([k(x, y) for x in a for y in b])

    return mean(teacher, teacher) + mean(student, student) - 2.0 * mean(teacher, student)


def reference(teacher, student, kernel):
    pairs = zip(teacher, student, strict=True)
    return np.array([reference_one(t, s, kernel) for t, s in pairs])


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("size", [2, 6])  # fewer and more pixels than channels
def test_equals_the_loop(kernel, size):
    teacher, student = maps(size, size, 9), maps(size, size, 5, seed=1)
    value = NeuronSelectivity(kernel=kernel).compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student, kernel).mean(), rtol=1e-4)


@pytest.mark.parametrize("kernel", KERNELS)
def test_value_computed_by_hand(kernel):
    # Patterns: teacher (1, 0) and (0, 1), student (0.6, 0.8).
    teacher = np.array([[[[5.0, 0.0], [0.0, 2.0]]]])
    student = np.array([[[[3.0], [4.0]]]])
    squared_sigma = ((0.16 + 0.64) + (0.36 + 0.04)) / 2.0
    across = np.exp(-0.8 / (2 * squared_sigma)) + np.exp(-0.4 / (2 * squared_sigma))
    expected = {
        "linear": 0.5 + 1.0 - (0.6 + 0.8),
        "polynomial": 0.5 + 1.0 - (0.36 + 0.64),
        "gaussian": (1.0 + np.exp(-2.0 / (2 * squared_sigma))) / 2.0 + 1.0 - across,
    }
    value = NeuronSelectivity(kernel=kernel).compute_loss(teacher, student)
    np.testing.assert_allclose(value, expected[kernel], rtol=1e-5)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_gradient_is_that_of_the_loop(kernel):
    teacher, student = maps(3, 2, 4, batch=1), tf.constant(maps(3, 2, 3, batch=1, seed=1))
    with tf.GradientTape() as tape:
        tape.watch(student)
        value = NeuronSelectivity(kernel=kernel).compute_loss(teacher, student)
    gradient = tape.gradient(value, student).numpy()
    direction = maps(3, 2, 3, batch=1, seed=2)
    # Differences of the loop along a direction; sigma is a constant for the gradient.
    step = 1e-5 * np.float64(direction)
    ends = [
        reference_fixed(teacher[0], student.numpy()[0], sign * step[0], kernel) for sign in (1, -1)
    ]
    np.testing.assert_allclose((gradient * direction).sum(), (ends[0] - ends[1]) / 2e-5, rtol=1e-3)


def reference_fixed(teacher, student, step, kernel):
    """The loop at student + step, with the bandwidth of the student itself."""
    t, s = reference_patterns(teacher), reference_patterns(student)
    moved = reference_patterns(np.float64(student) + step)
    squared_sigma = np.mean([((x - y) ** 2).sum() for x in t for y in s])

    def k(x, y):
        if kernel == "gaussian":
            return np.exp(-((x - y) ** 2).sum() / (2.0 * squared_sigma))
        return (x @ y) ** {"linear": 1, "polynomial": 2}[kernel]

    return np.mean([k(x, y) for x in moved for y in moved]) - 2.0 * np.mean(
        [k(x, y) for x in t for y in moved]
    )


@pytest.mark.parametrize("kernel", KERNELS)
def test_order_scale_and_number_of_channels_do_not_matter(kernel):
    teacher, student = maps(4, 4, 3), maps(4, 4, 5, seed=1)
    loss = NeuronSelectivity(kernel=kernel)
    scaled = student[..., ::-1] * np.array([1.0, 20.0, 3.0, 0.1, 5.0], "float32")
    twice = np.concatenate([scaled, scaled], axis=-1)
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student), loss.compute_loss(teacher, twice), rtol=1e-4
    )


def test_the_larger_map_is_averaged_over_areas():
    teacher, student = maps(4, 4, 3), maps(2, 2, 5, seed=1)
    pooled = np.float64(teacher).reshape(4, 2, 2, 2, 2, 3).mean(axis=(2, 4))
    value = NeuronSelectivity().compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(pooled, student, "polynomial").mean(), rtol=1e-4)


@pytest.mark.parametrize("kernel", KERNELS)
def test_sample_weight(kernel):
    teacher, student = maps(3, 3, 4), maps(3, 3, 2, seed=1)
    weight = np.array([1.0, 0.0, 2.0, 0.5], "float32")
    loss = NeuronSelectivity(kernel=kernel)
    value = loss.compute_loss(teacher, student, sample_weight=weight)
    expected = (weight * reference(teacher, student, kernel)).mean()
    np.testing.assert_allclose(value, expected, rtol=1e-4)


@pytest.mark.parametrize("kernel", ["cubic", None, 2])
def test_kernel_is_checked(kernel):
    with pytest.raises(ValueError, match=r"`kernel` must be one of \['gaussian', 'linear', 'poly"):
        NeuronSelectivity(kernel=kernel)


@pytest.mark.parametrize(
    ("shape", "message"),
    [((None, 8), "expected feature maps"), ((None, 1, 1, 8), "of 2 pixels or more")],
)
def test_features_without_patterns_are_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        NeuronSelectivity().ensure_built((None, 4, 4, 3), shape)
