"""Every benchmark runs in its quick mode, and writes its page; no figure is looked at."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "benchmarks"
# A benchmark is a script that hands its `measure` to `common.main`: found, not listed.
SCRIPTS = [
    path
    for path in sorted(FOLDER.glob("*.py"))
    if "common.main(" in path.read_text() and path.stem != "torch_beside"  # needs another Python
]


def run(script, *flags):
    environment = os.environ | {"PYTHONPATH": str(FOLDER.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        [sys.executable, str(script), *flags],
        capture_output=True, text=True, env=environment, timeout=300, check=False,
    )  # fmt: skip


def test_there_are_benchmarks():
    assert {"growth", "loss", "step"} <= {path.stem for path in SCRIPTS}


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_quick_mode_writes_a_table_with_its_command(script, tmp_path):
    done = run(script, "--quick", f"--out_dir={tmp_path}")
    assert done.returncode == 0, done.stderr[-3000:]
    page = (tmp_path / f"{script.stem}.md").read_text(encoding="utf-8")
    assert f"`python benchmarks/{script.stem}.py --quick`" in page and page in done.stdout
    record = json.loads((tmp_path / f"{script.stem}.json").read_text(encoding="utf-8"))
    assert record["machine"]["cores"] == os.cpu_count()
    for caption, rows in record["tables"].items():
        assert caption in page and rows
        assert all(row.keys() == rows[0].keys() for row in rows)


@pytest.mark.slow
def test_the_loss_of_8192_samples_needs_less_than_two_gigabytes():
    # All of the process, TensorFlow included. One (n, n) float32 matrix alone would be 256 MiB.
    program = "import common; print(common.peak_memory('loss', 'work', 8192, 1024, 5))"
    environment = os.environ | {"PYTHONPATH": f"{FOLDER}{os.pathsep}{FOLDER.parent}"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    added, whole = json.loads(done.stdout.splitlines()[-1].replace("(", "[").replace(")", "]"))
    assert 32 < added < whole < 2e9 / 2**20


def test_help_teaches_and_a_wrong_flag_is_told():
    done = run(FOLDER / "loss.py", "--help")
    assert "python benchmarks/loss.py --quick" in done.stdout and "--out_dir" in done.stdout
    done = run(FOLDER / "loss.py", "--nonsense")
    assert "Unknown command line flag" in done.stderr + done.stdout


def test_the_comparison_with_pytorch_wants_a_python_with_pytorch():
    done = run(FOLDER / "torch_beside.py")
    assert done.returncode != 0
    assert "--torch_python must name a Python that can import torch" in done.stderr + done.stdout
