"""The rows of a comparison: who is the best, what failed, what a step costs."""

import pytest

from methods import METHODS
from results import rows

KEYS = ("alone", "soft_target", "hint", "solution_flow")
CHOSEN = {key: METHODS[key] for key in KEYS}


def result(accuracy, validation=0.5, step_ms=2.0, **more):
    return {
        "accuracy": accuracy,
        "last_accuracy": accuracy - 0.01,
        "validation_accuracy": validation,
        "best_epoch": 3,
        "parameters": 100,
        "extra_parameters": 0,
        "step_ms": step_ms,
    } | more


@pytest.fixture
def results():
    """Two seeds: KD gains in both, Hint in one, FSP fails in one."""
    return {
        "alone": [result(0.80), result(0.90)],
        "soft_target": [result(0.82, 0.7, 3.0), result(0.93, 0.7, 5.0)],
        "hint": [result(0.90, extra_parameters=7), result(0.85, extra_parameters=7)],
        "solution_flow": [result(0.99, 0.9), {"failed": "the channels differ"}],
    }


@pytest.fixture
def table(results):
    return rows.method_rows(CHOSEN, results, [4, 5])


def test_rows_of_the_methods_and_what_failed(table):
    made, failed = table
    assert [row["key"] for row in made] == ["alone", "soft_target", "hint"]
    assert [row["accuracy"] for row in made] == [[0.80, 0.90], [0.82, 0.93], [0.90, 0.85]]
    assert [row["extra_parameters"] for row in made] == [0, 0, 7]
    assert failed == [
        {
            "name": "FSP",
            "key": "solution_flow",
            "reason": "1 of 2 seeds failed; seed 5: the channels differ",
        }
    ]


def test_of_one_seed_no_share_is_told():
    only = {"hint": METHODS["hint"]}
    (failure,) = rows.failures(only, {"hint": [{"failed": "no memory"}]}, [3])
    assert failure["reason"] == "seed 3: no memory"


def test_time_is_against_the_student_alone(table):
    assert [row["relative_time"] for row in table[0]] == [1.0, 2.0, 1.0]


def test_a_step_that_was_not_timed_has_no_ratio(results):
    results["alone"] = [result(0.8, step_ms=None), result(0.8, step_ms=None)]
    made, _ = rows.method_rows(CHOSEN, results, [4, 5])
    assert [row["relative_time"] for row in made] == [None, None, None]


def test_the_choice_is_made_on_the_validation_images(results):
    results["hint"] = [result(0.99, 0.6), result(0.99, 0.6)]
    made, _ = rows.method_rows(CHOSEN, results, [4, 5])
    assert [row["best"] for row in made] == [False, True, False]


def test_a_choice_made_before_is_kept_unless_it_failed(results):
    for chosen, marked in (("hint", "hint"), ("solution_flow", "soft_target")):
        made, _ = rows.method_rows(CHOSEN, results, [4, 5], chosen)
        assert [row["key"] for row in made if row["best"]] == [marked]


def test_a_teacher_has_a_row_like_the_others(pair):
    row = rows.teacher_row(pair[0], 0.5, tflite=None)
    assert row == {
        "name": "Teacher", "key": "teacher", "accuracy": [0.5], "best": False, "tflite": None,
        "parameters": pair[0].count_params(),
    }  # fmt: skip
