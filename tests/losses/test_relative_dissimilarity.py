"""Triplets voted by teachers against a float64 loop, and votes counted by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.losses import RelativeDissimilarity

# 12 samples: all triplets, and 5 of the 12 vertices.
EXAMPLES = [
    lambda: RelativeDissimilarity(),
    lambda: RelativeDissimilarity(margin=0.5, max_triplets=5 * 144),
]

# One dimension: sample 2 is nearer to 1 for the first teacher and to 0 for the second; they agree
# that 0 and 1 are each other's nearest. The student is the triangle of sides 3, 4 and 5.
FIRST = np.array([[0.0], [1.0], [3.0]], "float32")
SECOND = np.array([[0.0], [1.0], [-3.0]], "float32")
TRIANGLE = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]], "float32")


def distance_table(features):
    rows = np.float64(features).reshape(len(features), -1)
    return np.array([[np.sqrt(((a - b) ** 2).sum()) for b in rows] for a in rows])


def intervals(features):
    """Squared distances, lower and upper: 1e-5 of the squared norms is noise in float32."""
    rows = np.float64(features).reshape(len(features), -1)
    norms = ((rows - rows.mean(axis=0)) ** 2).sum(axis=1)
    squared, noise = distance_table(rows) ** 2, 1e-5 * (norms[:, None] + norms[None, :])
    squared[squared <= noise] = 0.0
    return squared - noise, squared + noise


def reference(teachers, student, margin=0.1, weights=None, vertices=None):
    weights = weights or [1 / len(teachers)] * len(teachers)
    tables = [intervals(teacher) for teacher in teachers]
    distances = distance_table(student)
    distances = distances / distances[distances > 0].mean()
    samples, values = range(len(student)), []
    for i in samples if vertices is None else vertices:
        for j in samples:
            for k in samples:
                votes = sum(
                    weight * (int(upper[i, j] < lower[i, k]) - int(upper[i, k] < lower[i, j]))
                    for weight, (lower, upper) in zip(weights, tables, strict=True)
                )
                if len({i, j, k}) == 3 and votes > 1e-6:
                    values.append(max(0.0, distances[i, j] - distances[i, k] + margin))
    return np.mean(values) if values else 0.0


def features(batch=12, widths=(9, 6, 3), student_width=4):
    rng = np.random.default_rng(0)
    teachers = tuple(rng.normal(size=(batch, width)).astype("float32") for width in widths)
    return teachers, rng.normal(size=(batch, student_width)).astype("float32")


@pytest.mark.parametrize("batch", [3, 4, 12])
def test_one_teacher_equals_the_loop(batch):
    (teacher, *_), student = features(batch)
    value = RelativeDissimilarity().compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference([teacher], student), rtol=1e-4)


@pytest.mark.parametrize("weights", [None, (0.2, 0.5, 0.3), (0.6, 0.3, 0.1), (0.5, 0.5, 0.0)])
def test_several_teachers_equal_the_loop(weights):
    teachers, student = features()
    value = RelativeDissimilarity(margin=0.3).compute_loss(
        teachers, student, teacher_weights=weights
    )
    np.testing.assert_allclose(value, reference(teachers, student, 0.3, weights), rtol=1e-4)


def test_who_has_more_than_half_the_weight_decides_alone():
    teachers, student = features()
    loss = RelativeDissimilarity()
    alone = loss.compute_loss(teachers[0], student)
    value = loss.compute_loss(teachers, student, teacher_weights=(0.6, 0.3, 0.1))
    np.testing.assert_allclose(value, alone, rtol=1e-6)
    assert abs(float(loss.compute_loss(teachers, student) - alone)) > 1e-3


@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_maps_with_duplicates_and_an_offset(offset):
    rng = np.random.default_rng(0)
    shapes = [(4, 3, 3, 4), (6, 5)]
    teachers = tuple(rng.normal(size=shape).astype("float32") for shape in shapes)
    teachers = tuple(np.repeat(t, 12 // len(t), axis=0) + np.float32(offset) for t in teachers)
    student = np.repeat(rng.normal(size=(6, 2, 2, 5)), 2, axis=0).astype("float32") + offset
    value = RelativeDissimilarity().compute_loss(teachers, student)
    np.testing.assert_allclose(value, reference(teachers, student), rtol=1e-4)


@pytest.mark.parametrize(
    ("teachers", "weights", "expected"),
    [
        # d_S / mean: 3/4, 1, 5/4; margin 1/2. At 0: 3/4 - 1 + 1/2 = 1/4; at 1: 3/4 - 5/4 + 1/2 = 0;
        # at 2: 5/4 - 1 + 1/2 = 3/4 for the first teacher, 1 - 5/4 + 1/2 = 1/4 for the second.
        (FIRST, None, (1 / 4 + 0 + 3 / 4) / 3),
        ((FIRST,), (1.0,), (1 / 4 + 0 + 3 / 4) / 3),
        ((FIRST, SECOND), None, (1 / 4 + 0) / 2),  # a tie at 2
        ((FIRST, SECOND), (0.6, 0.4), (1 / 4 + 0 + 3 / 4) / 3),
        ((FIRST, SECOND), (0.4, 0.6), (1 / 4 + 0 + 1 / 4) / 3),
        ((FIRST, SECOND, SECOND), None, (1 / 4 + 0 + 1 / 4) / 3),
        ((FIRST, SECOND, SECOND), (0.5, 1 / 6, 1 / 3), (1 / 4 + 0) / 2),  # a tie up to rounding
        ((FIRST, np.zeros((3, 2))), (0.1, 0.9), (1 / 4 + 0 + 3 / 4) / 3),  # the second abstains
        ((np.zeros((3, 2)), np.zeros((3, 4))), None, 0.0),  # nobody votes
    ],
)
def test_votes_counted_by_hand(teachers, weights, expected):
    loss = RelativeDissimilarity(margin=0.5)
    value = loss.compute_loss(teachers, TRIANGLE, teacher_weights=weights)
    np.testing.assert_allclose(value, expected, rtol=1e-6)


@pytest.mark.parametrize("batch", [1, 2])
def test_without_a_triplet_value_and_gradient_are_zero(batch):
    teachers, student = features(batch)
    tensor = tf.constant(student)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        value = RelativeDissimilarity().compute_loss(teachers, tensor)
    assert float(value) == 0.0 and not tape.gradient(value, tensor).numpy().any()


def test_only_the_order_matters():
    (teacher, *_), student = features()
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(9, 9)))
    moved = (teacher @ rotation * 50.0 + 7.0).astype("float32")
    assert float(RelativeDissimilarity(margin=0.0).compute_loss(teacher, moved)) < 1e-6
    loss = RelativeDissimilarity()
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student),
        loss.compute_loss(moved, np.tile(student, (1, 3)) * 1e-3),
        rtol=1e-4,
    )


def test_gradient_equals_finite_differences():
    teachers, student = features(batch=6, student_width=2)
    student[1] = student[0]  # no gradient between equal samples, and none of the NaN of sqrt(0)
    weights, tensor = (0.5, 0.3, 0.2), tf.constant(student)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        value = RelativeDissimilarity().compute_loss(teachers, tensor, teacher_weights=weights)
    gradient = tape.gradient(value, tensor).numpy()
    assert np.isfinite(gradient).all() and np.abs(gradient[2:]).max() > 1e-2
    for i, j in np.ndindex(4, 2):
        step = np.zeros_like(student, "float64")
        step[i + 2, j] = 1e-5
        up, down = (reference(teachers, student + sign * step, weights=weights) for sign in (1, -1))
        np.testing.assert_allclose(gradient[i + 2, j], (up - down) / 2e-5, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("max_triplets", "ranks"),
    [(1, [6]), (2 * 144, [3, 9]), (3 * 144 + 100, [2, 6, 10]), (12**3, range(12))],
)
def test_vertices_are_spread_over_the_samples_up_to_the_bound(max_triplets, ranks):
    teachers, student = features()
    scaled = [np.float64(teacher) / np.abs(teacher).max() for teacher in teachers]
    lengths = sum(((t - t.mean(axis=0)) ** 2).sum(axis=1) for t in scaled)
    vertices = np.argsort(lengths)[list(ranks)]
    value = RelativeDissimilarity(max_triplets=max_triplets).compute_loss(teachers, student)
    np.testing.assert_allclose(value, reference(teachers, student, vertices=vertices), rtol=1e-4)


def test_a_large_batch_forms_no_more_triplets_than_allowed():
    teachers, student = features(batch=300)
    loss = RelativeDissimilarity(max_triplets=4 * 300**2)
    graph = tf.function(loss.compute_loss).get_concrete_function(teachers, student).graph
    sizes = [output.shape.num_elements() for op in graph.get_operations() for output in op.outputs]
    assert max(size for size in sizes if size) == 4 * 300**2


def test_weight_zero_leaves_a_sample_out():
    teachers, student = features()
    keep = np.ones(12, "float32")
    keep[[3, 8]] = 0.0
    loss = RelativeDissimilarity()
    kept = tuple(teacher[keep > 0] for teacher in teachers)
    expected = loss.compute_loss(kept, student[keep > 0])
    teachers[0][3], student[8] = 1e9, np.nan
    value = loss.compute_loss(teachers, student, sample_weight=keep)
    np.testing.assert_allclose(value, expected, rtol=1e-4)


def test_weights_of_samples_weigh_triplets():
    # The triplet at 0 and so on count the cube root of the product of all three weights.
    loss, weight = RelativeDissimilarity(margin=0.5), np.array([2.0, 4.0, 8.0], "float32")
    value = loss.compute_loss(FIRST, TRIANGLE, sample_weight=weight)
    np.testing.assert_allclose(value, 4.0 * (1 / 4 + 3 / 4) / 3, rtol=1e-5)


@pytest.mark.parametrize("weights", [(1.0,), (0.2, 0.3, 0.5), ()])
def test_another_number_of_weights_than_teachers_is_refused(weights):
    message = "one weight for each teacher. Received: features of 2 teachers"
    with pytest.raises(ValueError, match=message):
        RelativeDissimilarity().compute_loss((FIRST, SECOND), TRIANGLE, teacher_weights=weights)


def test_arguments_are_checked():
    for margin in (-0.1, float("nan"), "wide"):
        with pytest.raises(ValueError, match="`margin` must be a finite number, not negative"):
            RelativeDissimilarity(margin=margin)
    with pytest.raises(ValueError, match="`max_triplets` must be a positive int below 2"):
        RelativeDissimilarity(max_triplets=0)
    with pytest.raises(ValueError, match="3 teacher samples and 2 student samples"):
        RelativeDissimilarity().compute_loss((FIRST[:2], SECOND), TRIANGLE[:2])
