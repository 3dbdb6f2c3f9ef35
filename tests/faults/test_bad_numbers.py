"""Bad numbers in the features of every loss: a right value, or an error that names them.

Each loss is found, not listed, and meets each fault: a new loss is attacked without an edit. The
suite attacks one example of each, `make torture` all.
"""

import re

import keras
import numpy as np
import pytest

from tests.losses.contract import (
    LABELS,
    build,
    cases,
    compute,
    draw,
    each,
    value_and_gradient,
)


def spoil(value):
    """Puts one bad number into sample 4."""

    def spoiled(features):
        features = features.copy()
        features.reshape(len(features), -1)[4, 0] = value
        return features

    return spoiled


def half(features):
    """Float16 cannot hold what is larger than 65,504."""
    with np.errstate(over="ignore"):
        return (features * 1e5).astype("float16")


NOT_FINITE = r"non-finite {role} features in {layer} \(NaN or infinite, samples \[4\]"
# fault: (what it does to the features, what the error says of them)
REFUSED = {
    "nan": (spoil(np.nan), NOT_FINITE),
    "infinite": (spoil(np.inf), NOT_FINITE),
    "minus infinite": (spoil(-np.inf), NOT_FINITE),
    "float16 overflow": (half, "non-finite {role} features in {layer}"),
    "3e38": (spoil(3e38), r"{role} features in {layer} whose squares overflow.*\[4\].*3e\+38"),
    "-1e20": (spoil(-1e20), r"{role} features in {layer} whose squares overflow.*1e\+20"),
    "strings": (lambda f: f.astype(str), "the {role} features in {layer} must be real numbers"),
    "complex": (lambda f: f.astype("complex64"), "{role} features .* real numbers.*complex64"),
}
# fault: what it does to the features of teacher and student
COMPUTED = {
    "all equal": np.ones_like,
    "all zero": np.zeros_like,
    "minus zero": lambda f: -np.zeros_like(f),
    "1e15": lambda f: f / np.abs(f).max() * 1e15,
    "denormal": lambda f: (f * np.float32(1e-40)).astype("float32"),
    "smallest denormal": lambda f: np.where(f > 0, np.float32(1e-45), np.float32(0)),
    "one sample far away": spoil(1e12),
    "a batch of k": lambda f: f[:5],
    "a batch of k + 1": lambda f: f[:6],
    "a batch of 2": lambda f: f[:2],
}


def checked(make, teacher, student):
    """Passes the look at the first batch, and gives the loss."""
    loss = build(make, teacher, student)
    size = len(keras.tree.flatten(student)[0])
    loss.validate_outputs(teacher, student, y=LABELS[:size], sample_id=np.arange(size))
    return loss


def examples():
    """The examples of every loss; `make test` takes the first of each."""
    for case in cases():
        first = case.id.endswith("-0")
        yield case if first else pytest.param(*case.values, id=case.id, marks=pytest.mark.torture)


@pytest.fixture(params=examples())
def case(request):
    """(make, teacher features, student features), float32."""
    make, teacher_shape, student_shape = request.param
    rng = np.random.default_rng(0)
    return make, draw(rng, teacher_shape), draw(rng, student_shape)


@pytest.mark.parametrize("role", ["teacher", "student"])
@pytest.mark.parametrize("fault", REFUSED)
def test_an_error_names_them(case, fault, role):
    make, teacher, student = case
    change, message = REFUSED[fault]
    layers = keras.tree.flatten(teacher if role == "teacher" else student)
    layers[0] = change(layers[0])
    changed = keras.tree.pack_sequence_as(teacher if role == "teacher" else student, layers)
    pair = (changed, student) if role == "teacher" else (teacher, changed)
    loss = build(make, teacher, student)
    layer = repr(getattr(loss, f"{role}_layer_name") or "output")
    message = message.format(role=role, layer=re.escape(layer))
    with pytest.raises(ValueError, match=f"{loss.name}: .*{message}"):
        loss.validate_outputs(*pair, y=LABELS, sample_id=np.arange(len(LABELS)))


@pytest.mark.parametrize("fault", COMPUTED)
def test_value_and_gradient_are_finite_or_an_error_says_why(case, fault):
    make, teacher, student = case
    teacher, student = (each(COMPUTED[fault], features) for features in (teacher, student))
    size = len(keras.tree.flatten(student)[0])
    try:
        loss = checked(make, teacher, student)
    except ValueError as error:
        assert re.search(rf"Received: num_neighbors=[35] with a batch of {size}\.", str(error))
        return
    value, gradient = value_and_gradient(loss, teacher, student)
    assert np.isfinite(value) and all(np.isfinite(part).all() for part in gradient)


@pytest.mark.parametrize("dtype", ["int8", "float64"])
def test_the_same_numbers_in_another_type_are_the_same_loss(case, dtype):
    make, *features = case
    expected = [each(lambda f: np.rint(20 * f).astype("float32"), part) for part in features]
    given = [each(lambda f: f.astype(dtype), part) for part in expected]
    loss = checked(make, *given)
    np.testing.assert_allclose(compute(loss, *given), compute(loss, *expected), rtol=1e-6)


def test_an_empty_batch_is_named(case):
    make, teacher, student = case
    empty = [each(lambda f: f[:0], features) for features in (teacher, student)]
    with pytest.raises(ValueError, match="a batch must hold a sample. Received: teacher features"):
        checked(make, *empty)
