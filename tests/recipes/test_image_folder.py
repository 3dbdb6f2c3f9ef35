"""From a folder of photos to a bundle, in a process of its own: hostile, killed, refused."""

import csv
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import report, tflite

HTML = "<b onclick=alert(1)>one"
LEFT_OUT = {
    "empty": "the class has no readable image",
    "loop": "a link to no file is not followed",
    "zero/again": "a link to no file is not followed",
    "zero/broken.jpg": "no readable JPEG stream",
    "zero/copy.png": "the same bytes as zero/000.png",
    "zero/notes.txt": "no readable JPEG, PNG, BMP or GIF image",
}
# One white frame and one black one, of a pixel each.
GIF = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f904000a0000002c000000000100010000020244010021f904000a"
    "0000002c00000000010001000002024c01003b"
)


@pytest.fixture(scope="module")
def hostile(write_photos, tmp_path_factory):
    """Digits in three classes among what the folders of real people hold."""
    root = tmp_path_factory.mktemp("photos") / "hostile"
    write_photos(root, {"zero": (0, 60), HTML: (1, 60), "two": (2, 60)})
    jpeg = tf.io.encode_jpeg(np.zeros((40, 40, 3), np.uint8)).numpy()
    (root / "zero" / "broken.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    (root / "zero" / "copy.png").write_bytes((root / "zero" / "000.png").read_bytes())
    (root / "zero" / "notes.txt").write_text("to be sorted")
    (root / "zero" / "again").symlink_to(root / "zero", target_is_directory=True)
    (root / "loop").symlink_to(root / "loop")
    (root / "empty").mkdir()
    deep = np.random.default_rng(0).integers(0, 65536, (32, 32, 3), dtype=np.uint16)
    (root / "two" / "16 bits.png").write_bytes(tf.io.encode_png(deep).numpy())
    (root / "two" / "moving.gif").write_bytes(GIF)
    return root


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Files of a teacher for 16 pixels scaled 0..1, and of a student for 32."""
    folder = tmp_path_factory.mktemp("networks")
    for name, size, filters in (("teacher", 16, 16), ("tiny", 32, 8)):
        inputs = keras.Input((size, size, 3))
        x = keras.layers.Conv2D(filters, 5, 2, activation="relu", name="conv")(inputs)
        x = keras.layers.Conv2D(2 * filters, 3, 2, activation="relu", name="conv2")(x)
        x = keras.layers.GlobalAveragePooling2D(name="features")(x)
        outputs = keras.layers.Dense(3, name="logits")(x)
        keras.Model(inputs, outputs, name=name).save(folder / f"{name}.keras")
    return folder


@pytest.fixture(scope="module")
def flags(hostile, networks):
    """A short run: the teacher is wrapped and trained, one student, a simple augmentation."""
    return [
        f"--data_dir={hostile}", "--image_size=32", "--epochs=3", "--augment=flip",
        f"--teacher={networks}/teacher.keras", "--teacher_scaling=0..1", "--teacher_epochs=2",
        f"--student={networks}/tiny.keras",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def finished(recipe, flags, tmp_path_factory):
    """A finished short run: (its folder, what it printed)."""
    run_dir = tmp_path_factory.mktemp("runs") / "photos"
    done = recipe("image_folder", run_dir, *flags)
    assert done.returncode == 0, done.stderr[-3000:]
    return run_dir, done.stdout


def test_what_was_left_out_is_listed(finished):
    run_dir, printed = finished
    with open(run_dir / "left_out.csv", newline="") as file:
        listed = {line["path"]: line["reason"] for line in csv.DictReader(file)}
    assert list(listed) == sorted(LEFT_OUT)
    for path, reason in LEFT_OUT.items():
        assert listed[path].startswith(reason) and f"{path}: {reason}" in printed
    assert "6 files were left out" in (run_dir / "report.html").read_text()
    assert report.load_run(run_dir).answers.networks.keys() == {
        "teacher",
        "student",
        "alone",
        "int8",
    }


def test_what_is_odd_and_readable_is_kept(finished):
    with open(finished[0] / "classes.csv", newline="") as file:
        counts = {line.pop("class"): sum(map(int, line.values())) for line in csv.DictReader(file)}
    assert counts == {HTML: 60, "two": 62, "zero": 60}


def test_it_ends_with_a_bundle_of_the_chosen_student(finished):
    run_dir, _ = finished
    bundle = tflite.Bundle.open(run_dir / "phone")
    assert set(bundle.files) == set(tflite.PRECISIONS)
    assert (run_dir / "phone" / "labels.txt").read_text().splitlines() == [HTML, "two", "zero"]
    results = json.loads((run_dir / "results.json").read_text())
    chosen = next(row for row in results["rows"] if row["best"])
    assert results["exported"] == chosen["key"]
    student = keras.saving.load_model(run_dir / "student.keras")
    kept = keras.saving.load_model(
        run_dir / "students" / f"{chosen['key']}_seed0" / "student.keras"
    )
    for weight, same in zip(student.get_weights(), kept.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, same)


def test_the_table_has_teacher_alone_and_taught(finished):
    run_dir, printed = finished
    rows = json.loads((run_dir / "results.json").read_text())["rows"]
    assert [row["key"] for row in rows] == ["teacher", "tiny_alone", "tiny_kd_lp"]
    assert [row["name"] for row in rows] == ["Teacher", "tiny, alone", "tiny, KD + LP"]
    for row in rows:
        assert row["name"] in printed and len(row["accuracy"]) == 1
    for row in rows[1:]:
        assert row["tflite"]["int8"]["bytes"] > 0
    with open(run_dir / "history.csv", newline="") as file:
        methods = [line["method"] for line in csv.DictReader(file)]
    assert methods == ["teacher"] * 2 + ["tiny_alone"] * 3 + ["tiny_kd_lp"] * 3


def test_the_report_shows_class_names_as_text_and_size_against_accuracy(finished):
    page = (finished[0] / "report.html").read_text()
    assert "<b onclick" not in page and "&lt;b onclick=alert(1)&gt;one" in page
    assert "Accuracy and its price" in page


def test_the_teacher_kept_in_the_run_takes_the_students_input(finished):
    teacher = keras.saving.load_model(finished[0] / "teacher.keras")
    assert teacher.name == "adapted_teacher" and teacher.input_shape == (None, 32, 32, 3)


def test_a_wrong_flag_is_told_in_a_line(recipe, flags, tmp_path):
    done = recipe("image_folder", tmp_path / "run", *flags, "--student=tiny")
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "--student must be a .keras file or a network's name" in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_help_teaches(recipe):
    done = recipe("image_folder", "unused", "--help")
    assert "python recipes/image_folder.py --data_dir photos/ --run_dir runs/photos" in done.stdout
    assert "--teacher_scaling" in done.stdout and "rand_augment, mixup, cutmix" in done.stdout


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_numbers(finished, kill_and_resume, flags, tmp_path):
    once = "students/*/result.json"
    resumed = kill_and_resume("image_folder", tmp_path / "photos", *flags, once=once)
    first = json.loads((finished[0] / "results.json").read_text())
    accuracies = [[row["accuracy"] for row in results["rows"]] for results in (first, resumed)]
    assert accuracies[0] == accuracies[1]


@pytest.mark.slow
def test_other_photos_are_not_gone_on_with(recipe, write_photos, flags, tmp_path):
    write_photos(tmp_path / "photos", {"a": (0, 50), "b": (1, 50), "c": (2, 50)})
    flags = [*flags, f"--data_dir={tmp_path / 'photos'}", "--epochs=1", "--teacher_epochs=1"]
    assert recipe("image_folder", tmp_path / "run", *flags).returncode == 0
    next(iter((tmp_path / "photos" / "a").iterdir())).unlink()
    done = recipe("image_folder", tmp_path / "run", *flags, "--resume")
    assert done.returncode != 0 and "only on its own data, and these have changed" in done.stderr


@pytest.mark.slow
def test_photographs_by_default_and_by_funmatch(recipe, real_data_dir, tmp_path):
    write_clothes(real_data_dir, tmp_path / "clothes")
    backbone = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(32, 32, 3)
    )
    backbone.save_weights(tmp_path / "backbone.weights.h5")
    short = [
        f"--data_dir={tmp_path / 'clothes'}", "--image_size=32", "--epochs=1", "--teacher_epochs=1",
        f"--teacher_weights={tmp_path / 'backbone.weights.h5'}", "--student=small",
    ]  # fmt: skip
    for preset, key in (("standard", "small_kd_lp"), ("funmatch", "small_funmatch")):
        run_dir = tmp_path / preset
        done = recipe("image_folder", run_dir, *short, f"--preset={preset}")
        assert done.returncode == 0, done.stderr[-3000:]
        assert "fine-tuned from" in done.stdout and "imbalanced" in done.stdout
        rows = json.loads((run_dir / "results.json").read_text())["rows"]
        assert [row["key"] for row in rows] == ["teacher", "small_alone", key]
        assert tflite.Bundle.open(run_dir / "phone").files


def write_clothes(real_data_dir, root):
    """Writes the test photographs of clothes as class folders."""
    with np.load(f"{real_data_dir}/clothing64_jpeg.npz") as arrays:
        streams, offsets = arrays["jpeg_test"].tobytes(), arrays["offset_test"]
        labels, names = arrays["y_test"], arrays["class_names"]
    for i, label in enumerate(labels):
        (root / names[label]).mkdir(parents=True, exist_ok=True)
        (root / names[label] / f"{i:04d}.jpg").write_bytes(streams[offsets[i] : offsets[i + 1]])
