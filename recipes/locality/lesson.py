"""One student on its way through a method, its teacher's answers kept on disk."""

import keras
import numpy as np

from optimizers import adam
from roles import Layers
from tf_lpdistill import Distiller, TeacherCache, data


class Lesson:
    """What a `Method` gets to work with: an `Apprentice` of the study.

    Every method sees the very same batches: the same images in the same order, mirrored alike.
    Nothing is validated on the way, and the last epoch counts.

    Args:
        classroom: the `Classroom` of the cell.
        student: the `keras.Model` to train, its weights drawn from the seed.
        seed: of the labelled images, and of the order of the batches.
        learning_rate: of Adam, falling to 0 along a cosine.
        batch_size: images a batch.
        order: function for `data.ordered_batches`; None: a random order in every epoch.
    """

    def __init__(self, classroom, student, seed, learning_rate, batch_size, order=None):
        self.teacher, self.student = classroom.teacher, student
        self.layers = Layers(classroom.teacher_network, classroom.student_network)
        self.epochs, self.seed, self.loss = classroom.cell.epochs, seed, None
        self._classroom, self._split = classroom, classroom.split(seed)
        self._learning_rate, self._batch_size, self._order = learning_rate, batch_size, order

    @property
    def num_samples(self):
        """How many images the student is trained on."""
        return len(self._split)

    def steps(self, epochs):
        """Optimizer steps of so many epochs."""
        return epochs * data.steps_per_epoch(self._split, self._batch_size)

    def distiller(self, losses, weights=None, label_weight=1.0):
        """A `Distiller` of the student from the cached teacher.

        Args:
            losses: list of the distillation losses.
            weights: their weights; None: 1.0 each.
            label_weight: weight of the labels.
        """
        named = keras.tree.flatten([loss.teacher_layer_name for loss in losses])
        cache = self._classroom.cache(self.seed, {name for name in named if name is not None})
        return Distiller(cache, self.student, losses, weights, student_loss_weight=label_weight)

    def pretrain(self, distiller, epochs):
        """Trains a stage without labels, a `Distiller` with `student_loss_weight=0`."""
        self._fit(distiller, epochs, {})

    def train(self, model, epochs):
        """Trains a stage with labels: the student itself, or a `Distiller` around it."""
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self._fit(model, epochs, {"loss": loss})

    def _fit(self, model, epochs, labels):
        model.compile(adam(self._learning_rate)(self.steps(epochs)), **labels)
        history = model.fit(
            self._batches(model), epochs=epochs, steps_per_epoch=self.steps(1), shuffle=False,
            verbose=0,
        ).history  # fmt: skip
        self.loss = float(history["loss"][-1])
        if not np.isfinite(history["loss"]).all():
            raise ValueError(f"The loss is not finite in the last of {epochs} epochs: {self.loss}")

    def _batches(self, model):
        room = self._classroom
        if self._order is None:
            batches = data.training_batches(
                self._split, room.pixels, self._batch_size, seed=self.seed, sample_ids=True
            )
        else:
            batches = data.ordered_batches(self._split, room.pixels, self._order, sample_ids=True)
        teacher = getattr(model, "teacher", None)
        if isinstance(teacher, TeacherCache):
            return teacher.attach(batches)
        # The cache draws the mirrored images, so that a student alone sees them as well.
        return room.cache(self.seed, ()).attach(batches).map(lambda x, y: (x["inputs"], y))
