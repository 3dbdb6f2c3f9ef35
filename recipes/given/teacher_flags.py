"""The flags that name a teacher: their values, and what of them does not go together."""

from absl import flags

import common
from given import classifiers, teachers
from tf_lpdistill import Preprocessing
from tf_lpdistill.data import ImageData
from tf_lpdistill.preprocessing import SCALINGS

FLAGS = flags.FLAGS
flags.disclaim_key_flags()  # what is defined here belongs to the recipe: its --help shows it


def define():
    """Defines --teacher for a recipe that has a network of its own to train, and its scaling."""
    flags.DEFINE_string("teacher", None, "A trained teacher, a .keras file; else one is trained.")
    define_scaling()


def define_scaling():
    """Defines --teacher_scaling."""
    flags.DEFINE_enum(
        "teacher_scaling", None, SCALINGS,
        "Range of the pixels that a .keras teacher was trained on; its size it tells itself.",
    )  # fmt: skip


def source(name, loaded: ImageData, pixels: Preprocessing, optimizer=None):
    """Returns the `TeacherSource` that the flags of `define` name: a file, else a network.

    Args:
        name: of the network to be trained where there is no file, for `models.get`.
        loaded: the data set.
        pixels: what the student is fed, and so the teacher.
        optimizer: of the network, see `TeacherSource`.

    Raises:
        ValueError: as `teachers.of_file` and `teachers.of_network`.
    """
    if FLAGS.teacher is not None:
        return teachers.of_file(FLAGS.teacher, FLAGS.teacher_scaling, loaded, pixels)
    return teachers.of_network(name, loaded, pixels, FLAGS.teacher_epochs, optimizer=optimizer)


def check():
    """Refuses flags of `define` that do not go together; wants no data.

    Raises:
        ValueError: for a file that is not there or whose scaling is not told, epochs beside one,
            and a scaling without one.
    """
    if FLAGS.teacher is not None:
        common.refuse_beside("teacher", "teacher_epochs")
        check_file(FLAGS.teacher, FLAGS.teacher_scaling)
    elif FLAGS.teacher_scaling is not None:
        raise ValueError(
            "--teacher_scaling goes with a --teacher file only: a network that is trained here is "
            f"built for what it gets. Received: --teacher_scaling={FLAGS.teacher_scaling}"
        )


def check_name(name, scaling):
    """Refuses a `.keras` teacher as `check` does, and `--teacher_scaling` beside another.

    Args:
        name: `--teacher`: a file, or what is no file.
        scaling: `--teacher_scaling`, or None.
    """
    if name.endswith(".keras"):
        check_file(name, scaling)
    elif scaling is not None:
        raise ValueError(
            "--teacher_scaling goes with a .keras teacher only: others are built for the range "
            f"that they get. Received: --teacher={name} --teacher_scaling={scaling}"
        )


def check_file(path, scaling, flag="teacher_scaling"):
    """Refuses a `.keras` teacher that is not there, or whose scaling its flag does not tell."""
    if scaling is None:
        raise ValueError(
            f"--{flag} must say which range of pixels a .keras teacher was trained on; it still "
            f"runs on another, and scores badly. Received: --teacher={path}"
        )
    classifiers.check_file("teacher", path)


def check_epochs(name, epochs):
    """Refuses `--teacher_epochs=0` for a teacher that is no file."""
    if epochs == 0 and not name.endswith(".keras"):
        raise ValueError(
            "--teacher_epochs may be 0 for a .keras teacher only; one that is built here has "
            f"learnt nothing. Received: --teacher={name} --teacher_epochs=0"
        )
