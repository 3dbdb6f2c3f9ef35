"""LP against a float64 loop (Eqs. 5, 6 and 9), its rules and its refusals."""

import numpy as np
import pytest
import tensorflow as tf

from tests.losses import reference
from tf_lpdistill.losses import LocalityPreserving

EXAMPLES = [
    lambda: LocalityPreserving(num_neighbors=3),
    lambda: LocalityPreserving(num_neighbors=3, bandwidth=2.0, normalize=True),
    lambda: LocalityPreserving(num_neighbors=3, affinity="binary"),
    lambda: LocalityPreserving(num_neighbors=3, affinity="cosine"),
    lambda: LocalityPreserving(num_neighbors=3, affinity="lle"),
]


def features(kind, batch=40, teacher_width=24, student_width=6, seed=0):
    rng = np.random.default_rng(seed)
    if kind == "wide":
        teacher_width, student_width = 4096, 4096
    teacher = rng.normal(size=(batch, teacher_width)).astype("float32")
    student = rng.normal(size=(batch, student_width)).astype("float32")
    if kind == "duplicates":  # each teacher row eight times, student rows four times
        teacher = np.repeat(teacher[: batch // 8], 8, axis=0)
        student = np.repeat(student[: batch // 4], 4, axis=0)
    if kind == "zeros":
        teacher[: batch // 2] = 0.0
        student[: batch // 2] = 0.0
    if kind == "all zero teacher":
        teacher[:] = 0.0
    if kind == "offset":
        teacher, student = teacher + 100.0, student + 100.0
    if kind == "clusters":
        teacher = teacher * 0.01 + 10.0 * rng.integers(0, 3, (batch, 1))
    return teacher, student


KINDS = ["random", "duplicates", "zeros", "all zero teacher", "wide", "offset", "clusters"]


def value_and_gradient(loss, teacher, student):
    student = tf.convert_to_tensor(student)
    with tf.GradientTape() as tape:
        tape.watch(student)
        value = loss.compute_loss(teacher, student)
    return value.numpy(), tape.gradient(value, student).numpy()


def assert_equals_reference(loss, teacher, student, rtol=1e-5):
    alpha = reference.affinities(teacher, loss.num_neighbors, loss.bandwidth, loss.affinity)
    expected = reference.locality_preserving(alpha, student)
    assert_value_and_gradient(loss, teacher, student, *expected, rtol=rtol)


def assert_value_and_gradient(loss, teacher, student, expected, expected_gradient, rtol=1e-5):
    value, gradient = value_and_gradient(loss, teacher, student)
    np.testing.assert_allclose(value, expected, rtol=rtol, atol=1e-6)
    error = np.abs(gradient - expected_gradient).max()
    assert error <= rtol * max(np.abs(expected_gradient).max(), 1e-3)


@pytest.mark.parametrize("bandwidth", ["auto", 3.0])
@pytest.mark.parametrize("kind", KINDS)
def test_value_and_gradient_equal_the_float64_loop(kind, bandwidth):
    rtol = 1e-4 if kind == "clusters" else 1e-5  # squared norms are 300 times the distances there
    assert_equals_reference(LocalityPreserving(bandwidth=bandwidth), *features(kind), rtol=rtol)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("affinity", ["binary", "cosine"])
def test_other_affinities_equal_the_float64_loop(kind, affinity):
    assert_equals_reference(LocalityPreserving(affinity=affinity), *features(kind))


@pytest.mark.parametrize("num_neighbors", [1, 5, 12])
@pytest.mark.parametrize("kind", KINDS)
def test_locally_linear_weights_equal_the_float64_loop(kind, num_neighbors):
    teacher, student = features(kind)
    weights = reference.reconstruction(teacher, num_neighbors)
    expected = reference.locally_linear(weights, student)
    loss = LocalityPreserving(num_neighbors=num_neighbors, affinity="lle")
    # In tight clusters the distances have few digits left, and the systems divide by them.
    rtol = 2e-3 if kind == "clusters" else 1e-4
    assert_value_and_gradient(loss, teacher, student, *expected, rtol=rtol)


def test_edge_form_equals_the_float64_loop():
    teacher, student = features("random", batch=410, teacher_width=8)
    assert_equals_reference(LocalityPreserving(num_neighbors=2), teacher, student)


def test_maps_are_flattened():
    rng = np.random.default_rng(0)
    teacher = rng.normal(size=(12, 3, 3, 4)).astype("float32")
    student = rng.normal(size=(12, 2, 2, 5)).astype("float32")
    assert_equals_reference(LocalityPreserving(), teacher, student)


def test_value_computed_by_hand():
    # Neighbours (k = 1): 0<->1 at distance 1, 2<->3 at distance 1. sigma^2 = 4: alpha = exp(-1/4).
    teacher = np.array([[0.0], [1.0], [9.0], [10.0]], "float32")
    student = np.array([[0.0], [2.0], [5.0], [8.0]], "float32")
    value = LocalityPreserving(num_neighbors=1, bandwidth=2.0).compute_loss(teacher, student)
    np.testing.assert_allclose(value, np.exp(-0.25) * (4 + 4 + 9 + 9) / 4, rtol=1e-6)


def test_binary_and_cosine_computed_by_hand():
    # Neighbours (k = 1): 0 <-> 1 with cosine 0.6, 2 <-> 3 with cosine -0.28, which counts as 0.
    teacher = np.array([[100.0, 0.0], [60.0, 80.0], [-1.0, 0.0], [0.28, 0.96]], "float32")
    student = np.array([[0.0], [2.0], [5.0], [8.0]], "float32")
    binary = LocalityPreserving(num_neighbors=1, affinity="binary")
    cosine = LocalityPreserving(num_neighbors=1, affinity="cosine")
    np.testing.assert_allclose(binary.compute_loss(teacher, student), 26.0 / 4, rtol=1e-6)
    np.testing.assert_allclose(cosine.compute_loss(teacher, student), 0.6 * 8.0 / 4, rtol=1e-6)


def test_lle_computed_by_hand():
    # The teacher's 1 lies between 0 and 2: w = (1/2, 1/2), so 1 adds (7 - 1)^2. For the ends C is
    # [[1, 2], [2, 4]] and r = 0.005: w is (2.005, -0.995) / 1.01, near to 2 f_1 - f_2.
    teacher = np.array([[0.0], [1.0], [2.0]], "float32")
    student = np.array([[0.0], [7.0], [2.0]], "float32")
    near, far = 2.005 / 1.01, -0.995 / 1.01
    ends = (0.0 - near * 7.0 - far * 2.0) ** 2 + (2.0 - near * 7.0 - far * 0.0) ** 2
    value = LocalityPreserving(num_neighbors=2, affinity="lle").compute_loss(teacher, student)
    np.testing.assert_allclose(value, (36.0 + ends) / 3, rtol=1e-5)


def test_lle_is_0_for_a_student_on_the_teachers_plane():
    # Weights that sum to 1 survive every affine map: the promise of locally linear embedding, kept
    # but for the ridge.
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(40, 2))
    teacher = (plane @ rng.normal(size=(2, 9)) + 3.0).astype("float32")
    student = (plane @ rng.normal(size=(2, 4)) - 2.0).astype("float32")
    loss = LocalityPreserving(num_neighbors=5, affinity="lle")
    other = rng.permutation(student)
    value, shuffled = (float(loss.compute_loss(teacher, f)) for f in (student, other))
    assert value < 2e-3 * shuffled


@pytest.mark.parametrize("affinity", ["heat", "binary", "cosine", "lle"])
def test_a_sample_of_weight_zero_may_hold_anything(affinity):
    teacher, student = features("random", batch=20)
    keep = np.ones(20, "float32")
    keep[[3, 11]] = 0.0
    inside = keep > 0
    loss = LocalityPreserving(affinity=affinity)
    alone = loss.compute_loss(teacher[inside], student[inside])
    teacher[3], student[3] = 1e9, 1e9
    teacher[11], student[11] = np.inf, np.nan
    weighted = loss.compute_loss(teacher, student, sample_weight=keep)
    np.testing.assert_allclose(weighted, alone * 18 / 20, rtol=1e-5)


@pytest.mark.parametrize("affinity", ["binary", "cosine", "lle"])
def test_equal_weights_scale_the_other_affinities(affinity):
    teacher, student = features("random", batch=20)
    loss = LocalityPreserving(affinity=affinity)
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student, sample_weight=np.full(20, 2.5, "float32")),
        2.5 * loss.compute_loss(teacher, student),
        rtol=1e-5,
    )


def test_neighbourhoods_are_directed():
    # 1 is the nearest of 0 and of 2; the nearest of 1 is 0. alpha is not symmetric.
    teacher = np.array([[0.0], [1.0], [3.0]], "float32")
    student = np.array([[0.0], [0.0], [1.0]], "float32")
    value = LocalityPreserving(num_neighbors=1, bandwidth=1e6).compute_loss(teacher, student)
    np.testing.assert_allclose(value, 1.0 / 3.0, rtol=1e-6)


def test_a_smaller_batch_uses_the_neighbours_there_are():
    teacher, student = features("random", batch=4)
    full = LocalityPreserving(num_neighbors=3, bandwidth=2.0).compute_loss(teacher, student)
    more = LocalityPreserving(num_neighbors=50, bandwidth=2.0).compute_loss(teacher, student)
    np.testing.assert_allclose(full, more, rtol=1e-6)


def test_collapsed_features_are_the_minimum_alone():
    teacher, student = features("random")
    collapsed = np.ones_like(student)
    assert float(LocalityPreserving().compute_loss(teacher, collapsed)) == 0.0
    assert float(LocalityPreserving().compute_loss(teacher, student)) > 0.0


def test_normalize_ignores_the_length_of_student_features():
    teacher, student = features("random")
    scale = np.random.default_rng(1).uniform(0.1, 10.0, (len(student), 1)).astype("float32")
    loss = LocalityPreserving(normalize=True)
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student), loss.compute_loss(teacher, student * scale), rtol=1e-5
    )


def test_auto_bandwidth_ignores_the_scale_of_teacher_features():
    teacher, student = features("random")
    loss = LocalityPreserving()
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student), loss.compute_loss(teacher * 7.0, student), rtol=1e-5
    )


