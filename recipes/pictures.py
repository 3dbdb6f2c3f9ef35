r"""Draws the pictures of docs/paper.md, from networks that it trains on the embedded digits.

    python recipes/pictures.py                            # into docs/pictures; or: make pictures
    python recipes/pictures.py --num_seeds 1 --epochs 9 --out_dir runs/pictures     # does it run?

neighborhood.svg: an image of a batch with its neighbours and their alpha. bandwidth.svg: alpha over
the distance for several sigma. spaces.svg: the features of teacher and students. weights.svg: what
the weight of LP does, with its numbers in weights.csv. Each has a second file for narrow screens.
"""

import pathlib

import numpy as np
from absl import flags

import common
from explained import bandwidth, lesson, neighborhood, spaces, weights
from teaching import curves

FLAGS = flags.FLAGS
PICTURES = pathlib.Path(__file__).parents[1] / "docs" / "pictures"
GAMMAS = (0.0, 0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # 0: the student alone
GOOD, COLLAPSED = 1.0, 100.0


def sweep(classroom, seeds):
    """Trains a student for each weight and seed.

    Returns:
        The rows, dicts of gamma, seed, what `measure` gives, and the LP of the last epoch; and
        {gamma: the test images as the student of the first seed sees them}.
    """
    rows, seen = [], {}
    for gamma in GAMMAS:
        for seed in seeds:
            embedded, loss = classroom.student(gamma, seed)
            seen.setdefault(gamma, embedded)
            rows.append({"gamma": gamma, "seed": seed, **measure(embedded), "loss": loss})
        print(" ".join(f"{name}={value:.4g}" for name, value in rows[-1].items()), flush=True)
    return rows, seen


def measure(embedded):
    """Test accuracy in per cent, mean length of the features, mean distance from their mean."""
    centred = embedded.features - embedded.features.mean(axis=0)
    return {
        "accuracy": 100 * embedded.accuracy,
        "length": float(np.linalg.norm(embedded.features, axis=1).mean()),
        "spread": float(np.linalg.norm(centred, axis=1).mean()),
    }


def maps(teacher, seen):
    """The four networks of spaces.svg: {title: the test images as they see them}."""
    return {
        "Teacher": teacher,
        "Student alone": seen[0.0],
        f"Student with LP, gamma {GOOD:g}": seen[GOOD],
        f"Student with LP, gamma {COLLAPSED:g}": seen[COLLAPSED],
    }


def main():
    """Trains, measures, draws."""
    folder = pathlib.Path(FLAGS.out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    classroom = lesson.open_classroom(FLAGS.teacher_epochs, FLAGS.epochs)
    batch = classroom.batch()
    neighborhood.draw(folder, batch)
    bandwidth.draw(folder, batch)
    rows, seen = sweep(classroom, range(1, 1 + FLAGS.num_seeds))
    curves.write_history(folder / "weights.csv", rows)
    weights.draw(folder, rows)
    spaces.draw(folder, maps(classroom.see(classroom.teacher), seen))
    print(f"{folder}: pictures of {len(rows)} students")


if __name__ == "__main__":
    flags.DEFINE_string("out_dir", str(PICTURES), "Folder of the pictures.")
    flags.DEFINE_integer("epochs", 120, "Epochs of each student.", lower_bound=1)
    flags.DEFINE_integer("teacher_epochs", 20, "Epochs of the teacher.", lower_bound=1)
    flags.DEFINE_integer("num_seeds", 3, "Seeds of each weight.", lower_bound=1)
    common.run_recipe(main)
