"""What breaks: runs every attack of tests/faults and counts what was tried and what was lost.

python benchmarks/reliability.py            # everything, within an hour on two cores
python benchmarks/reliability.py --quick    # few draws, and no process is killed

Ends with 1 when something was lost; what pytest said of it is printed above the table.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

from absl import flags

import common

FLAGS = flags.FLAGS
FAULTS = common.FOLDER.parent / "tests" / "faults"
BESIDE = ("-n", "logical", "--maxprocesses", "4")  # two cores do two attacks at once
LIMIT = 3000  # seconds a file: one that hangs must not keep the others from their turn

flags.DEFINE_integer("tries", 40, "Draws of each random attack.", lower_bound=2)


def title(folder, name):
    """What a row is called: the first line of its file's docstring, which names its attacks."""
    stem, _, part = name.partition(": ")
    text = (folder / f"{stem}.py").read_text(encoding="utf-8")
    line = text.split('"""')[1].splitlines()[0].rstrip(".")
    return f"{line}: {part}" if part else line


def attack(path, tries, quick=False, limit=LIMIT):
    """Runs the tests of one file of attacks.

    Args:
        path: the file.
        tries: draws of each random attack.
        quick: whether to leave out what is marked `torture`.
        limit: seconds after which it is stopped.

    Returns:
        {row: {"tried", "lost", "seconds"}}. What pytest does not come to the end of counts as one
        attack more that is lost; all that was lost is printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        counts = pathlib.Path(folder) / "counts.json"
        counts.write_text("{}", encoding="utf-8")
        settings = {"FAULT_TRIES": str(tries), "FAULT_COUNTS": str(counts)}
        marks = ["-m", "not torture"] if quick else []
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *BESIDE, *marks]
        code, output = _run([*command, str(path)], settings, limit)
        found = json.loads(counts.read_text(encoding="utf-8"))
    if any(row["lost"] for row in found.values()) or code not in (0, 1, 5):
        print(output[-20_000:])
    if code not in (0, 1, 5):  # passed, failed, nothing to run without the mark
        row = found.setdefault(path.stem, {"tried": 0, "lost": 0, "seconds": 0.0})
        row["tried"] += 1
        row["lost"] += 1
    return found


def _run(command, settings, limit):
    """Returns (exit status, output); None for the status of what was stopped."""
    with subprocess.Popen(
        command, cwd=common.FOLDER.parent, env=os.environ | settings, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            output = process.communicate(timeout=limit)[0]
            return process.returncode, output
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # what it has started as well
            return None, f"{process.communicate()[0]}\nStopped after {limit} seconds."


def count(folder, tries, quick=False, limit=LIMIT):
    """Runs every file of attacks in a folder, each in a process of its own; returns the table."""
    rows = []
    for path in sorted(folder.glob("test_*.py")):
        print(title(folder, path.stem), flush=True)
        for name, found in attack(path, tries, quick, limit).items():
            rows.append({"attack": title(folder, name)} | found)
            print(found, flush=True)
    total = {key: sum(row[key] for row in rows) for key in ("tried", "lost", "seconds")}
    rows.append({"attack": "all"} | total)
    return [row | {"seconds": round(row["seconds"])} for row in rows]


def measure(quick):
    """Counts the attacks of each kind."""
    tries = 2 if quick else FLAGS.tries
    caption = f"What was tried, and what was lost, with {tries} draws of each random attack"
    return {caption: count(FAULTS, tries, quick)}


def lost(tables):
    """How many attacks were lost."""
    return sum(rows[-1]["lost"] for rows in tables.values())


if __name__ == "__main__":
    common.main("reliability", "What breaks", measure, failed=lost)
