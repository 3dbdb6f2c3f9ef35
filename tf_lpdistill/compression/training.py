"""How a verb trains: the few choices that all of them share."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tf_lpdistill.compression.objectives import cross_entropy
from tf_lpdistill.types import Tensor


@dataclasses.dataclass(frozen=True)
class Training:
    """The training that goes with a verb.

    Args:
        dataset: a batched `tf.data.Dataset` of `(x, y)` or `(x, y, sample_weight)`.
        objective: function `(x, y, student_features, sample_weight=None) -> scalar`; None: the
            cross-entropy of logits with integer labels.
        epochs: number of epochs, >= 1.
        steps_per_epoch: batches an epoch; None: those of `dataset`, whose length must be known.
        learning_rate: of Adam, at the start; it falls to 0 along a half cosine.
        checkpoint_dir: folder of the state after each epoch, or None.
        verbose: 0 for silence, 1 for a progress bar, 2 for a line an epoch.

    Raises:
        TypeError: when `dataset` is not a `tf.data.Dataset`.
        ValueError: when it has no known end, and for numbers out of range.
    """

    dataset: tf.data.Dataset
    objective: Any
    epochs: int
    steps_per_epoch: int | None
    learning_rate: float
    checkpoint_dir: Any
    verbose: int

    def __post_init__(self):
        """Checks the fields, and puts the default objective in its place."""
        object.__setattr__(self, "objective", self.objective or cross_entropy)
        if not isinstance(self.dataset, tf.data.Dataset):
            raise TypeError(
                "`dataset` must be a batched tf.data.Dataset of (x, y). Received: "
                f"{type(self.dataset).__name__}. Make one with "
                "tf.data.Dataset.from_tensor_slices((x, y)).batch(size)."
            )
        _check_integer("epochs", self.epochs)
        if self.steps_per_epoch is not None:
            _check_integer("steps_per_epoch", self.steps_per_epoch)
        if self.steps < 1:
            raise ValueError(
                "`dataset` must have a known length, or `steps_per_epoch` tell the batches of an "
                f"epoch. Received: steps_per_epoch={self.steps_per_epoch!r}, a dataset of "
                f"cardinality {int(self.dataset.cardinality())} (-1: without an end, -2: unknown)"
            )
        if not 0.0 < self.learning_rate < math.inf:
            raise ValueError(
                "`learning_rate` must be a positive number. Received: "
                f"learning_rate={self.learning_rate!r}"
            )
        if type(self.verbose) is not int or self.verbose not in (0, 1, 2):
            raise ValueError(f"`verbose` must be 0, 1 or 2. Received: verbose={self.verbose!r}")

    @property
    def steps(self) -> int:
        """Steps an epoch."""
        return int(self.steps_per_epoch or self.dataset.cardinality())

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Names of the student's features that the objective wants."""
        return tuple(getattr(self.objective, "layer_names", ()))


def _check_integer(name, value):
    if type(value) is not int or value < 1:
        raise ValueError(f"`{name}` must be an integer >= 1. Received: {name}={value!r}")


def check_objective_has_data(
    dataset: tf.data.Dataset | None, objective: Callable[..., Tensor] | None
) -> None:
    """Refuses an objective that nothing would be trained on, for verbs that can do without both."""
    if dataset is None and objective is not None:
        raise ValueError(
            "`objective` needs a `dataset` to be trained on; without one nothing is trained. "
            f"Received: dataset=None, objective={objective!r}"
        )
