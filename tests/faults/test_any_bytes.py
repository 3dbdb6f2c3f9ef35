"""Any bytes at all, drawn by Hypothesis, given to every reader of ours: an error in words."""

import contextlib
import json
import pathlib
import tempfile
import types

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import run_folder
from locality import raw
from search import journal
from teaching import curves
from tf_lpdistill import (
    NeighborGraph,
    TeacherCache,
    cluster,
    data,
    distribution,
    files,
    losses,
    models,
    saving,
    schedules,
    tflite,
)
from tf_lpdistill.data.decode import decode_image
from tf_lpdistill.data.exif import orientation
from tf_lpdistill.report.answers import read_answers
from tf_lpdistill.report.history import read_history
from tf_lpdistill.report.load import load_run
from tf_lpdistill.report.neighbors import read_neighbors
from tf_lpdistill.report.record import Record
from tf_lpdistill.teachers.cache.draft import _sound_records
from tf_lpdistill.tflite import label_file, metadata

SETTINGS = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
HEADS = (b"", b"PK\x03\x04", b"\x93NUMPY\x01\x00v\x00", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1")
HEADS += (b"GIF89a", b"BM", b"\x89HDF\r\n\x1a\n", b"{", b"00000000 {}\n")
HEADS += (b"\x1c\0\0\0TFL3", b"method,seed,epoch,loss\nkd,", f"{','.join(raw.FIELDS)}\n".encode())
HEADS += (b'{"op_code":0,"worker_id":"a","study_name":"tune"}\n', b"\x12\x04\x12\x02")
BYTES = st.builds(lambda head, body: head + body, st.sampled_from(HEADS), st.binary(max_size=300))
REFUSALS = (ValueError, FileNotFoundError)
KD = types.SimpleNamespace(key="kd", name="KD")
# reader: (name of its file, what reads it)
OF_BYTES = {
    "read_arrays": ("a.npz", files.read_arrays),
    "load_npz": ("a.npz", data.load_npz),
    "NeighborGraph.load": ("a.npz", NeighborGraph.load),
    "saving.load_model": ("a.keras", saving.load_model),
    "tflite.load_model": ("a.h5", tflite.load_model),
    "Bundle.open": ("bundle.json", lambda path: tflite.Bundle.open(path.parent)),
    "TeacherCache.open": ("cache.json", lambda path: TeacherCache.open(path.parent)),
    "Record.read": ("results.json", Record.read),
    "label_file.read": ("labels.txt", label_file.read),
    "decode_image": ("a.png", lambda path: decode_image(path.read_bytes())),
    "inspect_file": ("a.tflite", tflite.inspect_file),
    "metadata.read": ("a.tflite", metadata.read),
    "a SavedModel": ("saved_model.pb", lambda path: tflite.load_model(path.parent)),
    "read_answers": ("answers.npz", lambda path: read_answers(path, 10)),
    "read_neighbors": ("neighbors.npz", lambda path: read_neighbors(path, 10)),
    "read_history": ("history.csv", lambda path: read_history(path, [KD])),
    "read_sealed_json": ("result.json", files.read_sealed_json),
    "run_folder.read_config": ("config.json", run_folder.read_config),
    "curves.read_history": ("history.csv", curves.read_history),
    "rows of a study": ("runs.csv", raw.read),
}
OF_TEXT = {
    "models.get": models.get,
    "losses.get": losses.get,
    "get_strategy": distribution.get_strategy,
    "read_tf_config": cluster.read_tf_config,
    "label_file.check": lambda text: label_file.check([text, "other"], 2),
    "Augmentation": lambda text: data.Augmentation((text,)),
}
FIELDS = ["files", "labels", "labels_file", "name", "specs", "preprocessing", "softmax_added"]
SETTINGS_OF_CACHE = ["teacher", "ensemble", "dtype", "inputs", "views", "augmented", "seed"]
ROW = {"file": st.just("a.npy"), "shape": JSON, "dtype": st.just("float16") | JSON}
CACHE = {
    "settings": st.fixed_dictionaries(dict.fromkeys(SETTINGS_OF_CACHE, JSON)) | JSON,
    "outputs": st.just({"predictions": "a", "features": {}}) | JSON,
    "specs": st.dictionaries(st.just("a"), st.fixed_dictionaries(ROW) | JSON) | JSON,
    "block_rows": st.lists(st.integers(), max_size=2) | JSON,
    "crc32": st.dictionaries(st.just("a"), st.lists(st.integers(), max_size=2)) | JSON,
}
OF_JSON = {
    "Bundle.open": (
        "bundle.json", {"format": "tf_lpdistill.bundle/1"},
        st.dictionaries(st.sampled_from(FIELDS), JSON),
    ),
    "TeacherCache.open": (
        "cache.json", {"format": "tf_lpdistill teacher cache 1"}, st.fixed_dictionaries(CACHE)
    ),
    "run_folder.claim": ("config.json", {}, st.fixed_dictionaries({"flags": JSON}) | JSON),
}  # fmt: skip


def refused_or_read(read, name, content):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / name
        path.write_bytes(content)
        try:
            return read(path)
        except REFUSALS as error:
            assert len(str(error)) > 10
    return None


@pytest.mark.parametrize("reader", OF_BYTES)
def test_any_bytes(reader, record_property):
    name, read = OF_BYTES[reader]
    record_property("tried", SETTINGS.max_examples)

    @SETTINGS
    @given(BYTES)
    def run(content):
        refused_or_read(read, name, content)

    run()


@pytest.mark.parametrize("reader", OF_JSON)
def test_any_json_of_the_right_format(reader, record_property):
    name, format, drawn = OF_JSON[reader]
    readers = {name: read for name, (_, read) in OF_BYTES.items()} | {"run_folder.claim": claim}
    record_property("tried", SETTINGS.max_examples)

    @SETTINGS
    @given(drawn)
    def run(fields):
        if format:
            fields = {**fields, **format}
            fields["sha256"] = files.json_sha256(fields)  # who can write a file can seal it
        refused_or_read(readers[reader], name, json.dumps(fields).encode())

    run()


def claim(path):
    run_folder.claim(path.parent, {"flags": {"epochs": 1}}, resume=True)


@pytest.mark.parametrize("reader", OF_BYTES)
def test_json_that_is_nested_too_deeply(reader):
    name, read = OF_BYTES[reader]
    refused_or_read(read, name, b"[" * 100_000)


CLUSTER = st.fixed_dictionaries({
    "cluster": st.dictionaries(
        st.sampled_from(["worker", "chief"]) | st.text(max_size=4),
        st.lists(st.sampled_from(["a:1", "b:2"]) | st.text(max_size=4) | JSON, max_size=3) | JSON,
    ) | JSON,
    "task": st.fixed_dictionaries({
        "type": st.just("worker") | JSON, "index": st.integers(0, 2) | st.floats() | JSON
    }) | JSON,
})  # fmt: skip


@SETTINGS
@given(CLUSTER)
@example({"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": float("inf")}})
def test_any_json_in_tf_config(value):
    with contextlib.suppress(ValueError):
        jobs, (job, index) = cluster.read_tf_config(json.dumps(value))
        assert jobs[job][index].rpartition(":")[0]


