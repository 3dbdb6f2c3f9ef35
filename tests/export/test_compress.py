"""The script as people run it: steps, their table, a killed run, wrong flags."""

import json
import shutil

import keras
import numpy as np
import pytest

from tf_lpdistill import compression, files, tflite


def required(folder, *more):
    return [
        f"--model={folder / 'reader.keras'}",
        "--input_scaling=0..1",
        f"--data={folder / 'split.npz'}",
        "--epochs=2",
        *more,
    ]


@pytest.fixture(scope="module")
def reader_data(reader, digits):
    np.savez(
        reader.folder / "split.npz",
        x_train=digits.train.images[:400],
        y_train=digits.train.labels[:400],
        x_test=digits.test.images,
        y_test=digits.test.labels,
    )
    return reader.folder


@pytest.mark.slow
def test_one_step_ends_in_a_bundle_and_is_told_in_a_table(run_script, reader_data, tmp_path):
    code, out, err = run_script(
        "compress.py",
        *required(reader_data, "--verbs=prune_channels", "--fraction=0.5"),
        f"--output_dir={tmp_path / 'run'}",
    )
    assert code == 0, err
    given, last = json.loads((tmp_path / "run" / "results.json").read_text())
    student = keras.saving.load_model(tmp_path / "run" / "student.keras")
    assert student.layers[1].filters == 4 and last["parameters"] == student.count_params()
    assert last["float32"]["bytes"] < given["float32"]["bytes"]
    assert last["int8"]["accuracy"] > given["int8"]["accuracy"] - 0.1 > 0.5
    bundle = tflite.Bundle.open(tmp_path / "run" / "phone")
    assert bundle.facts()["files"]["int8"]["accuracy"] == last["int8"]["accuracy"]
    table = out.split("Step 1 of 1: prune_channels")[1].splitlines()
    row = next(line for line in table if line.startswith("prune_channels  "))
    assert f"{last['parameters']:,}" in row and f"{last['int8']['accuracy']:.4f}" in row
    assert out.rstrip().splitlines()[-1] == str(tmp_path / "run" / "phone")


@pytest.mark.slow
def test_all_steps_with_a_teacher_go_on_where_they_were_killed(run_script, reader_data, tmp_path):
    layer = keras.saving.load_model(reader_data / "reader.keras").layers[-1].name
    arguments = required(
        reader_data,
        "--verbs=low_rank,prune,cluster,quantize_aware",
        "--energy=0.7",
        f"--teacher={reader_data / 'reader.keras'}",
        f"--layers={layer}:{layer}",
    )
    runs = [tmp_path / "whole", tmp_path / "killed"]
    code, _, err = run_script("compress.py", *arguments, f"--output_dir={runs[0]}")
    assert code == 0, err
    rows = json.loads((runs[0] / "results.json").read_text())
    assert [row["step"] for row in rows] == [
        "as given", "low_rank", "prune", "cluster", "quantize_aware",
    ]  # fmt: skip
    assert rows[1]["parameters"] < rows[0]["parameters"]
    for row in rows[2:]:
        assert 0.4 < row["zeros"] < 0.6
    for row in rows[3:]:
        assert row["values"] <= 16
    assert rows[4]["float32"]["zipped_bytes"] < 0.7 * rows[1]["float32"]["zipped_bytes"]
    student = keras.saving.load_model(runs[0] / "student.keras")
    assert compression.describe_kernels(student)["zeros"] == rows[4]["zeros"]
    # As a run leaves it that was killed in its third step.
    shutil.copytree(runs[0], runs[1])
    for gone in ("phone", "steps/3_cluster", "states/3_cluster", "states/4_quantize_aware"):
        shutil.rmtree(runs[1] / gone)
    (runs[1] / "results.json").unlink()
    code, _, err = run_script("compress.py", *arguments, f"--output_dir={runs[1]}")
    assert code == 0, err
    again = json.loads((runs[1] / "results.json").read_text())
    assert again[:3] == rows[:3]  # found, and not done again
    for row, other in zip(rows[3:], again[3:], strict=True):  # threads add in another order
        assert (row["step"], row["values"]) == (other["step"], other["values"])
        assert abs(row["int8"]["accuracy"] - other["int8"]["accuracy"]) < 0.05
    code, _, err = run_script("compress.py", *arguments, "--seed=1", f"--output_dir={runs[1]}")
    assert code == 1 and "holds a run with other ['seed']" in err


@pytest.mark.slow
def test_a_layer_that_is_not_there_leaves_no_folder(run_script, reader_data, tmp_path):
    arguments = required(
        reader_data, "--verbs=low_rank", f"--teacher={reader_data / 'reader.keras'}",
        "--layers=typo:typo", f"--output_dir={tmp_path / 'run'}",
    )  # fmt: skip
    code, _, err = run_script("compress.py", *arguments)
    assert code == 1 and "'typo'" in err and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--verbs=shrink", "must be some of: low_rank, prune_channels, prune"),
        ("--verbs=prune,prune", "must be some of"),
        ("--verbs=quantize_aware,prune", "a later one would undo an earlier one"),
        ("--layers=features:features", "need a --teacher"),
        ("--fraction=0.95", "fraction"),
    ],
)
def test_wrong_flags_are_refused_at_once(run_script, flag, message, tmp_path):
    flags = ["--verbs=prune", flag, f"--output_dir={tmp_path / 'run'}"]
    code, _, err = run_script("compress.py", *required(tmp_path, *flags))
    assert code != 0 and message in err
    assert not (tmp_path / "run").exists()


def test_missing_files_are_named(run_script, tmp_path):
    flags = required(tmp_path, "--verbs=prune", f"--output_dir={tmp_path / 'run'}")
    code, _, err = run_script("compress.py", *flags)
    assert code == 1 and err.startswith("compress: There is no such file or folder. Received: --mo")


@pytest.mark.slow
def test_what_a_step_cannot_go_through_is_said_before_any(run_script, reader_data, tmp_path):
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(4, 3)(inputs)
    x = keras.layers.LayerNormalization(name="odd")(x)
    x = keras.layers.Dense(10)(keras.layers.Flatten()(x))
    keras.Model(inputs, x).save(tmp_path / "odd.keras")
    flags = required(reader_data, "--verbs=low_rank,prune_channels")
    flags += [f"--model={tmp_path / 'odd.keras'}", f"--output_dir={tmp_path / 'run'}"]
    code, _, err = run_script("compress.py", *flags)
    assert code == 1 and "give keep=['odd']" in err and not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_second_process_in_the_folder_is_refused(run_script, reader_data, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    release = files.lock(folder, "busy")
    arguments = required(reader_data, "--verbs=low_rank", f"--output_dir={folder}")
    code, _, err = run_script("compress.py", *arguments)
    release()
    assert code == 1 and f"Another process works in {folder}. Wait for it" in err
    assert list(folder.iterdir()) == []
