"""The short table of the first page, from rows that were made up."""

from locality import headline
from tests.recipes.locality.conftest import KD, LP, final


def lines(rows):
    table = headline.table(rows).splitlines()[2:]
    return {line.split(" | ")[1]: [cell.strip() for cell in line.split(" | ")] for line in table}


def test_a_line_says_what_the_phone_gets_and_how_to_make_it_again(rows):
    phone = {"int8_accuracy": 0.9, "int8_bytes": 10240, "int8_latency_ms": 0.0123}
    rows = [row | phone if row["method"] == KD and row["part"] == "final" else row for row in rows]
    found = lines(rows)
    assert list(found) == ["Teacher", "Student alone", "KD", "LP"]
    assert found["KD"][2:] == [
        "93.00 ± 1.00", "90.00 ± 0.00", "3,858", "10.0 KB", "0.012",
        "`--cell mnist_plain --method soft_target` |",
    ]  # fmt: skip
    assert found["LP"][3] == found["LP"][5] == ""  # its phone file was not measured
    assert found["Teacher"][-1] == "`--cell mnist_plain --method teacher` |"


def test_the_best_other_is_chosen_on_validation_images(rows):
    better = [final("hint", 0, 0.5) | {"validation_accuracy": 0.99}]
    worse = [final("rkd", 0, 0.97) | {"validation_accuracy": 0.98}]
    found = lines([*rows, *better, *worse])
    assert "Hint (best other)" in found and not any("RKD" in title for title in found)
    assert headline.best_other(rows) == [] and LP not in headline.best_other([*rows, *better])
