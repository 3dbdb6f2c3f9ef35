"""The script as people run it: in a process of its own."""

import json
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest

from tf_lpdistill import tflite
from tf_lpdistill.tflite.metadata import read

ROOT = pathlib.Path(__file__).parents[2]


# Keras 3.15 writes its variables by a call that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
)


def required(folder, scaling="0..1"):
    """The flags that every export needs, for the files of `reader`."""
    return [
        f"--model={folder / 'reader.keras'}",
        f"--labels={folder / 'labels.txt'}",
        f"--input_scaling={scaling}",
    ]


def test_with_an_npz_it_also_verifies(run_script, reader, digits, tmp_path):
    code, out, err = run_script(
        "to_tflite.py",
        *required(reader.folder),
        "--precisions=float32,int8",
        f"--representative_data={reader.folder / 'test.npz'}",
        f"--output_dir={tmp_path / 'phone'}",
    )
    assert code == 0, err
    bundle = tflite.Bundle.open(tmp_path / "phone")
    assert list(bundle.files) == ["float32", "int8"] and bundle.name == "reader"
    assert (bundle.preprocessing.color, bundle.preprocessing.scaling) == ("grayscale", "0..1")
    facts = bundle.facts()["files"]
    assert facts["float32"]["agreement"] == 1.0 and facts["int8"]["agreement"] >= 0.95
    assert facts["float32"]["accuracy"] > 0.8
    table, path = out.strip().split("\n\n")
    assert path == str(tmp_path / "phone")
    for precision, entry in facts.items():
        row = next(line for line in table.splitlines() if f"_{precision}.tflite" in line)
        assert f"{entry['bytes']:,}" in row and f"{entry['accuracy']:.4f}" in row
    model = keras.saving.load_model(reader.folder / "reader.keras")
    verified = tflite.verify(bundle, model, (digits.test.images, digits.test.labels))
    assert verified["float32"]["accuracy"] == facts["float32"]["accuracy"]


def test_with_a_folder_of_images(run_script, reader, tmp_path):
    code, out, err = run_script(
        "to_tflite.py",
        *required(reader.folder, "mean_std"),
        "--mean=0",
        "--std=255",
        f"--representative_data={reader.folder / 'images'}",
        f"--output_dir={tmp_path / 'phone'}",
        "--name=digits",
        "--max_runtime=any",
    )
    assert code == 0, err
    bundle = tflite.Bundle.open(tmp_path / "phone")
    assert list(bundle.files) == list(tflite.PRECISIONS)
    assert bundle.facts()["made_from"]["calibration_images"] == 40
    assert (bundle.preprocessing.mean, bundle.preprocessing.std) == ((0.0,), (255.0,))
    assert read(bundle.files["int8"])[1]["labels.txt"].decode().splitlines()[3] == "digit 3"
    assert "digits_int8.tflite" in out


def test_help_teaches_without_starting_tensorflow(run_script):
    _, out, err = run_script("to_tflite.py", "--help")
    assert "python export/to_tflite.py --model student.keras" in out
    for flag in ("input_scaling", "representative_data", "max_runtime", "precisions", "std"):
        assert f"--{flag}" in out
    assert "cc:" not in err


def test_missing_flags_are_named(run_script):
    code, _, err = run_script("to_tflite.py", "--output_dir=phone")
    assert code == 1
    for flag in ("model", "labels", "input_scaling"):
        assert f"--{flag} must have a value" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--input_scaling=0-1"], "value should be one of <0..255|0..1|-1..1|mean_std>"),
        (
            ["--model=nowhere.keras"],
            "There is no such file or folder. Received: --model=nowhere.keras",
        ),
        (["--representative_data=nowhere"], "Received: --representative_data=nowhere"),
        (["surplus"], "Unknown arguments: ['surplus']"),
    ],
)
def test_flags_are_checked_before_tensorflow_starts(run_script, reader, tmp_path, change, message):
    code, _, err = run_script(
        "to_tflite.py", *required(reader.folder), f"--output_dir={tmp_path / 'phone'}", *change
    )
    assert code == 1
    assert message in err and "Traceback" not in err and "cc:" not in err
    assert not (tmp_path / "phone").exists()


# One process for all mistakes that are found later: TensorFlow takes seconds to start.
DRIVER = """
import contextlib, importlib.util, io, json, sys
from absl import flags
from absl.testing import flagsaver
sys.path.insert(0, sys.argv[1].rpartition("/")[0])
spec = importlib.util.spec_from_file_location("to_tflite", sys.argv[1])
script = importlib.util.module_from_spec(spec)
spec.loader.exec_module(script)
results = {}
for name, arguments in json.load(sys.stdin).items():
    text, code = io.StringIO(), 0
    with flagsaver.flagsaver(), contextlib.redirect_stderr(text):
        with contextlib.redirect_stdout(io.StringIO()):
            flags.FLAGS(["to_tflite.py", *arguments])
            try:
                script.main(["to_tflite.py"])
            except SystemExit as exit:
                code = exit.code
    results[name] = (code, text.getvalue())
print("RESULTS" + json.dumps(results))
"""

