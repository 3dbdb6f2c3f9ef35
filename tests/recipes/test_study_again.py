"""The recipe that makes a row of the study again."""

import re

import pytest

from locality import raw
from locality.records import Records

pytest.importorskip("scipy")


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        ("--setting={k: 3}", r"--setting must be JSON, .*Received: {k: 3}, Expecting"),
        ("--rows=nowhere.csv", r"--rows names no file. Received: --rows=nowhere.csv"),
    ],
)
def test_a_wrong_flag_is_told_in_a_line(recipe, tmp_path, flag, told):
    done = recipe("study_again", tmp_path, "--cell=mnist_plain", "--method=kd_lp", flag)
    assert done.returncode == 1 and re.search(f"^Error: {told}", done.stderr, re.MULTILINE)


@pytest.mark.slow
def test_a_row_is_made_again_and_a_second_call_trains_nothing(recipe, tmp_path):
    study = recipe("study", tmp_path / "study", "--part=digits")
    assert study.returncode == 0, study.stderr
    path = tmp_path / "runs.csv"
    raw.merge(path, Records(tmp_path / "study").read().values())
    flags = ("--cell=digits_plain", "--method=kd_lp", f"--rows={path}")
    first, second = (recipe("study_again", tmp_path / "again", *flags) for _ in range(2))
    assert first.returncode == 0, first.stdout + first.stderr
    # One machine: the same to the last digit, with a teacher that was trained anew.
    made = Records(tmp_path / "again").read().values()
    on_record = {row["seed"]: row["test_accuracy"] for row in made if row["method"] == "kd_lp"}
    assert on_record == {
        row["seed"]: row["test_accuracy"]
        for row in raw.read(path)
        if (row["part"], row["method"]) == ("final", "kd_lp")
    }
    assert len(on_record) == 5 and second.stdout == first.stdout
