"""Processes that take turns."""

import os
import sys

import pytest

from locality import shifts


def dig(folder):
    """Makes one file a shift; there are three to make, and a broken tool ends the last shift."""
    done = len(os.listdir(folder))
    if done == 3:
        sys.exit(7 if (folder / "broken").exists() else 0)
    (folder / str(done)).touch()
    sys.exit(shifts.MORE)


def test_a_fresh_process_takes_over(tmp_path):
    shifts.run(dig, (tmp_path,), 1)
    assert sorted(os.listdir(tmp_path)) == ["0", "1", "2"]


def test_a_process_that_fails_is_told(tmp_path):
    (tmp_path / "broken").touch()
    with pytest.raises(ChildProcessError, match=r"exit codes \[7\]. Start it again"):
        shifts.run(dig, (tmp_path,), 1)
    assert len(os.listdir(tmp_path)) == 3
