import keras
import numpy as np
import pytest
import tensorflow as tf

from given import sources
from tf_lpdistill import data


@pytest.fixture
def archive(tmp_path, digits):
    """An .npz with training and test images, and no validation images."""
    path = tmp_path / "some.npz"
    np.savez(
        path,
        x_train=digits.train.images, y_train=digits.train.labels,
        x_test=digits.test.images, y_test=digits.test.labels,
    )  # fmt: skip
    return path


def test_the_embedded_digits(digits):
    loaded = sources.load_data("digits")
    np.testing.assert_array_equal(loaded.train.images, digits.train.images)


def test_a_relative_archive_is_looked_up_in_the_folder_of_data(archive, monkeypatch):
    by_flag = sources.load_data("some.npz", str(archive.parent))
    monkeypatch.setenv("LPDISTILL_DATA", str(archive.parent))
    by_variable = sources.load_data("some.npz")
    assert by_flag.name == by_variable.name == "some"
    assert sources.load_data(str(archive)).name == "some"


def test_validation_images_are_set_aside_once_and_for_all(archive, digits):
    loaded = sources.load_data(str(archive))
    assert (len(loaded.train), len(loaded.validation), len(loaded.test)) == (900, 100, 500)
    kept = np.concatenate([loaded.train.images, loaded.validation.images])
    assert sorted(image.tobytes() for image in kept) == sorted(
        image.tobytes() for image in digits.train.images
    )
    assert np.bincount(loaded.validation.labels).min() >= 9
    again = sources.load_data(str(archive))
    np.testing.assert_array_equal(again.validation.images, loaded.validation.images)


def test_a_folder_of_class_folders(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for i in range(40):
            pixels = rng.integers(0, 256, (12, 10, 3), dtype=np.uint8)
            (tmp_path / name / f"{i}.png").write_bytes(tf.io.encode_png(pixels).numpy())
    loaded = sources.load_data(str(tmp_path), image_size=9)
    assert loaded.image_shape == (9, 9, 3) and loaded.class_names == ("cat", "dog")


def test_a_name_of_the_catalogue(monkeypatch, digits):
    asked = []
    monkeypatch.setattr(data, "load_tfds", lambda *args: asked.append(args) or digits)
    assert sources.load_data("tfds:cifar10:3.0.2", "prepared", 32) is digits
    assert asked == [("cifar10:3.0.2", "prepared", (32, 32))]


@pytest.mark.parametrize(
    ("name", "message"),
    [("nothing.npz", "there is no .*nothing.npz"), ("digit", "--data must be 'digits', an .npz")],
)
def test_what_is_not_there_is_refused(name, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        sources.load_data(name, str(tmp_path))


@pytest.mark.parametrize("name", ["digits", "keras:cifar10", "some.npz"])
def test_images_of_one_size_take_no_other(name, archive):
    with pytest.raises(ValueError, match=f"--image_size goes with .*--data={name} --image_size=32"):
        sources.load_data(name, archive.parent, image_size=32)


def test_data_without_test_images_are_refused(tmp_path, digits):
    path = tmp_path / "train.npz"
    np.savez(path, x_train=digits.train.images, y_train=digits.train.labels)
    with pytest.raises(ValueError, match="must have test images to report on.*'train'"):
        sources.load_data(str(path))


def test_a_builder_by_name(digits):
    build = sources.network("student", "digits_student", digits)
    assert build().count_params() == 3858 and build() is not build()


def test_a_builder_is_given_classes_and_size(digits):
    model = sources.network("teacher", "resnet8x4", digits)()
    assert model.input_shape == (None, 8, 8, 1) and model.output_shape == (None, 10)


def test_an_unknown_builder_is_told_with_the_known_ones(digits):
    with pytest.raises(
        ValueError, match=r"--student must be a .keras file or .*digits_student.*'resnet'"
    ):
        sources.network("student", "resnet", digits)


def test_a_file_gives_the_architecture_and_each_seed_its_weights(tmp_path, pair, digits):
    path = tmp_path / "student.keras"
    pair[1].save(path)
    build = sources.network("student", str(path), digits)
    drawn = []
    for seed in (0, 1, 0):
        keras.utils.set_random_seed(seed)
        model = build()
        assert [layer.name for layer in model.layers] == [layer.name for layer in pair[1].layers]
        drawn.append(model.get_layer("conv1").kernel.numpy())
    assert np.abs(drawn[0] - drawn[1]).max() > 0.1
    np.testing.assert_array_equal(drawn[0], drawn[2])


def test_a_file_for_other_classes_is_refused(tmp_path, digits):
    path = tmp_path / "two.keras"
    keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]).save(
        path
    )
    with pytest.raises(ValueError, match="one logit for each of the 10 classes of digits"):
        sources.network("teacher", str(path), digits)


@pytest.mark.parametrize("last", ["activation", "layer", "nested"])
def test_a_file_that_ends_in_probabilities_is_refused(last, tmp_path, digits):
    path = tmp_path / "probabilities.keras"
    dense = keras.layers.Dense(10, activation=None if last == "layer" else "softmax")
    tail = [dense, keras.layers.Softmax()] if last == "layer" else [dense]
    head = [keras.Sequential([keras.Input((64,)), *tail])] if last == "nested" else tail
    keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), *head]).save(path)
    with pytest.raises(ValueError, match=r"--teacher must end in logits.*ends in a softmax"):
        sources.network("teacher", str(path), digits)


def test_another_input_is_refused_unless_images_are_resized(tmp_path, digits):
    path = tmp_path / "large.keras"
    keras.Sequential([keras.Input((9, 9, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]).save(
        path
    )
    message = (
        r"--student must take images of digits as they are, of shape \(8, 8, 1\). Received: "
        r"--student=.*large.keras with inputs of shape \(None, 9, 9, 1\)"
    )
    with pytest.raises(ValueError, match=message):
        sources.network("student", str(path), digits)
    build = sources.network("student", str(path), digits, resized=True)
    assert build().input_shape == (None, 9, 9, 1)


def test_a_network_made_for_other_images_is_refused(digits):
    split = data.Split(digits.train.images[:20].repeat(2, axis=1), digits.train.labels[:20])
    tall = data.ImageData("tall", split, None, None, digits.class_names)
    with pytest.raises(ValueError, match=r"--teacher must take images of tall .* \(16, 8, 1\)"):
        sources.network("teacher", "digits_teacher", tall)


def test_a_file_that_is_not_there_is_refused(digits):
    with pytest.raises(ValueError, match="--teacher names no file. Received: --teacher=no.keras"):
        sources.network("teacher", "no.keras", digits)


def test_every_class_is_in_a_small_validation_split(digits):
    few = data.ImageData("few", digits.train.subset(30), None, digits.test, digits.class_names)
    divided = sources.with_validation(few)
    assert len(divided.validation) == 10 and len(set(divided.validation.labels)) == 10
