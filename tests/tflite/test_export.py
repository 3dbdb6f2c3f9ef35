import hashlib
import shutil
import sys
import zlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import tflite
from tf_lpdistill.preprocessing import Preprocessing
from tf_lpdistill.tflite import keras_student, rules


def snapshot(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_the_folder_holds_what_an_app_needs(phone):
    assert set(snapshot(phone.directory)) == {
        "student_float32.tflite",
        "student_float16.tflite",
        "student_dynamic.tflite",
        "student_int8.tflite",
        "labels.txt",
        "bundle.json",
        "MODEL_CARD.md",
    }
    assert list(phone.files) == list(tflite.PRECISIONS)
    assert (phone.directory / "labels.txt").read_text().splitlines() == list(phone.labels)


def test_the_facts_are_true(phone, grey):
    facts = phone.facts()
    assert facts["labels"] == list(phone.labels)
    assert Preprocessing(**facts["preprocessing"]) == grey.preprocessing
    assert facts["softmax_added"] is True
    assert facts["made_from"] == {
        "student": "student",
        "parameters": grey.model.count_params(),
        "calibration_images": 200,
        "quantization_aware": False,
        "conversion": {"batch_size": 1, "int8_input": "uint8", "float_layers": []},
    }
    assert facts["versions"]["keras"] == keras.version()
    assert facts["versions"]["tensorflow"] == tf.__version__
    for precision, entry in facts["files"].items():
        data = (phone.directory / entry["file"]).read_bytes()
        assert entry["bytes"] == len(data)
        assert entry["zipped_bytes"] == len(zlib.compress(data, 9))
        assert entry["sha256"] == hashlib.sha256(data).hexdigest()
        assert rules.version(entry["minimum_runtime"]) <= (2, 17, 0), precision


def test_sizes_fall_with_the_precision(phone):
    sizes = {precision: entry["bytes"] for precision, entry in phone.facts()["files"].items()}
    assert sizes["float32"] > sizes["float16"] > max(sizes["dynamic"], sizes["int8"])


def test_a_name_and_words_of_ones_own(grey, export, tmp_path):
    about = tflite.About("Digits.", "2.1", "A. Uthor", "Apache-2.0")
    bundle = export(grey, tmp_path / "p", precisions="float32", name="digits-v2", about=about)
    assert bundle.files["float32"].name == "digits-v2_float32.tflite"
    card = (bundle.directory / "MODEL_CARD.md").read_text()
    for words in ("# digits-v2", "Digits.", "Version 2.1.", "Author: A. Uthor.", "Apache-2.0"):
        assert words in card


def test_the_student_is_not_changed(grey, export, tmp_path):
    before = [weight.copy() for weight in grey.model.get_weights()]
    config = grey.model.get_config()
    export(grey, tmp_path / "p", precisions=["float32", "int8"])
    for old, new in zip(before, grey.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert grey.model.get_config() == config


def test_an_export_is_reproducible(grey, export, tmp_path):
    a, b = (export(grey, tmp_path / n, precisions=["float32", "int8"]) for n in "ab")
    assert snapshot(a.directory) == snapshot(b.directory)


def test_it_replaces_an_earlier_bundle(grey, export, tmp_path):
    export(grey, tmp_path / "p", precisions=["float32", "float16"])
    later = export(grey, tmp_path / "p", precisions=["dynamic"], name="later")
    assert set(snapshot(later.directory)) == {
        "later_dynamic.tflite",
        "labels.txt",
        "bundle.json",
        "MODEL_CARD.md",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_demo_page_is_part_of_the_bundle(grey, export, float_phone):
    (float_phone.directory / "demo").mkdir()
    (float_phone.directory / "demo.html").write_text("page")
    with pytest.raises(ValueError, match=r"would lose them.*\['demo', 'demo.html'\]"):
        export(grey, float_phone.directory, precisions=["float32"])
    float_phone.record(float_phone.facts() | {"demo": ["demo.html", "demo"]})
    later = export(grey, float_phone.directory, precisions=["float32"])
    assert not (later.directory / "demo.html").exists()


def test_a_failing_export_leaves_the_earlier_bundle(grey, export, float_phone, monkeypatch):
    before = snapshot(float_phone.directory)

    def fail(*args):
        raise OSError("no space left on device")

    monkeypatch.setattr(rules, "check_results", fail)
    with pytest.raises(OSError, match="no space left"):
        export(grey, float_phone.directory, precisions=["float32", "float16"])
    assert snapshot(float_phone.directory) == before
    assert [path.name for path in float_phone.directory.parent.iterdir()] == ["phone"]


def test_other_peoples_files_are_not_replaced(grey, export, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match="would lose them"):
        export(grey, tmp_path, precisions=["float32"])
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("precision", "max_runtime"), [("int8", "1.13.9"), ("float16", "1.14"), ("dynamic", "2.3.1")]
)
def test_a_file_for_a_newer_runtime_is_refused(grey, export, tmp_path, precision, max_runtime):
    message = f"student_{precision}.tflite needs TensorFlow Lite .*max_runtime='{max_runtime}'"
    with pytest.raises(ValueError, match=message):
        export(grey, tmp_path / "p", precisions=["float32", precision], max_runtime=max_runtime)
    assert not (tmp_path / "p").exists()


def test_any_runtime(grey, export, tmp_path):
    bundle = export(grey, tmp_path / "p", precisions=["float32"], max_runtime=None)
    assert bundle.facts()["max_runtime"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": list("abc")}, "student's 10 outputs. Received: 3 labels"),
        ({"labels": ["x"] * 10}, "must be unique"),
        ({"precisions": ["float32", "int4"]}, "`precisions` must be some of.*'int4'"),
        ({"precisions": []}, "`precisions` must be some of"),
        ({"precisions": ["int8", "int8"]}, "each once"),
        ({"representative_data": None}, "int8 needs `representative_data`"),
        ({"name": "../up"}, "`name` becomes part of file names.*Received: name='../up'"),
        ({"max_runtime": "new"}, "`max_runtime` must be a version.*'new'"),
        ({"max_runtime": 2.17}, "`max_runtime` must be a version.*2.17"),
        ({"preprocessing": Preprocessing((9, 9), "grayscale")}, r"\(batch, 9, 9, 1\)"),
    ],
)
def test_wrong_arguments_are_refused_before_any_work(grey, export, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        export(grey, tmp_path / "p", **options)
    assert not any(tmp_path.iterdir())


def test_without_litert_nothing_is_converted(grey, export, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with pytest.raises(ImportError, match=r'pip install "tf_lpdistill\[tflite\]"'):
        export(grey, tmp_path / "phone")
    assert not (tmp_path / "phone").exists()


def test_nan_weights_are_refused(export, grey, tmp_path):
    bad = keras.models.clone_model(grey.model)
    weights = grey.model.get_weights()
    weights[0][0, 0, 0, 0] = np.nan
    bad.set_weights(weights)
    with pytest.raises(ValueError, match="weights must be finite"):
        tflite.export_bundle(
            bad, tmp_path / "p", labels=list("0123456789"), preprocessing=grey.preprocessing
        )
    assert not any(tmp_path.iterdir())


def test_a_file_that_computes_something_else_is_refused(grey, export, tmp_path, monkeypatch):
    frozen = keras_student.frozen

    def doubled(student):
        call = frozen(student)
        return lambda inputs: 2.0 * call(inputs)

    monkeypatch.setattr(keras_student, "frozen", doubled)
    with pytest.raises(RuntimeError, match="does not compute what the Keras student does"):
        export(grey, tmp_path / "p", precisions=["float32"])
    assert not any(tmp_path.iterdir())


def test_a_precision_that_the_student_does_not_bear_is_a_warning(phone, grey):
    images = np.repeat(grey.test[:20], 3, -1)
    elsewhere = np.eye(10, dtype="float32")[(grey.labels[:20] + 1) % 10]
    with pytest.warns(UserWarning, match="agrees with the Keras student on only .*'float16'"):
        rules.check_results(phone.files["int8"], "int8", images, elsewhere, real=True)
    rules.check_results(phone.files["int8"], "int8", images, elsewhere, real=False)


def test_a_float_file_is_not_taken_for_int8(phone):
    facts = phone.facts()["files"]["float32"]
    with pytest.raises(ValueError, match="is not an int8 file.*0% int8 operations.*CONV_2D"):
        rules.check_integers("x.tflite", "int8", facts)
    shifted = phone.facts()["files"]["int8"]
    shifted["input"]["scale"] = 0.9
    with pytest.raises(ValueError, match="scale 1 and zero point 0"):
        rules.check_integers("x.tflite", "int8", shifted)


def test_pale_pictures_do_not_shift_the_int8_pixels(grey, export, tmp_path):
    """MediaPipe hands over raw bytes: the scale must be 1 whatever was calibrated with."""
    pale = (grey.train // 3 + 60).astype(np.uint8)
    pale_student = type(grey)(**(vars(grey) | {"train": pale}))
    bundle = export(pale_student, tmp_path / "p", precisions=["int8"])
    entry = bundle.facts()["files"]["int8"]["input"]
    assert (entry["scale"], entry["zero_point"]) == (1.0, 0)


def test_odd_model_names_become_file_names():
    assert rules.check_name(None, "my student/α") == "my_student"
    assert rules.check_name(None, "***") == "student"


def test_an_unknown_runtime_is_refused_only_under_a_limit():
    rules.check_runtime("x", None, None)
    with pytest.raises(ValueError, match="of an unknown version"):
        rules.check_runtime("x", None, "2.17.0")
    rules.check_runtime("x", "1.10.0", "1.10")


def test_a_moved_bundle_still_opens(float_phone, tmp_path):
    shutil.move(float_phone.directory, tmp_path / "elsewhere")
    assert tflite.Bundle.open(tmp_path / "elsewhere").labels == float_phone.labels
