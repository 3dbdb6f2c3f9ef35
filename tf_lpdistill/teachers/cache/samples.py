"""The samples that a cache is built from and attached to: inputs with their ids."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_lpdistill.types import Structure

_KEYS = frozenset(["inputs", "sample_id"])


def take_apart(element: Structure) -> tuple[Structure, tuple]:
    """Splits an element of a data set into `{"inputs", "sample_id"}` and the rest.

    Args:
        element: `x`, `(x, y)` or `(x, y, sample_weight)`, values or specs.

    Returns:
        `(x, rest)`, `rest` a tuple.

    Raises:
        ValueError: when `x` carries no sample ids.
    """
    x, rest = (element[0], element[1:]) if isinstance(element, tuple) else (element, ())
    if not isinstance(x, dict) or set(x) != _KEYS:
        found = sorted(x) if isinstance(x, dict) else type(x).__name__
        raise ValueError(
            "`dataset` must give samples with their ids, x = {'inputs': ..., 'sample_id': ...}. "
            f"Received: x of {found}. Make it with data.training_batches(..., sample_ids=True) or "
            "data.evaluation_batches(..., sample_ids=True), or number your own with "
            "data.with_sample_ids before shuffling and batching."
        )
    return x, rest


def spec_of(dataset: tf.data.Dataset) -> dict[str, Any]:
    """Returns the specs `{"inputs", "sample_id"}` of a data set of samples with ids.

    Raises:
        ValueError: when it is no `tf.data.Dataset`, or carries no ids.
    """
    if not isinstance(dataset, tf.data.Dataset):
        raise ValueError(f"`dataset` must be a tf.data.Dataset. Received: {type(dataset).__name__}")
    return take_apart(dataset.element_spec)[0]


def batches_of(dataset: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    """Returns the data set in batches of `{"inputs", "sample_id"}`.

    Args:
        dataset: `tf.data.Dataset` of samples with ids, batched or not.
        batch_size: for one that is not batched.

    Raises:
        ValueError: when it carries no ids, or has no end.
    """
    spec = spec_of(dataset)
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            "`dataset` has no end, and the teacher must see every sample once. Received: an "
            "infinite data set. data.evaluation_batches(..., sample_ids=True) makes one epoch."
        )
    if spec["sample_id"].shape.rank == 0:
        dataset = dataset.batch(batch_size)
    return dataset.map(lambda *element: take_apart(element if len(element) > 1 else element[0])[0])


def check_order(sample_id: np.ndarray, start: int) -> None:
    """Checks the ids of a batch: every sample once, in the order of the ids.

    Args:
        sample_id: int64 (batch,).
        start: the id that is due.

    Raises:
        ValueError: when an id is missing, comes again, or comes too early.
    """
    for due, found in enumerate(sample_id, start):
        if due != found:
            again = " for a second time" if found < due else ""
            raise ValueError(
                "`dataset` must give every sample once, in the order of the ids 0, 1, 2 ...: one "
                f"epoch, not shuffled. Received: sample_id {found}{again} where {due} was due. "
                "data.evaluation_batches(..., sample_ids=True) makes such a data set."
            )


def describe_inputs(inputs: Structure) -> list[Any]:
    """Returns shape (without the batch axis) and dtype of each input, as plain JSON values."""
    leaves = keras.tree.flatten(inputs)
    return [[list(leaf.shape[1:]), tf.as_dtype(leaf.dtype).name] for leaf in leaves]


def same_shapes(found: Any, expected: Any) -> bool:
    """Whether two of `describe_inputs` agree in their shapes, as far as these are known."""
    return len(found) == len(expected) and all(
        len(f) == len(e) and all(a == b or None in (a, b) for a, b in zip(f, e, strict=True))
        for (f, _), (e, _) in zip(found, expected, strict=True)
    )
