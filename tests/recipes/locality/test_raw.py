"""The CSV file of all runs."""

import pytest

from locality import raw


def test_rows_come_back_as_they_went(tmp_path, rows):
    path = tmp_path / "runs.csv"
    assert raw.merge(path, rows) == len(rows)
    read = raw.read(path)
    assert len(read) == len(rows) and all(row in read for row in rows)


def test_what_is_known_stays_as_it_was_and_new_rows_are_added(tmp_path, rows):
    path = tmp_path / "runs.csv"
    raw.merge(path, rows[:3])
    before = path.read_text().splitlines()
    changed = [row | {"test_accuracy": 0.0} for row in rows[:5]]
    assert raw.merge(path, changed) == 2
    after = path.read_text().splitlines()
    assert len(after) == len(before) + 2 and set(before) <= set(after)
    assert raw.merge(path, rows[:5]) == 0 and path.read_text().splitlines() == after


def test_the_order_of_the_rows_does_not_matter(tmp_path, rows):
    raw.merge(tmp_path / "a.csv", rows)
    raw.merge(tmp_path / "b.csv", rows[::-1])
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_no_file_has_no_rows(tmp_path):
    assert raw.read(tmp_path / "none.csv") == []


def test_other_columns_are_refused(tmp_path):
    (tmp_path / "runs.csv").write_text("part,cell\ntune,digits\n")
    with pytest.raises(ValueError, match=r"must have the columns part, cell.*Received: \['part'"):
        raw.read(tmp_path / "runs.csv")


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (",3,", ",three,", "invalid literal"),
        ("{", "[", "setting cannot be|Expecting|Extra data"),
        (",0.", ",7.", r"_accuracy'\] cannot be"),
        (",", ",,", "a run has 30 cells. Received: 31"),
        (",", ";", "a run has 30 cells. Received: 29"),
    ],
)
def test_a_line_that_cannot_be_of_a_run_is_named(tmp_path, rows, before, after, reason):
    path = tmp_path / "runs.csv"
    raw.merge(path, [row | {"seed": 3} for row in rows[:1]])
    head, line = path.read_text().splitlines()
    assert before in line
    path.write_text(f"{head}\n{line.replace(before, after, 1)}\n")
    with pytest.raises(ValueError, match=rf"runs\.csv is damaged at line 2: .*({reason})"):
        raw.read(path)


def test_the_same_run_twice_is_named(tmp_path, rows):
    path = tmp_path / "runs.csv"
    raw.merge(path, rows[:1])
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
    with pytest.raises(ValueError, match=r"damaged at line 3: the same run twice"):
        raw.read(path)
