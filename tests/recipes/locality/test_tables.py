"""Tables of rows whose means are known."""

import pytest

from locality import sweeps, tables
from locality.intervals import mean

pytest.importorskip("scipy")


def cells(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_methods_stand_with_means_intervals_and_paired_tests(rows):
    head, _, *lines = cells(tables.accuracy("mnist_plain", rows))
    by_method = {line[0]: dict(zip(head, line, strict=True)) for line in lines}
    assert list(by_method) == ["LP", "KD", "Student alone"]  # the best first
    assert by_method["LP"]["seeds"] == "3"
    assert by_method["LP"]["test %"] == "94.00 ± 1.00"
    # 4.302653 (t, 2 degrees of freedom) * 1.00 / sqrt(3) = 2.48
    assert by_method["LP"]["95 % interval"] == "91.52 to 96.48"
    # Differences 0.03, 0.04, 0.02: t = 5.196, p = 0.0351, the larger of the two.
    assert by_method["LP"]["against alone (p)"] == "+3.00 (+0.52 to +5.48; 0.035)"
    assert by_method["KD"]["against alone (p)"] == "+2.00 (+2.00 to +2.00; <0.001)"
    assert by_method["Student alone"]["against alone (p)"] == ""
    assert by_method["LP"]["setting"] == "0.5 × weight, learning rate 0.01"
    assert by_method["Student alone"]["setting"] == "as published"


def test_without_final_runs_there_is_no_table(rows):
    assert tables.accuracy("cifar_residual", rows) == ""
    assert tables.reasons("cifar_residual", rows) == ""


def test_reasons_are_means_over_seeds(rows):
    _, _, first, *_ = cells(tables.reasons("mnist_plain", rows))
    assert first == ["LP", "3", "1", "0.25", "0.75", "8"]


def test_a_sweep_shows_what_is_on_record_and_how_many_seeds(rows):
    _, _, *lines = cells(sweeps.sweep("schedule", rows))
    assert [line[:3] for line in lines] == [["schedule falling", "2", "60.00 ± 14.14"]]
    assert sweeps.sweep("weight", rows) == ""


def test_what_failed_stands_with_its_reason(rows):
    assert "| mnist_plain | FSP | ValueError: other widths |" in sweeps.failures(rows)
    assert "| tune | mnist_plain | 1 | 1 | 1.0 |" in sweeps.progress(rows)


def test_full_mnist_stands_beside_the_published_errors(rows):
    full = [row | {"cell": "mnist_fitnets", "int8_accuracy": 0.9} for row in rows]
    _, _, *lines = cells(sweeps.full_mnist(full))
    assert lines[0] == ["Student alone", "3", "9.00 ± 1.00", "10.00 ± 0.00", "1.9"]
    assert sweeps.full_mnist(rows) == ""


def test_teachers(rows):
    assert "| MNIST, plain | 131,754 | 99.00 |" in sweeps.teachers(rows)


def test_settings_in_words():
    two = {"soft_target.weight": 2.0, "locality_preserving.weight": 0.25}
    assert tables.setting(two) == "2 × weight of soft target, 0.25 × weight of locality preserving"
    assert tables.setting({"locality_preserving.num_neighbors": 5}) == "k 5"


def test_percent():
    shown = [tables.percent(mean(values)) for values in ([], [0.5], [0.5, 0.5])]
    assert shown == ["", "50.00", "50.00 ± 0.00"]
