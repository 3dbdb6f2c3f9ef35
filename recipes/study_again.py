r"""Makes a row of the study again, and says whether it comes out within its interval.

    python recipes/study_again.py --cell mnist_plain --method kd_lp --data_dir ~/data
    python recipes/study_again.py --cell clothes_residual --method teacher --data_dir ~/data
    python recipes/study_again.py --part sweep_weight --cell mnist_plain \
        --method locality_preserving --setting '{"locality_preserving.weight": 0.1}'

Trains the teacher first where --run_dir has none, and ends with 1 when the new mean lies outside of
the interval of the committed row; one run, such as a teacher's, has no interval. What is made stays
in --run_dir: a second call goes on there. On the same versions and the same kind of processor the
numbers are the same to the last digit. Rows of CIFAR want the teacher of docs/results/locality.md
as --cifar_teacher: without it another one is trained, and its students come out otherwise.
"""

import dataclasses
import functools
import json
import pathlib
import sys

from absl import flags

import common
from given.classifiers import check_file
from locality import parts, raw, shifts, train
from locality.classroom import Classroom
from locality.intervals import mean
from locality.records import Job, Records
from locality.tables import interval, percent

FLAGS = flags.FLAGS
_text = functools.partial(json.dumps, sort_keys=True)
ROWS = pathlib.Path(__file__).parents[1] / "docs" / "results" / "locality" / "runs.csv"


def select(rows, part, cell, method, setting=None):
    """Finds the runs that stand behind a row of a table.

    Args:
        rows: all rows on record.
        part: "final", "tune" or a sweep, such as "sweep_k".
        cell: key of `cells.CELLS`.
        method: key of `methods.METHODS`, or "teacher".
        setting: dict; None where the row has only one.

    Returns:
        The rows that were trained, one a seed.

    Raises:
        ValueError: when there are none, or of several settings.
    """
    part = "teacher" if method == "teacher" else part
    found = [row for row in rows if "failed" not in row]
    for flag, value in (("cell", cell), ("part", part), ("method", method)):
        known = sorted({row[flag] for row in found})
        found = [row for row in found if row[flag] == value]
        if not found:
            raise ValueError(
                f"--{flag} must name runs on record, here one of: {', '.join(known)}. Received: "
                f"--cell={cell} --part={part} --method={method}"
            )
    chosen = [row for row in found if setting in (None, row["setting"])]
    if len({_text(row["setting"]) for row in chosen}) != 1:
        settings = sorted({_text(row["setting"]) for row in found})
        raise ValueError(
            f"--setting must name one of these: {'; '.join(settings)}. Received: {_text(setting)}"
        )
    return chosen


def _setting(text):
    try:
        return json.loads(text or "null")
    except json.JSONDecodeError as error:
        raise ValueError(
            f"--setting must be JSON, in quotes, such as '{{}}'. Received: {text}, {error}"
        ) from error


def again(rows, records, room):
    """Makes runs that are on record again.

    Args:
        rows: the runs.
        records: `Records` of where they are made; a run that it has is not made again.
        room: their `Classroom`.

    Returns:
        The new rows, in the same order.
    """
    for row in rows:
        job = _job(row)
        if not records.has(job):
            records.write(job, train.run(job, room))
        new = records.read()[job.name]
        print(
            f"seed {job.seed}: {_accuracy(row):.2%} on record, {_accuracy(new):.2%} now", flush=True
        )
    made = records.read()
    return [made[_job(row).name] for row in rows]


def within(rows, new):
    """Prints both means; returns whether the new one lies in the interval of the other."""
    old, found = (mean(_accuracy(row) for row in some) for some in (rows, new))
    inside = old.number < 2 or old.low <= found.mean <= old.high
    verdict = "within" if inside else "outside of"
    limits = f", {verdict} {interval(old)}" if old.number > 1 else "; one run has no interval"
    print(f"{percent(old)} on record, {percent(found)} now{limits}")
    return inside


def _job(row):
    return Job(**{field.name: row[field.name] for field in dataclasses.fields(Job)})


def _accuracy(row):
    if "failed" in row:
        raise ValueError(f"The run cannot be made here: {row['failed']}")
    return row["test_accuracy" if "test_accuracy" in row else "validation_accuracy"]


def main():
    """Finds the row, makes it again and compares."""
    check_file("rows", FLAGS.rows)
    rows = raw.read(FLAGS.rows)
    rows = select(rows, FLAGS.part, FLAGS.cell, FLAGS.method, _setting(FLAGS.setting))
    shifts.use_one_thread()
    records = Records(pathlib.Path(FLAGS.run_dir))
    room = Classroom.of_study(FLAGS.cell, records, FLAGS.data_dir, FLAGS.cifar_teacher)
    if not within(rows, again(rows, records, room)):
        sys.exit(1)


if __name__ == "__main__":
    flags.DEFINE_string("cell", None, "Data and networks of the row, such as mnist_plain.")
    flags.DEFINE_string("method", None, "Method of the row as in recipes/methods.py, or teacher.")
    flags.DEFINE_string("part", "final", "final, tune, sweep_" + ", sweep_".join(parts.SWEEPS))
    flags.DEFINE_string("setting", None, "JSON, as in the file; needed where a row has several.")
    flags.DEFINE_string("rows", str(ROWS), "The file of the runs on record.")
    flags.DEFINE_string("run_dir", "runs/again", "Folder of what is made; it goes on there.")
    flags.DEFINE_string(
        "data_dir", None, "Folder of real data; else the environment variable LPDISTILL_DATA."
    )
    flags.DEFINE_string(
        "cifar_teacher", None, "The .keras teacher of the CIFAR cells, as for recipes/study.py."
    )
    flags.mark_flags_as_required(["cell", "method"])
    common.run_recipe(main)
