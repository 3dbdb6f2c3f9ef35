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

import json
import pathlib
import sys

from absl import flags

import common
from given.classifiers import check_file
from locality import again, parts, raw, shifts
from locality.classroom import Classroom
from locality.records import Records

FLAGS = flags.FLAGS
ROWS = pathlib.Path(__file__).parents[1] / "docs" / "results" / "locality" / "runs.csv"


def _setting(text):
    try:
        return json.loads(text or "null")
    except json.JSONDecodeError as error:
        raise ValueError(
            f"--setting must be JSON, in quotes, such as '{{}}'. Received: {text}, {error}"
        ) from error


def main():
    """Finds the row, makes it again and compares."""
    check_file("rows", FLAGS.rows)
    known = raw.read(FLAGS.rows)
    rows = again.select(known, FLAGS.part, FLAGS.cell, FLAGS.method, _setting(FLAGS.setting))
    shifts.use_one_thread()
    records = Records(pathlib.Path(FLAGS.run_dir))
    room = Classroom.of_study(FLAGS.cell, records, FLAGS.data_dir, FLAGS.cifar_teacher)
    again.check_teacher(known, FLAGS.cell, room.teacher)
    if not again.within(rows, again.make(rows, records, room)):
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
