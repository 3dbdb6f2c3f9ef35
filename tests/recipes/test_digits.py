"""The first run, end to end in a process of its own: short, killed, resumed, refused."""

import csv
import json

import keras
import pytest

import digits
from methods import METHODS
from results.rows import FIELDS
from tf_lpdistill import report, tflite

SHORT = ["--epochs=2", "--teacher_epochs=1", "--num_seeds=2", "--num_labels=100"]


@pytest.fixture(scope="module")
def finished(recipe, tmp_path_factory):
    """A finished short run: (its folder, what it printed)."""
    run_dir = tmp_path_factory.mktemp("runs") / "digits"
    done = recipe("digits", run_dir, *SHORT)
    assert done.returncode == 0, done.stderr[-3000:]
    return run_dir, done.stdout


def test_the_demo_has_the_weights_of_the_table_of_methods():
    weights = [term.weight for term in METHODS["kd_lp"].terms]
    assert [digits.KD[1], digits.LP[1]] == weights


def test_the_run_folder_is_complete(finished):
    run_dir, _ = finished
    names = ("config.json", "history.csv", "results.json", "answers.npz", "teacher.keras")
    for name in (*names, "report.html"):
        assert (run_dir / name).is_file()
    assert not list(run_dir.rglob("*.part*"))
    student = keras.saving.load_model(run_dir / "student.keras")
    assert student.count_params() == 3858
    bundle = tflite.Bundle.open(run_dir / "phone")
    assert set(bundle.files) == set(tflite.PRECISIONS)


def test_the_table_holds_every_method_and_seed(finished):
    run_dir, printed = finished
    results = json.loads((run_dir / "results.json").read_text())
    assert [row["key"] for row in results["rows"]] == ["teacher", "alone", "kd", "lp", "kd_lp"]
    for row in results["rows"][1:]:
        assert len(row["accuracy"]) == 2 and len(row["neighborhood_overlap"]) == 2
        assert set(row["tflite"]) >= {"float32", "int8"}
        assert row["name"] in printed
        assert list(row) == [field for field in FIELDS if field in row]
    assert sum(row["best"] for row in results["rows"]) == 1
    assert results["exported"] in ("kd", "lp", "kd_lp")
    assert str(run_dir / "report.html") in printed


def test_the_report_says_which_runtime_opens_each_file(finished):
    run = report.load_run(finished[0])
    bundle = tflite.Bundle.open(finished[0] / "phone").facts()["files"]
    scores = run.row(run.exported).tflite
    assert set(scores) == set(tflite.PRECISIONS)
    page = (finished[0] / "report.html").read_text(encoding="utf-8")
    for precision, score in scores.items():
        assert score.minimum_runtime == bundle[precision]["minimum_runtime"]
        assert score.minimum_runtime.startswith(("1.", "2."))
        assert f"<dt>runtime from</dt><dd>{score.minimum_runtime}</dd>" in page


def test_the_history_has_a_row_per_epoch_and_the_terms_of_each_method(finished):
    with open(finished[0] / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1 + 4 * 2 * 2  # one teacher epoch; methods x seeds x epochs
    terms = {"alone": set(), "kd": {"soft_target"}, "lp": {"locality_preserving"}}
    terms["kd_lp"] = terms["kd"] | terms["lp"]
    for row in rows[1:]:
        assert {t for t in ("soft_target", "locality_preserving") if row[t]} == terms[row["method"]]


def test_a_finished_run_is_not_overwritten(recipe, finished):
    done = recipe("digits", finished[0], *SHORT)
    assert done.returncode != 0
    assert "already holds a run. Add --resume" in done.stderr and "Traceback" not in done.stderr


def test_resume_refuses_other_flags(recipe, finished):
    done = recipe("digits", finished[0], "--epochs=3", *SHORT[1:], "--resume")
    assert done.returncode != 0
    assert "--epochs: 2 then, 3 now" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_numbers(kill_and_resume, finished, tmp_path):
    once = "students/kd_*/result.json"
    resumed = kill_and_resume("digits", tmp_path / "digits", *SHORT, once=once)
    first = json.loads((finished[0] / "results.json").read_text())
    numbers = [
        [(row["key"], row["accuracy"], row["neighborhood_overlap"]) for row in results["rows"]]
        for results in (resumed, first)
    ]
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--strategy=all", "strategy"),
        ("--num_labels=5000", "`num_labels` must lie between"),
        ("--nonsense=1", "Unknown command line flag"),
    ],
)
def test_a_wrong_flag_is_told_in_a_line(recipe, flag, message, tmp_path):
    done = recipe("digits", tmp_path / "digits", flag)
    assert done.returncode != 0
    assert message in done.stderr + done.stdout and "Traceback" not in done.stderr
    assert not (tmp_path / "digits").exists()


def test_help_teaches(recipe):
    done = recipe("digits", "unused", "--help")
    assert "python recipes/digits.py --run_dir runs/digits --resume" in done.stdout
    assert "--num_labels" in done.stdout and "--strategy" in done.stdout


@pytest.mark.slow
def test_it_runs_from_another_folder_and_in_mixed_precision_on_two_replicas(
    recipe, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    done = recipe(
        "digits", "run", "--epochs=1", *SHORT[1:], "--mixed_precision", "--strategy=mirrored"
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "run" / "report.html").is_file()
