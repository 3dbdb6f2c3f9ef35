"""One student on its way through a method, its teacher's answers kept on disk."""

import dataclasses
from collections.abc import Callable

import keras

from locality.classroom import Classroom
from roles import Layers
from teaching import curves
from teaching.apprentice import Apprentice
from teaching.optimizers import adam
from tf_lpdistill import TeacherCache, data


@dataclasses.dataclass(frozen=True)
class Tutor:
    """Fits the students of the study, as a `Trainer` those of a run.

    Every method sees the very same batches: the same images in the same order, mirrored alike.
    Nothing is validated on the way, and the last epoch counts.

    Args:
        classroom: the `Classroom` of the cell.
        learning_rate: of Adam, falling to 0 along a cosine.
        batch_size: images a batch.
        order: function for `data.ordered_batches`; None: a random order in every epoch.
    """

    classroom: Classroom
    learning_rate: float
    batch_size: int
    order: Callable | None = None

    def steps(self, split, epochs):
        """Optimizer steps of so many epochs on a split."""
        return epochs * data.steps_per_epoch(split, self.batch_size)

    def fit(self, model, split, epochs, seed, *, supervised, callbacks):
        """Compiles and trains a student or a Distiller, see `Trainer.fit`."""
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if supervised else None
        model.compile(adam(self.learning_rate)(self.steps(split, epochs)), loss)
        history = model.fit(
            self.batches(model, split, seed), epochs=epochs, steps_per_epoch=self.steps(split, 1),
            callbacks=callbacks, shuffle=False, verbose=0,
        ).history  # fmt: skip
        return curves.rows(history, validated=[])

    def batches(self, model, split, seed):
        """The training batches of a student or a Distiller, without an end."""
        pixels = self.classroom.pixels
        if self.order is None:
            size = self.batch_size
            batches = data.training_batches(split, pixels, size, seed=seed, sample_ids=True)
        else:
            batches = data.ordered_batches(split, pixels, self.order, sample_ids=True)
        teacher = getattr(model, "teacher", None)
        if isinstance(teacher, TeacherCache):
            return teacher.attach(batches)
        # The cache draws the mirrored images, so that a student alone sees them as well.
        cache = self.classroom.cache(seed, ())
        return cache.attach(batches).map(lambda x, y: (x["inputs"], y))


class Lesson(Apprentice):
    """An `Apprentice` of the study; its teacher's answers are those that the cell shares.

    Args:
        tutor: the `Tutor`.
        student: the `keras.Model` to train, its weights drawn from the seed.
        seed: of the labelled images, and of the order of the batches.
    """

    def __init__(self, tutor, student, seed):
        room = tutor.classroom
        layers = Layers(room.teacher_network, room.student_network)
        split, epochs = room.split(seed), room.cell.epochs
        super().__init__(tutor, room.teacher, student, layers, split, epochs, seed)

    def _source(self, names):
        return self._trainer.classroom.cache(self.seed, names)
