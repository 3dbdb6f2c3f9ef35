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
    """A trained student on its way through a verb of `compression`.

    Args:
        student: the `keras.Model`; it is not changed.
        batches: one epoch of training batches, finite.
        objective: KD + LP beside the labels, see `Distiller.objective`.
        epochs: of each verb.
        folder: `pathlib.Path` for the state of a verb that is killed.
    """

    student: keras.Model
    batches: tf.data.Dataset
    objective: Callable
    epochs: int
    folder: Any

    def do(self, verb, student=None, taught=True, **settings):
        """Runs a verb on the student, or on what an earlier verb made of it."""
        return verb(
            student or self.student,
            self.batches,
            self.objective if taught else None,
            epochs=self.epochs,
            checkpoint_dir=self.folder / verb.__name__,
            **settings,
        )


def _pcqat(job):
    pruned = job.do(compression.prune)
    clustered = job.do(compression.cluster, pruned, preserve_sparsity=True)
    return job.do(
        compression.quantize_aware, clustered, preserve_sparsity=True, preserve_clusters=True
    )


@dataclasses.dataclass(frozen=True)
class Way:
    """A row of the comparison.

    Args:
        title: its name in tables.
        make: function of the `Job` that returns what `tflite.export_bundle` takes.
        precisions: of its files.
    """

    title: str
    make: Callable
    precisions: tuple[str, ...] = ("float32", "int8")


WAYS = {
    "distilled": Way(
        "As distilled", lambda job: job.student, ("float32", "float16", "dynamic", "int8")
    ),
    "qat": Way(
        "QAT, labels alone", lambda job: job.do(compression.quantize_aware, taught=False), ("int8",)
    ),
    "qat_kd_lp": Way("QAT + KD + LP", lambda job: job.do(compression.quantize_aware), ("int8",)),
    "pruned": Way("Pruned, half", lambda job: job.do(compression.prune)),
    "clustered": Way("Clustered, 16 values", lambda job: job.do(compression.cluster)),
    "pcqat": Way("Pruned, clustered, QAT", _pcqat, ("int8",)),
    "low_rank": Way("Low rank", lambda job: job.do(compression.low_rank)),
    "channels": Way("Channels, 3 in 10 gone", lambda job: job.do(compression.prune_channels)),
}
