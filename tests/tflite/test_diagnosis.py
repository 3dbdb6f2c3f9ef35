"""A student that int8 harms in one known place: verify must name it, and its advice must help."""

import shutil
import types

import keras
import numpy as np
import pytest

from tf_lpdistill import tflite


@pytest.fixture(scope="module")
def harmed(grey):
    """The grey student with one channel 300 times as large after the second convolution.

    The third convolution takes it back, so that the student computes the same as before; but the
    int8 levels of that tensor are spent on one channel.
    """
    model = keras.models.clone_model(grey.model)
    model.set_weights(grey.model.get_weights())
    norm = [la for la in model.layers if isinstance(la, keras.layers.BatchNormalization)][1]
    after = [la for la in model.layers if isinstance(la, keras.layers.Conv2D)][2]
    factors = np.ones(16, "float32")
    factors[0] = 300.0
    gamma, beta, mean, variance = norm.get_weights()
    norm.set_weights([gamma * factors, beta * factors, mean, variance])
    after.set_weights([after.get_weights()[0] / factors[None, None, :, None]])
    return types.SimpleNamespace(**(vars(grey) | {"model": model}), place=(norm.name, after.name))


@pytest.fixture(scope="module")
def result(harmed, export, tmp_path_factory):
    directory = tmp_path_factory.mktemp("harmed") / "phone"
    with pytest.warns(UserWarning, match="agrees with the Keras student on only"):
        bundle = export(harmed, directory, precisions=["float32", "int8"])
    return bundle, tflite.verify(bundle, harmed.model, (harmed.test, harmed.labels))


def test_the_worst_layer_is_named(harmed, result):
    _, scores = result
    assert scores["int8"]["accuracy"] < scores["keras"]["accuracy"] - 0.2
    diagnosis = scores["int8"]["diagnosis"]
    worst = diagnosis["worst_layers"][0]
    norm, after = harmed.place
    assert norm in worst["layers"], "the layer with the large channel"
    assert worst["loss_db"] > 20 > diagnosis["worst_layers"][1]["loss_db"]
    assert {norm, after} <= set(diagnosis["float_layers"])


def test_the_advice_was_measured_and_helps_when_followed(harmed, result, export, tmp_path):
    bundle, scores = result
    diagnosis = scores["int8"]["diagnosis"]
    assert diagnosis["images"] == 500 and diagnosis["accuracy"] == scores["int8"]["accuracy"]
    conversion = tflite.Conversion(int8_input="float32", float_layers=diagnosis["float_layers"])
    cured = export(harmed, tmp_path / "phone", precisions=["int8"], conversion=conversion)
    after = tflite.verify(cured, harmed.model, (harmed.test, harmed.labels))
    assert after["int8"]["accuracy"] >= scores["keras"]["accuracy"] - 0.01
    assert after["int8"]["accuracy"] == pytest.approx(diagnosis["float_layers_accuracy"], abs=0.01)
    assert "diagnosis" not in after["int8"]
    facts = cured.facts()["files"]["int8"]
    assert facts["float_ops"] == ["CONV_2D"] and 0.5 < facts["int8_share"] < 1.0
    assert "computes in float: `" in (cured.directory / "MODEL_CARD.md").read_text()


def test_the_card_says_it(result):
    bundle, scores = result
    card = (bundle.directory / "MODEL_CARD.md").read_text()
    assert "student_int8.tflite loses most in: " in card
    assert scores["int8"]["diagnosis"]["advice"] in card


def test_a_healthy_file_has_no_diagnosis(phone, grey, tmp_path):
    copy = shutil.copytree(phone.directory, tmp_path / "copy")
    scores = tflite.verify(copy, grey.model, (grey.test[:100], grey.labels[:100]))
    assert all("diagnosis" not in entry for entry in scores.values())


def test_unknown_float_layers_are_refused(grey, export, tmp_path):
    conversion = tflite.Conversion(int8_input="float32", float_layers=["conv9"])
    with pytest.raises(ValueError, match=r"`float_layers` must name layers.*Received: \['conv9'\]"):
        export(grey, tmp_path / "p", conversion=conversion)
    assert not any(tmp_path.iterdir())
