"""The tables: what stands on the terminal and in the CSV file."""

import csv
import statistics

import pytest

from results import tables

TEACHER = {"name": "Teacher", "key": "teacher", "accuracy": [0.99], "parameters": 12345}
ALONE = {
    "name": "Student alone", "key": "alone", "accuracy": [0.80, 0.90], "parameters": 100,
    "last_accuracy": [0.79, 0.89], "extra_parameters": 0, "step_ms": 2.0, "relative_time": 1.0,
}  # fmt: skip
KD = ALONE | {
    "name": "KD", "key": "soft_target", "accuracy": [0.82, 0.93], "last_accuracy": [0.81, 0.92],
    "relative_time": 2.0, "best": True,
}  # fmt: skip
ROWS = [row | {"best": "best" in row} for row in (TEACHER, ALONE, KD)]
FSP = {
    "name": "FSP", "key": "solution_flow",
    "reason": "1 of 2 seeds failed; seed 5: the channels differ",
}  # fmt: skip


def test_a_line_a_method_in_the_csv(tmp_path):
    tables.write_methods(tmp_path / "results.csv", ROWS, [FSP])
    with open(tmp_path / "results.csv", newline="") as file:
        lines = {line["key"]: line for line in csv.DictReader(file)}
    assert list(lines) == ["teacher", "alone", "soft_target", "solution_flow"]
    kd = lines["soft_target"]
    assert (kd["name"], kd["seeds"], kd["accuracy_mean"]) == ("KD", "2", "87.5")
    assert float(kd["accuracy_sd"]) == pytest.approx(100 * statistics.stdev([0.82, 0.93]), abs=1e-4)
    assert float(kd["last_accuracy_mean"]) == pytest.approx(86.5)
    assert lines["solution_flow"]["failed"].endswith("the channels differ")
    assert lines["solution_flow"]["accuracy_mean"] == ""


def test_the_printed_table_of_methods(capsys):
    tables.METHODS.show(ROWS, [FSP])
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["Teacher", "99.00", "12,345"]
    assert lines[4].split() == [
        "*", "KD", "87.50", "±7.78", "86.50", "±7.78", "100", "0", "2.00x"
    ]  # fmt: skip
    assert "FSP" in lines[5] and "not trained: 1 of 2 seeds failed" in lines[5]


def test_the_printed_table_of_students_leaves_empty_what_was_not_measured(capsys):
    files = {
        name: {"bytes": 2048, "accuracy": 0.5, "latency_ms": 0.25} for name in ("float32", "int8")
    }
    teacher = ROWS[0] | {"neighborhood_overlap": None, "tflite": None}
    student = ROWS[2] | {"neighborhood_overlap": [0.5, 0.6], "tflite": files}
    tables.STUDENTS.show([teacher, student])
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["Teacher", "99.00", "12,345"]
    student = "* KD 87.50 ±7.78 0.550 100 2.0 KB 2.0 KB 50.00 0.250 ms"
    assert lines[3].split() == student.split()
    assert {len(line) for line in (lines[1], lines[3])} == {99}


def test_a_share_in_per_cent():
    assert tables.mean_sd([0.5]) == "50.00"
    assert tables.mean_sd([0.5, 0.6], " ± ") == "55.00 ± 7.07"