MISTAKES = {
    "no images": ([], "int8 needs `representative_data`"),
    "precision": (["--precisions=int4"], "`precisions` must be some of"),
    "no mean": (["--input_scaling=mean_std"], "scaling='mean_std' needs `mean`"),
    "no number": (["--mean=1,x"], "--mean must be numbers"),
    "labels": (
        ["--labels={}/two.txt", "--precisions=float32"],
        "student's 10 outputs. Received: 2 labels",
    ),
    "labels of images": (
        ["--labels={}/two.txt", "--representative_data={}/test.npz"],
        "student's 10 outputs. Received: 2 labels",
    ),
    "float images": (["--representative_data={}/floats.npz"], "must hold x, uint8 images"),
    "labels out of range": (
        ["--representative_data={}/shifted.npz"],
        "`representative_data` must be one integer an image, 0..9",
    ),
    "too few labels": (
        ["--representative_data={}/short.npz"],
        "Received: shape=(7,), dtype=int64 for 500 images",
    ),
    "no images in it": (["--representative_data={}/none.npz"], "at least one image"),
    "other scaling": (
        ["--input_scaling=mean_std", "--mean=128", "--std=3000"]
        + ["--representative_data={}/test.npz"],
        "of the 200 labelled images, and on 9",
    ),
    "scaled twice": (
        ["--model={}/scaling.keras", "--precisions=float32"],
        "its own layer 'inside' the student would see black and white 0.00392 apart",
    ),
    "calibration without labels": (
        ["--precisions=float32", "--score_calibration={}/unlabelled.npz"],
        "must hold labels y as well. Received: --score_calibration=",
    ),
    "other keys": (["--representative_data={}/other.npz"], "with the keys ['images']"),
    "broken npz": (["--representative_data={}/broken.npz"], "The .npz cannot be read"),
    "empty folder": (["--representative_data={}/empty"], "The folder holds no images"),
    "no image": (["--representative_data={}/bad"], "Not an image that can be read. Received: "),
    "no model": (["--model={}/code.keras"], "Keras cannot load the model"),
    "cut model": (["--model={}/cut.keras"], "Keras cannot load the model"),
    "cut h5": (["--model={}/cut.h5"], "The file is cut or is no HDF5"),
    "nan": (["--model={}/nan.keras", "--precisions=float32"], "weights must be finite"),
    "float layers": (["--float_layers=dense"], "takes float32 pixels"),
}


@pytest.fixture(scope="module")
def mistakes(reader, digits, tmp_path_factory):
    """`{name: (exit code, stderr)}`, and the folder of the bundle that was there before."""
    folder = tmp_path_factory.mktemp("mistakes")
    np.savez(folder / "floats.npz", x=np.zeros((3, 8, 8, 1), "float32"))
    np.savez(folder / "other.npz", images=np.zeros((3, 8, 8, 1), "uint8"))
    images, truth = digits.test.images, digits.test.labels.astype("int64")
    np.savez(folder / "test.npz", x=images, y=truth)
    np.savez(folder / "shifted.npz", x=images, y=truth + 5)
    np.savez(folder / "short.npz", x=images, y=truth[:7])
    np.savez(folder / "none.npz", x=images[:0], y=truth[:0])
    np.savez(folder / "unlabelled.npz", x=images)
    (folder / "broken.npz").write_text("no zip")
    (folder / "empty").mkdir()
    (folder / "bad").mkdir()
    (folder / "bad" / "x.png").write_text("no image")
    (folder / "code.keras").write_text("no model")
    (folder / "cut.keras").write_bytes((reader.folder / "reader.keras").read_bytes()[:5000])
    (folder / "cut.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(50))
    model = keras.saving.load_model(reader.folder / "reader.keras")
    model.layers[0].kernel.assign(np.full(model.layers[0].kernel.shape, np.nan))
    model.save(folder / "nan.keras")
    inside = keras.layers.Rescaling(1 / 255, name="inside")
    keras.Sequential([keras.Input((8, 8, 1)), inside, reader.model]).save(folder / "scaling.keras")
    (folder / "two.txt").write_text("one\ntwo\n")
    common = [*required(reader.folder), f"--output_dir={folder / 'phone'}"]
    cases = {"good": [*common, "--precisions=float32"]}
    calibrated = [f"--score_calibration={folder}/test.npz", f"--output_dir={folder}/calibrated"]
    cases["calibrated"] = [*cases["good"], *calibrated]
    for name, (change, _) in MISTAKES.items():
        cases[name] = [*common, *(argument.format(folder) for argument in change)]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(ROOT / "export" / "to_tflite.py")],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.split("RESULTS")[1]), folder / "phone"


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_one_line(mistakes, name):
    code, err = mistakes[0][name]
    assert code == 1
    assert err.startswith("to_tflite: ") and err.count("\n") == 1
    assert MISTAKES[name][1] in err


def test_nothing_half_written_is_left(mistakes):
    hidden = [path.name for path in mistakes[1].parent.iterdir() if path.name.startswith(".")]
    assert hidden == []


def test_an_earlier_bundle_outlives_all_mistakes(mistakes):
    results, directory = mistakes
    assert results["good"][0] == 0
    assert list(tflite.Bundle.open(directory).files) == ["float32"]


def test_scores_are_calibrated_when_asked(mistakes, reader, digits):
    results, directory = mistakes
    assert results["calibrated"] == [0, ""]
    bundle = tflite.Bundle.open(directory.with_name("calibrated"))
    logits = reader.model.predict(digits.test.images / 255.0, verbose=0)
    probabilities = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    expected = tflite.fit_scores(probabilities, digits.test.labels)
    np.testing.assert_allclose(bundle.facts()["score_calibration"], expected, rtol=1e-3, atol=1e-3)
    assert "score_calibration.txt" in read(bundle.files["float32"])[1]
