import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import tflite


@pytest.fixture
def bundle(phone, tmp_path):
    """A copy to write results into."""
    shutil.copytree(phone.directory, tmp_path / "copy")
    return tflite.Bundle.open(tmp_path / "copy")


def test_every_file_on_real_images(bundle, grey):
    result = tflite.verify(bundle, grey.model, (grey.test, grey.labels))
    predicted = grey.model.predict(grey.preprocessing(grey.test), verbose=0).argmax(-1)
    assert result["keras"]["accuracy"] == np.mean(predicted == grey.labels)
    assert result["keras"]["images"] == 500
    assert result["keras"]["accuracy"] > 0.9
    low, high = result["keras"]["accuracy_interval"]
    assert low < result["keras"]["accuracy"] < high and 0.01 < high - low < 0.08
    assert result["float32"]["agreement"] == 1.0
    assert result["float32"]["gain_interval"] == [0.0, 0.0], "image by image the same"
    assert result["float32"]["accuracy"] == result["keras"]["accuracy"]
    assert result["float32"]["max_difference"] < 1e-5
    assert result["float16"]["max_difference"] < 0.02
    for precision in ("float16", "dynamic", "int8"):
        assert result[precision]["agreement"] >= 0.95, precision
        assert result[precision]["accuracy"] >= result["keras"]["accuracy"] - 0.03, precision
        assert 1e-5 < result[precision]["max_difference"] < 0.5, "lower precision shows"
        assert result[precision]["images"] == 500


def test_a_colour_student_that_ends_in_a_softmax(colour, colour_phone, tmp_path):
    copy = shutil.copytree(colour_phone.directory, tmp_path / "copy")
    result = tflite.verify(copy, colour.model, (colour.test[:200], colour.labels[:200]))
    assert result["float32"]["max_difference"] < 1e-5
    assert result["int8"]["agreement"] >= 0.95


def test_results_are_recorded(bundle, grey):
    result = tflite.verify(bundle, grey.model, (grey.test[:20], grey.labels[:20]))
    facts = bundle.facts()
    assert facts["keras"] == result["keras"]
    for precision, numbers in bundle.files.items():
        recorded = facts["files"][precision]
        assert {key: recorded[key] for key in result[precision]} == result[precision]
        assert recorded["file"] == numbers.name, "the other facts stay"
    card = (bundle.directory / "MODEL_CARD.md").read_text()
    assert "Measured on 20 images" in card
    assert f"{result['int8']['accuracy']:.4f}" in card
    assert tflite.Bundle.open(bundle.directory) == bundle


def test_a_dataset_gives_what_arrays_give(bundle, grey):
    x, y = grey.test[:30], grey.labels[:30]
    dataset = tf.data.Dataset.from_tensor_slices((x, y[:, None])).batch(8)
    by_arrays = tflite.verify(bundle, grey.model, (x, y))
    assert tflite.verify(bundle, grey.model, dataset) == by_arrays
    rgb = np.repeat(x, 3, -1).astype("float32")
    by_colour = tflite.verify(bundle, grey.model, (rgb, y))
    for key, value in by_arrays["int8"].items():
        assert by_colour["int8"][key] == pytest.approx(value, abs=1e-5), key


def test_a_mixed_precision_student_is_compared_in_float32(tmp_path, grey):
    keras.config.set_dtype_policy("mixed_bfloat16")
    mixed = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    )
    bundle = tflite.export_bundle(
        mixed,
        tmp_path / "p",
        labels=list("0123456789"),
        preprocessing=grey.preprocessing,
        precisions=["float32"],
    )
    result = tflite.verify(bundle, mixed, (grey.test[:50], grey.labels[:50]))
    assert result["float32"]["max_difference"] < 1e-5


def test_another_student_shows(bundle, grey):
    other = keras.models.clone_model(grey.model)
    result = tflite.verify(bundle, other, (grey.test[:50], grey.labels[:50]))
    assert result["float32"]["agreement"] < 0.6


def test_a_student_with_other_outputs_is_refused(bundle, grey):
    other = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(7)]
    )
    with pytest.raises(ValueError, match="model that was exported.*Received: .* with 7 outputs"):
        tflite.verify(bundle, other, (grey.test[:5], grey.labels[:5]))


def test_a_damaged_file_is_refused(bundle, grey):
    data = bytearray(bundle.files["int8"].read_bytes())
    data[2000] ^= 255
    bundle.files["int8"].write_bytes(data)
    with pytest.raises(ValueError, match="damaged: 'student_int8.tflite'"):
        tflite.verify(bundle, grey.model, (grey.test, grey.labels))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: x, "Received: images without labels"),
        (lambda x, y: (x, y + 5), "one integer an image, 0..9.*values"),
        (lambda x, y: (x, y - 20), "one integer an image, 0..9"),
        (lambda x, y: (x, np.eye(10)[y]), r"shape=\(\d+, 10\), dtype=float64"),
        (lambda x, y: (x, y.astype("float32")), "dtype=float32"),
        (lambda x, y: (x / 255.0, y), "`dataset` must hold raw pixels 0..255"),
        (lambda x, y: (x[:0], y[:0]), "at least one image"),
        (
            lambda x, y: tf.data.Dataset.from_tensor_slices((x, y)).batch(9).repeat(),
            "must end.*dataset.take",
        ),
    ],
)
def test_wrong_data_is_refused_and_nothing_recorded(bundle, grey, change, message):
    before = bundle.facts()
    with pytest.raises(ValueError, match=message):
        tflite.verify(bundle, grey.model, change(grey.test, grey.labels))
    assert bundle.facts() == before
