"""`litert-benchmark`, the timing tool that comes with LiteRT, where it is installed."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from tf_lpdistill.types import PathLike

_SECONDS = 300


def find_tool() -> str | None:
    """Returns the path of `litert-benchmark`, beside this Python or on the PATH, or None."""
    beside = pathlib.Path(sys.executable).with_name("litert-benchmark")
    return str(beside) if beside.is_file() else shutil.which("litert-benchmark")


def measure(path: PathLike, runs: int, threads: int) -> dict[str, float] | None:
    """Times one file through LiteRT's CompiledModel, the interface of new Android apps.

    Args:
        path: the `.tflite` file.
        runs: timed runs, after a warm-up.
        threads: CPU threads.

    Returns:
        `{"latency_ms", "latency_p95_ms"}`, median and 95th percentile in milliseconds, which the
        tool rounds to 0.01; or None where it is not installed or cannot run the file.
    """
    tool = find_tool()
    if tool is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        options = {"model": path, "num_runs": runs, "num_threads": threads, "result_json": report}
        command = [tool, *(f"--{name}={value}" for name, value in options.items())]
        try:
            subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True)
            latency = json.loads(report.read_text())["latency"]
        except (OSError, subprocess.SubprocessError, ValueError, KeyError):
            return None
    return {"latency_ms": latency["median_ms"], "latency_p95_ms": latency["p95_ms"]}
