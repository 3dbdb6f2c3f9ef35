import functools
import sys

import keras
import numpy as np
import pytest

from tf_lpdistill import models
from tf_lpdistill.models.applications import OwnScaling, known_applications
from tf_lpdistill.taps import Tap

SHAPE = (32, 32, 3)


def pixels(low=0.0, high=255.0):
    return np.random.default_rng(0).uniform(low, high, (2, *SHAPE)).astype("float32")


def test_every_application_has_a_scaling():
    names = known_applications()
    assert {"ResNet50", "VGG16", "MobileNetV2", "EfficientNetV2B0", "ConvNeXtTiny"} <= set(names)
    x = pixels()
    for name in names:
        assert np.isfinite(OwnScaling(name)(x)).all()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ResNet50", lambda x: x[..., ::-1] - [103.939, 116.779, 123.68]),
        ("MobileNetV2", lambda x: x / 127.5 - 1),
        ("DenseNet121", lambda x: (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]),
        ("EfficientNetB0", lambda x: x),  # scales inside
    ],
)
def test_own_scaling(name, expected):
    np.testing.assert_allclose(OwnScaling(name)(pixels()), expected(pixels()), atol=1e-4)


@pytest.mark.parametrize(
    ("scaling", "low", "high"), [("0..255", 0, 255), ("0..1", 0, 1), ("-1..1", -1, 1)]
)
def test_any_input_scaling_gives_the_same(scaling, low, high):
    keras.utils.set_random_seed(0)
    model = models.get("applications:MobileNet")(SHAPE, 5, input_scaling=scaling)
    share = pixels() / 255
    logits = model(low + share * (high - low))
    backbone = model.get_layer("backbone")
    features = keras.ops.mean(backbone(share * 2 - 1), (1, 2))
    np.testing.assert_allclose(model.get_layer("logits")(features), logits, rtol=1e-3, atol=1e-4)


def test_layers_of_the_backbone_are_tapped_and_saved(tmp_path):
    model = models.get("applications:MobileNet")(SHAPE, 5)
    assert model.name == "mobilenet" and model.layers[-1].name == "logits"
    logits, features = Tap(model, ["features", "backbone/conv_pw_3_relu"])(pixels())
    assert features["features"].shape == (2, 1024)
    assert features["backbone/conv_pw_3_relu"].shape == (2, 8, 8, 128)
    model.save(tmp_path / "teacher.keras")
    again = keras.saving.load_model(tmp_path / "teacher.keras")
    np.testing.assert_array_equal(again(pixels()), logits)


def test_unknown_model():
    with pytest.raises(ValueError, match=r"one of \[.*'VGG19'.*\]. Received: model='ResNet51'"):
        models.application("ResNet51")


def test_without_keras_hub(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    message = "The preset 'resnet_18_imagenet' needs keras-hub: pip install keras-hub"
    with pytest.raises(ModuleNotFoundError, match=message):
        models.get("keras_hub:resnet_18_imagenet")()


def test_a_preset_of_keras_hub(tmp_path):
    keras_hub = pytest.importorskip("keras_hub")
    backbone = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(None, None, 3),
    )
    converter = keras_hub.layers.ResNetImageConverter(
        image_size=(64, 64), scale=[0.017, 0.018, 0.019], offset=[-2.1, -2.0, -1.8]
    )
    backbone.save_to_preset(tmp_path / "preset")
    converter.save_to_preset(tmp_path / "preset")
    build = functools.partial(models.get(f"keras_hub:{tmp_path}/preset"), SHAPE, 5)
    x = pixels()
    model = build(load_weights=True, input_scaling="-1..1")
    logits, features = Tap(model, ["features"])(x / 127.5 - 1.0)
    scaled = x * np.array([0.017, 0.018, 0.019]) + np.array([-2.1, -2.0, -1.8])
    expected = keras.ops.mean(backbone(scaled), (1, 2))
    np.testing.assert_allclose(features["features"], expected, rtol=1e-3, atol=1e-4)
    assert logits.shape == (2, 5)
    random = Tap(build(), ["features"])(x)[1]["features"]
    assert np.abs(random - expected).max() > 1e-2
