"""Long fits on images that are read from disk: each goes on after its last whole epoch."""

import dataclasses
import pathlib
from collections.abc import Callable

import keras

from run_folder import Run
from streamed.imagenet_data import Streams
from streamed.streams import Stream
from teaching import curves
from teaching.progress import Progress
from teaching.watchers import watch
from tf_lpdistill import Distiller, Preprocessing
from tf_lpdistill.backup import Backup

LOOKED = 128  # images that are looked at before and while a student trains, on one device


class EpochLog(keras.callbacks.Callback):
    """Keeps the metrics of every epoch in a file, over the attempts of a training.

    Args:
        path: the CSV file.

    Attributes:
        rows: one dict of metrics an epoch, "epoch" from 1.
    """

    def __init__(self, path):
        super().__init__()
        self._path, self.rows = path, []
        if path.exists():
            written = curves.read_history(path)
            self.rows = [
                {"epoch": int(row.pop("epoch")), **{k: float(v) for k, v in row.items() if v}}
                for row in written
            ]

    def on_epoch_end(self, epoch, logs=None):
        """Writes the file; an epoch that is trained again replaces its row."""
        self.rows = [*self.rows[:epoch], {"epoch": epoch + 1, **(logs or {})}]
        curves.write_history(self._path, self.rows)


@dataclasses.dataclass(frozen=True)
class StreamTrainer:
    """What all fits have in common; the counterpart of `training.Trainer` for images on disk.

    Args:
        run: the started `Run`.
        data: the `Streams`.
        preprocessing: how pixels become the input of teacher and student.
        batch_size: images a batch, over all replicas.
        progress: the `Progress` bar.
        optimizer: function from the steps of a training to its optimizer, see `optimizers`.
        folder: where a fit keeps its state and its metrics.
    """

    run: Run
    data: Streams
    preprocessing: Preprocessing
    batch_size: int
    progress: Progress
    optimizer: Callable
    folder: pathlib.Path

    def within(self, *parts):
        """The same trainer with another folder in the run."""
        return dataclasses.replace(self, folder=self.run.path(*parts))

    def steps(self, split, epochs):
        """Optimizer steps of `epochs` epochs on a split."""
        return epochs * (len(split) // self.batch_size)

    def fit(self, model, split: Stream, epochs, seed, *, supervised=True, callbacks=()):
        """Compiles and trains a classifier or a Distiller, from where an earlier try was stopped.

        Such a try has seen other crops in another order than one that never stopped: both are drawn
        anew.

        Args:
            model: the `keras.Model`.
            split: the images to train on.
            epochs: number of epochs, to the end of which the optimizer is scheduled.
            seed: of the order of the images, and of the crops.
            supervised: always True, what an `Apprentice` says of a stage with labels; methods with
                other stages are refused before (`imagenet_experiment.check_methods`).
            callbacks: further Keras callbacks.

        Returns:
            A list of one dict of metrics per epoch, "epoch" from 1.
        """
        with self.run.strategy.scope():
            model = self._compiled(model, self.optimizer(self.steps(split, epochs)))
        backup, log = Backup(self.folder / "backup"), EpochLog(self.folder / "epochs.csv")
        done = backup.restore(model)
        self.progress.skip(done)
        looks = watch(model, self._looked(split), range(done + 1, epochs + 1), self, done)
        model.fit(
            split.training_batches(self.preprocessing, self.batch_size, seed + 1000 * done),
            initial_epoch=done,
            epochs=epochs,
            steps_per_epoch=self.steps(split, 1),
            validation_data=self._evaluation(self.data.validation),
            callbacks=[*looks, self.progress, *callbacks, log, backup],
            verbose=0,
        )
        return log.rows

    def score(self, model, split: Stream):
        """Evaluates a classifier: {"accuracy": share of right answers, "top5": among five}."""
        with self.run.strategy.scope():
            model = self._compiled(model, "sgd")
        found = model.evaluate(self._evaluation(split), verbose=0, return_dict=True)
        return {name: float(found[name]) for name in ("accuracy", "top5")}

    def _compiled(self, model, optimizer):
        if not isinstance(model, Distiller):  # it copes with replicas that get no image
            model = Distiller(model, model, [])
        top = keras.metrics.MeanMetricWrapper(_among_five, name="top5")
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer, loss=loss, metrics=["accuracy", top])
        return model

    def _looked(self, split):
        """The first images of a split, without the long wait for shuffled ones, as a batch."""
        share = self.batch_size // self.run.strategy.num_replicas_in_sync
        return split.evaluation_batches(self.preprocessing, min(share, LOOKED)).take(1)

    def _evaluation(self, split):
        return split.evaluation_batches(self.preprocessing, self.batch_size)


def _among_five(y_true, y_pred):
    """Keras's own top-5 accuracy takes no half precision."""
    logits = keras.ops.cast(y_pred, "float32")
    return keras.metrics.sparse_top_k_categorical_accuracy(y_true, logits, k=5)
