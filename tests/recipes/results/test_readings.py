"""What is said of a table: seeds are paired, and nothing is claimed that it does not show."""

from results import readings


def row(key, accuracy, best=False):
    return {"key": key, "name": key.upper(), "accuracy": accuracy, "best": best}


ALONE = row("alone", [0.80, 0.90])
KD = row("kd", [0.82, 0.93], best=True)
HINT = row("hint", [0.90, 0.85])
FSP = {"name": "FSP", "key": "fsp", "reason": "the channels differ"}


def test_methods_by_pairs_of_seeds():
    assert readings.of_methods([ALONE, KD, HINT], [FSP]) == (
        "2 of 2 methods are above the student alone on average, 1 of them in every seed. KD was "
        "chosen on the validation images: +2.5 points against the student alone on the test "
        "images. Not trained, the reason is in the report: FSP. 2 seeds, the same for all methods."
    )


def test_one_seed_ranks_nothing():
    words = readings.of_methods([row("alone", [0.8]), row("kd", [0.9], best=True)], [])
    assert words.endswith("One seed proves that a method runs, and ranks none.")
    assert "in every seed" not in words


def test_the_lone_student_may_be_the_best_and_may_have_failed():
    words = readings.of_methods([row("alone", [0.9], best=True), row("kd", [0.8])], [])
    assert "The student alone is best on the validation images." in words
    assert "nothing to compare with" in readings.of_methods([KD], [FSP])


def test_each_student_against_the_one_alone():
    teacher, worse = row("teacher", [0.99]), row("lp", [0.70, 0.80])
    assert readings.of_students([teacher, ALONE, KD, HINT, worse]) == (
        "KD adds 2.5 points to the student alone, in every seed; HINT adds 2.5 points on average, "
        "but not in every seed; LP does not help here (-10.0 points). 2 seeds, the same for all "
        "methods."
    )
