import numpy as np
import pytest

from tf_lpdistill.tflite import graph, snr
from tf_lpdistill.tflite.convert import convert, phone_function
from tf_lpdistill.tflite.keras_student import frozen


def test_decibels():
    """10 log10(100 / 1) = 20 and 10 log10(1 / 1) = 0; a dead channel says nothing."""
    assert snr.decibels(np.array([100.0, 1.0, 0.0]), np.array([1.0, 1.0, 5.0])) == 10.0
    assert snr.decibels(np.array([1.0]), np.array([0.0])) == 60.0
    assert snr.decibels(np.array([1.0]), np.array([1e9])) == 0.0
    assert snr.decibels(np.zeros(2), np.zeros(2)) == 60.0


@pytest.fixture(scope="module")
def float_model(grey):
    return convert(phone_function(frozen(grey.model), grey.preprocessing, True), "float32")


def test_every_activation_of_an_int8_file_is_compared(grey, float_model, phone):
    images = np.repeat(grey.test[:8], 3, -1)
    found = snr.compare(float_model, phone.files["int8"].read_bytes(), images)
    written = [operation.output for operation in graph.operations(float_model)]
    assert [noise.tensor for noise in found] == written
    assert all(15.0 < noise.snr < 60.0 for noise in found[:-1]), "8 bits, not less and not more"
    assert found[0].readers == (found[1].tensor,) and found[-1].readers == ()


def test_a_file_against_itself_loses_nothing(grey, float_model):
    images = np.repeat(grey.test[:3], 3, -1)
    for noise in snr.compare(float_model, float_model, images):
        assert (noise.snr, noise.loss) == (60.0, 0.0)


def test_the_loss_is_against_the_noisiest_input(grey, float_model, phone):
    images = np.repeat(grey.test[:8], 3, -1)
    found = snr.compare(float_model, phone.files["int8"].read_bytes(), images)
    for before, after in zip(found, found[1:], strict=False):
        if before.readers == (after.tensor,):
            assert after.loss == pytest.approx(before.snr - after.snr)
