"""Killed anywhere and restarted: the end equals an undisturbed run's, and nothing else is left."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

PROGRAM = pathlib.Path(__file__).parent / "kill_program.py"
# operation: how many draws of FAULT_TRIES, 40 in `make torture`, it takes at write points and at
# random moments. Most have fewer than 48 write points, and are killed at every one; where one takes
# long, some are drawn. Ten random moments of each.
OPERATIONS = {
    "train": (1.2, 0.25), "workers": (0.25, 0.25), "build_cache": (1.2, 0.25),
    "build_graph": (1.2, 0.25), "prune": (0.6, 0.25), "cluster": (0.6, 0.25),
    "quantize_aware": (0.6, 0.25), "low_rank": (0.6, 0.25), "prune_channels": (0.6, 0.25),
    "export": (0.6, 0.25), "write_report": (1.2, 0.25), "study": (0.25, 0.25),
    "digits": (0.1, 0.25), "tune": (0.1, 0.25), "shrink": (0.1, 0.25),
}  # fmt: skip


@pytest.fixture(params=OPERATIONS)
def operation(request, record_property):
    record_property("row", request.param.replace("_", " "))
    return request.param


@pytest.mark.torture
def test_it_goes_on_to_the_same_end(operation, tmp_path, tries, record_property):
    environment = os.environ | {"PYTHONPATH": str(PROGRAM.parents[2])}
    counts = [str(max(1, round(share * tries))) for share in OPERATIONS[operation]]
    done = subprocess.run(
        [sys.executable, str(PROGRAM), operation, *counts, str(tmp_path / "runs")],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout.splitlines()[-1])
    record_property("tried", result["tried"])
    record_property("lost", len(result["lost"]))
    assert result["points"] > 5 and not result["lost"], "\n".join(result["lost"])
    assert result["killed"]  # else nothing was attacked
