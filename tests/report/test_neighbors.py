import numpy as np
import pytest

from tf_lpdistill.report.neighbors import read_neighbors, write_neighbors


@pytest.fixture
def path(run_dir):
    return run_dir / "neighbors.npz"


@pytest.fixture
def rewrite(path):
    def rewrite_with(**changes):
        with np.load(path) as file:
            arrays = dict(file) | changes
        np.savez(path, **{name: a for name, a in arrays.items() if a is not None})

    return rewrite_with


def test_arrays_by_model(path):
    grid = read_neighbors(path, 10)
    assert grid.images.shape == (3, 8, 8, 1)
    assert grid.student.images.shape == (3, 5, 8, 8, 1)
    assert grid.teacher.shared.all()
    assert grid.student.shared.sum() == 5
    assert grid.alone.shared.sum() == 3
    with np.load(path) as file:
        np.testing.assert_array_equal(grid.alone.labels, file["alone_labels"])


def test_what_is_written_is_read(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (6, 4, 4, 3), dtype=np.uint8)
    labels, queries = np.array([0, 1, 2, 0, 1, 2]), np.array([1, 4])
    found = {
        "teacher": np.array([[0, 2, 3], [5, 3, 2]]),
        "student": np.array([[2, 5, 0], [0, 1, 2]]),
        "alone": np.array([[4, 5], [5, 0]]),
    }
    write_neighbors(tmp_path / "neighbors.npz", images, labels, queries, found)
    grid = read_neighbors(tmp_path / "neighbors.npz", 3)
    np.testing.assert_array_equal(grid.images, images[queries])
    for who, expected in found.items():
        neighbors = getattr(grid, who)
        np.testing.assert_array_equal(neighbors.images, images[expected])
        np.testing.assert_array_equal(neighbors.labels, labels[expected])
    assert grid.student.shared.tolist() == [[True, False, True], [False, False, True]]
    assert grid.alone.shared.tolist() == [[False, False], [True, False]]
    with pytest.raises(ValueError, match=r"`neighbors` must be of 'teacher'.*\['alone'\]"):
        write_neighbors(tmp_path / "n.npz", images, labels, queries, {"alone": found["alone"]})


def test_no_file(tmp_path):
    assert read_neighbors(tmp_path / "neighbors.npz", 10) is None


def test_the_models_may_have_different_numbers_of_neighbors(path, rewrite):
    with np.load(path) as file:
        images, labels = file["alone_images"], file["alone_labels"]
    shared = np.zeros((3, 2), bool)
    rewrite(alone_images=images[:, :2], alone_labels=labels[:, :2], alone_shared=shared)
    assert read_neighbors(path, 10).alone.labels.shape == (3, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shared": None}, r"'shared' to be bool of shape \(3, 5\)\. Received: no such array"),
        ({"images": np.zeros((3, 8, 8, 1))}, r"'images' to be uint8 .* Received: float64"),
        ({"images": np.zeros((3, 8, 8), np.uint8)}, r"'images' to be uint8 of shape \(any, any"),
        ({"images": np.zeros((3, 8, 8, 2), np.uint8)}, r"\(images, height, width, 1 or 3\)"),
        ({"images": np.zeros((0, 8, 8, 1), np.uint8)}, r"not empty"),
        ({"labels": np.zeros(4, int)}, r"'labels' to be integers of shape \(3\)"),
        ({"labels": np.zeros(3)}, r"'labels' to be integers .* Received: float64 \(3,\)"),
        ({"student_labels": np.full((3, 5), 10)}, r"class numbers from 0 to 9\. Received: 10"),
        ({"student_labels": np.full((3, 5), -1)}, r"class numbers from 0 to 9\. Received: -1"),
        ({"alone_labels": np.zeros((3, 4), int)}, r"'alone_labels' to be integers of shape \(3, 5"),
        ({"shared": np.zeros((3, 5), int)}, r"'shared' to be bool"),
    ],
)
def test_a_foreign_array_is_named(path, rewrite, changes, message):
    rewrite(**changes)
    with pytest.raises(ValueError, match=rf"neighbors\.npz is damaged or foreign: .*{message}"):
        read_neighbors(path, 10)


def test_a_damaged_file_is_named(path):
    whole = path.read_bytes()
    for content in (b"", b"no zip at all", whole[: len(whole) // 2], _flipped(whole)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"neighbors\.npz is damaged: expected a NumPy \.npz"):
            read_neighbors(path, 10)


def test_pickled_objects_are_not_loaded(path):
    np.savez(path, images=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match=r"neighbors\.npz is damaged.*pickle"):
        read_neighbors(path, 10)


def test_a_plain_array_is_no_npz(path):
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ValueError, match=r"neighbors\.npz is damaged: expected a NumPy \.npz"):
        read_neighbors(path, 10)


def _flipped(content):
    """One bit of the first array's data is the other way round: the zip's CRC tells."""
    changed = bytearray(content)
    changed[300] ^= 1
    return bytes(changed)
