"""Building a cache: what is refused, and going on after a kill at any point."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import Preprocessing, TeacherCache, data
from tf_lpdistill.teachers.cache.draft import Draft
from tf_lpdistill.teachers.cache.folder import unfinished

ROOT = pathlib.Path(__file__).parents[2]


def contents(directory):
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


class Stopped(Exception):
    """Stands for a power cut."""


def stop_after(blocks, monkeypatch):
    """Lets a build fail when it has written so many blocks."""
    add = Draft.add

    def counted(self, arrays):
        if len(self.block_rows) == blocks:
            raise Stopped
        add(self, arrays)

    monkeypatch.setattr(Draft, "add", counted)


def test_unbatched_data_and_another_batching_give_the_same_values(tmp_path, cache, teacher, split):
    pixels = Preprocessing((8, 8), "grayscale", "0..1")
    samples = tf.data.Dataset.from_tensor_slices((np.asarray(pixels(split.images)), split.labels))
    other = TeacherCache.build(
        teacher, data.with_sample_ids(samples), tmp_path / "cache", ["features"]
    )
    for name, array in cache.store.arrays.items():
        np.testing.assert_allclose(array, other.store.arrays[name], rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("blocks", [1, 3])
def test_it_goes_on_where_it_stopped(tmp_path, monkeypatch, cache, teacher, once, blocks):
    directory = tmp_path / "cache"
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        stop_after(blocks, patch)
        TeacherCache.build(teacher, once, directory, ["features"])
    assert not directory.exists()
    with pytest.raises(FileNotFoundError, match="no teacher cache.*run the same build to finish"):
        TeacherCache.open(directory)
    runs = []
    with monkeypatch.context() as patch:
        add = Draft.add
        patch.setattr(Draft, "add", lambda *args: runs.append(add(*args)))
        TeacherCache.build(teacher, once, directory, ["features"])
    assert len(runs) == 5 - blocks  # 300 samples in batches of 64
    assert contents(directory) == contents(cache.directory)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("1_features.features.npy", lambda content: content[:-9]),
        ("0_predictions.npy", lambda content: bytes(len(content))),
        ("2_signature.npy", lambda content: content + b"half a row"),
        ("journal", lambda content: content[:-9]),
        ("journal", lambda content: content[: content.index(b"\n") - 9]),
        ("journal", lambda content: content + bytes(40)),
        ("journal", lambda content: b""),
        ("journal", lambda content: content[:300] + b"\xff" + content[301:]),
        ("journal", lambda content: content[:-30] + b"7" + content[-29:]),
        ("journal", lambda content: content.replace(b'"rows": 64', b'"rows": 46')),
        ("2_signature.npy", None),
    ],
)
def test_what_a_power_cut_may_leave_is_never_taken_for_whole(
    tmp_path, monkeypatch, cache, teacher, once, name, harm
):
    directory = tmp_path / "cache"
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        stop_after(3, patch)
        TeacherCache.build(teacher, once, directory, ["features"])
    path = unfinished(directory) / name
    path.write_bytes(harm(path.read_bytes())) if harm else path.unlink()
    TeacherCache.build(teacher, once, directory, ["features"])
    assert contents(directory) == contents(cache.directory)


PROGRAM = """
import sys, time
import keras
from tf_lpdistill import Preprocessing, TeacherCache, data
from tf_lpdistill.teachers.cache import draft

