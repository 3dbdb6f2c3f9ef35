import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.callbacks import pictures
from tf_lpdistill.callbacks.projector import write_projector


def test_inputs_become_pixels_whatever_their_scaling(digits):
    images = digits.test.images[:6]
    for inputs in (images, images / 255.0, images / 127.5 - 1.0, tf.constant(images, "float32")):
        np.testing.assert_allclose(pictures.to_pixels(inputs), images, atol=1)
    assert pictures.to_pixels(np.zeros((2, 4, 4, 3))).shape == (2, 4, 4, 3)
    assert pictures.to_pixels(np.zeros((2, 4, 4, 5))).shape == (2, 4, 4, 1)


@pytest.mark.parametrize("inputs", [np.zeros((4, 6)), {"a": np.zeros((2, 4, 4, 1))}])
def test_what_is_no_image_has_no_pixels(inputs):
    assert pictures.to_pixels(inputs) is None


def test_a_sprite_holds_the_images_row_by_row():
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((5, 2, 3, 1), np.uint8)
    image, shown = pictures.sprite(images)
    assert image.shape == (3 * 2, 3 * 3, 1) and shown.shape == images.shape
    assert image[::2, ::3, 0].tolist() == [[0, 1, 2], [3, 4, 0], [0, 0, 0]]


def test_a_sprite_stays_small_enough_for_a_browser():
    image, shown = pictures.sprite(np.zeros((400, 600, 600, 1), np.uint8))
    assert max(image.shape) <= 8192 and shown.shape[1:3] == (300, 300)


def test_a_grid_shows_queries_with_their_nearest():
    images = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((4, 2, 2, 1), np.uint8)
    grid = pictures.neighbor_grid(images, np.array([[0.0], [1.0], [3.0], [7.0]]), [3, 0], 2)
    assert grid.shape == (2 * 3, 3 * 3, 1)
    assert grid[::3, ::3, 0].tolist() == [[3, 2, 1], [0, 1, 2]]


def test_the_projector_finds_its_files(tmp_path):
    images = np.zeros((4, 2, 3, 1), np.uint8)
    features = {"teacher": np.eye(4), "student": np.arange(8.0).reshape(4, 1, 2)}
    write_projector(tmp_path, features, ["cat", "dog", "cat", "dog"], images)
    config = (tmp_path / "projector_config.pbtxt").read_text()
    assert config.count("embeddings {") == 2 and "single_image_dim: 3 single_image_dim: 2" in config
    for name in ("teacher.tsv", "student.tsv", "labels.tsv", "sprite.png"):
        assert f'"{name}"' in config and (tmp_path / name).is_file()
    np.testing.assert_array_equal(
        np.loadtxt(tmp_path / "student.tsv", delimiter="\t"), np.arange(8.0).reshape(4, 2)
    )
    assert (tmp_path / "labels.tsv").read_text() == "cat\ndog\ncat\ndog\n"
    png = tf.io.decode_png((tmp_path / "sprite.png").read_bytes())
    assert png.shape == (2 * 2, 2 * 3, 1)


def test_without_labels_and_images_the_features_alone_are_written(tmp_path):
    write_projector(tmp_path, {"student": np.eye(3)}, None, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "projector_config.pbtxt", "student.tsv",
    ]  # fmt: skip
    assert "sprite" not in (tmp_path / "projector_config.pbtxt").read_text()
