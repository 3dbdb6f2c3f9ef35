"""The comparison, end to end in a process of its own: short, killed, resumed, refused."""

import csv
import json

import keras
import numpy as np
import pytest

from tf_lpdistill import tflite

SHORT = [
    "--epochs=3", "--teacher_epochs=1", "--num_seeds=1", "--num_labels=100", "--batch_size=50",
    "--methods=soft_target,solution_flow,fitnets_two_stages",
]  # fmt: skip
TRAINED = ["alone", "soft_target", "fitnets_two_stages"]


@pytest.fixture(scope="module")
def finished(recipe, tmp_path_factory):
    """A finished short run: (its folder, what it printed)."""
    run_dir = tmp_path_factory.mktemp("runs") / "compare"
    done = recipe("compare", run_dir, *SHORT)
    assert done.returncode == 0, done.stderr[-3000:]
    return run_dir, done.stdout


def read(path):
    return json.loads(path.read_text())


def test_the_run_folder_is_complete(finished):
    run_dir, printed = finished
    for name in ("config.json", "history.csv", "results.csv", "results.json", "teacher.keras"):
        assert (run_dir / name).is_file()
    assert not list(run_dir.rglob("*.part*"))
    assert str(run_dir / "report.html") in printed
    folders = {path.name for path in (run_dir / "students").iterdir()}
    assert folders == {f"{key}_seed0" for key in [*TRAINED, "solution_flow"]}


def test_the_chosen_student_goes_to_the_phone_and_into_the_report(finished):
    run_dir, _ = finished
    results = read(run_dir / "results.json")
    (best,) = (row for row in results["rows"] if row["best"])
    assert results["exported"] == best["key"] and best["tflite"]["int8"]["bytes"] > 0
    assert set(tflite.Bundle.open(run_dir / "phone").files) == set(tflite.PRECISIONS)
    with np.load(run_dir / "answers.npz") as answers:
        right = {
            name: float((answers[f"{name}_classes"] == answers["labels"]).mean())
            for name in ("teacher", "student", "alone", "int8")
        }
    rows = {row["key"]: row["accuracy"][0] for row in results["rows"]}
    expected = {"teacher": rows["teacher"], "student": rows[best["key"]], "alone": rows["alone"]}
    assert right == pytest.approx(expected | {"int8": best["tflite"]["int8"]["accuracy"]})
    page = (run_dir / "report.html").read_text()
    for section in ("mistakes", "disagreements", "confidence", "maps", "neighbours"):
        assert f'<section id="{section}"' in page


def test_one_method_that_fails_does_not_lose_the_others(finished):
    run_dir, printed = finished
    results = read(run_dir / "results.json")
    assert [row["key"] for row in results["rows"]] == ["teacher", *TRAINED]
    (failure,) = results["failures"]
    assert failure["name"] == "FSP" and "must have the same channels" in failure["reason"]
    assert "not trained: seed 0: solution_flow: teacher and student layers must have" in printed
    page = (run_dir / "report.html").read_text()
    assert "must have the same channels" in page and "FitNets (two stages)" in page


def test_a_row_has_accuracies_and_costs(finished):
    rows = {row["key"]: row for row in read(finished[0] / "results.json")["rows"]}
    assert rows["alone"]["relative_time"] is None or rows["alone"]["relative_time"] == 1.0
    assert rows["alone"]["extra_parameters"] == rows["soft_target"]["extra_parameters"] == 0
    assert rows["fitnets_two_stages"]["extra_parameters"] == 2176  # 16 to 128 channels, 1x1
    for key in TRAINED:
        assert rows[key]["parameters"] == 3858
        assert 0 <= rows[key]["last_accuracy"][0] <= 1


