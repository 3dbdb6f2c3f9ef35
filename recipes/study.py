r"""Does the locality preserving loss (LP) help? Few labels, many methods, each tuned alike.

Each method gets eight trials on validation images, then five seeds at the best setting, tested
once; LP is also swept, one argument at a time. A run that is on record is never made again, so the
study may be stopped at any time and goes on when it is started again, on several processes too.

    python recipes/study.py --run_dir runs/study --data_dir ~/data                # all of it
    python recipes/study.py --run_dir runs/study --data_dir ~/data --part mnist --workers 2
    python recipes/study.py --run_dir runs/study --part digits                    # without data
    python recipes/study.py --run_dir runs/new --rows docs/results/locality/runs.csv   # go on there

Needs mnist.npz, cifar10_jpeg.npz and clothing64_jpeg.npz in the folder of data sets. Afterwards
`python recipes/study_results.py --run_dir runs/study` adds the runs to
docs/results/locality/runs.csv and makes the tables and plots anew.
"""

import functools
import multiprocessing
import os
import pathlib
import sys
import time

from absl import flags

import common
from locality import parts, plan, raw, shifts, train
from locality.classroom import Classroom
from locality.records import Job, Records

FLAGS = flags.FLAGS
WAIT = 10  # seconds, while other processes are at work on what the next runs depend on
SHIFT = 40  # runs of one process: each leaves some 10 to 30 MB in it that nothing frees


def work(run_dir, names, data_dir, cifar_teacher, most=None):
    """Makes one run after the other; several processes may do so at once.

    Returns:
        Whether runs may be left, as after `most` runs; else there are none.
    """
    shifts.use_one_thread()
    records = Records(pathlib.Path(run_dir))

    @functools.lru_cache(maxsize=1)  # one data set in memory at a time
    def room(cell):
        return Classroom.of_study(cell, records, data_dir, cifar_teacher)

    parent, made = multiprocessing.parent_process(), 0
    while made != most and (parent is None or parent.is_alive()):
        jobs, more = plan.ready(names, list(records.read().values()))
        left = [job for job in jobs if not records.has(job)]
        if not left and not more:
            return False
        if any(_try(job, records, room) for job in left):
            made += 1
        else:
            time.sleep(WAIT)
    return True


def shift(*arguments):
    """A process of the study: ends after `SHIFT` runs with the exit code `shifts.MORE`."""
    try:
        sys.exit(shifts.MORE if work(*arguments, SHIFT) else 0)
    except (ValueError, OSError, ImportError) as error:
        sys.exit(f"Error: {error}")


def _try(job, records, room):
    """Makes a run, unless another process is at it or has made it; returns whether it did."""
    with records.claim(job.name) as granted:
        if not granted or records.has(job):
            return False
        measured = train.run(job, room(job.cell))
        records.write(job, measured)
        score = measured.get("validation_accuracy", measured.get("failed"))
        print(f"{job.name}: {score} ({measured['cpu_seconds']} s)", flush=True)
        return True


def adopt(path, records):
    """Takes the runs of a CSV file for made, but for the teachers, whose files are not in it.

    Args:
        path: the file, as `study_results.py` writes it.
        records: the `Records` of this study; a run that they have stays as it is.

    Raises:
        FileNotFoundError: when there is no such file.
        ValueError: for one of other columns.
    """
    if not pathlib.Path(path).is_file():
        raise FileNotFoundError(f"--rows names no file. Received: --rows={path}")
    for row in raw.read(path):
        job = Job.of(row)
        if job.part != "teacher" and not records.has(job):
            records.write(job, row)


def main():
    """Starts the workers and waits for them."""
    names = parts.EVERYTHING if "all" in FLAGS.part else FLAGS.part
    unknown = set(names) - set(parts.PARTS)
    if unknown:
        raise ValueError(
            f"--part must be 'all' or some of {', '.join(parts.PARTS)}. "
            f"Received: {', '.join(sorted(unknown))}"
        )
    if FLAGS.rows is not None:
        adopt(FLAGS.rows, Records(pathlib.Path(FLAGS.run_dir)))
    arguments = (FLAGS.run_dir, names, FLAGS.data_dir, FLAGS.cifar_teacher)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # of many processes, for one terminal
    shifts.run(shift, arguments, FLAGS.workers)


if __name__ == "__main__":
    flags.DEFINE_string("run_dir", "runs/study", "Folder of the study; it goes on where it stands.")
    flags.DEFINE_list("part", "all", "all, or some of: " + ", ".join(parts.PARTS))
    flags.DEFINE_string(
        "data_dir", None, "Folder of real data; else the environment variable LPDISTILL_DATA."
    )
    flags.DEFINE_string(
        "cifar_teacher", None, "A .keras teacher for 32x32 pixels 0..255; trained here if unset."
    )
    flags.DEFINE_string("rows", None, "A runs.csv: its runs count as made.")
    flags.DEFINE_integer("workers", 1, "Processes that share the work.", lower_bound=1)
    common.run_recipe(main)
