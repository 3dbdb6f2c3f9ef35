"""`benchmark`: sizes, and how long each file takes on this computer (which is no phone)."""

import pathlib
import platform
import shlex
import time
from typing import Any

import numpy as np

from tf_lpdistill.tflite import litert_tool
from tf_lpdistill.tflite.bundle import Bundle
from tf_lpdistill.tflite.runtime import Runner
from tf_lpdistill.types import PathLike

_WARM_UP_RUNS = 5
_PHONE_FOLDER = "/data/local/tmp"


def benchmark(
    bundle: Bundle | PathLike, runs: int = 50, threads: int = 1
) -> dict[str, dict[str, Any]]:
    """Measures size and host latency of every file of a bundle.

    The results also go into bundle.json (`host_benchmark`, with the name of the CPU) and
    MODEL_CARD.md. The latency is this computer's; it says which file is quicker here, not what a
    phone will take.

    Args:
        bundle: a `Bundle`, or its folder. Damaged files are refused.
        runs: timed runs of each file, after a warm-up; one image each.
        threads: CPU threads of the interpreter.

    Returns:
        `{precision: {"bytes", "zipped_bytes", "latency_ms", "latency_p95_ms",
        "litert_benchmark"}}`: the median and the 95th percentile of the interpreter, in
        milliseconds; and the same two from the tool `litert-benchmark`, or None where it is not
        installed.

    Raises:
        ValueError: when `runs` or `threads` is not positive, or the bundle is damaged.
    """
    for name, value in (("runs", runs), ("threads", threads)):
        if type(value) is not int or value < 1:
            raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value!r}")
    bundle = Bundle.open(bundle)
    facts = bundle.facts()
    results = {}
    for precision, path in bundle.files.items():
        times = _times(Runner(path, threads), runs)
        results[precision] = {
            "bytes": facts["files"][precision]["bytes"],
            "zipped_bytes": facts["files"][precision]["zipped_bytes"],
            "latency_ms": float(np.median(times)),
            "latency_p95_ms": float(np.percentile(times, 95)),
            "litert_benchmark": litert_tool.measure(path, runs, threads),
        }
    host = {"cpu": cpu_name(), "threads": threads, "runs": runs, "files": results}
    bundle.record(facts | {"host_benchmark": host})
    return results


def phone_command(path: PathLike, runs: int = 50, threads: int = 4) -> str:
    """Returns the shell command that times a file on a phone which is connected by USB.

    It needs `adb`, and TensorFlow Lite's `benchmark_model` for the phone's CPU in the phone's
    folder /data/local/tmp: https://ai.google.dev/edge/litert/models/measurement

    Args:
        path: the `.tflite` file.
        runs: timed runs.
        threads: CPU threads; four suit the large cores of most phones.
    """
    name = pathlib.Path(path).name
    return (
        f"adb push {shlex.quote(str(path))} {_PHONE_FOLDER}/ && "
        f"adb shell {_PHONE_FOLDER}/benchmark_model --graph={_PHONE_FOLDER}/{name} "
        f"--num_threads={threads} --num_runs={runs} --use_xnnpack=true"
    )


def _times(runner, runs):
    """Returns the milliseconds of each run on one random picture."""
    shape = runner.input_shape[1:]
    runner.load(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    times = []
    for _ in range(_WARM_UP_RUNS + runs):
        start = time.perf_counter()
        runner.invoke()
        times.append(1000.0 * (time.perf_counter() - start))
    return times[_WARM_UP_RUNS:]


def cpu_name() -> str:
    """Returns the name of this computer's CPU, as well as the system tells it."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
