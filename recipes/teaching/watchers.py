"""What is watched before and while a student trains: wiring, terms, the best epoch, times."""

import shutil
import time

import keras
import numpy as np

from teaching import look
from tf_lpdistill.callbacks import TensorBoardLog, Watch
from tf_lpdistill.ops.replicas import spans_workers

WARM_UP = 5  # steps of each fit that are not timed: tracing, first allocations


def watch(model, batches, epochs, trainer, done=0):
    """Looks at the wiring of a Distiller now, and at its terms and features while it trains.

    Findings and alarms are lines above the progress bar.

    Args:
        model: what is about to be trained, compiled; a plain model, a Distiller without losses, and
            one that several workers share are not looked at.
        batches: its training batches, of which the first are looked at.
        epochs: the epochs, from 1, after which it looks at terms and features; none: not at all.
        trainer: the `Trainer` or `StreamTrainer`; the log for TensorBoard is called as its folder.
        done: epochs of an earlier try, whose log is gone on with.

    Returns:
        A list of callbacks.
    """
    if not getattr(model, "distillation_losses", ()) or spans_workers(model.distribute_strategy):
        return []
    look.at(model, batches, trainer)
    looks = [Watch(batches, frequency=epochs, alarm=trainer.progress.say)] if epochs else []
    if looks and trainer.run.tensorboard:
        log_dir = trainer.run.path("tensorboard", trainer.folder.name)
        if not done:
            shutil.rmtree(log_dir, ignore_errors=True)  # of a try that was stopped
        looks.append(TensorBoardLog(log_dir, batches, class_names=trainer.data.class_names))
    return looks


class BestEpoch(keras.callbacks.Callback):
    """Remembers the weights of the epoch that is best on the validation images.

    Of equal epochs the first counts.

    Args:
        student: the model whose weights are kept.

    Attributes:
        accuracy: the validation accuracy of that epoch; -1 before the first validation.
        epoch: the epoch, from 1, within its fit.
    """

    def __init__(self, student):
        super().__init__()
        self._student, self._weights = student, None
        self.accuracy, self.epoch = -1.0, None

    def on_epoch_end(self, epoch, logs=None):
        """Looks at the validation accuracy, where the epoch has one."""
        accuracy = (logs or {}).get("val_accuracy", -1.0)
        if accuracy > self.accuracy:
            self.accuracy, self.epoch = accuracy, epoch + 1
            self._weights = self._student.get_weights()

    def restore(self):
        """Gives the student the weights of its best epoch."""
        self._student.set_weights(self._weights)


class StepTimer(keras.callbacks.Callback):
    """Times optimizer steps from the beginning of one to the beginning of the next.

    The first steps of every fit, and the pauses between epochs, are left out.
    """

    def __init__(self):
        super().__init__()
        self._seconds, self._last, self._seen = [], None, 0

    def on_train_begin(self, logs=None):
        """Warms up anew."""
        self._last, self._seen = None, 0

    def on_epoch_begin(self, epoch, logs=None):
        """Leaves out what happened between two epochs."""
        self._last = None

    def on_train_batch_begin(self, batch, logs=None):
        """Takes the time since the step before."""
        now = time.perf_counter()
        if self._last is not None and self._seen > WARM_UP:
            self._seconds.append(now - self._last)
        self._last, self._seen = now, self._seen + 1

    @property
    def milliseconds(self):
        """The median time of a step, or None where too few were made."""
        return 1000 * float(np.median(self._seconds)) if self._seconds else None
