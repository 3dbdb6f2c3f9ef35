"""Students that two studies train: small, many, from a cached teacher, scored on unseen images."""

import dataclasses
import pathlib
from typing import Any

import keras
import numpy as np
from absl import flags

from tf_lpdistill import Distiller, Preprocessing, TeacherCache, data, models
from tf_lpdistill.saving import load_model

FLAGS = flags.FLAGS
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

flags.DEFINE_string(
    "cifar_teacher",
    None,
    "A trained .keras classifier of 32x32 colour pixels 0..255, for the second data set: "
    "cifar10_jpeg.npz in the folder LPDISTILL_DATA. Unset: digits alone.",
)


@dataclasses.dataclass(frozen=True)
class Setting:
    """A data set, its teacher and how its students are trained.

    Args:
        title: what it is, in words.
        train: `Split` with the labelled images.
        unseen: `Split` to score on; nothing is chosen on it.
        preprocessing: `Preprocessing` of both networks.
        teacher: the trained `keras.Model`.
        make_student: function without arguments.
        epochs: epochs of a student.
        batch_size: images a batch.
        num_seeds: students of each kind.
        folder: `pathlib.Path` for the teacher's cache.
    """

    title: str
    train: Any
    unseen: Any
    preprocessing: Preprocessing
    teacher: keras.Model
    make_student: Any
    epochs: int
    batch_size: int
    num_seeds: int
    folder: pathlib.Path

    def batches(self, seed=0):
        """Training batches with sample ids, without an end."""
        return data.training_batches(
            self.train, self.preprocessing, self.batch_size, seed=seed, sample_ids=True
        )

    def labelled(self):
        """Training batches `(x, y)`, for the guidance."""
        return data.training_batches(self.train, self.preprocessing, self.batch_size, seed=0)

    def cache(self, names):
        """The teacher's activations of all training images."""
        once = data.evaluation_batches(
            self.train, self.preprocessing, self.batch_size, sample_ids=True
        )
        return TeacherCache.build(self.teacher, once, self.folder / "cache", names)

    def distiller(self, teacher, losses, weights, seed, student_loss_weight=1.0):
        """A compiled `Distiller` around a student of this seed, for the whole training."""
        keras.utils.set_random_seed(seed)
        distiller = Distiller(teacher, self.make_student(), losses, weights, student_loss_weight)
        steps = self.epochs * data.steps_per_epoch(self.train, self.batch_size)
        rate = keras.optimizers.schedules.CosineDecay(0.01, steps)
        distiller.compile(keras.optimizers.Adam(rate), loss=CROSS_ENTROPY)
        return distiller

    def accuracy(self, distiller, cache, seed):
        """Trains, and returns the share of right answers on unseen images, at the last epoch."""
        batches = self.batches(seed)
        distiller.fit(
            cache.attach(batches) if cache else batches,
            steps_per_epoch=data.steps_per_epoch(self.train, self.batch_size),
            epochs=self.epochs,
            shuffle=False,
            verbose=0,
        )
        unseen = data.evaluation_batches(self.unseen, self.preprocessing, 500)
        answers = [np.asarray(distiller.student(x, training=False)).argmax(1) for x, _ in unseen]
        return float((np.concatenate(answers) == self.unseen.labels).mean())


def settings(folder, quick):
    """Yields the `Setting`s: the digits, and with --cifar_teacher the JPEG copy of CIFAR-10.

    Args:
        folder: `pathlib.Path` for caches.
        quick: whether to train next to nothing.
    """
    yield _digits(folder / "digits", quick)
    if FLAGS.cifar_teacher:
        yield _cifar(folder / "cifar", quick)


def _digits(folder, quick):
    digits = data.load_digits()
    pixels = Preprocessing((8, 8), color="grayscale", scaling="0..1")
    keras.utils.set_random_seed(0)
    teacher = models.digits_teacher()
    teacher.compile(keras.optimizers.Adam(0.01), CROSS_ENTROPY)
    batches = data.training_batches(digits.train, pixels, 100, seed=0)
    epochs = 1 if quick else 20
    teacher.fit(batches, steps_per_epoch=10, epochs=epochs, shuffle=False, verbose=0)
    return Setting(
        "digits, 300 labels",
        digits.train.subset(300, 0),
        digits.test,
        pixels,
        teacher,
        models.digits_student,
        1 if quick else 60,
        100,
        3,
        folder,
    )


def _cifar(folder, quick):
    cifar = data.load_npz(data.find_data_dir(None) / "cifar10_jpeg.npz")
    labels = 300 if quick else 2000
    return Setting(
        f"CIFAR-10-JPEG, {labels} labels (--cifar_teacher)",
        cifar.train.subset(labels, 0),
        cifar.test.subset(5000, 0),
        Preprocessing((32, 32), scaling="0..255"),
        load_model(FLAGS.cifar_teacher, compile=False),
        lambda: _small_student((32, 32, 3)),
        1 if quick else 10,
        100,
        2,
        folder,
    )


def _small_student(shape):
    """Four 3x3 convolutions with BatchNorm, 16 to 64 channels, on pixels 0..255."""
    x = inputs = keras.Input(shape)
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(x)
    for index, (filters, stride) in enumerate([(16, 1), (32, 2), (32, 2), (64, 2)], start=1):
        x = keras.layers.Conv2D(filters, 3, stride, "same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.ReLU(name=f"relu{index}")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(inputs, keras.layers.Dense(10, name="logits")(x))