def test_the_kept_student_is_that_of_its_best_epoch(finished, digits):
    directory = finished[0] / "students" / "soft_target_seed0"
    result = read(directory / "result.json")
    student = keras.saving.load_model(directory / "student.keras")
    for split, expected in (("validation", "validation_accuracy"), ("test", "accuracy")):
        images, labels = getattr(digits, split).images, getattr(digits, split).labels
        right = student(images / 255.0).numpy().argmax(axis=1) == labels
        assert right.mean() == pytest.approx(result[expected], abs=1e-6)
    with open(directory / "history.csv", newline="") as file:
        accuracies = [float(line["val_accuracy"]) for line in csv.DictReader(file)]
    assert len(accuracies) == 3
    assert result["best_epoch"] == 1 + accuracies.index(max(accuracies))


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_numbers(kill_and_resume, finished, tmp_path):
    once = "students/soft_target_*/result.json"
    resumed = kill_and_resume("compare", tmp_path / "compare", *SHORT, once=once)
    numbers = [
        [(row["key"], row["accuracy"], row.get("last_accuracy")) for row in results["rows"]]
        for results in (resumed, read(finished[0] / "results.json"))
    ]
    assert numbers[0] == numbers[1]


@pytest.mark.slow
def test_resume_refuses_other_flags(recipe, finished):
    done = recipe("compare", finished[0], *SHORT[:-1], "--methods=hint", "--resume")
    assert done.returncode != 0
    assert "--methods: ['soft_target'," in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--methods=kd", "--methods must be 'all' or list some of alone, soft_target"),
        pytest.param("--teacher=t.keras", "--input_scaling must say", marks=pytest.mark.slow),
        pytest.param("--student_maps=relu9", "no feature named 'relu9'", marks=pytest.mark.slow),
        pytest.param("--teacher_epochs=0", "has learnt nothing", marks=pytest.mark.slow),
        pytest.param("--num_labels=5", "`num_labels` must lie between", marks=pytest.mark.slow),
        pytest.param("--data=none.npz", "No folder of data sets is", marks=pytest.mark.slow),
        pytest.param(
            "--data=none.npz --data_dir=nowhere",
            "--data_dir must name a folder that exists",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_wrong_flag_is_told_in_a_line(recipe, flag, message, tmp_path, monkeypatch):
    monkeypatch.delenv("LPDISTILL_DATA", raising=False)
    done = recipe("compare", tmp_path / "run", *flag.split())
    assert done.returncode != 0
    assert message in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_help_teaches(recipe):
    done = recipe("compare", "unused", "--help")
    assert "python recipes/compare.py --num_labels 300 --resume" in done.stdout
    for flag in ("--methods", "--teacher_stages", "--student_features", "--num_seeds", "--data"):
        assert flag in done.stdout


@pytest.mark.slow
def test_all_methods_train_in_two_replicas_with_files_and_named_layers(recipe, pair, tmp_path):
    for name, model in zip(("teacher", "student"), pair, strict=True):
        model.save(tmp_path / f"{name}.keras")
    done = recipe(
        "compare", tmp_path / "run", "--epochs=2", "--num_seeds=1", "--num_labels=100",
        "--batch_size=50", "--strategy=mirrored", "--input_scaling=0..1",
        f"--teacher={tmp_path / 'teacher.keras'}", f"--student={tmp_path / 'student.keras'}",
        "--teacher_stages=relu1,relu4", "--student_stages=relu1,relu2",
        "--methods=hint,knowledge_review,contrastive_representation,ft_two_stages",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    results = read(tmp_path / "run" / "results.json")
    assert results.get("failures") is None
    assert [row["key"] for row in results["rows"]][:2] == ["teacher", "alone"]
    assert len(results["rows"]) == 6
    assert (tmp_path / "run" / "teacher.keras").is_file()


@pytest.mark.slow
def test_every_method_trains_on_the_digits_but_for_fsp(recipe, tmp_path):
    done = recipe("compare", tmp_path / "run", "--epochs=2", "--num_seeds=1", "--num_labels=100")
    assert done.returncode == 0, done.stderr[-3000:]
    failures = read(tmp_path / "run" / "results.json")["failures"]
    assert [failure["key"] for failure in failures] == ["solution_flow", "fsp_two_stages"]
