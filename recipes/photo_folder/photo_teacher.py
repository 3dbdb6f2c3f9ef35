"""The teacher of a folder of photos: a pretrained MobileNetV2 to fine-tune, or any Keras file."""

import functools
import pathlib
import warnings

from given import sources, teacher_flags, teachers
from results import evaluation
from teaching.optimizers import adam
from teaching.training import Trainer
from tf_lpdistill import Preprocessing, files, models
from tf_lpdistill.data import ImageData

DEFAULT = "mobilenet_v2"
EPOCHS = 20  # of a teacher that is trained here
FINE_TUNING, FROM_SCRATCH = adam(3e-4), adam(3e-3)  # what is learnt must not be washed away


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
        return teachers.of_file(
            name, scaling, loaded, pixels, epochs, optimizer=FINE_TUNING, about=name
        )
    epochs = EPOCHS if epochs is None else epochs
    if name != DEFAULT:
        more = {"optimizer": FROM_SCRATCH, "about": f"{name}, from scratch"}
        return teachers.of_network(name, loaded, pixels, epochs, **more)
    build = functools.partial(models.mobilenet_v2, loaded.image_shape, loaded.num_classes)
    weights, about, warning = find_weights(build, weights)
    optimizer = FINE_TUNING if weights else FROM_SCRATCH
    build = functools.partial(build, weights=weights)
    return teachers.TeacherSource(build, epochs, optimizer, about, warning)


def find_weights(build, weights):
    """Tries the weights that `--teacher_weights` names.

    Args:
        build: function from `weights` to the network.
        weights: "imagenet", "none", or the path of a file.

    Returns:
        `(weights for the builder, or None; what the teacher is, in words; a warning or "")`.

    Raises:
        ValueError: when a file is missing or does not fit. A failed download is no error.
    """
    if weights == "none":
        return None, "MobileNetV2, from scratch", ""
    if weights != "imagenet":
        if not pathlib.Path(weights).is_file():
            raise ValueError(
                "--teacher_weights must be 'imagenet', 'none', or a file of weights without a "
                f"classifier. Received: --teacher_weights={weights}, and there is no such file"
            )
        try:
            with warnings.catch_warnings():
                # Keras only warns of layers that the file has no weights for.
                warnings.simplefilter("error", UserWarning)
                build(weights=weights)
        except (ValueError, KeyError, OSError, UserWarning) as error:
            raise ValueError(
                "--teacher_weights must fit MobileNetV2 without a classifier (alpha 1.0). "
                f"Received: --teacher_weights={weights}, and Keras says: {error}"
            ) from error
        return weights, f"MobileNetV2, fine-tuned from {weights}", ""
    try:
        build(weights="imagenet")
    # Keras raises a bare Exception for whatever goes wrong with a download.
    except Exception as error:
        about = "MobileNetV2 FROM SCRATCH: its ImageNet weights could not be had"
        advice = (
            "With few photos a fine-tuned teacher is much better: download the weights elsewhere "
            f"and give --teacher_weights=FILE. Keras says: {error}"
        )
        return None, about, advice
    return "imagenet", "MobileNetV2, fine-tuned from ImageNet", ""


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
    teacher_flags.check_name(name, scaling)
    teacher_flags.check_epochs(name, epochs)
    if name != DEFAULT:
        sources.check_name("teacher", name)


def obtain(source: teachers.TeacherSource, trainer: Trainer, seed):
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
    teacher, split = teachers.obtain(source, trainer, seed), trainer.data.validation
    accuracy = evaluation.accuracy(teacher, split, trainer.preprocessing, trainer.batch_size)
    teachers.tell(trainer, accuracy, "validation images")
    return teacher, words.read_text(encoding="utf-8")
