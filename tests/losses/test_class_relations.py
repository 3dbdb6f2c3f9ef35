"""DIST against numpy's corrcoef; its two terms and its constants."""

import numpy as np
import pytest

from tf_lpdistill.losses import ClassRelations

EXAMPLES = [
    lambda: ClassRelations(),
    lambda: ClassRelations(temperature=4.0, inter_weight=2.0, intra_weight=0.5),
]
SHAPES = ((5,), (5,))
MATCHING = True


def softmax(logits, temperature=1.0):
    exponentials = np.exp(np.float64(logits) / temperature)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def reference(teacher, student, temperature=1.0, inter_weight=1.0, intra_weight=1.0):
    teacher, student = softmax(teacher, temperature), softmax(student, temperature)
    inter = [1 - np.corrcoef(t, s)[0, 1] for t, s in zip(teacher, student, strict=True)]
    intra = [1 - np.corrcoef(t, s)[0, 1] for t, s in zip(teacher.T, student.T, strict=True)]
    return inter_weight * np.mean(inter) + intra_weight * np.mean(intra)


def draw(batch=16, classes=7):
    rng = np.random.default_rng(0)
    return 2.0 * rng.normal(size=(2, batch, classes)).astype("float32")


@pytest.mark.parametrize("arguments", [{}, {"temperature": 4.0}, {"inter_weight": 0.0}])
@pytest.mark.parametrize("intra_weight", [1.0, 0.3])
def test_equals_corrcoef(arguments, intra_weight):
    arguments = {**arguments, "intra_weight": intra_weight}
    value = ClassRelations(**arguments).compute_loss(*draw())
    np.testing.assert_allclose(value, reference(*draw(), **arguments), rtol=1e-4)


def test_value_computed_by_hand():
    # Rows: a permutation of the same values. rho((3,1,2), (1,3,2)) = -1: 1 - rho = 2, once of two.
    # Columns of two samples: rho is the sign of the differences: t (+,-,0), s (-,+,0): 2, 2, 0.
    a, b = np.log([0.5, 0.2, 0.3]), np.log([0.2, 0.5, 0.3])
    teacher, student = np.stack([a, b]), np.stack([b, a])
    value = ClassRelations(intra_weight=0.0).compute_loss(teacher, student)
    rho = np.corrcoef(np.exp(a), np.exp(b))[0, 1]
    np.testing.assert_allclose(value, 1 - rho, rtol=1e-5)
    value = ClassRelations(inter_weight=0.0).compute_loss(teacher, student)
    np.testing.assert_allclose(value, (2.0 + 2.0 + 0.0) / 3, rtol=1e-5)


def test_a_batch_of_one_has_no_relation_between_samples():
    teacher, student = draw(batch=1)
    assert float(ClassRelations(inter_weight=0.0).compute_loss(teacher, student)) == 0.0
    assert float(ClassRelations(intra_weight=0.0).compute_loss(teacher, student)) > 0.0


def test_a_class_that_is_very_unlikely_counts_as_the_others():
    teacher, student = draw()
    shift = np.array([0, 0, 0, 0, 0, 0, -30.0], "float32")
    value = ClassRelations(inter_weight=0.0).compute_loss(teacher + shift, student + shift)
    expected = reference(teacher + shift, student + shift, inter_weight=0.0)
    np.testing.assert_allclose(value, expected, rtol=1e-4)


def test_weight_zero_leaves_a_sample_out():
    teacher, student = draw()
    weight = np.ones(16, "float32")
    weight[[2, 9]] = 0.0
    inside = weight > 0
    loss = ClassRelations()
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student, sample_weight=weight),
        reference(teacher[inside], student[inside]) * 14 / 16,
        rtol=1e-4,
    )


def test_equal_weights_scale_the_loss():
    teacher, student = draw()
    loss = ClassRelations()
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student, sample_weight=np.full(16, 2.5, "float32")),
        2.5 * loss.compute_loss(teacher, student),
        rtol=1e-5,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": -1.0}, "`temperature` must be a positive, finite number"),
        ({"inter_weight": -1.0}, "`inter_weight` must be a finite number, not negative"),
        ({"intra_weight": None}, "`intra_weight` must be a finite number, not negative"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        ClassRelations(**arguments)


def test_different_classes_are_refused():
    with pytest.raises(ValueError, match="must have the same classes.*distil features instead"):
        ClassRelations().ensure_built((None, 10), (None, 7))
