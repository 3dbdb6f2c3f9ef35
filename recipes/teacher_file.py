"""The teacher that flags name: a network to be trained here, or a `.keras` file of any input."""

import classifiers
import common
import sources
from tf_lpdistill import Preprocessing, models
from tf_lpdistill.data import ImageData


def find(path, scaling, loaded: ImageData, pixels: Preprocessing):
    """Returns a function that reads a `.keras` teacher, wrapped where its input is another.

    Args:
        path: `--teacher`.
        scaling: `--teacher_scaling`, the range of pixels that it was trained on.
        loaded: the data set.
        pixels: what the student is fed, and so the teacher.

    Raises:
        ValueError: when it cannot be read, has other classes, ends in a softmax, or the range of
            pixels is not told.
    """
    if scaling is None:
        raise ValueError(
            "--teacher_scaling must say which range of pixels a .keras teacher was trained on; it "
            f"still runs on another, and scores badly. Received: --teacher={path}"
        )

    def build():
        return models.adapted(classifiers.read_classifier("teacher", path, loaded), pixels, scaling)

    build()  # what does not fit is told before anything is written
    return build


def check_scaling(name, scaling):
    """Refuses `--teacher_scaling` beside a teacher that is no `.keras` file."""
    if scaling is not None and not name.endswith(".keras"):
        raise ValueError(
            "--teacher_scaling goes with a .keras teacher only: others are built for the range "
            f"that they get. Received: --teacher={name} --teacher_scaling={scaling}"
        )


def or_network(name, epochs, path, scaling, loaded: ImageData, pixels: Preprocessing):
    """Finds the teacher of an experiment: its own network, or a trained one where a file is given.

    Args:
        name: of the network, for `models.get`.
        epochs: of that network, to be trained here.
        path: `--teacher`, or None.
        scaling: as in `find`.
        loaded: as in `find`.
        pixels: as in `find`.

    Returns:
        `(function without arguments that makes or reads it, epochs to train it)`.

    Raises:
        ValueError: as `find`; for a scaling without a file, and for epochs beside one.
    """
    if path is not None:
        common.refuse_beside("teacher", "teacher_epochs")
        return find(path, scaling, loaded, pixels), 0
    if scaling is not None:
        raise ValueError(
            "--teacher_scaling goes with a --teacher file only: a network that is trained here is "
            f"built for what it gets. Received: --teacher_scaling={scaling}"
        )
    return sources.network("teacher", name, loaded, pixels.scaling), epochs
