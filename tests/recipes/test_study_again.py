"""A row of the study is found, made again, and held against its interval."""

import re

import pytest

import study_again
from locality import raw
from locality.records import Records

pytest.importorskip("scipy")
ROWS = raw.read(study_again.ROWS)


def test_a_row_of_a_table_is_found_with_its_seeds():
    found = study_again.select(ROWS, "final", "mnist_plain", "kd_lp")
    assert [row["seed"] for row in found] == [0, 1, 2, 3, 4]
    teacher = study_again.select(ROWS, "final", "mnist_plain", "teacher")
    assert len(teacher) == 1 and teacher[0]["part"] == "teacher"
    one = {"locality_preserving.num_neighbors": 2}
    swept = study_again.select(ROWS, "sweep_neighbors", "mnist_plain", "locality_preserving", one)
    assert len(swept) == 3 and all(row["setting"] == one for row in swept)


def test_what_is_not_on_record_is_refused_with_what_is():
    with pytest.raises(ValueError, match=r"--method must .* one of: .*kd_lp.*--method=nothing"):
        study_again.select(ROWS, "final", "mnist_plain", "nothing")
    with pytest.raises(ValueError, match=r"--part must .* one of: final, .*sweep_k --method"):
        study_again.select(ROWS, "sweep_k", "mnist_plain", "kd_lp")
    with pytest.raises(ValueError, match=r"--cell must .*mnist_plain.*--cell=nowhere"):
        study_again.select(ROWS, "final", "nowhere", "teacher")
    with pytest.raises(ValueError, match=r'--setting must name one of these: .*neighbors": 1}'):
        study_again.select(ROWS, "sweep_neighbors", "mnist_plain", "locality_preserving")
    with pytest.raises(ValueError, match=r'--setting must name one of these: .*Received: {"k": 3}'):
        study_again.select(ROWS, "final", "mnist_plain", "kd_lp", {"k": 3})


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


def test_a_mean_outside_of_the_interval_is_told(capsys):
    rows = [{"test_accuracy": score} for score in (0.90, 0.91, 0.92)]
    assert study_again.within(rows, [{"test_accuracy": 0.915}])
    assert not study_again.within(rows, [{"test_accuracy": 0.95}])
    assert study_again.within(rows[:1], [{"test_accuracy": 0.2}])
    with pytest.raises(ValueError, match=r"cannot be made here: out of memory"):
        study_again.within(rows, [{"failed": "out of memory"}])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "91.00 ± 1.00 on record, 91.50 now, within 88.52 to 93.48"
    assert ", outside of 88.52" in said[1] and said[2].endswith("one run has no interval")


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
