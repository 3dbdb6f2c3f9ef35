"""What is looked at before and while a student trains: wiring, terms, best epoch, step time."""

import time

import keras
import numpy as np

from tf_lpdistill import guidance
from tf_lpdistill.callbacks import Watch
from tf_lpdistill.ops.replicas import spans_workers

WARM_UP = 5  # steps of each fit that are not timed: tracing, first allocations


def watch(model, batches, epochs, looked, tell):
    """Checks how a Distiller is wired, and looks at its terms and features while it trains.

    Args:
        model: what is trained; a plain model, a Distiller without losses, and one that several
            workers share are not looked at.
        batches: its training batches, of which the first ones are looked at.
        epochs: the epochs, from 1, after which it looks; none: not at all.
        looked: set of the names of losses whose wiring was checked before; it grows.
        tell: function of a text: what the check finds, and alarms, which are told once.

    Returns:
        A list of callbacks.
    """
    losses = tuple(loss.name for loss in getattr(model, "distillation_losses", ()))
    if not losses or spans_workers(model.distribute_strategy):
        return []
    if losses not in looked:
        looked.add(losses)
        for problem in guidance.check(model, batches).problems:
            tell(str(problem))
    return [Watch(batches, frequency=epochs, alarm=tell)] if epochs else []


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
