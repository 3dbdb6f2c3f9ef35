"""The choice among sizes, and what is said of it."""

import types

import pytest

from photo_folder import tradeoff


def row(key, parameters, validation, accuracy=0.7):
    student, _, method = key.partition("_")
    return {
        "name": f"{student}, {method}",
        "key": key,
        "student": student,
        "accuracy": [accuracy],
        "validation_accuracy": [validation],
        "parameters": parameters,
        "best": False,
    }


@pytest.fixture
def rows():
    return [
        row("small_alone", 10, 0.600, 0.61),
        row("small_kd_lp", 10, 0.795, 0.70),
        row("large_alone", 99, 0.800, 0.80),
        row("large_kd_lp", 99, 0.790, 0.79),
    ]


def test_the_smallest_that_is_nearly_as_good_is_chosen(rows):
    assert tradeoff.choose(rows, 1.0)["key"] == "small_kd_lp"
    assert tradeoff.choose(rows, 0.5)["key"] == "small_kd_lp"
    assert tradeoff.choose(rows, 0.4)["key"] == "large_alone"
    assert tradeoff.choose(rows, 50.0)["key"] == "small_kd_lp"  # of equal size, the better one


def test_the_choice_does_not_look_at_the_test_images(rows):
    for given in rows:
        given["accuracy"] = [1 - given["accuracy"][0]]
    assert tradeoff.choose(rows, 1.0)["key"] == "small_kd_lp"


def test_results_become_rows_and_failures():
    methods = {
        "small_alone": types.SimpleNamespace(title="small, alone"),
        "small_kd_lp": types.SimpleNamespace(title="small, KD + LP"),
    }
    comparison = types.SimpleNamespace(methods=methods, seeds=[0, 1])
    result = {"accuracy": 0.5, "validation_accuracy": 0.6, "parameters": 10}
    results = {"small": {"small_alone": [result] * 2, "small_kd_lp": [result, {"failed": "why"}]}}
    made, failed = tradeoff.make_rows({"small": comparison}, results)
    assert [(r["name"], r["accuracy"], r["parameters"]) for r in made] == [
        ("small, alone", [0.5, 0.5], 10)
    ]
    reason = "1 of 2 seeds failed; seed 1: why"
    assert failed == [{"name": "small, KD + LP", "key": "small_kd_lp", "reason": reason}]


def test_the_reading(rows):
    teacher = {"name": "Teacher", "key": "teacher", "accuracy": [0.9]}
    words = tradeoff.reading([teacher, *rows], rows[1], [], 1.0, 400)
    assert words == (
        "Chosen: small, kd_lp, the smallest student within 1 points of the best on the validation "
        "images; on 400 test images it has 70.0 %, give or take 4.5, the teacher 90.0 %. "
        "small, kd_lp +9.0 points against small, alone. large, kd_lp -1.0 points against large, "
        "alone. One seed proves little about a method"
    )
