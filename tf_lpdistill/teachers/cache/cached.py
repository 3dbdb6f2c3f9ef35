"""A cache in the place of a teacher: its outputs come with the batch, and nothing runs."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tf_lpdistill.batch import Batch
from tf_lpdistill.teachers.cache.attach import check_seen
from tf_lpdistill.teachers.cache.signature import SIGNATURE
from tf_lpdistill.teachers.cache.structure import assemble
from tf_lpdistill.types import Structure


class CachedTeacher:
    """Takes the teacher's outputs from the batch, where `TeacherCache.attach` has put them.

    Args:
        cache: `TeacherCache`.
        names: names of the features that the losses want.

    Raises:
        ValueError: for a feature that the cache does not hold.
    """

    def __init__(self, cache: Any, names: Sequence[str]):
        for name in names:
            if name not in cache.layer_names:
                raise ValueError(
                    f"The teacher cache {cache.directory} holds no feature {name!r}. It holds: "
                    f"{list(cache.layer_names)}. Build another with layer_names=[..., {name!r}]."
                )
        self.model, self._store = cache, cache.store
        ensemble = cache.store.settings["ensemble"] or {}  # name: weight
        self.teacher_names = tuple(ensemble)
        self.teacher_weights = tuple(ensemble.values()) or None

    def check_inputs(self, inputs: Structure) -> None:
        """Raises `ValueError` for inputs of other shapes than the teacher saw."""
        self._store.check_inputs(inputs)

    def outputs(self, batch: Batch) -> tuple[Structure, dict[str, Structure]]:
        """Returns the `(predictions, features)` that came with a `Batch`."""
        if batch.teacher is None:
            raise ValueError(
                "The teacher is a cache, and the batch carries no activations of it. Received: a "
                "data set that no cache is attached to. Fit on cache.attach(dataset)."
            )
        if tf.executing_eagerly() and SIGNATURE in batch.teacher:
            # The first batch. An augmentation behind `attach` would part student and teacher.
            check_seen(batch.inputs, batch.teacher[SIGNATURE], batch.sample_id)
        return self._assemble(batch.teacher)

    def output_specs(self, inputs: Structure) -> tuple[Structure, dict[str, Structure]]:
        """Returns the symbolic `(predictions, features)`, whatever the inputs."""
        arrays = self._store.arrays.items()
        return self._assemble({k: keras.KerasTensor((None, *v.shape[1:])) for k, v in arrays})

    def _assemble(self, tensors):
        outputs = assemble(self._store.outputs, tensors)
        return outputs["predictions"], outputs["features"]

    def fingerprint(self) -> str | None:
        """Returns the fingerprint of the teacher that the cache was made from."""
        return self._store.fingerprint()
