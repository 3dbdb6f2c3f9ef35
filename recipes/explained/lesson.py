"""What the pictures are drawn from: a teacher, and students at several weights of LP."""

import dataclasses

import keras
import numpy as np

from results import evaluation
from teaching import optimizers
from tf_lpdistill import Distiller, Preprocessing, data, models
from tf_lpdistill.data import ImageData, Split
from tf_lpdistill.losses import LocalityPreserving
from tf_lpdistill.ops import heat_affinities

PIXELS = Preprocessing((8, 8), color="grayscale", scaling="0..1")
FEATURE = "features"  # the pooled vector before the logits, in teacher and student
NEIGHBORS = 5
BATCH_SIZE = 100
NUM_LABELS = 300  # as in recipes/digits.py
LEARNING_RATE = 0.01


@dataclasses.dataclass(frozen=True)
class Batch:
    """A training batch as LP sees it.

    Args:
        split: its images.
        features: (batch, d) float32, the teacher's.
        neighbors: (batch, k) indices, nearest first.
        alpha: (batch, k) float32.
    """

    split: Split
    features: np.ndarray
    neighbors: np.ndarray
    alpha: np.ndarray

    def distances(self):
        """The (batch, batch) distances of the teacher's features."""
        return np.linalg.norm(self.features[:, None] - self.features[None], axis=2)

    def neighbor_distances(self):
        """The (batch, k) distances to the neighbours."""
        return np.take_along_axis(self.distances(), self.neighbors, axis=1)

    @property
    def sigma(self):
        """The adaptive bandwidth: its square is the mean squared distance to the neighbours."""
        return float(np.sqrt((self.neighbor_distances() ** 2).mean()))


@dataclasses.dataclass(frozen=True)
class Classroom:
    """The digits, a trained teacher, and for how long a student learns.

    Args:
        digits: the data set.
        teacher: the `keras.Model`.
        epochs: of a student.
    """

    digits: ImageData
    teacher: keras.Model
    epochs: int

    def student(self, weight, seed, label_weight=1.0):
        """Trains a student with labels and LP.

        Args:
            weight: gamma, of LP; 0 for the student alone.
            seed: of its first weights and of the order of the images.
            label_weight: of the labels' loss.

        Returns:
            The test images as the student sees them, `evaluation.Embedded`, and the value of LP in
            the last epoch.
        """
        keras.utils.set_random_seed(seed)
        lp = LocalityPreserving(FEATURE, FEATURE, num_neighbors=NEIGHBORS)
        student = models.digits_student()
        distiller = Distiller(self.teacher, student, [lp], [weight], label_weight)
        history = fit(distiller, self.digits.train.subset(NUM_LABELS), self.epochs, seed)
        return self.see(student), history["locality_preserving"][-1]

    def see(self, model):
        """The test images as a model sees them, `evaluation.Embedded`."""
        return evaluation.embed(model, self.digits.test, PIXELS, FEATURE)

    def batch(self):
        """A `Batch` of the labelled images."""
        split = self.digits.train.subset(BATCH_SIZE)
        features = evaluation.embed(self.teacher, split, PIXELS, FEATURE).features
        neighbors, alpha = map(np.asarray, heat_affinities(features, NEIGHBORS))
        return Batch(split, features, neighbors, alpha)


def open_classroom(teacher_epochs, epochs):
    """Trains the teacher on all training images; returns a `Classroom`."""
    keras.utils.set_random_seed(0)
    digits, teacher = data.load_digits(), models.digits_teacher()
    fit(teacher, digits.train, teacher_epochs, seed=0)
    return Classroom(digits, teacher, epochs)


def fit(model, split, epochs, seed):
    """Compiles and trains a classifier or a Distiller; returns {metric: one value an epoch}."""
    steps = data.steps_per_epoch(split, BATCH_SIZE)
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizers.adam(LEARNING_RATE)(epochs * steps), cross_entropy)
    batches = data.training_batches(split, PIXELS, BATCH_SIZE, seed=seed)
    history = model.fit(batches, steps_per_epoch=steps, epochs=epochs, shuffle=False, verbose=0)
    return history.history
