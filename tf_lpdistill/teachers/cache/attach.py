"""The teacher's activations, read from memory-mapped files inside a `tf.data` pipeline."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_lpdistill.teachers.cache.samples import spec_of, take_apart
from tf_lpdistill.teachers.cache.signature import SIGNATURE, differing, signature
from tf_lpdistill.teachers.cache.store import Store
from tf_lpdistill.teachers.cache.views import Views
from tf_lpdistill.types import Structure, Tensor


def attach(
    dataset: tf.data.Dataset, store: Store, views: Views, initial_batch: int
) -> tf.data.Dataset:
    """See `TeacherCache.attach`.

    Args:
        dataset: batched `tf.data.Dataset` of samples with ids.
        store: `Store` of the cache.
        views: `Views`.
        initial_batch: number of the first batch.

    Returns:
        `tf.data.Dataset` with `x = {"inputs", "sample_id", "teacher"}`, "teacher" a dict
        `{array name: float32 (batch, ...)}`.
    """
    _check(dataset, store, views, initial_batch)
    num_samples = store.rows // views.count

    def load(number, element):
        x, rest = take_apart(element)
        sample_id = tf.cast(x["sample_id"], tf.int64)
        view = views.choose(number, tf.shape(sample_id)[0])
        inputs = views.make(x["inputs"], sample_id, view)
        teacher = _read(store.arrays, num_samples, sample_id, view, inputs)
        x = {"inputs": inputs, "sample_id": x["sample_id"], "teacher": teacher}
        return (x, *rest) if isinstance(element, tuple) else x

    numbered = dataset.enumerate(initial_batch)
    return numbered.map(load, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _check(dataset, store, views, initial_batch):
    shape = spec_of(dataset)["sample_id"].shape
    if initial_batch < 0:
        raise ValueError(f"`initial_batch` must be >= 0. Received: initial_batch={initial_batch}")
    if shape.rank != 1:
        raise ValueError(
            "`dataset` must be batched, since activations are read a batch at a time. Received: "
            f"sample_id of shape {shape}. Call .batch() before attach."
        )
    if store.settings["augmented"] and views.augment is None:
        raise ValueError(
            f"The teacher cache {store.folder} holds augmented views, and `augment` is needed to "
            "make them again. Received: none. Open it with "
            "TeacherCache.open(directory, augment=augment)."
        )
    if views.count > 1 and dataset.cardinality() >= 0:
        raise ValueError(
            f"`dataset` must have no end, or each epoch would draw the same of the {views.count} "
            f"views. Received: a data set of {dataset.cardinality()} batches. Attach to "
            "dataset.repeat() and give `fit` the steps_per_epoch."
        )


def _read(arrays, num_samples, sample_id, view, inputs):
    """Reads the rows of a batch: `{name: float32 (batch, ...)}`."""

    def read(sample_id, view, *inputs):
        known = (sample_id >= 0) & (sample_id < num_samples)
        if not known.all():
            raise ValueError(
                f"the teacher cache holds the samples 0 to {num_samples - 1}. Received: sample_id "
                f"{sample_id[~known][0]}. Attach it to the data that it was built from."
            )
        rows = view * num_samples + sample_id
        found = [np.take(array, rows, axis=0) for array in arrays.values()]
        if SIGNATURE in arrays:
            check_seen(inputs, found[list(arrays).index(SIGNATURE)], sample_id)
        return found

    types = [tf.as_dtype(array.dtype) for array in arrays.values()]
    leaves = keras.tree.flatten(inputs)
    found = tf.numpy_function(read, [sample_id, view, *leaves], types, stateful=False)
    teacher = {}
    # The cast is TensorFlow's: numpy's from float16 is ten times slower.
    for (name, array), rows in zip(arrays.items(), found, strict=True):
        rows.set_shape((sample_id.shape[0], *array.shape[1:]))
        teacher[name] = tf.cast(rows, tf.float32)
    return teacher


def check_seen(inputs: Structure, expected: Tensor, sample_id: Tensor) -> Any:
    """Compares a batch with the signatures of what the teacher saw.

    Args:
        inputs: batch, or a structure of batches.
        expected: float32 (batch, 5), the signatures.
        sample_id: (batch,), for the message.

    Raises:
        ValueError: when the teacher saw other inputs.
    """
    wrong = differing(signature(inputs), np.asarray(expected))
    if wrong.size:
        raise ValueError(
            f"the inputs of {wrong.size} of {len(expected)} samples are not those that the "
            "teacher saw when its cache was built: other images, another preprocessing, or an "
            "augmentation that the cache does not know. Received: sample_id "
            f"{int(sample_id[wrong[0]])}. Attach the cache to the data that it was built from, and "
            "augment with TeacherCache.build(..., views=..., augment=...)."
        )
