import keras
import numpy as np
import pytest

from tf_lpdistill import tflite


def test_a_file_gives_what_keras_gives(phone, grey):
    found = tflite.predict(phone, "float32", grey.test[:20])
    logits = grey.model(grey.preprocessing(grey.test[:20]), training=False)
    np.testing.assert_allclose(found, keras.ops.softmax(logits), atol=1e-5)
    assert found.dtype == np.float32
    rough = tflite.predict(phone.directory, "int8", grey.test[:20])
    assert 1e-5 < np.abs(rough - found).max() < 0.3


def test_a_precision_that_is_not_there_is_named(float_phone, grey):
    with pytest.raises(ValueError, match=r"one of \['float32'\]\. Received: precision='int8'"):
        tflite.predict(float_phone, "int8", grey.test)
