"""answers.npz, written and read back."""

import numpy as np
import pytest

from tf_lpdistill.report.answers import probabilities, read_answers, write_answers


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers.npz"


@pytest.fixture
def write(path):
    """Returns a function that writes answers to four images: write(**outputs)."""

    def write_four(features=None, **outputs):
        images = np.arange(4 * 2 * 2, dtype=np.uint8).reshape(4, 2, 2, 1)
        write_answers(path, images, np.array([0, 1, 2, 0]), outputs, features or {})
        return read_answers(path, 3)

    return write_four


TEACHER = np.array([[5.0, 0, 0], [0, 5, 0], [0, 0, 5], [5, 0, 0]])
STUDENT = np.array([[5.0, 0, 0], [2, 0, 0], [0, 0, 5], [0, 5, 0]])


def test_first_classes_and_their_probabilities(write):
    answers = write(teacher=TEACHER, student=STUDENT)
    assert list(answers.networks) == ["teacher", "student"]
    student = answers.networks["student"]
    assert student.classes.tolist() == [0, 0, 2, 1] and student.map is None
    sure, doubting = (np.exp(z) / (np.exp(z) + 2) for z in (5.0, 2.0))
    np.testing.assert_allclose(student.confidence, [sure, doubting, sure, sure], rtol=1e-6)


def test_what_they_disagree_on_is_kept_the_surest_first(write):
    answers = write(teacher=TEACHER, student=STUDENT)
    assert answers.shown.tolist() == [3, 1]
    assert answers.images.ravel().tolist() == [12, 13, 14, 15, 4, 5, 6, 7]
    agreed = write(teacher=TEACHER, student=TEACHER)
    assert agreed.shown.size == 0 and agreed.images.shape == (0, 2, 2, 1)


def test_probabilities_are_taken_as_they_are():
    given = np.array([[0.25, 0.75], [1.0, 0.0]])
    np.testing.assert_array_equal(probabilities(given), given)
    rounded = np.array([[127, 128], [250, 4]]) / 256  # a uint8 output sums to 1 but for rounding
    np.testing.assert_array_equal(probabilities(rounded), rounded)
    logits = np.array([[1000.0, 0.0], [3.0, 3.0]])
    np.testing.assert_allclose(probabilities(logits), [[1.0, 0.0], [0.5, 0.5]])


def test_maps_of_the_same_geometry_lie_alike(write):
    features = np.random.default_rng(0).normal(size=(4, 5))
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    answers = write({"student": features @ turn, "teacher": features}, teacher=TEACHER,
                    student=STUDENT)  # fmt: skip
    teacher, student = (answers.networks[name].map for name in ("teacher", "student"))
    np.testing.assert_allclose(student.points, teacher.points, atol=1e-5)
    np.testing.assert_allclose(student.explained, teacher.explained, atol=1e-5)
    assert answers.mapped.tolist() == [0, 1, 2, 3]


def test_a_large_test_set_is_sampled_and_the_file_stays_small(path):
    rng = np.random.default_rng(0)
    outputs = {name: rng.normal(size=(5000, 10)) for name in ("teacher", "student")}
    features = {name: rng.normal(size=(5000, 32)) for name in outputs}
    images = np.zeros((5000, 8, 8, 1), np.uint8)
    write_answers(path, images, rng.integers(0, 10, 5000), outputs, features)
    answers = read_answers(path, 10)
    assert len(answers.mapped) == 600 and len(set(answers.mapped)) == 600
    assert len(answers.images) == 9 and path.stat().st_size < 300_000


@pytest.mark.parametrize(
    ("outputs", "features"),
    [(["teacher"], []), (["teacher", "student", "kd"], []), (["teacher", "student"], ["alone"])],
)
def test_unknown_networks_are_refused(path, outputs, features):
    rows = np.eye(3)
    with pytest.raises(ValueError, match=r"`outputs` must be of 'teacher' and 'student'.*Received"):
        write_answers(
            path, np.zeros((3, 2, 2, 1), np.uint8), np.arange(3),
            dict.fromkeys(outputs, rows), dict.fromkeys(features, rows),
        )  # fmt: skip
    assert not path.exists()


def test_no_file_is_no_answers(path):
    assert read_answers(path, 3) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": np.array([0, 1, 2, 3])}, r"'labels' to be class numbers from 0 to 2"),
        ({"student_classes": np.zeros(3, int)}, r"'student_classes' to be integers of shape \(4\)"),
        ({"teacher_confidence": np.full(4, 1.5)}, r"'teacher_confidence' to be finite numbers"),
        ({"teacher_confidence": np.full(4, np.nan)}, r"'teacher_confidence' to be finite numbers"),
        ({"shown": np.array([4, 0])}, r"'shown' to be rows from 0 to 3\. Received: 0 to 4"),
        ({"images": np.zeros((1, 2, 2, 1), np.uint8)}, r"'images' to be uint8 of shape \(2, any"),
        ({"images": np.zeros((2, 2, 2, 4), np.uint8)}, r"'images' to be \(images, height"),
        ({"mapped": np.arange(3), "teacher_map": np.zeros((4, 2))}, r"'teacher_map' to be floats"),
    ],
)
def test_a_foreign_array_is_named(write, path, changes, message):
    write(teacher=TEACHER, student=STUDENT)
    with np.load(path) as file:
        arrays = dict(file) | changes
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=rf"answers\.npz is damaged or foreign: .*{message}"):
        read_answers(path, 3)


def test_a_missing_student_is_named(write, path):
    write(teacher=TEACHER, student=STUDENT)
    with np.load(path) as file:
        arrays = {name: array for name, array in file.items() if name != "student_classes"}
    np.savez(path, **arrays)
    with pytest.raises(
        ValueError, match=r"'student_classes' .* Received: no such array.*leave the"
    ):
        read_answers(path, 3)


def test_a_diverged_network_has_no_opinion_and_no_map(write):
    spoilt = STUDENT.copy()
    spoilt[1], spoilt[2, 0] = np.nan, np.inf
    features = np.random.default_rng(0).normal(size=(4, 5))
    broken = np.where(features > 0, features, np.nan)
    answers = write({"teacher": features, "student": broken}, teacher=TEACHER, student=spoilt)
    np.testing.assert_allclose(answers.networks["student"].confidence[1:3], 1 / 3)
    assert answers.networks["teacher"].map is not None
    assert answers.networks["student"].map is None
    assert write({"student": broken}, teacher=TEACHER, student=spoilt).mapped is None
