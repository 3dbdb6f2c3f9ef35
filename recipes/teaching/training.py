"""The fits of a recipe: one optimizer, one data pipeline, one row of metrics an epoch."""

import dataclasses
import pathlib
from collections.abc import Callable

import keras

from run_folder import Run
from teaching import curves, inputs
from teaching.optimizers import adam
from teaching.progress import Progress
from teaching.watchers import watch
from tf_lpdistill import Preprocessing, data
from tf_lpdistill.data import Augmentation, ImageData

LEARNING_RATE = 0.01  # enough for the small networks of most recipes
VALIDATIONS = 15  # a model is validated this often on its way


@dataclasses.dataclass(frozen=True)
class Trainer:
    """What all fits of a run have in common.

    Args:
        run: the started `Run`.
        data: the data set; training looks at its validation images every now and then.
        preprocessing: how pixels become the input of teacher and student.
        batch_size: images a batch, over all replicas.
        progress: the `Progress` bar.
        augmentation: the `Augmentation` of training images, for teacher and student the same.
        optimizer: function from the steps of a training to its optimizer, see `optimizers`.
        patience: epochs without a better validation accuracy after which a supervised training
            stops, its best epoch kept; every epoch is then validated. None trains to the end.
        folder: of what is trained.
    """

    run: Run
    data: ImageData
    preprocessing: Preprocessing
    batch_size: int
    progress: Progress
    augmentation: Augmentation = Augmentation()
    optimizer: Callable = adam(LEARNING_RATE)
    patience: int | None = None
    folder: pathlib.Path = pathlib.Path("student")

    def within(self, *parts):
        """The same trainer with a folder in the run."""
        return dataclasses.replace(self, folder=self.run.path(*parts))

    def steps(self, split, epochs):
        """Optimizer steps of `epochs` epochs on a split."""
        return epochs * data.steps_per_epoch(split, self.batch_size)

    def fit(self, model, split, epochs, seed, *, supervised=True, callbacks=(), order=None):
        """Compiles and trains a classifier or a Distiller.

        Args:
            model: the `keras.Model`.
            split: the images to train on.
            epochs: number of epochs, to the end of which the optimizer is scheduled.
            seed: of the order of the images.
            supervised: whether it has labels, accuracy and validation; a first stage may not.
            callbacks: further Keras callbacks.
            order: that of `data.ordered_batches`; None draws one at random in every epoch.

        Returns:
            A list of one dict of metrics per epoch, "epoch" from 1.
        """
        with self.run.strategy.scope():
            model = self.run.trainable(model)
            labels = self._labels() if supervised else {}
            model.compile(self.optimizer(self.steps(split, epochs)), **labels)
        batches = inputs.training_batches(self, model, split, seed, order)
        number = VALIDATIONS if self.patience is None else epochs
        validated = validated_epochs(epochs, number) if supervised else []
        looks = watch(model, batches, validated, self)
        history = model.fit(
            batches,
            epochs=epochs,
            steps_per_epoch=self.steps(split, 1),
            validation_data=self._validation() if supervised else None,
            validation_freq=validated,
            callbacks=[*looks, self.progress, *callbacks, *self._stopping(supervised)],
            shuffle=False,
            verbose=0,
        ).history
        return curves.rows(history, validated)

    def _validation(self):
        batches = data.evaluation_batches(self.data.validation, self.preprocessing, self.batch_size)
        mixed = self.augmentation.mixes_labels
        return data.one_hot(batches, self.data.num_classes) if mixed else batches

    def _labels(self):
        kind = "Categorical" if self.augmentation.mixes_labels else "SparseCategorical"
        loss = getattr(keras.losses, f"{kind}Crossentropy")
        return {"loss": loss(from_logits=True), "metrics": ["accuracy"]}

    def _stopping(self, supervised):
        stop = keras.callbacks.EarlyStopping(
            "val_accuracy", patience=self.patience or 0, mode="max", restore_best_weights=True
        )
        return [stop] if supervised and self.patience is not None else []


def validated_epochs(epochs, number=VALIDATIONS):
    """The epochs after which a model is validated, evenly spaced, the last among them."""
    return sorted({max(1, round(epochs * (i + 1) / number)) for i in range(number)})
