"""Times every file of a phone bundle on this computer, and says how to time it on a phone.

  python export/benchmark.py --bundle phone/
  python export/benchmark.py --bundle phone/ --threads 4 --runs 200

"interpreter" is LiteRT's Interpreter, which MediaPipe and most apps use; "compiled" is what the
tool litert-benchmark finds for LiteRT's newer CompiledModel, rounded to 0.01 ms. Both are this
computer's: they say which file is quicker here, and nothing about a phone. Below the table stands
the command that times each file on a phone connected by USB. Sizes are in bytes, "zipped" as in an
APK. The figures also go into bundle.json and MODEL_CARD.md.
"""

from absl import app, flags

import command

_BUNDLE = flags.DEFINE_string("bundle", None, "The folder of the bundle.")
_RUNS = flags.DEFINE_integer("runs", 50, "Timed runs of each file.", lower_bound=1)
_THREADS = flags.DEFINE_integer("threads", 1, "CPU threads.", lower_bound=1)
flags.mark_flags_as_required(["bundle"])


def run():
    """Measures, and returns the bundle with its figures."""
    command.check_exists(_BUNDLE)
    with command.silence():
        from tf_lpdistill import tflite
    bundle = tflite.Bundle.open(_BUNDLE.value)
    figures = tflite.benchmark(bundle, runs=_RUNS.value, threads=_THREADS.value)
    return bundle, figures, [tflite.phone_command(path) for path in bundle.files.values()]


def describe(bundle, figures, commands):
    """Returns the figures as a table, with the CPU and the commands for a phone."""
    rows = [("file", "bytes", "zipped", "interpreter, ms", "p95", "compiled, ms", "p95")]
    for precision, path in bundle.files.items():
        entry = figures[precision]
        tool = entry["litert_benchmark"]
        rows.append(
            (
                path.name,
                f"{entry['bytes']:,}",
                f"{entry['zipped_bytes']:,}",
                f"{entry['latency_ms']:.3f}",
                f"{entry['latency_p95_ms']:.3f}",
                f"{tool['latency_ms']:.2f}" if tool else "-",
                f"{tool['latency_p95_ms']:.2f}" if tool else "-",
            )
        )
    host = bundle.facts()["host_benchmark"]
    return "\n".join(
        [
            command.table(rows),
            f"\nThis computer: {host['cpu']}, {host['threads']} thread(s), median of "
            f"{host['runs']} runs. It is not a phone. On one connected by USB:\n",
            *commands,
        ]
    )


def main(argv):
    """Runs the benchmark and prints it, or one line that says what is wrong."""
    print(describe(*command.call(argv, run)))


if __name__ == "__main__":
    app.run(main)
