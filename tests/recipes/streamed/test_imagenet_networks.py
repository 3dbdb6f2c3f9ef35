"""Where the teachers come from; a MobileNet's weights are random, from a file."""

import keras
import pytest

from given import teachers
from given.teachers import TeacherSource
from streamed import imagenet_data
from streamed.imagenet_networks import PAIRS, check_flags, find_teacher
from tf_lpdistill import Preprocessing, models

PIXELS = Preprocessing((32, 32), scaling="-1..1")


@pytest.fixture(scope="module")
def streams(little_imagenet):
    return imagenet_data.load("little_imagenet", little_imagenet, 32)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "mobilenet.weights.h5"
    keras.applications.MobileNet(weights=None).save_weights(path)
    return str(path)


def test_the_pairs_are_known():
    for teacher, student in PAIRS.values():
        assert models.get(teacher) and models.get(student)


def test_a_teacher_without_weights_is_trained_as_long_as_the_students(streams):
    source = find_teacher("resnet34", "imagenet", None, (None, 90), streams, PIXELS)
    assert source.epochs == 90
    source = find_teacher("resnet8x4", "imagenet", None, (5, 90), streams, PIXELS)
    assert source.epochs == 5 and source.build().input_shape == (None, 32, 32, 3)


def test_a_published_teacher_is_ready_unless_it_is_to_be_trained(streams, monkeypatch):
    name = "applications:MobileNet"
    source = find_teacher(name, "imagenet", None, (None, 90), streams, PIXELS)
    assert source.epochs == 0
    asked = []
    monkeypatch.setattr(
        teachers.sources, "network", lambda *args: asked.append(args) or "a builder"
    )
    source = find_teacher(name, "imagenet", None, (3, 90), streams, PIXELS)
    assert source == TeacherSource("a builder", 3)
    assert asked == [("teacher", name, streams, "-1..1")]


def test_a_published_teacher_of_other_classes_is_refused(streams, monkeypatch):
    inputs = keras.Input((32, 32, 3))
    published = keras.Model(inputs, keras.layers.Dense(1000)(keras.layers.Flatten()(inputs)))
    monkeypatch.setattr(models, "imagenet_classifier", lambda name, weights: published)
    source = find_teacher("applications:MobileNet", "imagenet", None, (None, 9), streams, PIXELS)
    with pytest.raises(ValueError, match=r"the 10 classes of little_imagenet.*\(None, 1000\)"):
        source.build()


@pytest.mark.slow
def test_a_published_teacher_takes_the_students_input(streams, weights, monkeypatch):
    monkeypatch.setattr(imagenet_data.Streams, "num_classes", 1000)
    source = find_teacher("applications:MobileNet", weights, None, (None, 9), streams, PIXELS)
    assert source.build().input_shape == (None, 32, 32, 3)


def test_flags_that_do_not_fit_are_refused(streams):
    with pytest.raises(ValueError, match="may be 0 for a teacher with weights only.*=resnet34"):
        check_flags("resnet34", "imagenet", None, 0)
    source = find_teacher("applications:ResNet50", "no.h5", None, (None, 9), streams, PIXELS)
    with pytest.raises(ValueError, match="--teacher_weights=no.h5, and there is no such file"):
        source.build()
    with pytest.raises(ValueError, match="--teacher_scaling must say which range"):
        check_flags("t.keras", "imagenet", None, None)
    with pytest.raises(ValueError, match="--teacher names no file. Received: --teacher=t.keras"):
        check_flags("t.keras", "imagenet", "0..1", None)


@pytest.mark.parametrize(
    ("name", "weights", "scaling", "epochs", "message"),
    [
        ("resnet34", "imagenet", "0..1", None, "--teacher_scaling goes with a .keras teacher only"),
        ("resnet34", "w.h5", None, None, "--teacher_weights goes with --teacher=applications:"),
        ("t.keras", "w.h5", "0..1", None, "--teacher=t.keras --teacher_weights=w.h5"),
        ("keras_hub:resnet_18", "w.h5", None, None, "--teacher=keras_hub:resnet_18 --teacher_w"),
        ("applications:ResNet50", "w.h5", None, 3, "not beside --teacher_epochs.*epochs=3"),
    ],
)
def test_flags_of_other_teachers_are_refused(name, weights, scaling, epochs, message):
    with pytest.raises(ValueError, match=message):
        check_flags(name, weights, scaling, epochs)