add = draft.Draft.add
draft.Draft.add = lambda *args: (add(*args), time.sleep(0.3))
split = data.load_digits(num_labels=300).train
pixels = Preprocessing((8, 8), color="grayscale", scaling="0..1")
once = data.evaluation_batches(split, pixels, 64, sample_ids=True)
teacher = keras.saving.load_model(sys.argv[1], compile=False)
TeacherCache.build(teacher, once, sys.argv[2], ["features"])
"""


@pytest.mark.slow
def test_killed_and_run_again_it_gives_the_same_bytes(tmp_path, cache, teacher):
    teacher.save(tmp_path / "teacher.keras")
    command = [sys.executable, "-c", PROGRAM, tmp_path / "teacher.keras", tmp_path / "cache"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    journal = unfinished(tmp_path / "cache") / "journal"
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while not journal.is_file() or journal.read_bytes().count(b"\n") < 3:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert 3 <= journal.read_bytes().count(b"\n") < 6
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert contents(tmp_path / "cache") == contents(cache.directory)


def test_two_processes_cannot_write_one_cache(tmp_path, teacher, once):
    with Draft(tmp_path / "cache", {}):
        with pytest.raises(BlockingIOError, match="Another process is building"):
            TeacherCache.build(teacher, once, tmp_path / "cache")


def test_built_again_it_compares_and_does_not_run_the_teacher(cache, teacher, once, monkeypatch):
    before = contents(cache.directory)
    monkeypatch.setattr(Draft, "add", None)
    for dataset in (once, once.unbatch().batch(50)):
        again = TeacherCache.build(teacher, dataset, cache.directory, ["features"])
        assert again.num_samples == 300 and contents(cache.directory) == before


def test_other_settings_teachers_and_data_are_refused(cache, teacher, once, split):
    def build(teacher=teacher, dataset=once, layer_names=("features",), **settings):
        return TeacherCache.build(teacher, dataset, cache.directory, layer_names, **settings)

    for settings, message in [
        ({"dtype": "float32"}, "other settings than these: dtype.*dtype=float32 .there: float16"),
        ({"layer_names": ["relu5"]}, "other settings than these: layer_names"),
        ({"views": "flips"}, "other settings than these: views"),
    ]:
        with pytest.raises(ValueError, match=message):
            build(**settings)
    other = keras.models.clone_model(teacher)
    with pytest.raises(ValueError, match="other settings than these: teacher"):
        build(teacher=other)
    pixels = Preprocessing((8, 8), "grayscale", "0..1")
    inverted = Preprocessing((8, 8), "grayscale", "mean_std", mean=255.0, std=255.0)
    for part, scaling, batch_size, reason in [
        (split, inverted, 64, "batch 0 is not what the teacher saw"),
        (split.take(np.arange(128)), pixels, 64, "there are 128 inputs in the place of 300"),
        (split.take(np.arange(300) % 299), pixels, 64, "batch 4 is not what the teacher saw"),
        (data.load_digits(num_labels=301).train, pixels, 64, "batch 4 is not what"),
        (split.take(np.arange(300)[::-1]), pixels, 64, "batch 0 is not what the teacher saw"),
    ]:
        dataset = data.evaluation_batches(part, scaling, batch_size, sample_ids=True)
        with pytest.raises(ValueError, match=f"made from other data: .*{reason}"):
            build(dataset=dataset)


def test_data_that_cannot_be_cached_are_refused(tmp_path, teacher, split, once, train):
    def build(dataset):
        TeacherCache.build(teacher, dataset, tmp_path / "cache")

    pixels = Preprocessing((8, 8), "grayscale", "0..1")
    without = data.evaluation_batches(split, pixels, 64)
    with pytest.raises(ValueError, match=r"samples with their ids.*sample_ids=True"):
        build(without)
    with pytest.raises(ValueError, match="has no end.*evaluation_batches"):
        build(once.repeat())
    with pytest.raises(ValueError, match="every sample once.*one epoch, not shuffled"):
        build(train)
    with pytest.raises(ValueError, match="Received: sample_id 0 for a second time where 64"):
        build(once.take(1).concatenate(once))
    with pytest.raises(ValueError, match="Received: sample_id 64 where 0 was due"):
        build(once.skip(1))
    with pytest.raises(ValueError, match="at least one. Received: 0 samples"):
        build(once.take(0))
    with pytest.raises(ValueError, match="must be a tf.data.Dataset. Received: ndarray"):
        build(split.images)
    assert not (tmp_path / "cache").exists()


def test_values_that_float16_cannot_hold_are_refused(tmp_path, once):
    def scaled(factor):
        inputs = keras.Input((8, 8, 1))
        x = keras.layers.Flatten()(inputs)
        x = keras.layers.Rescaling(factor, name="features")(x)
        return keras.Model(inputs, keras.layers.Rescaling(1 / factor)(x))

    for factor, size in [(1e6, "large"), (1e-8, "small")]:
        teacher = scaled(factor)
        with pytest.raises(
            ValueError, match=rf"'features.features'.*too {size} for float16.*dtype='float32'"
        ):
            TeacherCache.build(teacher, once, tmp_path / "cache", ["features"])
        assert list(tmp_path.iterdir()) == []  # so that the way out is open
    for factor in (1e6, 1e-8):
        directory = tmp_path / f"{factor}"
        cache = TeacherCache.build(scaled(factor), once, directory, ["features"], dtype="float32")
        assert cache.store.arrays["features.features"].dtype == np.float32
        assert np.isclose(cache.store.arrays["features.features"].max(), factor)
    with pytest.raises(
        ValueError, match=r"'predictions'.*must be finite, in float32. Received: \d+ of"
    ):
        TeacherCache.build(scaled(float("inf")), once, tmp_path / "cache")
    with pytest.raises(ValueError, match="`dtype` must be 'float16' or 'float32'"):
        TeacherCache.build(scaled(1.0), once, tmp_path / "cache", dtype="bfloat16")


def test_a_full_disk_and_an_occupied_folder_are_refused(tmp_path, monkeypatch, teacher, once):
    occupied = tmp_path / "occupied"
    occupied.mkdir()
    (occupied / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match="exists and is not empty"):
        TeacherCache.build(teacher, once, occupied)
    with pytest.raises(FileExistsError, match="thesis.tex exists and is not empty"):
        TeacherCache.build(teacher, once, occupied / "thesis.tex")
    assert (occupied / "thesis.tex").read_text() == "years of work"
    usage = type("Usage", (), {"free": 100})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    with pytest.raises(OSError, match="needs about 0.00 GB, and the disk has"):
        TeacherCache.build(teacher, once, tmp_path / "cache")
    assert [path.name for path in tmp_path.iterdir()] == ["occupied"]


def test_a_folder_that_could_not_be_replaced_is_refused_beforehand(
    tmp_path, monkeypatch, teacher, once
):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(Draft, "begin", None)  # not even begun
    with pytest.raises(
        FileExistsError, match=r"^\. exists and is not empty, or cannot be replaced"
    ):
        TeacherCache.build(teacher, once, ".")
    with pytest.raises(FileNotFoundError, match="no teacher cache in ."):
        TeacherCache.open(".")
    assert list(tmp_path.iterdir()) == [tmp_path / "work"]


def test_an_empty_folder_becomes_the_cache(tmp_path, cache, teacher, once):
    (tmp_path / "cache").mkdir()
    TeacherCache.build(teacher, once, tmp_path / "cache", ["features"])
    assert contents(tmp_path / "cache") == contents(cache.directory)


def test_a_large_build_says_beforehand_what_it_will_take(
    tmp_path, monkeypatch, capsys, teacher, once
):
    monkeypatch.setattr("tf_lpdistill.teachers.cache.build._WORTH_SAYING", 100.0)
    TeacherCache.build(teacher, once, tmp_path / "cache", ["features"])
    assert (
        f"The teacher cache {tmp_path / 'cache'} will take about 0.00 GB."
        in capsys.readouterr().out
    )


def test_names_are_a_list_of_layers_that_the_teacher_has(tmp_path, teacher, once):
    for names in ("features", None):
        with pytest.raises(ValueError, match=f"`layer_names` must be a list.*{names!r}"):
            TeacherCache.build(teacher, once, tmp_path / "cache", names)
    with pytest.raises(ValueError, match="no feature named 'feature'.*'features'"):
        TeacherCache.build(teacher, once, tmp_path / "cache", ["feature"])


def test_the_journal_is_gone_and_the_manifest_is_plain_json(cache):
    assert sorted(path.name for path in cache.directory.iterdir()) == [
        "0_predictions.npy", "1_features.features.npy", "2_signature.npy", "cache.json",
    ]  # fmt: skip
    record = json.loads((cache.directory / "cache.json").read_text())
    assert record["settings"]["layer_names"] == ["features"]
    assert record["block_rows"] == [64, 64, 64, 64, 44]
