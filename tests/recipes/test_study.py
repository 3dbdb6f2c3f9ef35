"""The study on the embedded digits, whole: killed, gone on with, and made into tables."""

import signal
import time

import pytest

from locality.records import Records

pytest.importorskip("optuna")


def test_an_unknown_part_is_refused(recipe, tmp_path):
    done = recipe("study", tmp_path, "--part=mnist,nothing")
    assert done.returncode != 0
    assert "--part must be 'all' or some of mnist, " in done.stderr
    assert "Received: nothing" in done.stderr


@pytest.mark.slow
def test_a_killed_study_goes_on_and_repeats_nothing(recipe, start_recipe, tmp_path):
    flags = ("--part=digits", "--workers=2")
    killed = start_recipe("study", tmp_path, *flags)
    runs = tmp_path / "runs"
    deadline = time.time() + 300
    while len(list(runs.glob("*.json"))) < 6 and time.time() < deadline:
        time.sleep(0.2)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    before = {path.name: path.stat().st_mtime_ns for path in runs.glob("[!.]*.json")}
    assert len(before) >= 6
    done = recipe("study", tmp_path, *flags)
    assert done.returncode == 0, done.stderr
    rows = Records(tmp_path).read()
    # A teacher; four methods, each with eight trials and five seeds.
    assert len(rows) == 1 + 4 * 13 and not any("failed" in row for row in rows.values())
    after = {path.name: path.stat().st_mtime_ns for path in runs.glob("*.json")}
    assert all(after[name] == made for name, made in before.items())
    tests = [row["test_accuracy"] for row in rows.values() if row["part"] == "final"]
    assert len(tests) == 20 and min(tests) > 0.85
    again = recipe("study", tmp_path, *flags)
    assert again.returncode == 0 and "tune-" not in again.stdout
