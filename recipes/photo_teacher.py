"""The teacher of a folder of photos: a pretrained MobileNetV2 to fine-tune, or any Keras file."""

import dataclasses
import functools
from collections.abc import Callable

import evaluation
import pretrained
import sources
import teacher_file
from optimizers import adam
from tf_lpdistill import Preprocessing, files, models
from tf_lpdistill.data import ImageData
from training import Trainer

DEFAULT = "mobilenet_v2"
EPOCHS = 20  # of a teacher that is trained here
FINE_TUNING, FROM_SCRATCH = 3e-4, 3e-3  # learning rates: what is learnt must not be washed away


@dataclasses.dataclass(frozen=True)
class TeacherSource:
    """Where the teacher comes from.

    Args:
        build: function without arguments that makes it, or reads it.
        epochs: how long it is trained here; 0 for one that is ready.
        learning_rate: of that training.
        about: what it is, in words.
        warning: what went wrong on the way to it; or empty.
    """

    build: Callable
    epochs: int
    learning_rate: float
    about: str
    warning: str = ""


def find(name, weights, scaling, epochs, loaded: ImageData, pixels: Preprocessing):
    """Finds the teacher that the flags name.

    Args:
        name: `--teacher`: "mobilenet_v2", another name for `models.get`, or a `.keras` file.
        weights: `--teacher_weights`, for MobileNetV2: "imagenet", "none", or a file.
        scaling: `--teacher_scaling`, for a file: the range of pixels that it was trained on.
        epochs: `--teacher_epochs`, or None.
        loaded: the photos.
        pixels: what the student is fed, and so the teacher.

    Returns:
        `TeacherSource`.

    Raises:
        ValueError: for files that do not fit.
    """
    if name.endswith(".keras"):
        build = teacher_file.find(name, scaling, loaded, pixels)
        return TeacherSource(build, epochs or 0, FINE_TUNING, name)
    epochs = EPOCHS if epochs is None else epochs
    if name != DEFAULT:
        build = sources.network("teacher", name, loaded, pixels.scaling)
        return TeacherSource(build, epochs, FROM_SCRATCH, f"{name}, from scratch")
    build = functools.partial(models.mobilenet_v2, loaded.image_shape, loaded.num_classes)
    weights, about, warning = pretrained.find(build, weights)
    rate = FINE_TUNING if weights else FROM_SCRATCH
    return TeacherSource(functools.partial(build, weights=weights), epochs, rate, about, warning)


def check_flags(name, weights, scaling, epochs):
    """Refuses flags of `find` that do not go together, before the photos are loaded.

    Raises:
        ValueError: for such flags, and for a teacher that there is not.
    """
    if weights != "imagenet" and name != DEFAULT:
        raise ValueError(
            f"--teacher_weights goes with --teacher={DEFAULT} only. Received: --teacher={name} "
            f"--teacher_weights={weights}"
        )
    teacher_file.check_name(name, scaling)
    if name.endswith(".keras"):
        return
    if epochs == 0:
        raise ValueError(
            "--teacher_epochs may be 0 for a .keras teacher only; one that is built here has not "
            f"seen your photos. Received: --teacher={name} --teacher_epochs=0"
        )
    if name != DEFAULT:
        sources.check_name("teacher", name)


def obtain(source: TeacherSource, trainer: Trainer, seed):
    """Trains the teacher, or takes it as it is; a resumed run reads its own.

    Args:
        source: the `TeacherSource`.
        trainer: the `Trainer` of the run.
        seed: of its weights and of the order of the images.

    Returns:
        `(teacher, what it is in words)`: the `keras.Model`, saved as `teacher.keras`, and the
        words, as `teacher.txt`.
    """
    words = trainer.run.path("teacher.txt")
    if not trainer.run.path("teacher.keras").exists():
        print("\n".join(filter(None, [f"\nTeacher: {source.about}", source.warning])), flush=True)
        files.write_text(words, source.about)
    own = dataclasses.replace(trainer, optimizer=adam(source.learning_rate))
    teacher = own.teacher(source.build, source.epochs, seed)
    split, classes = trainer.data.validation, trainer.data.num_classes
    accuracy = evaluation.accuracy(teacher, split, trainer.preprocessing, trainer.batch_size)
    trainer.progress.say(f"teacher: {100 * accuracy:.1f} % of the validation images")
    if accuracy < 2 / classes:
        trainer.progress.say(
            "  That is close to guessing. Are --teacher_scaling and the order of the classes those "
            "of its training, or were its epochs too few?"
        )
    return teacher, words.read_text(encoding="utf-8")
