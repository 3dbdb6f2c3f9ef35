import keras
import numpy as np
import pytest

from tf_lpdistill import tflite
from tf_lpdistill.tflite.runtime import Runner


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "`batch_size` must be a positive integer. Received: batch_size=0"),
        ({"batch_size": 2.0}, "Received: batch_size=2.0"),
        ({"int8_input": "int8"}, "`int8_input` must be one of.*Received: int8_input='int8'"),
        ({"float_layers": ["a"]}, "takes float32 pixels.*Give int8_input='float32'"),
    ],
)
def test_wrong_choices_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        tflite.Conversion(**options)


@pytest.fixture(scope="module")
def batched(grey, export, tmp_path_factory):
    return export(
        grey,
        tmp_path_factory.mktemp("batched") / "phone",
        precisions=["float32", "int8", "int16x8"],
        conversion=tflite.Conversion(batch_size=3, int8_input="float32"),
    )


def test_a_batch_gives_each_picture_its_own_row(batched, grey):
    images = np.repeat(grey.test[:3], 3, -1)
    logits = grey.model.predict(grey.preprocessing(grey.test[:3]), verbose=0)
    expected = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    for precision, tolerance in (("float32", 1e-5), ("int16x8", 0.02), ("int8", 0.3)):
        runner = Runner(batched.files[precision])
        assert runner.input_shape == (3, 8, 8, 3)
        found = runner.run_batch(images)
        np.testing.assert_allclose(found, expected, atol=tolerance)
        assert (found.argmax(-1) == expected.argmax(-1)).all()
        np.testing.assert_array_equal(runner(images[1]), runner.run_batch(images[[1] * 3])[0])


def test_int8_takes_floats_where_asked(batched):
    facts = batched.facts()["files"]["int8"]
    assert (facts["input"]["dtype"], facts["int8_share"]) == ("float32", 1.0)


def test_int16x8_is_integer_and_near_the_student(batched, grey):
    facts = batched.facts()["files"]["int16x8"]
    assert (facts["int16_share"], facts["float_ops"]) == (1.0, [])
    result = tflite.verify(batched.directory, grey.model, (grey.test, grey.labels))
    assert result["int16x8"]["agreement"] >= 0.99 >= result["int8"]["agreement"] - 0.01
    assert result["int16x8"]["max_difference"] < result["int8"]["max_difference"]


def test_the_card_tells_the_shapes(batched):
    card = (batched.directory / "MODEL_CARD.md").read_text()
    assert "(3, height, width, 3). float32. Nothing" in card and "(3, 10) float32" in card
