"""The study on the embedded digits, whole: killed, gone on with, and made into tables."""

import pathlib
import subprocess
import sys
import time

import pytest

import study
from locality import raw
from locality.records import Job, Records

pytest.importorskip("optuna")
ROWS = pathlib.Path(__file__).parents[2] / "docs" / "results" / "locality" / "runs.csv"


def test_the_runs_of_a_file_count_as_made(tmp_path):
    study.adopt(ROWS, Records(tmp_path))
    made = list(Records(tmp_path).read().values())
    students = [row for row in raw.read(ROWS) if row["part"] != "teacher"]
    assert len(made) == len(students) > 100 and all(row in students for row in made)
    first = {name: students[0][name] for name in ("part", "cell", "method", "setting", "seed")}
    assert Records(tmp_path).has(Job(**first))
    with pytest.raises(FileNotFoundError, match=r"--rows names no file. Received: --rows=none"):
        study.adopt("none", Records(tmp_path))


def test_an_unknown_part_is_refused(recipe, tmp_path):
    done = recipe("study", tmp_path, "--part=mnist,nothing")
    assert done.returncode != 0
    assert "--part must be 'all' or some of mnist, " in done.stderr
    assert "Received: nothing" in done.stderr


@pytest.mark.slow
def test_a_killed_study_goes_on_and_repeats_nothing(recipe, tmp_path):
    flags = ("--part=digits", "--workers=2")
    script = pathlib.Path(__file__).parents[2] / "recipes" / "study.py"
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    runs = tmp_path / "runs"
    with subprocess.Popen([sys.executable, script, f"--run_dir={tmp_path}", *flags], **silent) as p:
        try:
            deadline = time.monotonic() + 300
            while len(list(runs.glob("[!.]*.json"))) < 6:
                assert p.poll() is None and time.monotonic() < deadline
                time.sleep(0.2)
        finally:
            p.kill()
    before = {path.name: path.stat().st_mtime_ns for path in runs.glob("[!.]*.json")}
    assert len(before) >= 6
    done = recipe("study", tmp_path, *flags)
    assert done.returncode == 0, done.stderr
    rows = Records(tmp_path).read()
    # A teacher; four methods, each with eight trials and five seeds.
    assert len(rows) == 1 + 4 * 13 and not any("failed" in row for row in rows.values())
    after = {path.name: path.stat().st_mtime_ns for path in runs.glob("[!.]*.json")}
    assert all(after[name] == made for name, made in before.items())
    tests = [row["test_accuracy"] for row in rows.values() if row["part"] == "final"]
    assert len(tests) == 20 and min(tests) > 0.85
    again = recipe("study", tmp_path, *flags)
    assert again.returncode == 0 and "tune-" not in again.stdout
