"""The pairs of networks for ImageNet, and where their teachers come from."""

import dataclasses
import pathlib
import shutil
from collections.abc import Callable

import keras

import curves
import sources
import teacher_file
from imagenet_data import Streams
from tf_lpdistill import Preprocessing, models
from tf_lpdistill.saving import load_model

SCALING = "-1..1"  # of what students are fed: what MobileNets are made for

# name: (teacher, student). Of the first, networks of torchvision's table, keras.applications has no
# weights: its teacher is trained here, or given as a file. The second is the paper's cost example.
PAIRS = {
    "resnet34_resnet18": ("resnet34", "resnet18"),
    "resnet101_inception_bn": ("applications:ResNet101", "inception_bn"),
    "resnet50_mobilenet": ("applications:ResNet50", "mobilenet_v1"),
}


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the teacher comes from.

    Args:
        build: function without arguments that makes it, or reads it.
        epochs: how long it is trained here; 0 for one that is ready.
    """

    build: Callable
    epochs: int


def find_teacher(name, weights, scaling, epochs, streams: Streams, pixels: Preprocessing):
    """Finds the teacher that the flags name.

    Args:
        name: "applications:MODEL" or "keras_hub:PRESET", with ImageNet weights and their own
            preprocessing; another name for `models.get`, to be trained here; or a `.keras` file.
        weights: of "applications:MODEL": "imagenet", or a `.weights.h5` file.
        scaling: of a `.keras` file: the range of pixels that it was trained on.
        epochs: `(those that were asked for, or None; those of the students)`. If none were asked
            for, a teacher with weights is ready, and another one is trained like the students.
        streams: the data set.
        pixels: what the student is fed, and so the teacher.

    Returns:
        `Source`.

    Raises:
        ValueError: for a file or published weights that do not fit.
    """
    wanted, default = epochs
    if name.endswith(".keras"):
        return Source(teacher_file.find(name, scaling, streams, pixels), wanted or 0)
    if name.partition(":")[0] in ("applications", "keras_hub") and not wanted:
        return Source(lambda: _classifier(name, weights, streams, pixels), 0)
    build = sources.network("teacher", name, streams, pixels.scaling)
    return Source(build, default if wanted is None else wanted)


def check_flags(name, weights, scaling, wanted):
    """Refuses flags of `find_teacher` that do not go together; wants no data.

    Raises:
        ValueError: for such flags, and for a file that is not there.
    """
    if weights != "imagenet" and (wanted or not name.startswith("applications:")):
        raise ValueError(
            "--teacher_weights goes with --teacher=applications:MODEL only, and not beside "
            f"--teacher_epochs, which train from scratch. Received: --teacher={name} "
            f"--teacher_weights={weights} --teacher_epochs={wanted}"
        )
    teacher_file.check_name(name, scaling)
    published = name.partition(":")[0] in ("applications", "keras_hub")
    if wanted == 0 and not published and not name.endswith(".keras"):
        raise ValueError(
            "--teacher_epochs may be 0 for a teacher with weights only: a .keras file, "
            "applications:MODEL or keras_hub:PRESET. Received: --teacher_epochs=0 "
            f"--teacher={name}"
        )


def _classifier(name, weights, streams, pixels):
    if weights != "imagenet" and not pathlib.Path(weights).is_file():
        raise ValueError(
            "--teacher_weights must be 'imagenet', or a .weights.h5 file with the classifier. "
            f"Received: --teacher_weights={weights}, and there is no such file"
        )
    teacher = models.imagenet_classifier(name, weights)
    if teacher.output_shape != (None, streams.num_classes):
        raise ValueError(
            f"--teacher must give one logit for each of the {streams.num_classes} classes of "
            f"{streams.name}. Received: --teacher={name} with outputs of shape "
            f"{teacher.output_shape}. With --teacher_epochs it is trained here, from scratch."
        )
    return models.adapted(teacher, pixels, "0..255")


def obtain_teacher(source: Source, trainer, seed):
    """Makes, trains or reads the teacher, see `Source`, and says how good it is.

    Args:
        source: the `Source`.
        trainer: the `StreamTrainer` of the run.
        seed: of its weights, and of the order of the images.

    Returns:
        The `keras.Model`, saved as `teacher.keras`; its metrics, where it is trained, as
        `teacher.csv`.
    """
    teacher, data = _make_teacher(source, trainer, seed), trainer.data
    accuracy = trainer.score(teacher, data.validation)["accuracy"]
    trainer.progress.say(f"teacher: {100 * accuracy:.1f} % of the images that are held out")
    if accuracy < 2 / data.num_classes:
        trainer.progress.say(
            "  That is close to guessing. Are --teacher_scaling and the order of the classes those "
            "of its training, or were its epochs too few?"
        )
    return teacher


def _make_teacher(source, trainer, seed):
    run, path = trainer.run, trainer.run.path("teacher.keras")
    # What was published, or is in a file, is had from there again.
    if source.epochs and path.exists():
        trainer.progress.skip(source.epochs)
        with run.strategy.scope():
            return load_model(path, compile=False)
    keras.utils.set_random_seed(seed)
    with run.strategy.scope():
        teacher = source.build()
    if source.epochs:
        trainer.progress.begin("teacher")
        trainer = trainer.within("teacher")
        rows = trainer.fit(teacher, trainer.data.train, source.epochs, seed)
        curves.write_curves(run.path("teacher.csv"), "teacher", seed, rows)
    run.save(teacher, path)
    if source.epochs:
        shutil.rmtree(trainer.folder)
    return teacher
