"""The cells of the study: a data set, its few labels, a teacher and a student."""

import dataclasses
from collections.abc import Callable
from functools import partial

import numpy as np

from given import sources
from locality.networks import plain, residual, separable
from locality.space import LEARNING_RATE
from tf_lpdistill import Preprocessing, models
from tf_lpdistill.data import Augmentation, ImageData

VALIDATION = 2000  # images that settings are chosen on, at most


@dataclasses.dataclass(frozen=True)
class Cell:
    """What is fixed in one row of the study.

    Args:
        data: name of the data set for `sources.load_data`.
        title: of the cell, in tables.
        teacher: function from image shape and number of classes to the untrained teacher.
        student: the same for the student.
        teacher_epochs: epochs of the teacher on all training images.
        num_labels: labelled images of the student; None: all.
        epochs: epochs of the student, enough to fit its labels (the tables show it).
        batch_size: images a batch.
        flips: whether half of the training images are mirrored, for teacher and student.
        teacher_augmentation: further steps of an `Augmentation` for the teacher's own training.
        scaling: range of the pixels that both networks take.
        size: pixels a side that images are averaged down to; None: as they are.
        int8: whether the teacher and the students of the final runs are measured as int8 TFLite
            files as well.
        learning_rate: of the teacher; of the student where none is tuned.
    """

    data: str
    title: str
    teacher: Callable
    student: Callable
    teacher_epochs: int
    num_labels: int | None
    epochs: int
    batch_size: int = 128
    flips: bool = False
    teacher_augmentation: tuple[str, ...] = ()
    scaling: str = "0..255"
    size: int | None = None
    int8: bool = False
    learning_rate: float = LEARNING_RATE

    def load(self, data_dir=None):
        """Loads the images: `ImageData`, its validation images at most `VALIDATION`."""
        loaded = sources.load_data(self.data, data_dir)
        if self.size is not None:
            splits = {name: shrink(split, self.size) for name, split in loaded.splits().items()}
            loaded = dataclasses.replace(loaded, **splits)
        if len(loaded.validation) > VALIDATION:
            few = loaded.validation.subset(VALIDATION)
            loaded = dataclasses.replace(loaded, validation=few)
        return loaded

    def pixels(self, loaded: ImageData):
        """The `Preprocessing` of both networks."""
        height, width, channels = loaded.image_shape
        color = "grayscale" if channels == 1 else "rgb"
        return Preprocessing((height, width), color=color, scaling=self.scaling)

    @property
    def teacher_name(self):
        """One name for cells that share a teacher."""
        return f"{self.data.partition('.')[0]}_{'fitnets' if self.scaling == '0..1' else 'study'}"

    def augmentation(self):
        """The `Augmentation` of the teacher's own training."""
        return Augmentation(self.teacher_augmentation)


def shrink(split, size):
    """Averages square images down to `size` pixels a side, a divisor of what they have."""
    side = split.images.shape[1]
    if side % size or split.images.shape[2] != side:
        raise ValueError(
            f"`size` must divide the side of square images. Received: size={size} with images of "
            f"shape {split.images.shape[1:]}"
        )
    blocks = split.images.reshape(len(split), size, side // size, size, side // size, -1)
    images = np.round(blocks.mean(axis=(2, 4))).astype(np.uint8)
    return dataclasses.replace(split, images=images)


_MNIST = {
    "data": "mnist.npz",
    "teacher": partial(plain, blocks=((32, 2), (64, 2), (64, 1), (128, 1)), name="teacher"),
    "teacher_epochs": 3,
    "num_labels": 2000,
    "epochs": 60,
}
_CIFAR = {
    "data": "cifar10_jpeg.npz",
    "teacher": partial(residual, filters=(32, 64, 128), name="teacher"),
    "teacher_epochs": 12,
    "teacher_augmentation": ("flip", "crop"),
    "num_labels": 2000,
    "epochs": 40,
    "flips": True,
}
_CLOTHES = {
    "data": "clothing64_jpeg.npz",
    "teacher": partial(residual, filters=(32, 64, 128), name="teacher"),
    "teacher_epochs": 80,
    "teacher_augmentation": ("flip", "zoom"),
    "num_labels": None,
    "epochs": 30,
    "flips": True,
    "size": 32,
}
_WIDE = partial(separable, filters=(16, 32, 64, 64), name="student")
CELLS = {
    "digits_plain": Cell(
        "digits", "digits, plain", partial(plain, blocks=((32, 1), (64, 2), (128, 1))),
        partial(plain, blocks=((8, 1), (16, 2), (16, 1))), 30, 300, 60, batch_size=50, int8=True,
    ),
    "mnist_plain": Cell(title="MNIST, plain", student=plain, int8=True, **_MNIST),
    "mnist_separable": Cell(title="MNIST, separable", student=separable, **_MNIST),
    "cifar_residual": Cell(title="CIFAR-10-JPEG, residual", student=residual, int8=True, **_CIFAR),
    "cifar_separable": Cell(title="CIFAR-10-JPEG, separable", student=_WIDE, **_CIFAR),
    "clothes_residual": Cell(title="clothes, residual", student=residual, int8=True, **_CLOTHES),
    "clothes_separable": Cell(title="clothes, separable", student=_WIDE, **_CLOTHES),
    "mnist_fitnets": Cell(
        "mnist.npz", "MNIST, FitNets", models.mnist_teacher, models.mnist_student, 4, None, 5,
        scaling="0..1", int8=True, learning_rate=0.001,
    ),
}  # fmt: skip
