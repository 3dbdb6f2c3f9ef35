"""The recipe on two workers, by the very commands of docs/distributed.md."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from tests.processes import ROOT, free_ports

SHORT = "--epochs=1 --teacher_epochs=1 --num_seeds=2 --num_labels=100"


def documented(run_dir, flags):
    """The commands for two workers on one computer, as text for bash."""
    text = (ROOT / "docs" / "distributed.md").read_text(encoding="utf-8")
    (commands,) = [
        block for block in re.findall(r"```bash\n(.*?)```", text, re.S) if "for i" in block
    ]
    for port, free in zip(("2222", "2223"), free_ports(2), strict=True):
        commands = commands.replace(port, str(free))
    commands = commands.replace("python recipes", f"{sys.executable} recipes")
    commands = commands.replace("runs/two --strategy=multi_worker", f"{run_dir} {flags}")
    return commands.replace(flags, f"--strategy=multi_worker {flags}")


def run(commands):
    """Runs bash commands; returns what they printed, and leaves no process behind."""
    process = subprocess.Popen(
        ["bash", "-c", commands], cwd=ROOT, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        return process.communicate(timeout=280)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.slow
def test_two_workers_write_one_run_and_resume_it(tmp_path):
    run_dir = tmp_path / "run"
    for flags in (SHORT, f"{SHORT} --resume"):
        printed, errors = run(documented(run_dir, flags))
        assert "Traceback" not in errors and "Error" not in errors, errors[-3000:]
        assert printed.count("Report: ") == 1 and printed.count("exporting to") == 5
    results = json.loads((run_dir / "results.json").read_text())
    assert [row["key"] for row in results["rows"]] == ["teacher", "alone", "kd", "lp", "kd_lp"]
    assert (run_dir / "report.html").is_file() and not list(run_dir.rglob("*.part*"))
    assert len(list((run_dir / "students").iterdir())) == 8
