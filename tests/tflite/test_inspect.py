import pytest
from ai_edge_litert.interpreter import Interpreter

from tf_lpdistill import tflite


def test_facts_agree_with_the_interpreter(phone):
    for precision, path in phone.files.items():
        facts = tflite.inspect_file(path)
        interpreter = Interpreter(str(path))
        interpreter.allocate_tensors()
        for end, details in (
            ("input", interpreter.get_input_details()[0]),
            ("output", interpreter.get_output_details()[0]),
        ):
            assert facts[end]["shape"] == details["shape"].tolist()
            assert facts[end]["dtype"] == details["dtype"].__name__
            assert facts[end]["name"] == details["name"]
        assert facts["bytes"] == path.stat().st_size
        assert 0 < facts["zipped_bytes"] < facts["bytes"]
        assert facts["minimum_runtime"].split(".")[0] in "12", precision


def test_int8_file(phone):
    facts = tflite.inspect_file(phone.files["int8"])
    assert facts["input"] == {
        "name": "serving_default_image:0",
        "shape": [1, 8, 8, 3],
        "dtype": "uint8",
        "scale": 1.0,
        "zero_point": 0,
    }
    assert (facts["int8_share"], facts["float_ops"]) == (1.0, [])
    assert facts["output"]["dtype"] == "float32"


def test_float_files(phone):
    for precision in ("float32", "float16", "dynamic"):
        facts = tflite.inspect_file(phone.files[precision])
        assert (facts["int8_share"], facts["input"]["dtype"]) == (0.0, "float32")
        assert facts["input"]["scale"] is None and facts["input"]["zero_point"] is None


def test_operations_are_counted_with_their_versions(phone):
    ops = tflite.inspect_file(phone.files["float32"])["ops"]
    # Three convolutions of the student and one that is the conversion to grey.
    assert {"name": "CONV_2D", "version": 1, "count": 4} in ops
    names = [op["name"] for op in ops]
    assert names == sorted(names) and {"MEAN", "FULLY_CONNECTED", "SOFTMAX"} < set(names)


def test_no_tflite_file(tmp_path):
    path = tmp_path / "x.tflite"
    path.write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(ValueError, match="Not a TensorFlow Lite file. Received: path=.*x.tflite"):
        tflite.inspect_file(path)


def test_damaged_file(phone, tmp_path):
    path = tmp_path / "x.tflite"
    path.write_bytes(phone.files["float32"].read_bytes()[:200])
    with pytest.raises(ValueError, match="file is damaged"):
        tflite.inspect_file(path)
