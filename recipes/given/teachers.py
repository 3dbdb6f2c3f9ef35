"""Where a teacher comes from: a network to be trained here, or a `.keras` file of any input."""

import dataclasses
import shutil
from collections.abc import Callable

import keras

from given import classifiers, sources
from teaching import curves
from tf_lpdistill import Preprocessing, models
from tf_lpdistill.data import ImageData
from tf_lpdistill.saving import load_model


@dataclasses.dataclass(frozen=True)
class TeacherSource:
    """Where a teacher comes from.

    Args:
        build: function without arguments that makes it, or reads it.
        epochs: how long it is trained here; 0 for one that is ready.
        optimizer: of that training, see `optimizers`; None: that of the students.
        about: what it is, in words; or empty.
        warning: what went wrong on the way to it; or empty.
    """

    build: Callable
    epochs: int
    optimizer: Callable | None = None
    about: str = ""
    warning: str = ""


def of_file(path, scaling, loaded: ImageData, pixels: Preprocessing, epochs=None, **more):
    """Returns the source of a `.keras` teacher, wrapped where its input is another.

    Args:
        path: `--teacher`.
        scaling: `--teacher_scaling`, the range of pixels that it was trained on.
        loaded: the data set.
        pixels: what the student is fed, and so the teacher.
        epochs: to train it on; None: it is ready.
        **more: see `TeacherSource`.

    Raises:
        ValueError: when it cannot be read, has other classes, or ends in a softmax.
    """

    def build():
        return models.adapted(classifiers.read_classifier("teacher", path, loaded), pixels, scaling)

    build()  # what does not fit is told before anything is written
    return TeacherSource(build, epochs or 0, **more)


def of_network(name, loaded: ImageData, pixels: Preprocessing, epochs, **more):
    """Returns the source of a network for `models.get`, see `sources.network`; as `of_file`."""
    build = sources.network("teacher", name, loaded, pixels.scaling)
    return TeacherSource(build, epochs, **more)


def obtain(source: TeacherSource, trainer, seed):
    """Trains a teacher on all training images, or takes it as it is; a resumed run reads its own.

    Args:
        source: the `TeacherSource`.
        trainer: the `Trainer` or `StreamTrainer` of the run.
        seed: of its weights and of the order of the images.

    Returns:
        The `keras.Model`, saved as `teacher.keras`; of its training the last epoch, with `patience`
        the best, and the metrics in `teacher.csv`.
    """
    run, path = trainer.run, trainer.run.path("teacher.keras")
    if run.has(path):
        trainer.progress.skip(source.epochs)
        with run.strategy.scope():
            return load_model(path, compile=False)
    keras.utils.set_random_seed(seed)
    with run.strategy.scope():
        teacher = source.build()
    trainer = dataclasses.replace(
        trainer.within("teacher"), optimizer=source.optimizer or trainer.optimizer
    )
    if source.epochs:
        trainer.progress.begin("teacher")
        rows = trainer.fit(teacher, trainer.data.train, source.epochs, seed)
        trainer.progress.skip(source.epochs - len(rows))
        if run.chief:
            curves.write_curves(run.path("teacher.csv"), "teacher", seed, rows)
    run.save(teacher, path)
    shutil.rmtree(trainer.folder, ignore_errors=True)  # the state of its training, where it is kept
    return teacher


def tell(trainer, accuracy, images):
    """Says which share of some images the teacher has right, and warns where it may be guessing."""
    trainer.progress.say(f"teacher: {100 * accuracy:.1f} % of the {images}")
    if accuracy < 2 / trainer.data.num_classes:
        trainer.progress.say(
            "  That is close to guessing. Are --teacher_scaling and the order of the classes those "
            "of its training, or were its epochs too few?"
        )
