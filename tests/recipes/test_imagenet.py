"""ImageNet's recipe on a little data set of its form, in a process of its own."""

import csv
import io
import json
import types

import keras
import numpy as np
import pytest

import imagenet
from tf_lpdistill import tflite


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Files of a teacher for 24 pixels scaled 0..1, and of a student for 32."""
    folder = tmp_path_factory.mktemp("networks")
    for name, size, filters in (("teacher", 24, 16), ("tiny", 32, 8)):
        inputs = keras.Input((size, size, 3))
        x = keras.layers.Conv2D(filters, 5, 2, activation="relu", name="conv")(inputs)
        x = keras.layers.GlobalAveragePooling2D(name="features")(x)
        outputs = keras.layers.Dense(10, name="logits")(x)
        keras.Model(inputs, outputs, name=name).save(folder / f"{name}.keras")
    return folder


@pytest.fixture(scope="module")
def flags(little_imagenet, networks):
    """A run of a few steps: the teacher is wrapped and taken as it is, two students."""
    return [
        f"--data_dir={little_imagenet}", "--dataset=little_imagenet", "--image_size=32",
        "--epochs=2", "--batch_size=20", "--phone_images=8", "--methods=kd_lp",
        f"--teacher={networks}/teacher.keras", "--teacher_scaling=0..1",
        f"--student={networks}/tiny.keras",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def finished(recipe, flags, tmp_path_factory):
    """A finished run: (its folder, what it printed)."""
    run_dir = tmp_path_factory.mktemp("runs") / "imagenet"
    done = recipe("imagenet", run_dir, *flags)
    assert done.returncode == 0, done.stderr[-3000:]
    return run_dir, done.stdout


def test_it_ends_with_a_table_a_report_and_a_bundle(finished):
    run_dir, printed = finished
    assert "teacher: " in printed and "% of the images that are held out" in printed
    results = json.loads((run_dir / "results.json").read_text())
    rows = {row["key"]: row for row in results["rows"]}
    assert list(rows) == ["teacher", "alone", "kd_lp"]
    for row in rows.values():
        assert row["name"] in printed
        assert 0 <= row["accuracy"][0] <= row["top5"][0] <= 1
    assert f"Report: {run_dir / 'report.html'}" in printed and "8 of the 16 images" in printed
    chosen = rows[results["exported"]]
    assert chosen["best"] and chosen["tflite"]["int8"]["bytes"] > 0
    bundle = tflite.Bundle.open(run_dir / "phone")
    assert set(bundle.files) == set(tflite.PRECISIONS)
    assert (run_dir / "phone" / "labels.txt").read_text().splitlines()[3] == "digit 3"
    card = (run_dir / "phone" / "MODEL_CARD.md").read_text()
    assert "little_imagenet, colour images cut to 32x32 pixels" in card
    assert f"{chosen['name']}, by `python " in card
    keras.saving.load_model(run_dir / "student.keras")


def test_the_report_shows_what_networks_say_of_single_images(finished):
    run_dir = finished[0]
    with np.load(run_dir / "answers.npz") as answers:
        names = {"teacher_classes", "student_classes", "alone_classes", "int8_classes"}
        assert names <= set(answers) and len(answers["labels"]) == 8
    page = (run_dir / "report.html").read_text()
    for section in ("mistakes", "confidence", "maps", "neighbours", "watched"):
        assert f'<section id="{section}"' in page


def test_curves_of_every_student(finished):
    with open(finished[0] / "history.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["method"], line["epoch"]) for line in lines] == [
        ("alone", "1"), ("alone", "2"), ("kd_lp", "1"), ("kd_lp", "2"),
    ]  # fmt: skip
    assert lines[2]["locality_preserving"] and lines[2]["val_accuracy"]
    assert not lines[1]["share/locality_preserving"]
    assert all(0 < float(line["share/locality_preserving"]) < 1 for line in lines[2:])
    assert not list(finished[0].glob("students/*/backup"))


def test_the_teacher_takes_the_students_input(finished):
    teacher = keras.saving.load_model(finished[0] / "teacher.keras")
    assert teacher.name == "adapted_teacher" and teacher.input_shape == (None, 32, 32, 3)


@pytest.mark.parametrize("epochs", [1, 10, 16, 100])
@pytest.mark.parametrize("schedule", ["step", "cosine"])
def test_the_rate_reaches_its_height_however_short_the_training(monkeypatch, epochs, schedule):
    chosen = types.SimpleNamespace(
        learning_rate=0.1, batch_size=256, warmup_epochs=5.0, epochs=epochs, schedule=schedule
    )
    monkeypatch.setattr(imagenet, "FLAGS", chosen)
    optimizer, rates = imagenet.optimizer()(1000), []
    for step in range(0, 1000, 9):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(0.1, rel=1e-3) and rates[0] < 0.02
    assert rates[:top] == sorted(rates[:top]) and rates[-1] < 0.001
    assert rates[top:] == sorted(rates[top:], reverse=True)


@pytest.mark.slow
def test_help_teaches(recipe):
    done = recipe("imagenet", "unused", "--help")
    assert "imagenet2012: register at image-net.org" in done.stdout
    assert "--pair: <resnet34_resnet18|resnet101_inception_bn|resnet50_mobilenet>" in done.stdout


@pytest.mark.slow
def test_a_data_set_that_is_not_there_is_told_in_a_line(recipe, flags, tmp_path):
    done = recipe("imagenet", tmp_path / "run", *flags, "--dataset=imagenet2012")
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "The data set 'imagenet2012' is not prepared" in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_killed_run_goes_on(kill_and_resume, flags, tmp_path):
    run_dir = tmp_path / "imagenet"
    longer = [*flags, "--epochs=6"]
    results = kill_and_resume("imagenet", run_dir, *longer, once="students/alone_seed0/result.json")
    assert [row["key"] for row in results["rows"]] == ["teacher", "alone", "kd_lp"]
    with open(run_dir / "history.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["epoch"] for line in lines] == list("123456") * 2
    assert all(np.isfinite(float(line["loss"])) for line in lines)


@pytest.mark.slow
def test_photographs_on_real_networks_in_half_precision(recipe, real_data_dir, tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")
    with np.load(f"{real_data_dir}/clothing64_jpeg.npz") as arrays:
        streams, offsets = arrays["jpeg_test"].tobytes(), arrays["offset_test"]
        labels, names = arrays["y_test"], arrays["class_names"].tolist()

    class LittleClothes(tfds.core.GeneratorBasedBuilder):
        """80 photographs, as their files are."""

        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = {
                "image": tfds.features.Image(encoding_format="jpeg"),
                "label": tfds.features.ClassLabel(names=names),
            }
            return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

        def _split_generators(self, dl_manager):
            return {
                "train": self._generate_examples(range(64)),
                "validation": self._generate_examples(range(64, 80)),
            }

        def _generate_examples(self, numbers):
            for i in numbers:
                file = io.BytesIO(streams[offsets[i] : offsets[i + 1]])
                yield i, {"image": file, "label": names[labels[i]]}

    LittleClothes(data_dir=tmp_path).download_and_prepare()
    done = recipe(
        "imagenet", tmp_path / "run", f"--data_dir={tmp_path}", "--dataset=little_clothes",
        "--image_size=32", "--epochs=1", "--batch_size=30", "--phone_images=8",
        "--teacher=resnet32", "--student=resnet20", "--mixed_precision",
        "--strategy=mirrored", "--schedule=cosine", "--methods=locality_preserving",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    rows = json.loads((tmp_path / "run" / "results.json").read_text())["rows"]
    assert [row["key"] for row in rows] == ["teacher", "alone", "locality_preserving"]
    with open(tmp_path / "run" / "history.csv", newline="") as file:
        assert [line["method"] for line in csv.DictReader(file)] == [row["key"] for row in rows]
