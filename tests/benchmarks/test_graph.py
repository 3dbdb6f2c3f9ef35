"""The benchmark of the graph runs, and its figures are of what it names."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.slow
def test_it_prints_a_row_for_each_method():
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "graph.py"), "--quick"],
        capture_output=True, text=True, env=environment, check=True, timeout=300,
    )  # fmt: skip
    table = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("|")][2:]
    assert {row[2] for row in table} >= {"tensorflow", "PCA to 8, tensorflow"}
    for n, d, method, seconds, _peak, recall in table:
        assert (n.strip("| "), d) == ("300", "40") and float(seconds) >= 0.0
        exact = "PCA" not in method
        assert float(recall.strip("| ")) == 1.0 if exact else float(recall.strip("| ")) > 0.3
