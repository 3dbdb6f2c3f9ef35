"""One student on its way through a method: what a method gets to work with."""

import keras
import numpy as np

from roles import Layers
from teaching.training import Trainer
from teaching.watchers import BestEpoch, StepTimer
from tf_lpdistill import Distiller, TeacherCache, data


class Apprentice:
    """A student of one seed, its teacher, and the two ways to train it.

    Args:
        trainer: the `Trainer` of the run.
        teacher: the trained `keras.Model`.
        student: the `keras.Model` to train, its weights drawn from the seed.
        layers: the `Layers` of both.
        split: the labelled images.
        epochs: epochs of the student, in one stage or in several together.
        seed: of the order of the images and of draws.
        caches: folder for what the teacher says about these images, to be said once; None: it says
            it anew in every epoch.

    Attributes:
        best: the `BestEpoch` on the validation images.
        timer: the `StepTimer` over all stages.
        curves: one dict of metrics per epoch, over all stages.
    """

    def __init__(
        self, trainer: Trainer, teacher, student, layers: Layers, split, epochs, seed, caches=None
    ):
        self.teacher, self.student, self.layers = teacher, student, layers
        self.epochs, self.seed = epochs, seed
        self.best, self.timer, self.curves = BestEpoch(student), StepTimer(), []
        self._trainer, self._split, self._caches, self._extra = trainer, split, caches, {}

    @property
    def num_samples(self):
        """How many images the student is trained on."""
        return len(self._split)

    @property
    def extra_parameters(self):
        """Numbers that were trained beside the student: the losses' own, a paraphraser's."""
        return int(sum(np.prod(variable.shape, dtype=int) for variable in self._extra.values()))

    def steps(self, epochs):
        """Optimizer steps of so many epochs."""
        return self._trainer.steps(self._split, epochs)

    def distiller(self, losses, weights=None, label_weight=1.0):
        """A `Distiller` of the student; where there is a folder for it, the teacher is cached.

        Args:
            losses: list of the distillation losses.
            weights: their weights; None: 1.0 each.
            label_weight: weight of the labels.
        """
        named = keras.tree.flatten([loss.teacher_layer_name for loss in losses])
        teacher = self._source(sorted({name for name in named if name is not None}))
        return Distiller(teacher, self.student, losses, weights, student_loss_weight=label_weight)

    def _source(self, names):
        """The teacher, or a cache of its answers and of these layers."""
        if self._caches is None:
            return self.teacher
        folder = "+".join(names).replace("/", "_") or "predictions"
        trainer = self._trainer
        once = data.evaluation_batches(
            self._split, trainer.preprocessing, trainer.batch_size, sample_ids=True
        )
        return TeacherCache.build(self.teacher, once, self._caches / folder, names)

    def pretrain(self, distiller, epochs):
        """Trains a stage without labels; its epochs are not candidates for the best one.

        Args:
            distiller: a `Distiller` with `student_loss_weight=0`.
            epochs: number of epochs.
        """
        self._fit(distiller, epochs, supervised=False, callbacks=[self.timer])

    def train(self, model, epochs):
        """Trains a stage with labels, validated on its way.

        Args:
            model: the student itself, or a `Distiller` around it.
            epochs: number of epochs.
        """
        self._fit(model, epochs, supervised=True, callbacks=[self.timer, self.best])

    def _fit(self, model, epochs, **how):
        rows = self._trainer.fit(model, self._split, epochs, self.seed, **how)
        own = {id(variable) for variable in self.student.trainable_variables}
        trained = [v for v in model.trainable_variables if id(v) not in own]
        # The variables are kept with their ids: an id may be given again after its owner is gone.
        self._extra |= {id(variable): variable for variable in trained}
        done = len(self.curves)
        self.curves += [row | {"epoch": done + row["epoch"]} for row in rows]
        for row in self.curves[done:]:
            if not np.isfinite(row["loss"]):
                raise ValueError(f"The loss is not finite in epoch {row['epoch']}: {row['loss']}")
