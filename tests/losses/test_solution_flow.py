"""FSP against the loop over channels and pixels."""

import numpy as np
import pytest

from tf_lpdistill.losses import SolutionFlow

NAMES = (("conv1", "conv4"), ("block1", "block2"))
EXAMPLES = [lambda: SolutionFlow(*NAMES)]
SHAPES = (((6, 6, 3), (3, 3, 4)), ((8, 4, 3), (4, 5, 4)))
MATCHING = True


def maps(height, width, channels, batch=4, seed=0):
    shape = (batch, height, width, channels)
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def reference_flow(start, end):
    """G of one image whose two maps are of the same size."""
    height, width, m = start.shape
    flow = np.zeros((m, end.shape[-1]))
    for i in range(m):
        for j in range(end.shape[-1]):
            for s in range(height):
                for t in range(width):
                    flow[i, j] += float(start[s, t, i]) * float(end[s, t, j])
    return flow / (height * width)


def reference(teacher, student):
    flows = [
        [reference_flow(*pair) for pair in zip(*side, strict=True)] for side in (teacher, student)
    ]
    return np.array([((t - s) ** 2).mean() for t, s in zip(*flows, strict=True)])


def sides():
    teacher = maps(4, 3, 2), maps(4, 3, 5, seed=1)
    student = maps(2, 2, 2, seed=2), maps(2, 2, 5, seed=3)
    return teacher, student


def test_equals_the_loop():
    teacher, student = sides()
    value = SolutionFlow(*NAMES).compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student).mean(), rtol=1e-5)


@pytest.mark.parametrize("larger", [0, 1])
def test_the_larger_map_is_max_pooled(larger):
    teacher, student = sides()
    small = maps(2, 3, 2, seed=4), maps(2, 3, 5, seed=5)
    channels = small[larger].shape[-1]
    large = maps(6, 3, channels, seed=6)
    pooled, unpooled = list(small), list(small)
    unpooled[larger] = large
    pooled[larger] = np.stack([large[:, :3].max(axis=1), large[:, 3:].max(axis=1)], axis=1)
    value = SolutionFlow().compute_loss(tuple(unpooled), student)
    np.testing.assert_allclose(value, reference(pooled, student).mean(), rtol=1e-5)


def test_value_computed_by_hand():
    # G_T = (1*2 + 3*1) / 2 = 2.5 and (1*0 + 3*4) / 2 = 6; G_S = (1*1 + 1*1) / 2 = 1 and 0.
    teacher = np.array([[[[1.0], [3.0]]]]), np.array([[[[2.0, 0.0], [1.0, 4.0]]]])
    student = np.array([[[[1.0], [1.0]]]]), np.array([[[[1.0, 0.0], [1.0, 0.0]]]])
    value = SolutionFlow().compute_loss(teacher, student)
    np.testing.assert_allclose(value, (1.5**2 + 6.0**2) / 2.0, rtol=1e-6)


def test_sample_weight():
    teacher, student = sides()
    weight = np.array([1.0, 0.0, 2.0, 0.5], "float32")
    value = SolutionFlow().compute_loss(teacher, student, sample_weight=weight)
    np.testing.assert_allclose(value, (weight * reference(teacher, student)).mean(), rtol=1e-5)


@pytest.mark.parametrize(
    "names", [("a", "b"), (("a",), ("b",)), (("a", "b", "c"), ("d", "e", "f"))]
)
def test_names_are_pairs(names):
    with pytest.raises(ValueError, match="must be tuples of two names, the start and the end"):
        SolutionFlow(*names)


def test_channels_that_differ_are_refused_with_a_way_out():
    teacher, _ = sides()
    student = maps(4, 4, 2), maps(4, 4, 6)
    message = r"Received: \(2, 5\) channels.*\(2, 6\) in the student's.*add a 1x1 convolution"
    with pytest.raises(ValueError, match=message):
        SolutionFlow(*NAMES).compute_loss(teacher, student)


@pytest.mark.parametrize(
    ("teacher_shape", "message"),
    [
        (
            (None, 4, 4, 3),
            r"features of two layers of the teacher.*`teacher_layer_name=\(start, end",
        ),
        (((None, 4, 4, 3),) * 3, "features of two layers of the teacher"),
        (((None, 4, 4, 3), (None, 5)), "expected feature maps"),
        (((None, 4, 4, 3), (None, None, None, 5)), "of known size"),
    ],
)
def test_what_is_no_pair_of_maps_is_refused(teacher_shape, message):
    with pytest.raises(ValueError, match=message):
        SolutionFlow().ensure_built(teacher_shape, ((None, 4, 4, 3), (None, 4, 4, 5)))
