"""A small pair of networks, a trainer on few digits, and commands in a process of their own."""

import dataclasses
import json
import pathlib
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from comparing.comparison import Comparison
from results import evaluation
from roles import Layers, Network
from run_folder import Run, claim
from teaching.progress import Progress
from teaching.training import Trainer
from tf_lpdistill import Preprocessing, data, models

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def this_checkout():
    """Lets the processes that tests start see this checkout, whatever is installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        yield


@pytest.fixture(scope="session")
def recipe():
    """Returns a function that runs a recipe: recipe(name, run_dir, *flags)."""

    def run(name, run_dir, *flags):
        return subprocess.run(
            command(name, run_dir, *flags), capture_output=True, text=True, timeout=400, check=False
        )

    return run


@pytest.fixture(scope="session")
def kill_and_resume(recipe):
    """Returns a function that kills a recipe half-way, resumes it, and returns its results.

    kill_and_resume(name, run_dir, *flags, once=pattern) kills it once a file of the run folder
    matches the pattern.
    """

    def run(name, run_dir, *flags, once):
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command(name, run_dir, *flags), **silent) as process:
            try:
                deadline = time.monotonic() + 300
                while not (found := list(run_dir.glob(once))):
                    assert process.poll() is None and time.monotonic() < deadline
                    time.sleep(0.05)
            finally:
                process.kill()
        assert not (run_dir / "results.json").exists()
        kept = found[0].read_bytes()
        done = recipe(name, run_dir, *flags, "--resume")
        assert done.returncode == 0, done.stderr[-3000:]
        assert found[0].read_bytes() == kept
        return json.loads((run_dir / "results.json").read_text())

    return run


def command(name, run_dir, *flags):
    return [sys.executable, str(ROOT / "recipes" / f"{name}.py"), f"--run_dir={run_dir}", *flags]


@pytest.fixture(scope="session")
def write_photos(digits):
    """Returns a function that writes digits as PNG files: write(folder, {class: (digit, n)})."""

    def write(root, classes):
        for name, (digit, number) in classes.items():
            (root / name).mkdir(parents=True, exist_ok=True)
            images = digits.train.images[digits.train.labels == digit][:number]
            assert len(images) == number
            for i, image in enumerate(images):
                png = tf.io.encode_png(np.repeat(np.repeat(image, 4, 0), 4, 1))
                (root / name / f"{i:03d}.png").write_bytes(png.numpy())

    return write


@pytest.fixture
def pair():
    """An untrained teacher and student for the digits."""
    return models.digits_teacher(), models.digits_student()


@pytest.fixture
def layers(pair):
    return Layers(Network.of("teacher", pair[0]), Network.of("student", pair[1]))


@pytest.fixture
def trainer(tmp_path):
    """A trainer in a folder of its own, on the digits."""
    run = Run(tmp_path, tf.distribute.get_strategy())
    pixels = Preprocessing((8, 8), color="grayscale", scaling="0..1")
    progress = Progress(1)
    yield Trainer(run, data.load_digits(), pixels, 50, progress)
    progress.close()


@pytest.fixture
def grid(trainer, pair, layers):
    """A comparison that has trained nothing, with students on disk: "kd" and "alone", two seeds."""
    few = dataclasses.replace(trainer.data, test=trainer.data.test.take(np.arange(60)))
    trainer = dataclasses.replace(trainer, data=few)
    dataset = evaluation.describe(trainer.data, 100)
    claim(trainer.run.directory, {"flags": {}, "dataset": dataset, "command": "python x.py"}, False)
    for key, seed in (("kd", 0), ("kd", 1), ("alone", 0), ("alone", 1)):
        path = trainer.run.path("students", f"{key}_seed{seed}", "student.keras")
        path.parent.mkdir(parents=True)
        models.digits_student().save(path)
    return Comparison(trainer, pair[0], models.digits_student, layers, {}, [0, 1], 1, 100)


@pytest.fixture
def validated():
    """What is on record of the students of `grid`: the second seed is the better one."""
    return {key: [{"validation_accuracy": v} for v in (0.1, 0.2)] for key in ("kd", "alone")}


@pytest.fixture(scope="session")
def little_imagenet_labels(digits):
    """The labels of the images to report on."""
    return digits.test.labels[:16]


@pytest.fixture(scope="session")
def little_imagenet(digits, tmp_path_factory):
    """A folder with data sets in ImageNet's form, prepared by tfds: digits as JPEG, and as PNG."""
    tfds = pytest.importorskip("tensorflow_datasets")

    class LittleImagenet(tfds.core.GeneratorBasedBuilder):
        """64 images to train on and 16 to report on, of several sizes."""

        VERSION = tfds.core.Version("1.0.0")
        CODING = "jpeg"

        def _info(self):
            features = {
                "image": tfds.features.Image(encoding_format=self.CODING),
                "label": tfds.features.ClassLabel(names=[f"digit {i}" for i in range(10)]),
            }
            return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

        def _split_generators(self, dl_manager):
            return {
                "train": self._generate_examples(digits.train, 64),
                "validation": self._generate_examples(digits.test, 16),
            }

        def _generate_examples(self, split, number):
            for i in range(number):
                image = tf.image.resize(split.images[i], (48 + i % 5, 40 + i % 7))
                image = np.repeat(np.clip(np.asarray(image), 0, 255).astype("uint8"), 3, axis=-1)
                yield i, {"image": image, "label": int(split.labels[i])}

    class LittlePng(LittleImagenet):
        """The same in the wrong coding."""

        CODING = "png"

    folder = tmp_path_factory.mktemp("prepared")
    for builder in (LittleImagenet, LittlePng):
        builder(data_dir=folder).download_and_prepare()
    return folder
