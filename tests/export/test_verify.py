import importlib.util
import pathlib

import numpy as np
import pytest
from absl.testing import flagsaver

ROOT = pathlib.Path(__file__).parents[2]


def arguments(reader, data):
    return [
        f"--bundle={reader.bundle.directory}",
        f"--model={reader.folder / 'reader.keras'}",
        f"--data={reader.folder / data}",
    ]


@pytest.fixture(scope="module")
def scored(reader, run_script):
    return run_script("verify.py", *arguments(reader, "test.npz"))


def test_it_prints_what_it_records(reader, scored, digits):
    code, out, err = scored
    assert code == 0, err
    facts = reader.bundle.facts()
    predicted = reader.model.predict(digits.test.images / 255.0, verbose=0).argmax(-1)
    accuracy = np.mean(predicted == digits.test.labels)
    assert facts["keras"]["accuracy"] == facts["files"]["float32"]["accuracy"] == accuracy
    low, high = facts["files"]["float32"]["accuracy_interval"]
    for name in ("reader_float32.tflite", "Keras"):
        row = next(line for line in out.splitlines() if line.startswith(name))
        assert f"{accuracy:.4f}" in row and f"{low:.4f} to {high:.4f}" in row
    assert "500 images." in out
    assert "cc:" not in err, "TensorFlow is silent"


@pytest.fixture
def script(monkeypatch):
    """The script as a module, for what needs no process of its own."""
    monkeypatch.syspath_prepend(ROOT / "export")
    spec = importlib.util.spec_from_file_location("verify_script", ROOT / "export" / "verify.py")
    module = importlib.util.module_from_spec(spec)
    with flagsaver.flagsaver():  # takes the script's flags away again
        spec.loader.exec_module(module)
    return module


def load_labelled(script, path, bundle):
    size = bundle.preprocessing.image_size
    return script.command.read_labelled(path, "data", bundle.labels, size)


def test_folders_of_other_names_are_refused(reader, script, tmp_path):
    image = next((reader.folder / "images").rglob("*.png")).read_bytes()
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "1.png").write_bytes(image)
    with pytest.raises(ValueError, match=r"must be named by the labels .*\['cats'\]"):
        load_labelled(script, tmp_path, reader.bundle)


def test_an_npz_without_labels_is_refused(reader, script, tmp_path):
    np.savez(tmp_path / "x.npz", x=np.zeros((3, 8, 8), "uint8"))
    with pytest.raises(ValueError, match="must hold labels y as well. Received: --data="):
        load_labelled(script, tmp_path / "x.npz", reader.bundle)


def test_the_diagnosis_is_told(reader, script):
    scores = {
        "accuracy": 0.5,
        "accuracy_interval": [0.4, 0.6],
        "gain_interval": [-0.5, -0.3],
        "agreement": 0.55,
        "max_difference": 0.9,
        "images": 40,
    }
    worst = {"tensor": "conv2d_2/convolution", "layers": ["conv2d"], "snr_db": 3.0, "loss_db": 35.5}
    diagnosis = {"worst_layers": [worst], "advice": "Keeping conv2d in float raised it."}
    results = {"float32": scores, "int8": scores | {"diagnosis": diagnosis}, "keras": scores}
    text = script.describe(reader.bundle, results)
    assert "  conv2d: 35.5 dB lost, 3.0 dB left\nKeeping conv2d in float raised it." in text
    assert "-0.5000 to -0.3000" in text


def test_a_folder_of_class_folders(reader, script):
    images, labels = load_labelled(script, reader.folder / "images", reader.bundle)
    assert images.shape == (40, 8, 8, 3) and images.dtype == np.uint8
    found = reader.model.predict(images[..., :1] / 255.0, verbose=0).argmax(-1)
    assert np.mean(found == labels) > 0.7


def test_help_teaches_without_starting_tensorflow(run_script):
    _, out, err = run_script("verify.py", "--help")
    assert "python export/verify.py --bundle phone/" in out and "--seed" in out
    assert "cc:" not in err


def test_nothing_there(run_script):
    code, _, err = run_script("verify.py", "--bundle=nowhere", "--model=a", "--data=b")
    assert (code, err) == (
        1,
        "verify: There is no such file or folder. Received: --bundle=nowhere\n",
    )
