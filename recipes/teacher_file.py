"""The teacher that flags name: a network to be trained here, or a `.keras` file of any input."""

from absl import flags

import classifiers
import common
import sources
from tf_lpdistill import Preprocessing, models
from tf_lpdistill.data import ImageData

FLAGS = flags.FLAGS


def find(path, scaling, loaded: ImageData, pixels: Preprocessing):
    """Returns a function that reads a `.keras` teacher, wrapped where its input is another.

    Args:
        path: `--teacher`.
        scaling: `--teacher_scaling`, the range of pixels that it was trained on.
        loaded: the data set.
        pixels: what the student is fed, and so the teacher.

    Raises:
        ValueError: when it cannot be read, has other classes, or ends in a softmax.
    """

    def build():
        return models.adapted(classifiers.read_classifier("teacher", path, loaded), pixels, scaling)

    build()  # what does not fit is told before anything is written
    return build


def check_flags():
    """Refuses flags of `common.define_teacher_flags` that do not go together; wants no data.

    Raises:
        ValueError: for a file that is not there or whose scaling is not told, epochs beside one,
            and a scaling without one.
    """
    if FLAGS.teacher is not None:
        common.refuse_beside("teacher", "teacher_epochs")
        _check_file(FLAGS.teacher, FLAGS.teacher_scaling)
    elif FLAGS.teacher_scaling is not None:
        raise ValueError(
            "--teacher_scaling goes with a --teacher file only: a network that is trained here is "
            f"built for what it gets. Received: --teacher_scaling={FLAGS.teacher_scaling}"
        )


def check_name(name, scaling):
    """Refuses a `.keras` teacher as `check_flags` does, and `--teacher_scaling` beside another.

    Args:
        name: `--teacher`: a file, or what is no file.
        scaling: `--teacher_scaling`, or None.
    """
    if name.endswith(".keras"):
        _check_file(name, scaling)
    elif scaling is not None:
        raise ValueError(
            "--teacher_scaling goes with a .keras teacher only: others are built for the range "
            f"that they get. Received: --teacher={name} --teacher_scaling={scaling}"
        )


def _check_file(path, scaling):
    if scaling is None:
        raise ValueError(
            "--teacher_scaling must say which range of pixels a .keras teacher was trained on; it "
            f"still runs on another, and scores badly. Received: --teacher={path}"
        )
    classifiers.check_file("teacher", path)


def or_network(name, loaded: ImageData, pixels: Preprocessing):
    """Finds the teacher of an experiment: its own network, or a trained one where a file is given.

    Args:
        name: of the network, for `models.get`.
        loaded: as in `find`.
        pixels: as in `find`.

    Returns:
        `(function without arguments that makes or reads it, epochs to train it)`.

    Raises:
        ValueError: as `find`.
    """
    if FLAGS.teacher is not None:
        return find(FLAGS.teacher, FLAGS.teacher_scaling, loaded, pixels), 0
    return sources.network("teacher", name, loaded, pixels.scaling), FLAGS.teacher_epochs
