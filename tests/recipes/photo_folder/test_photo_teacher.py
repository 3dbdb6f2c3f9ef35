"""The teacher of a folder of photos: pretrained from a file, wrapped, trained, refused."""

import dataclasses

import keras
import numpy as np
import pytest

from photo_folder import photo_teacher
from tf_lpdistill import Preprocessing, data, models

PIXELS = Preprocessing((32, 32), scaling="-1..1")


@pytest.fixture(scope="module")
def photos(digits):
    """The digits as colour images of 32 pixels."""

    def enlarge(split):
        grown = np.repeat(np.repeat(split.images, 4, axis=1), 4, axis=2)
        return data.Split(np.repeat(grown, 3, axis=-1), split.labels)

    splits = {title: enlarge(split) for title, split in digits.splits().items()}
    return data.ImageData("photos", **splits, class_names=digits.class_names)


def network(size, classes=10, channels=3):
    inputs = keras.Input((size, size, channels))
    x = keras.layers.Conv2D(4, 3, 2, activation="relu", name="conv")(inputs)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(inputs, keras.layers.Dense(classes, name="logits")(x), name="own")


def find(photos, name=photo_teacher.DEFAULT, weights="imagenet", scaling=None, epochs=None):
    photo_teacher.check_flags(name, weights, scaling, epochs)
    return photo_teacher.find(name, weights, scaling, epochs, photos, PIXELS)


def test_a_wrapped_teacher_is_kept_in_the_run(photos, trainer, tmp_path):
    path = tmp_path / "given.keras"
    network(96).save(path)
    trainer = dataclasses.replace(trainer, data=photos, preprocessing=PIXELS)
    source = find(photos, str(path), scaling="0..1")
    teacher, about = photo_teacher.obtain(source, trainer, 0)
    path.unlink()
    again, words = photo_teacher.obtain(source, trainer, 0)
    assert about == words == str(path)
    images = PIXELS(photos.test.images[:8])
    np.testing.assert_allclose(again(images), teacher(images), atol=1e-6)


def test_a_teacher_that_guesses_is_told(photos, trainer, tmp_path, capsys):
    network(32).save(tmp_path / "guesses.keras")
    trainer = dataclasses.replace(trainer, data=photos, preprocessing=PIXELS)
    source = find(photos, str(tmp_path / "guesses.keras"), scaling="-1..1")
    photo_teacher.obtain(source, trainer, 0)
    printed = capsys.readouterr().out
    assert "% of the validation images" in printed and "close to guessing" in printed


def test_weights_from_a_file_are_taken_and_fine_tuned(photos, tmp_path):
    path = tmp_path / "backbone.weights.h5"
    backbone = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(32, 32, 3)
    )
    backbone.save_weights(path)
    source = find(photos, weights=str(path))
    assert source.optimizer is photo_teacher.FINE_TUNING and "fine-tuned" in source.about
    kernel = source.build().get_layer("block_5_expand").kernel
    np.testing.assert_array_equal(kernel, backbone.get_layer("block_5_expand").kernel)


def test_weights_of_another_network_are_refused(photos, tmp_path):
    path = tmp_path / "other.weights.h5"
    network(32).save_weights(path)
    with pytest.raises(ValueError, match="--teacher_weights must fit MobileNetV2.*Keras says"):
        find(photos, weights=str(path))
    with pytest.raises(ValueError, match="--teacher_weights must be 'imagenet', 'none', or a file"):
        find(photos, weights=str(tmp_path / "missing.h5"))


def test_without_a_network_it_learns_from_scratch_and_says_so():
    asked = []

    def build(weights=None):
        asked.append(weights)
        raise Exception("URL fetch failure: no such host")

    weights, about, warning = photo_teacher.find_weights(build, "imagenet")
    assert weights is None and asked == ["imagenet"]
    assert "FROM SCRATCH" in about
    assert "--teacher_weights=FILE" in warning and "no such host" in warning


def test_a_network_by_name_is_trained_from_scratch(photos):
    source = find(photos, "resnet20", epochs=3)
    assert source.epochs == 3 and source.optimizer is photo_teacher.FROM_SCRATCH
    assert source.build().input_shape == (None, 32, 32, 3)


def test_a_network_with_its_own_scaling_is_told_the_range(photos):
    build = find(photos, "applications:MobileNetV2").build
    reference = models.get("applications:MobileNetV2")((32, 32, 3), 10, input_scaling="-1..1")
    rescaling = build().get_layer("pixels_0_255")
    assert rescaling.get_config()["scale"] == reference.get_layer("pixels_0_255").scale == 127.5


@pytest.mark.parametrize(
    ("model", "flags", "message"),
    [
        (network(32), {}, "--teacher_scaling must say which range of pixels"),
        (network(32, 3), {"scaling": "0..1"}, "one logit for each of the 10 classes of photos"),
        (network(32, channels=1), {"scaling": "0..1"}, "The teacher must take 'rgb' images"),
    ],
)
def test_files_that_do_not_fit_are_refused(photos, tmp_path, model, flags, message):
    model.save(tmp_path / "teacher.keras")
    with pytest.raises(ValueError, match=message):
        find(photos, str(tmp_path / "teacher.keras"), **flags)


def test_what_has_learnt_nothing_is_refused(photos):
    with pytest.raises(ValueError, match="--teacher_epochs may be 0 for a .keras teacher only"):
        find(photos, epochs=0)


def test_flags_that_belong_to_other_teachers_are_refused(photos):
    with pytest.raises(ValueError, match="--teacher_weights goes with --teacher=mobilenet_v2 only"):
        find(photos, "resnet20", weights="none")
    with pytest.raises(ValueError, match="--teacher_scaling goes with a .keras teacher only"):
        find(photos, scaling="0..1")
