"""Every benchmark runs in its quick mode, and writes its page; no figure is looked at."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "benchmarks"
# A benchmark is a script that hands its `measure` to `common.main`: found, not listed.
SCRIPTS = [path for path in sorted(FOLDER.glob("*.py")) if "common.main(" in path.read_text()]


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


def test_help_teaches_and_a_wrong_flag_is_told():
    done = run(FOLDER / "loss.py", "--help")
    assert "python benchmarks/loss.py --quick" in done.stdout and "--out_dir" in done.stdout
    done = run(FOLDER / "loss.py", "--nonsense")
    assert "Unknown command line flag" in done.stderr + done.stdout
