"""What all benchmarks share: interleaved timing, peak memory, and the files in docs/results."""

import json
import os
import pathlib
import platform
import resource
import subprocess
import sys
import time

import keras
import numpy as np
import tensorflow as tf
from absl import app, flags

import tf_lpdistill
from tf_lpdistill import files
from tf_lpdistill.tflite.benchmark import cpu_name

FLAGS = flags.FLAGS
FOLDER = pathlib.Path(__file__).parent

flags.DEFINE_bool("quick", False, "Small sizes and few rounds: does it run? No figures to keep.")
flags.DEFINE_string(
    "out_dir", str(FOLDER.parent / "docs" / "results"), "Folder of NAME.json and NAME.md."
)


def interleave(functions, rounds, calls=1):
    """Times functions in turn, see `take_turns`.

    Args:
        functions: {name: function without arguments}.
        rounds: how often each gets its turn.
        calls: calls of a turn.

    Returns:
        {name: (rounds,) float64 seconds a call}.
    """

    def timed(function):
        def turn():
            start = time.perf_counter()
            for _ in range(calls):
                function()
            return (time.perf_counter() - start) / calls

        return turn

    return take_turns({name: timed(function) for name, function in functions.items()}, rounds)


def take_turns(turns, rounds):
    """Lets variants work in turn (A B A B ...), so that a busy machine slows all of them alike.

    Args:
        turns: {name: function that works for a turn and returns seconds, or several measures of
            it}; each is called once beforehand.
        rounds: how often each gets its turn.

    Returns:
        {name: (rounds, ...) float64 of what the turns returned}.
    """
    for turn in turns.values():
        turn()
    times = {name: [] for name in turns}
    for _ in range(rounds):
        for name, turn in turns.items():
            times[name].append(turn())
    return {name: np.array(series) for name, series in times.items()}


def ratio(times, base):
    """The ratio of two series of one `interleave`: the median over its rounds, and the quartiles.

    Args:
        times: (rounds,) seconds.
        base: (rounds,) seconds.

    Returns:
        str, such as "1.05 (1.03-1.08)".
    """
    low, middle, high = np.quantile(times / base, [0.25, 0.5, 0.75])
    return f"{middle:.2f} ({low:.2f}-{high:.2f})"


def milliseconds(times):
    """The median of a series in milliseconds, to three digits."""
    return float(f"{1e3 * np.median(times):.3g}")


def peak_memory(script, function, *arguments):
    """Peak memory of a piece of work, in a process of its own.

    Args:
        script: name of a benchmark, whose `function(*arguments)` prepares the work and returns it,
            a function without arguments.
        function: its name.
        *arguments: plain values.

    Returns:
        (MiB that the work added to what was there before, MiB of the whole process, what the work
        returned: a plain value).
    """
    program = f"import common, {script}; common.print_peak({script}.{function}, *{arguments!r})"
    environment = os.environ | {
        "PYTHONPATH": f"{FOLDER}{os.pathsep}{FOLDER.parent}",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, check=True
    )
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def print_peak(prepare, *arguments):
    """What the process of `peak_memory` runs."""
    work = prepare(*arguments)
    before = _peak_mib()
    result = work()
    print(json.dumps([round(_peak_mib() - before), round(_peak_mib()), result]))


def _peak_mib():
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        # Linux hands the parent's ru_maxrss on to a process that it starts; this line it does not.
        lines = status.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


def machine():
    """What the figures depend on: {fact: value}."""
    return {
        "processor": cpu_name(),
        "cores": os.cpu_count(),
        "GPUs": len(tf.config.list_physical_devices("GPU")),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "tf_lpdistill": tf_lpdistill.__version__,
    }


def main(name, title, measure, failed=lambda tables: False):
    """Runs a benchmark: measures, prints, and writes NAME.json and NAME.md.

    Args:
        name: name of the script without suffix.
        title: heading of the page.
        measure: `measure(quick)` returns {caption: list of rows}, where a row is a dict of plain
            values and the rows of a table have the same keys.
        failed: `failed(tables)` tells whether the process ends with 1, after all is written.
    """

    def run(argv):
        if len(argv) > 1:
            raise app.UsageError(f"Unexpected arguments: {argv[1:]}")
        start = time.perf_counter()
        tables = measure(FLAGS.quick)
        publish(name, title, tables, time.perf_counter() - start)
        return int(bool(failed(tables)))

    for flag in ("quick", "out_dir"):  # else --help shows the flags of the script's own file alone
        FLAGS.register_key_flag_for_module(sys.argv[0], FLAGS[flag])
    app.run(run)


def publish(name, title, tables, seconds):
    """Writes what was measured as JSON and as Markdown, each whole or not at all.

    Args:
        name: name of the script without suffix.
        title: heading of the page.
        tables: {caption: list of rows}.
        seconds: how long all of it took.
    """
    own = FLAGS.get_key_flags_for_module(sys.argv[0])
    given = [f"--{flag.name}" for flag in own if flag.value is True]
    # Files by their names alone: where they are is nobody else's business.
    given += [
        f"--{flag.name} {pathlib.Path(flag.value).name}"
        for flag in own
        if isinstance(flag.value, str) and flag.name != "out_dir"
    ]
    command = " ".join([f"python benchmarks/{name}.py", *given])
    record = {
        "title": title,
        "command": command,
        "seconds": round(seconds),
        "machine": machine(),
        "tables": tables,
    }
    folder = pathlib.Path(FLAGS.out_dir)
    files.write_json(folder / f"{name}.json", record)
    about = ", ".join(f"{fact} {value}" for fact, value in record["machine"].items())
    about += f"; {seconds:.0f} seconds in all"
    sections = [f"# {title}", f"`{command}`", about]
    sections += [f"{caption}\n\n{markdown(rows)}" for caption, rows in tables.items()]
    page = "\n\n".join(sections) + "\n"
    files.write_text(folder / f"{name}.md", page)
    print(page)


def markdown(rows):
    """A table in Markdown.

    Args:
        rows: list of dicts with the same keys, which become the heads of the columns.

    Returns:
        str of several lines.
    """
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
