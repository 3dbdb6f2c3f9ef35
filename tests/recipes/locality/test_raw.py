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
