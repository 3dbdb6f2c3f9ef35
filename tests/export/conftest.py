"""A saved model, its bundle and images, and a way to run a script as people do."""

import os
import pathlib
import subprocess
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import tflite
from tf_lpdistill.preprocessing import Preprocessing

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="session")
def run_script():
    """A function (script name, arguments) -> (exit code, stdout, stderr)."""

    def run(script, *arguments):
        done = subprocess.run(
            [sys.executable, str(ROOT / "export" / script), *map(str, arguments)],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"},
            timeout=300,
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture(scope="session")
def reader(digits, tmp_path_factory):
    """A small reader of digits, its labels and bundle, images as .npz and as class folders."""
    folder = tmp_path_factory.mktemp("reader")
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ],
        name="reader",
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    model.fit(digits.train.images / 255.0, digits.train.labels, epochs=5, verbose=0)
    model.save(folder / "reader.keras")
    labels = [f"digit {i}" for i in range(10)]
    bundle = tflite.export_bundle(
        model,
        folder / "phone",
        labels=labels,
        preprocessing=Preprocessing((8, 8), "grayscale", "0..1"),
        precisions=["float32", "int8"],
        representative_data=digits.train.images,
    )
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    np.savez(folder / "test.npz", x=digits.test.images[..., 0], y=digits.test.labels)
    for index, image in enumerate(digits.test.images[:40]):
        path = folder / "images" / labels[digits.test.labels[index]] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tf.io.encode_png(image).numpy())
    return types.SimpleNamespace(folder=folder, model=model, bundle=bundle)
