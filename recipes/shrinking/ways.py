"""The ways to make a trained student smaller that recipes/shrink.py compares."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tf_lpdistill import compression

FIGURES = ("accuracy", "bytes", "zipped_bytes", "latency_ms")  # of each file


@dataclasses.dataclass(frozen=True)
class Job:
    """A trained student on its way through the verbs of `compression`.

    Args:
        student: the `keras.Model`; it is not changed.
        batches: training batches without an end.
        steps: of an epoch.
        objective: KD + LP beside the labels, see `Distiller.objective`.
        epochs: of each verb.
        folder: `pathlib.Path` for the state of a verb that is killed.
    """

    student: keras.Model
    batches: tf.data.Dataset
    steps: int
    objective: Callable
    epochs: int
    folder: Any


@dataclasses.dataclass(frozen=True)
class Way:
    """A row of the comparison.

    Args:
        title: its name in tables.
        verbs: {name of a verb: its settings}, in their order.
        precisions: of its files.
        taught: whether the teacher goes on teaching.
    """

    title: str
    verbs: dict[str, dict]
    precisions: tuple[str, ...] = ("float32", "int8")
    taught: bool = True

    def check(self, student):
        """Refuses a student that a verb cannot go through, see `compression.preflight`."""
        for verb in self.verbs:
            compression.preflight(student, verb)

    def make(self, job):
        """Does a `Job`, and returns what `tflite.export_bundle` takes."""
        made = job.student
        for verb, settings in self.verbs.items():
            made = getattr(compression, verb)(
                made, job.batches, job.objective if self.taught else None, **settings,
                epochs=job.epochs, steps_per_epoch=job.steps, checkpoint_dir=job.folder / verb,
            )  # fmt: skip
        return made


_ALL_PRECISIONS = ("float32", "float16", "dynamic", "int8")
_PCQAT = {
    "prune": {},
    "cluster": {"preserve_sparsity": True},
    "quantize_aware": {"preserve_sparsity": True, "preserve_clusters": True},
}

WAYS = {
    "distilled": Way("As distilled", {}, _ALL_PRECISIONS),
    "qat": Way("QAT, labels alone", {"quantize_aware": {}}, ("int8",), taught=False),
    "qat_kd_lp": Way("QAT + KD + LP", {"quantize_aware": {}}, ("int8",)),
    "pruned": Way("Pruned, half", {"prune": {}}),
    "clustered": Way("Clustered, 16 values", {"cluster": {}}),
    "pcqat": Way("Pruned, clustered, QAT", _PCQAT, ("int8",)),
    "low_rank": Way("Low rank", {"low_rank": {}}),
    "channels": Way("Channels, 3 in 10 gone", {"prune_channels": {}}),
}
