r"""What `import tf_lpdistill` takes beside the `import keras` that comes before it.

    python benchmarks/imports.py            # a minute on a quiet machine: docs/results/imports.md
    python benchmarks/imports.py --quick    # does it run?

Each round is a process of its own, which imports Keras with TensorFlow behind it, then this
package with all its rooms: a ratio compares two parts of one process. Optional packages do not come
along, see tests/plan.py.
"""

import json
import os
import subprocess
import sys

import common

PROGRAM = """
import importlib, json, time
clocks, times = (time.perf_counter, time.process_time), []
for name in ("keras", "tf_lpdistill"):
    start = [clock() for clock in clocks]
    importlib.import_module(name)
    times.append([clock() - begin for clock, begin in zip(clocks, start)])
print(json.dumps(times))
"""


def imports():
    """Imports both in a fresh process: (wall clock, processor) seconds of each."""
    environment = os.environ | {
        "KERAS_BACKEND": "tensorflow",
        "PYTHONPATH": str(common.FOLDER.parent),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)


def measure(quick):
    """Returns the table: see the top of this file."""
    times = common.take_turns({"both": imports}, 1 if quick else 5)["both"]
    keras = times[:, 0]
    return {
        "By the wall clock, and in seconds of the processor": [
            {
                "import": f"`{name}`{after}",
                "wall, ms": common.milliseconds(times[:, i, 0]),
                "processor, ms": common.milliseconds(times[:, i, 1]),
                "wall / keras": common.ratio(times[:, i, 0], keras[:, 0]),
                "processor / keras": common.ratio(times[:, i, 1], keras[:, 1]),
            }
            for i, (name, after) in enumerate((("keras", ""), ("tf_lpdistill", " after it")))
        ]
    }


if __name__ == "__main__":
    common.main("imports", "The time of an import", measure)
