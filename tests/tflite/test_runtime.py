import os
import sys

import numpy as np
import pytest

from tf_lpdistill.tflite import runtime


def test_quiet_silences_the_descriptor_and_gives_it_back(capfd):
    with runtime.quiet():
        os.write(2, b"from C++\n")
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "afterwards\n"


def test_quiet_gives_it_back_after_an_error(capfd):
    with pytest.raises(KeyError), runtime.quiet():
        raise KeyError
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "afterwards\n"


def test_runner(phone):
    runner = runtime.Runner(phone.files["int8"])
    assert runner.input_shape == (1, 8, 8, 3)
    image = np.full((8, 8, 3), 200, np.uint8)
    first = runner(image)
    assert first.shape == (10,) and first.dtype == np.float32
    runner(np.zeros((8, 8, 3), np.uint8))
    np.testing.assert_array_equal(first, runner(image))


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "x.tflite"
    path.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="LiteRT cannot open the file.*Received: path=.*x.tflite"):
        runtime.Runner(path)


def test_a_missing_package_is_explained(monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with pytest.raises(ImportError, match=r"pip install .*tf_lpdistill\[tflite\]"):
        runtime.import_interpreter()
