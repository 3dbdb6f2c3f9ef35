import pytest

import outcome
from methods import METHODS

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
    return outcome.make_rows(CHOSEN, results, [4, 5])


def test_rows_of_the_methods_and_what_failed(table):
    rows, failures = table
    assert [row["key"] for row in rows] == ["alone", "soft_target", "hint"]
    assert [row["accuracy"] for row in rows] == [[0.80, 0.90], [0.82, 0.93], [0.90, 0.85]]
    assert [row["extra_parameters"] for row in rows] == [0, 0, 7]
    assert failures == [
        {
            "name": "FSP",
            "key": "solution_flow",
            "reason": "1 of 2 seeds failed; seed 5: the channels differ",
        }
    ]


def test_time_is_against_the_student_alone(table):
    assert [row["relative_time"] for row in table[0]] == [1.0, 2.0, 1.0]


def test_a_step_that_was_not_timed_has_no_ratio(results):
    results["alone"] = [result(0.8, step_ms=None), result(0.8, step_ms=None)]
    rows, _ = outcome.make_rows(CHOSEN, results, [4, 5])
    assert [row["relative_time"] for row in rows] == [None, None, None]


def test_the_choice_is_made_on_the_validation_images(results):
    results["hint"] = [result(0.99, 0.6), result(0.99, 0.6)]
    rows, _ = outcome.make_rows(CHOSEN, results, [4, 5])
    assert [row["best"] for row in rows] == [False, True, False]


def test_a_choice_made_before_is_kept_unless_it_failed(results):
    for chosen, marked in (("hint", "hint"), ("solution_flow", "soft_target")):
        rows, failures = outcome.make_rows(CHOSEN, results, [4, 5], chosen)
        assert [row["key"] for row in rows if row["best"]] == [marked]
    rows, failures = outcome.make_rows(CHOSEN, results, [4, 5], "hint")
    assert "Hint was chosen on the validation images: +2.5 points" in outcome.reading(
        rows, failures
    )


def test_the_reading_pairs_the_seeds(table):
    assert outcome.reading(*table) == (
        "2 of 2 methods are above the student alone on average, 1 of them in every seed. KD was "
        "chosen on the validation images: +2.5 points against the student alone on the test "
        "images. Not trained, the reason is in the report: FSP. 2 seeds, the same for all methods."
    )


def test_the_reading_of_one_seed_ranks_nothing(results):
    single = {key: values[:1] for key, values in results.items()}
    rows, failures = outcome.make_rows(CHOSEN, single, [4])
    words = outcome.reading(rows, failures)
    assert words.endswith("One seed proves that a method runs, and ranks none.")
    assert "in every seed" not in words


def test_the_lone_student_may_be_the_best_and_may_have_failed(results):
    results["alone"] = [result(0.8, 0.95), result(0.9, 0.95)]
    words = outcome.reading(*outcome.make_rows(CHOSEN, results, [4, 5]))
    assert "The student alone is best on the validation images." in words
    results["alone"] = [{"failed": "no memory"}] * 2
    rows, failures = outcome.make_rows(CHOSEN, results, [4, 5])
    assert "nothing to compare with" in outcome.reading(rows, failures)
