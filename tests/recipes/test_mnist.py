"""The MNIST experiment on real digits of 8x8 pixels, enlarged: short, and refused."""

import json

import numpy as np
import pytest

from tf_lpdistill import tflite

SHORT = [
    "--data=mnist.npz", "--epochs=2", "--teacher_epochs=1", "--num_seeds=1", "--num_labels=200",
    "--batch_size=50",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(digits, tmp_path_factory):
    """A folder with the digits as an mnist.npz of 28x28 pixels."""

    def enlarged(split, number):
        images = split.images[:number, ..., 0].repeat(3, axis=1).repeat(3, axis=2)
        return np.pad(images, ((0, 0), (2, 2), (2, 2)))

    path = tmp_path_factory.mktemp("data")
    np.savez(
        path / "mnist.npz",
        x_train=enlarged(digits.train, 400), y_train=digits.train.labels[:400],
        x_test=enlarged(digits.test, 100), y_test=digits.test.labels[:100],
    )  # fmt: skip
    return path


@pytest.mark.slow
def test_figures_beside_the_published_ones_and_a_bundle(recipe, folder, tmp_path):
    run_dir = tmp_path / "run"
    done = recipe("mnist", run_dir, *SHORT, f"--data_dir={folder}", "--methods=fitnet")
    assert done.returncode == 0, done.stderr[-3000:]
    results = json.loads((run_dir / "results.json").read_text())
    assert [row["key"] for row in results["rows"]] == ["teacher", "alone", "fitnet"]
    assert results["failures"] is None
    assert "published error %" in done.stdout and "Teacher 0.55" in results["reading"]
    bundle = tflite.Bundle.open(run_dir / "phone")
    assert set(bundle.files) == set(tflite.PRECISIONS)
    (row,) = (row for row in results["rows"] if row["best"])
    assert row["key"] == results["exported"] and 0 <= row["tflite"]["int8"]["accuracy"] <= 1
    assert {path.name for path in (run_dir / "caches" / "seed0").iterdir()} == {
        "hint", "predictions",
    }  # fmt: skip
    card = (run_dir / "phone" / "MODEL_CARD.md").read_text()
    taught = "none." if row["key"] == "alone" else "361,066 parameters, test accuracy"
    assert "mnist, grey images of 28x28 pixels" in card and taught in card
    assert f"{row['name']}, by `python " in card
    with np.load(run_dir / "answers.npz") as answers:
        assert {"teacher_classes", "student_classes", "int8_classes", "alone_classes"} <= set(
            answers
        )
    assert (run_dir / "report.html").is_file() and (run_dir / "student.keras").is_file()


def test_epochs_of_a_given_teacher_are_refused_before_data_are_looked_for(recipe, tmp_path):
    done = recipe("mnist", tmp_path / "run", *SHORT, "--data_dir=nowhere", "--teacher=t.keras")
    assert done.returncode == 1 and not (tmp_path / "run").exists()
    assert "--teacher_epochs has no meaning beside --teacher" in done.stderr


@pytest.mark.slow
def test_all_methods_learn_from_a_given_teacher_and_resume(recipe, folder, tmp_path):
    flags = [*SHORT, f"--data_dir={folder}"]
    assert recipe("mnist", tmp_path / "first", *flags, "--methods=alone").returncode == 0
    given = [f"--teacher={tmp_path / 'first' / 'teacher.keras'}", "--teacher_scaling=0..1"]
    taught = [flag for flag in flags if flag != "--teacher_epochs=1"]
    for more in ([], ["--resume"]):
        done = recipe("mnist", tmp_path / "run", *taught, *given, *more)
        assert done.returncode == 0, done.stderr[-3000:]
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    keys = ["teacher", "alone", "kd", "fitnet", "lp", "kd_lp"]
    assert [row["key"] for row in results["rows"]] == keys
    first = json.loads((tmp_path / "first" / "results.json").read_text())
    assert results["rows"][0]["accuracy"] == first["rows"][0]["accuracy"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--methods=hint", "--methods must be 'all' or list some of alone, kd, fitnet, lp, kd_lp"),
        ("--teacher_scaling=0..1", "--teacher_scaling goes with a --teacher file only"),
        ("--num_labels=5", "`num_labels` must lie between"),
        ("--data=other.npz", "--data must be 'digits', an .npz file"),
    ],
)
def test_a_wrong_flag_is_told_in_a_line(recipe, folder, flag, message, tmp_path):
    done = recipe("mnist", tmp_path / "run", *SHORT, f"--data_dir={folder}", flag)
    assert done.returncode != 0
    assert message in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_help_teaches(recipe):
    done = recipe("mnist", "unused", "--help")
    assert "python recipes/mnist.py --data mnist.npz --data_dir ~/data" in done.stdout
    assert "--num_labels" in done.stdout and "--patience" in done.stdout
