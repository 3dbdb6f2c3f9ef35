"""What breaks: runs every attack of tests/faults and counts what was tried and what was lost.

python benchmarks/reliability.py            # everything, within an hour on two cores
python benchmarks/reliability.py --quick    # few draws, and no process is killed
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from absl import flags

import common

FLAGS = flags.FLAGS
FAULTS = common.FOLDER.parent / "tests" / "faults"

flags.DEFINE_integer("tries", 40, "Draws of each random attack.", lower_bound=2)


def title(path):
    """The first line of a file's docstring, which names its attacks."""
    return path.read_text(encoding="utf-8").split('"""')[1].splitlines()[0].rstrip(".")


def attack(quick):
    """Runs the tests of tests/faults; returns {name of a file: its counts}, and pytest's output."""
    with tempfile.TemporaryDirectory() as folder:
        counts = pathlib.Path(folder) / "counts.json"
        environment = os.environ | {
            "FAULT_TRIES": str(2 if quick else FLAGS.tries),
            "FAULT_COUNTS": str(counts),
        }
        marks = ["-m", "not torture"] if quick else []
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *marks, str(FAULTS)],
            cwd=FAULTS.parents[1], env=environment, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if not counts.exists():
            raise RuntimeError(f"pytest could not run the attacks: {done.stdout[-3000:]}")
        return json.loads(counts.read_text(encoding="utf-8")), done.stdout


def measure(quick):
    """Counts the attacks of each kind."""
    counts, output = attack(quick)
    rows = [
        {
            "attack": title(FAULTS / f"{name}.py"),
            "tried": found["tried"],
            "lost": found["lost"],
            "seconds": round(found["seconds"]),
        }
        for name, found in sorted(counts.items())
    ]
    total = {"attack": "all", "tried": 0, "lost": 0, "seconds": 0}
    for key in ("tried", "lost", "seconds"):
        total[key] = sum(row[key] for row in rows)
    if total["lost"]:
        print(output)
    draws = f"with {2 if quick else FLAGS.tries} draws of each random attack"
    return {f"What was tried, and what was lost, {draws}": [*rows, total]}


if __name__ == "__main__":
    common.main("reliability", "What breaks", measure)
