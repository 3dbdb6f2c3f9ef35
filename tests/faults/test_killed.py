"""Killed anywhere and restarted: the end equals an undisturbed run's, and nothing else is left."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

PROGRAM = pathlib.Path(__file__).parent / "kill_program.py"
# operation: how many draws of FAULT_TRIES it takes at write points, and how many at random moments
# at most; a run of a recipe takes a minute, of two workers ten seconds
OPERATIONS = {
    "train": 1.0, "workers": 0.25, "build_cache": 1.0, "build_graph": 1.0, "prune": 0.1,
    "cluster": 0.1, "quantize_aware": 0.1, "low_rank": 0.5, "prune_channels": 0.5, "export": 0.3,
    "write_report": 1.0, "study": 0.1, "digits": 0.1, "tune": 0.05, "shrink": 0.05,
}  # fmt: skip


@pytest.fixture(params=OPERATIONS)
def operation(request, record_property):
    record_property("row", request.param.replace("_", " "))
    return request.param


@pytest.mark.torture
def test_it_goes_on_to_the_same_end(operation, tmp_path, tries, record_property):
    environment = os.environ | {"PYTHONPATH": str(PROGRAM.parents[2])}
    count = max(2, round(OPERATIONS[operation] * tries))
    done = subprocess.run(
        [sys.executable, str(PROGRAM), operation, str(count), str(tmp_path / "runs")],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout.splitlines()[-1])
    record_property("tried", result["tried"])
    record_property("lost", len(result["lost"]))
    assert result["points"] > 5 and not result["lost"], "\n".join(result["lost"])
    assert result["killed"]  # else nothing was attacked