@SETTINGS
@given(st.lists(JSON | st.tuples(st.integers(-1), st.floats() | st.integers()), max_size=3))
def test_any_points_of_a_schedule(points):
    try:
        schedule = schedules.PiecewiseLinear(points)
    except ValueError as error:
        assert "one or more points (step, value)" in str(error)
    else:
        assert np.isfinite(schedule(3))


@pytest.mark.parametrize("name", ["config.json", "results.json"])
def test_any_json_in_a_run_folder(name, record_property):
    record_property("tried", SETTINGS.max_examples)
    keys = ["rows", "flags", "dataset", "seeds", "versions", "title", "recipe", "reading"]

    @SETTINGS
    @given(st.dictionaries(st.sampled_from(keys), JSON))
    def run(fields):
        with tempfile.TemporaryDirectory() as folder:
            for other in ("config.json", "results.json"):
                text = json.dumps(fields if other == name else {})
                pathlib.Path(folder, other).write_text(text)
            with pytest.raises(ValueError, match=r"config\.json|results\.json"):
                load_run(folder)

    run()


@pytest.mark.parametrize("reader", OF_TEXT)
def test_any_text(reader, record_property):
    record_property("tried", SETTINGS.max_examples)

    @SETTINGS
    @given(st.text(max_size=20))
    def run(text):
        with contextlib.suppress(ValueError):
            OF_TEXT[reader](text)

    run()


def test_any_lines_in_the_journal_of_a_search(record_property):
    pytest.importorskip("optuna")
    journal.load_optuna().logging.set_verbosity(journal.load_optuna().logging.ERROR)
    record_property("tried", SETTINGS.max_examples)

    @SETTINGS
    @given(BYTES)
    def run(content):
        study = refused_or_read(journal.open_study, "trials.journal", content + b"\n")
        assert study is None or journal.judged(study) == []

    run()


def test_any_files_in_class_folders(record_property):
    record_property("tried", SETTINGS.max_examples)
    whole = [tf.io.encode_png(np.full((4, 4, 3), i, np.uint8)).numpy() for i in range(12)]
    names = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=20)

    @SETTINGS
    @given(BYTES, names)
    def run(content, name):
        with tempfile.TemporaryDirectory() as folder:
            for i, image in enumerate(whole):
                path = pathlib.Path(folder, "ab"[i % 2], f"{i}.png")
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(image)
            with contextlib.suppress(OSError, UnicodeEncodeError):  # names that no disk takes
                pathlib.Path(folder, "a", name).write_bytes(content)
            with contextlib.suppress(ValueError):
                images, skipped = data.load_image_folder(folder, (4, 4))
                assert sum(map(len, images.splits().values())) + len(skipped) >= len(whole)

    run()


@SETTINGS
@given(st.binary(max_size=400))
def test_an_orientation_is_one_of_eight_and_a_journal_is_cut_at_the_first_bad_line(content):
    assert 1 <= orientation(b"\xff\xd8" + content) <= 8
    assert 1 <= orientation(b"\xff\xd8\xff\xe1\x01\x00Exif\x00\x00II*\x00" + content) <= 8
    assert len(list(_sound_records(content))) <= content.count(b"\n")


@SETTINGS
@given(st.integers(0, 3), st.integers(0, 4), st.sampled_from(["uint8", "float32", "<U3", "int64"]))
def test_arrays_of_any_shape_and_type(dimensions, length, dtype):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "a.npz"
        np.savez(path, x=np.zeros((length,) * dimensions, dtype), y=np.zeros(length, dtype))
        refused_or_read(data.load_npz, "a.npz", path.read_bytes())
