"""RKD's angles against a float64 loop over triplets, and the bound of their number."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.losses import RelationalAngle

# 12 samples: all 1728 triplets, and 5 of the 12 vertices.
EXAMPLES = [lambda: RelationalAngle(), lambda: RelationalAngle(max_triplets=5 * 144)]
MATCHING = True


def cosine(rows, i, j, k):
    a, b = rows[j] - rows[i], rows[k] - rows[i]
    lengths = np.sqrt((a**2).sum() * (b**2).sum())
    return np.dot(a, b) / lengths if lengths > 0 else 0.0


def reference(teacher, student, vertices=None):
    teacher, student = (np.float64(f).reshape(len(f), -1) for f in (teacher, student))
    batch = len(teacher)
    vertices = range(batch) if vertices is None else vertices
    total = 0.0
    for i in vertices:
        for j in range(batch):
            for k in range(batch):
                x = abs(cosine(teacher, i, j, k) - cosine(student, i, j, k))
                total += 0.5 * x**2 if x < 1 else x - 0.5
    return total / (len(vertices) * batch**2)


def features(batch=12, teacher_width=9, student_width=4):
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(batch, teacher_width)).astype("float32"),
        rng.normal(size=(batch, student_width)).astype("float32"),
    )


def by_distance_from_the_middle(teacher):
    centered = np.float64(teacher) - np.float64(teacher).mean(axis=0)
    return np.argsort((centered**2).sum(axis=1))


@pytest.mark.parametrize("batch", [2, 3, 12])
def test_equals_the_loop(batch):
    teacher, student = features(batch)
    value = RelationalAngle().compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_maps_with_duplicates_and_an_offset(offset):
    rng = np.random.default_rng(0)
    teacher = np.repeat(rng.normal(size=(4, 3, 3, 4)), 3, axis=0).astype("float32") + offset
    student = np.repeat(rng.normal(size=(6, 2, 2, 5)), 2, axis=0).astype("float32") + offset
    value = RelationalAngle().compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student), rtol=1e-4)


def test_value_computed_by_hand():
    # Teacher: right angle at 0, 45 degrees at 1 and 2. Student on a line, 0 in the middle:
    # cosines -1 at 0, and 1 at 1 and 2. Each angle counts twice, |x| = 1 and 1 - sqrt(1/2).
    teacher = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], "float32")
    student = np.array([[0.0], [1.0], [-1.0]], "float32")
    expected = 2 * (0.5 + 2 * 0.5 * (1 - np.sqrt(0.5)) ** 2) / 27
    np.testing.assert_allclose(
        RelationalAngle().compute_loss(teacher, student), expected, rtol=1e-5
    )


def test_rotation_translation_and_scale_of_the_student_do_not_matter():
    teacher, _ = features()
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(9, 9)))
    student = (teacher @ rotation * 50.0 + 7.0).astype("float32")
    assert float(RelationalAngle().compute_loss(teacher, student)) < 1e-10


@pytest.mark.parametrize(
    ("max_triplets", "ranks"),
    [
        (1, [6]),  # at least one: the median
        (143, [6]),
        (2 * 144, [3, 9]),
        (3 * 144 + 100, [2, 6, 10]),
        (12**3 - 1, [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]),
        (12**3, range(12)),
        (10**6, range(12)),
    ],
)
def test_vertices_are_spread_over_the_samples_up_to_the_bound(max_triplets, ranks):
    teacher, student = features()
    vertices = by_distance_from_the_middle(teacher)[list(ranks)]
    value = RelationalAngle(max_triplets=max_triplets).compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student, vertices), rtol=1e-4)


def test_a_large_batch_forms_no_more_triplets_than_allowed():
    teacher, student = features(batch=300)
    loss = RelationalAngle(max_triplets=4 * 300**2)
    sizes = []

    @tf.function
    def compiled(teacher, student):
        return loss.compute_loss(teacher, student)

    graph = compiled.get_concrete_function(teacher, student).graph
    for operation in graph.get_operations():
        sizes += [output.shape.num_elements() for output in operation.outputs]
    assert max(size for size in sizes if size) == 4 * 300**2


def test_gradient_equals_finite_differences():
    teacher, student = features(batch=5, student_width=2)
    tensor = tf.constant(student)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        value = RelationalAngle().compute_loss(teacher, tensor)
    gradient = tape.gradient(value, tensor).numpy()
    for i, j in np.ndindex(student.shape):
        step = np.zeros_like(student, "float64")
        step[i, j] = 1e-5
        up, down = (reference(teacher, student + sign * step) for sign in (1, -1))
        np.testing.assert_allclose(gradient[i, j], (up - down) / 2e-5, rtol=1e-3, atol=1e-5)


def test_weight_zero_leaves_a_sample_out():
    teacher, student = features()
    keep = np.ones(12, "float32")
    keep[[3, 8]] = 0.0
    loss = RelationalAngle()
    expected = loss.compute_loss(teacher[keep > 0], student[keep > 0]) * 10**3 / 12**3
    teacher[3], student[8] = 1e9, np.nan
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student, sample_weight=keep), expected, rtol=1e-4
    )


def test_equal_weights_scale_the_loss():
    teacher, student = features()
    loss = RelationalAngle()
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student, sample_weight=np.full(12, 2.5, "float32")),
        2.5 * loss.compute_loss(teacher, student),
        rtol=1e-5,
    )


@pytest.mark.parametrize("max_triplets", [0, -5, 2.0, 2**31, "all"])
def test_max_triplets_is_checked(max_triplets):
    with pytest.raises(ValueError, match="`max_triplets` must be a positive int below 2"):
        RelationalAngle(max_triplets=max_triplets)
