"""Published classifiers against what their libraries compute, at random weights."""

import sys

import keras
import numpy as np
import pytest

from tf_lpdistill import Preprocessing, models
from tf_lpdistill.taps import Tap


def photo(size, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (1, size, size, 3)).astype("float32")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A MobileNet with a softmax, as Keras gives it, and the file of its weights."""
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNet(weights=None)
    path = tmp_path_factory.mktemp("weights") / "mobilenet.weights.h5"
    model.save_weights(path)
    return model, str(path)


def test_logits_of_pixels(published):
    model, path = published
    teacher = models.imagenet_classifier("applications:MobileNet", path)
    assert teacher.input_shape == (None, 224, 224, 3) and teacher.output_shape == (None, 1000)
    expected = model(keras.applications.mobilenet.preprocess_input(photo(224)))
    logits, features = Tap(teacher, ["backbone/conv_pw_13_relu"])(photo(224))
    np.testing.assert_allclose(keras.ops.softmax(logits), expected, rtol=1e-3)
    assert features["backbone/conv_pw_13_relu"].shape == (1, 7, 7, 1024)


@pytest.mark.slow
def test_behind_a_students_input_and_saved(published, tmp_path):
    teacher = models.imagenet_classifier("applications:MobileNet", published[1])
    pixels = Preprocessing((48, 48), scaling="-1..1")
    adapted = models.adapted(teacher, pixels, "0..255")
    small = photo(48)
    resized = keras.ops.image.resize(small, (224, 224), antialias=True)
    np.testing.assert_allclose(adapted(pixels(small)), teacher(resized), rtol=1e-2, atol=1e-4)
    adapted.save(tmp_path / "teacher.keras")
    again = keras.saving.load_model(tmp_path / "teacher.keras")
    np.testing.assert_array_equal(again(pixels(small)), adapted(pixels(small)))


@pytest.mark.parametrize("name", ["ResNet50", "applications:ResNet51", "keras_hub:", "torch:a"])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match=r"'ResNet50', .* or 'keras_hub:PRESET'. Received: name="):
        models.imagenet_classifier(name)


def test_without_keras_hub(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(ModuleNotFoundError, match="'resnet_vd_34_imagenet' needs keras-hub: pip"):
        models.imagenet_classifier("keras_hub:resnet_vd_34_imagenet")


def test_a_preset_of_keras_hub(tmp_path):
    keras_hub = pytest.importorskip("keras_hub")
    backbone = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(None, None, 3),
    )
    converter = keras_hub.layers.ResNetImageConverter(
        image_size=(32, 32), scale=[0.017, 0.018, 0.019], offset=[-2.1, -2.0, -1.8]
    )
    published = keras_hub.models.ResNetImageClassifier(
        backbone=backbone,
        preprocessor=keras_hub.models.ResNetImageClassifierPreprocessor(image_converter=converter),
        num_classes=10,
        activation="softmax",
    )
    published.save_to_preset(tmp_path / "preset")
    teacher = models.imagenet_classifier(f"keras_hub:{tmp_path}/preset")
    assert teacher.input_shape == (None, 32, 32, 3)
    expected = published(converter(photo(32)))
    np.testing.assert_allclose(keras.ops.softmax(teacher(photo(32))), expected, rtol=1e-3)
    teacher.save(tmp_path / "teacher.keras")
    again = keras.saving.load_model(tmp_path / "teacher.keras")
    np.testing.assert_array_equal(again(photo(32)), teacher(photo(32)))
