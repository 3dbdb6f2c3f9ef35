import json
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import tflite
from tf_lpdistill.preprocessing import Preprocessing

PIXELS = Preprocessing((8, 8), "rgb", "0..1")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """A classifier, its predictions, and a SavedModel of it."""
    keras.utils.set_random_seed(4)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.DepthwiseConv2D(3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )
    folder = tmp_path_factory.mktemp("stranger") / "saved_model"
    model.export(folder, verbose=False)
    return model, folder


def test_a_saved_model_predicts_and_becomes_a_bundle(stranger, digits, tmp_path):
    model, folder = stranger
    images = np.repeat(digits.test.images[:40], 3, -1)
    loaded = tflite.load_model(folder)
    expected = model.predict(PIXELS(images), verbose=0)
    np.testing.assert_allclose(loaded.predict(PIXELS(images), verbose=0), expected, atol=1e-6)
    bundle = tflite.export_bundle(
        loaded,
        tmp_path / "phone",
        labels=list("abcd"),
        preprocessing=PIXELS,
        precisions=["float32", "int8"],
        representative_data=images,
    )
    result = tflite.verify(bundle, model, (images, expected.argmax(-1)))
    assert result["float32"]["max_difference"] < 1e-5
    assert result["int8"]["agreement"] > 0.8


def test_a_keras_file(stranger, tmp_path):
    model, _ = stranger
    model.save(tmp_path / "m.keras")
    loaded = tflite.load_model(tmp_path / "m.keras")
    for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_cut_keras_file(stranger, tmp_path):
    stranger[0].save(tmp_path / "m.keras")
    data = (tmp_path / "m.keras").read_bytes()
    (tmp_path / "m.keras").write_bytes(data[: len(data) // 2])
    with pytest.raises(
        ValueError, match=r"Keras cannot load the model .*Received: model=.*m\.keras"
    ):
        tflite.load_model(tmp_path / "m.keras")


def test_code_inside_a_file_is_not_run(tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Lambda(lambda x: x + 1)])
    model.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="Keras cannot load the model .*[Ll]ambda"):
        tflite.load_model(tmp_path / "m.keras")


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such model. Received: model="):
        tflite.load_model(tmp_path / "m.keras")


def saved(tmp_path, function, *specs):
    module = tf.Module()
    module.call = tf.function(function, input_signature=specs, autograph=False)
    tf.saved_model.save(module, tmp_path / "s", signatures={"serving_default": module.call})
    return tmp_path / "s"


IMAGES = tf.TensorSpec((None, 8, 8, 3), tf.float32, "images")


@pytest.mark.parametrize(
    ("function", "specs", "message"),
    [
        (lambda x: {"a": x, "b": x}, (IMAGES,), r"inputs \{'images'.*outputs \['a', 'b'\]"),
        (
            lambda x: {"y": x},
            (tf.TensorSpec((None, 64), tf.float32, "rows"),),
            r"one batch of images .*\{'rows': '\(None, 64\)'\}",
        ),
        (
            lambda x: {"y": x + tf.cast(tf.strings.length(tf.io.read_file("/etc/hosts")), x.dtype)},
            (IMAGES,),
            r"reads or writes files.*\['ReadFile'\]",
        ),
    ],
)
def test_a_saved_model_that_is_no_plain_classifier(tmp_path, function, specs, message):
    with pytest.raises(ValueError, match=message):
        tflite.load_model(saved(tmp_path, function, *specs))


def test_a_folder_that_is_no_saved_model(tmp_path):
    with pytest.raises(ValueError, match="no SavedModel: it has no saved_model.pb"):
        tflite.load_model(tmp_path)


def test_a_damaged_saved_model(stranger, tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"no protobuf")
    with pytest.raises(ValueError, match="TensorFlow cannot load the SavedModel"):
        tflite.load_model(tmp_path)


def test_a_long_complaint_of_keras_is_cut(tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 3)), *[keras.layers.ReLU() for _ in range(50)]])
    config = json.loads(model.to_json())
    del config["config"]["name"]
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", "{}")
    with pytest.raises(ValueError, match=r" \.\.\.\)\. Received: model=") as caught:
        tflite.load_model(tmp_path / "m.keras")
    assert len(str(caught.value)) < 900
