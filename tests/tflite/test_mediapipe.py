"""MediaPipe Tasks opens every file and names Keras's class: `make test-mediapipe`.

MediaPipe and the compression tools want different versions of absl-py, so it has an environment of
its own; the variable MEDIAPIPE_PYTHON names its Python.
"""

import json
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest

from tf_lpdistill import tflite
from tf_lpdistill.tflite import scores, similarity
from tf_lpdistill.tflite.runtime import Runner

PYTHON = os.environ.get("MEDIAPIPE_PYTHON")
CLIENT = pathlib.Path(__file__).with_name("mediapipe_client.py")
ROOT = pathlib.Path(__file__).parents[2]
COUNT = 200

pytestmark = [
    pytest.mark.skipif(not PYTHON, reason="MEDIAPIPE_PYTHON names no Python: make test-mediapipe"),
    pytest.mark.slow,
]


def ask(verb, files, images, folder):
    """`{path: [result of each image]}` as MediaPipe gives them, without TensorFlow."""
    np.savez(folder / "images.npz", x=images)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [PYTHON, str(CLIENT), verb, str(folder / "images.npz"), *map(str, files)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=600,
    )
    assert "RESULTS" in done.stdout, done.stderr
    results = json.loads(done.stdout.split("RESULTS")[1])
    return {pathlib.Path(path): rows for path, rows in results.items()}


def classify(files, images, folder):
    """`{path: (indices, names, scores)}`."""
    results = ask("classify", files, images, folder)
    return {path: tuple(zip(*rows, strict=True)) for path, rows in results.items()}


@pytest.fixture
def run_to_tflite():
    def run(*arguments):
        script = ROOT / "export" / "to_tflite.py"
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, str(script), *arguments], env=environment, check=True)

    return run


def keras_classes(student, images):
    return student.model.predict(student.preprocessing(images), verbose=0).argmax(-1)


@pytest.mark.parametrize("name", ["grey", "colour"])
def test_every_precision(name, export, request, tmp_path):
    student = request.getfixturevalue(name)
    bundle = export(student, tmp_path / "phone", precisions=tflite.ALL_PRECISIONS)
    images = student.test[:COUNT]
    rgb = np.repeat(images, 3, -1) if images.shape[-1] == 1 else images
    expected = keras_classes(student, images)
    results = classify(bundle.files.values(), rgb, tmp_path)
    assert len(results) == len(tflite.ALL_PRECISIONS)
    for precision, path in bundle.files.items():
        indices, names, found = results[path]
        assert list(names) == [bundle.labels[i] for i in indices], "the labels inside the file"
        runner = Runner(path)
        own = np.stack([runner(image) for image in rgb])
        assert (own.argmax(-1) == indices).mean() >= 0.99, precision
        np.testing.assert_allclose(found, own.max(-1), atol=0.02)
        exact = precision in ("float32", "float16")
        assert (expected == indices).mean() >= (1.0 if exact else 0.97), precision


def test_calibrated_scores(grey, export, tmp_path):
    logits = grey.model.predict(grey.preprocessing(grey.test), verbose=0)
    probabilities = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    calibration = tflite.fit_scores(probabilities[COUNT:], grey.labels[COUNT:])
    bundle = export(grey, tmp_path / "phone", precisions=["float32"], score_calibration=calibration)
    images = np.repeat(grey.test[:COUNT], 3, -1)
    ((indices, _, found),) = classify(bundle.files.values(), images, tmp_path).values()
    expected = scores.apply(probabilities[:COUNT], calibration)
    np.testing.assert_array_equal(indices, expected.argmax(-1))
    np.testing.assert_allclose(found, expected.max(-1), atol=1e-4)


def test_an_embedding_student(grey, export, tmp_path):
    pooled = next(
        la for la in grey.model.layers if isinstance(la, keras.layers.GlobalAveragePooling2D)
    )
    student = type(grey)(**vars(grey))
    student.model = keras.Model(grey.model.inputs, pooled.output, name="embedder")
    bundle = export(student, tmp_path / "phone", labels=None, precisions=tflite.ALL_PRECISIONS)
    images = grey.test[:COUNT]
    expected = student.model.predict(grey.preprocessing(images), verbose=0)
    results = ask("embed", bundle.files.values(), np.repeat(images, 3, -1), tmp_path)
    for precision, path in bundle.files.items():
        assert np.shape(results[path]) == (COUNT, 16)
        assert similarity.cosines(results[path], expected).mean() > 0.98, precision


def test_a_strangers_classifier(grey, run_to_tflite, tmp_path):
    """A Keras file of another project, by the script, to what MediaPipe opens."""
    stranger = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Rescaling(1 / 255), grey.model], name="stranger"
    )
    stranger.save(tmp_path / "stranger.keras")
    np.savez(tmp_path / "train.npz", x=grey.train[:200])
    (tmp_path / "labels.txt").write_text("".join(f"digit {i}\n" for i in range(10)))
    run_to_tflite(
        f"--model={tmp_path / 'stranger.keras'}",
        f"--labels={tmp_path / 'labels.txt'}",
        "--input_scaling=0..255",
        f"--representative_data={tmp_path / 'train.npz'}",
        f"--output_dir={tmp_path / 'phone'}",
    )
    bundle = tflite.Bundle.open(tmp_path / "phone")
    rgb = np.repeat(grey.test[:COUNT], 3, -1)
    results = classify(bundle.files.values(), rgb, tmp_path)
    expected = keras_classes(grey, grey.test[:COUNT])
    for precision, path in bundle.files.items():
        assert (results[path][0] == expected).mean() >= 0.97, precision
