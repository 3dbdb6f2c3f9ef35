"""What Keras's `fit` lacks under several workers.

Keras 3.15 builds from the mean of the replicas' parts of the first batch, which parts of unequal
length do not have, and several workers neither. It does not support
`tf.distribute.MultiWorkerMirroredStrategy` either: it reduces the logged scalars along an axis that
they do not have. `tests/test_workers.py` says what to do when the names change.
"""

import inspect
import pathlib
from typing import Any

import keras

from tf_lpdistill.distribution import telling_of_lost_workers
from tf_lpdistill.ops import replicas
from tf_lpdistill.saving import random_states
from tf_lpdistill.types import Structure, Tensor


class Workers:
    """Mixin before `keras.Model`: trains in several processes at once."""

    def fit(self, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Trains as `keras.Model.fit`, with random draws of its own on every replica.

        Raises:
            WorkersError: when another worker is gone.
        """
        with self.distribute_strategy.scope():
            replicas.spread_seeds(random_states(self))
        if replicas.spans_workers(self.distribute_strategy):
            given = inspect.signature(keras.Model.fit).bind(self, *args, **kwargs).arguments
            make_checkpoint_folders(given.get("callbacks"))
        with telling_of_lost_workers(self.distribute_strategy):
            return super().fit(*args, **kwargs)

    def compute_metrics(
        self, x: Structure, y: Structure, y_pred: Structure, sample_weight: Tensor | None = None
    ) -> dict[str, Tensor]:
        """As Keras's own; inside a step of several workers each value has shape (1,)."""
        logs = super().compute_metrics(x, y, y_pred, sample_weight=sample_weight)
        if not replicas.in_worker_step():
            return logs
        return keras.tree.map_structure(lambda value: keras.ops.reshape(value, (1,)), logs)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        strategy = self.distribute_strategy
        several = strategy.num_replicas_in_sync > 1 or replicas.spans_workers(strategy)
        if iterator is not None and several:
            _, _, batches = next(iter(iterator))
            data_batch = keras.tree.map_structure(replicas.local, next(batches))
            iterator = None
        super()._maybe_symbolic_build(iterator=iterator, data_batch=data_batch)


def make_checkpoint_folders(callbacks: Any) -> None:
    """Makes the folders of checkpoints beforehand.

    Keras looks whether a folder is there and makes it otherwise, in which two workers that do so at
    the same time collide.

    Args:
        callbacks: what `fit` was given: a callback, a list of them, or None. A folder that the
            epoch names is left to Keras.
    """
    for callback in keras.tree.flatten(callbacks):
        if isinstance(callback, keras.callbacks.ModelCheckpoint):
            folder = pathlib.Path(callback.filepath).parent
            if "{" not in str(folder):
                folder.mkdir(parents=True, exist_ok=True)