def test_weight_zero_leaves_a_sample_out():
    teacher, student = features("random", batch=20)
    keep = np.ones(20, "float32")
    keep[[3, 11]] = 0.0
    inside = keep > 0
    loss = LocalityPreserving(bandwidth=5.0)
    weighted = loss.compute_loss(teacher, student, sample_weight=keep)
    alone = loss.compute_loss(teacher[inside], student[inside])
    np.testing.assert_allclose(weighted, alone * 18 / 20, rtol=1e-5)


def test_equal_weights_scale_the_loss():
    teacher, student = features("random", batch=20)
    loss = LocalityPreserving()
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student, sample_weight=np.full(20, 2.5, "float32")),
        2.5 * loss.compute_loss(teacher, student),
        rtol=1e-5,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_neighbors": 0}, "`num_neighbors` must be a positive int"),
        ({"num_neighbors": 2.5}, "`num_neighbors` must be a positive int"),
        ({"bandwidth": 0.0}, r"`bandwidth` \(sigma\) must be a positive number"),
        ({"bandwidth": -1.0}, r"`bandwidth` \(sigma\) must be a positive number"),
        ({"bandwidth": float("nan")}, r"`bandwidth` \(sigma\) must be a positive number"),
        ({"bandwidth": "wide"}, r"`bandwidth` \(sigma\) must be a positive number"),
        ({"scope": "world"}, "`scope` must be 'global' or 'replica'"),
        ({"affinity": "warm"}, "`affinity` must be one of .*'lle'"),
        ({"affinity": "binary", "bandwidth": 2.0}, "`bandwidth` belongs to affinity='heat'"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        LocalityPreserving(**arguments)


def test_unequal_batches_are_refused():
    teacher, student = features("random")
    with pytest.raises(ValueError, match="40 teacher samples and 39 student samples"):
        LocalityPreserving().compute_loss(teacher, student[:-1])
