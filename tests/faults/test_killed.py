"""Killed anywhere and restarted: the end equals an undisturbed run's, and nothing else is left."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

PROGRAM = pathlib.Path(__file__).parent / "kill_program.py"
# operation: how many draws of FAULT_TRIES it takes; a run of the recipe takes a minute
OPERATIONS = {"build_graph": 1.0, "build_cache": 1.0, "train": 0.5, "export": 0.3, "recipe": 0.1}


@pytest.mark.torture
@pytest.mark.parametrize("operation", OPERATIONS)
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
