"""Running the teacher once over everything, and going on where an earlier run was stopped."""

import pathlib
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tf_lpdistill.batch import Batch
from tf_lpdistill.teachers.cache.draft import Draft
from tf_lpdistill.teachers.cache.rows import specs_of
from tf_lpdistill.teachers.cache.samples import check_order
from tf_lpdistill.teachers.cache.signature import SIGNATURE, differing, signature
from tf_lpdistill.teachers.cache.store import Store
from tf_lpdistill.teachers.cache.structure import flatten, names_of
from tf_lpdistill.teachers.cache.values import to_stored
from tf_lpdistill.teachers.cache.views import Views
from tf_lpdistill.types import Structure

_WORTH_SAYING = 100e6  # bytes: builds of more say beforehand what they will take


class Runner:
    """Runs a teacher in inference mode and gives its outputs as a flat dict of float32 arrays.

    Args:
        source: of the teacher's outputs, as `tf_lpdistill.teachers.connect` makes it.
    """

    def __init__(self, source: Any):
        self.names = None

        @tf.function(reduce_retracing=True)
        def run(inputs):
            predictions, features = source.outputs(Batch(inputs))
            outputs = {"predictions": predictions, "features": dict(features)}
            self.names = names_of(outputs)
            arrays = flatten(self.names, outputs)
            return {name: tf.cast(array, tf.float32) for name, array in arrays.items()}

        self._run = run

    def __call__(self, inputs: Structure) -> dict[str, np.ndarray]:
        """Returns `{name: float32 array (batch, ...)}`."""
        return {name: array.numpy() for name, array in self._run(inputs).items()}


def build(
    runner: Runner,
    batches: tf.data.Dataset,
    views: Views,
    directory: pathlib.Path,
    settings: dict[str, Any],
) -> None:
    """Writes a cache from batches of samples, block by block.

    Rows are ordered by view, then by id: row = view * samples + id.

    Args:
        runner: `Runner`.
        batches: `tf.data.Dataset` of batches of `{"inputs", "sample_id"}`.
        views: `Views`.
        directory: `pathlib.Path` of the cache.
        settings: plain JSON values, with "dtype".

    Raises:
        ValueError: for samples out of order, other samples than those of an unfinished cache, and
            values that the dtype cannot hold.
        OSError: when the disk has not enough room.
    """
    with Draft(directory, settings) as draft:

        def write(inputs):
            arrays = runner(inputs)
            try:
                arrays = {k: to_stored(k, v, settings["dtype"]) for k, v in arrays.items()}
            except ValueError:
                draft.restart()  # no run with these settings could finish it
                raise
            arrays[SIGNATURE] = signature(inputs)
            if draft.outputs is None:
                _begin(draft, arrays, runner.names, batches, views)
            draft.add(arrays)

        go_through(draft, batches, views, write)
        draft.finish()


def go_through(
    store: Draft | Store,
    batches: tf.data.Dataset,
    views: Views,
    write: Callable[[Structure], None] | None = None,
) -> None:
    """Compares the rows that a store has with the data, and writes those that it lacks.

    Args:
        store: a `Draft` or a finished cache: `folder`, `rows`, `read(name, start, rows)`.
        batches: as in `build`.
        views: `Views`.
        write: called with the inputs of each batch that is lacking, and adds its rows; None: none
            may be lacking.

    Raises:
        ValueError: when the data are not those that the teacher saw.
    """
    start = 0
    for number, inputs in enumerate(_all_views(batches, views, store.folder.name)):
        if start == store.rows and write is not None:
            write(inputs)
            start = store.rows
            continue
        found = signature(inputs)
        expected = store.read(SIGNATURE, start, len(found))
        if len(expected) < len(found) or differing(found, expected).size:
            raise _other_data(store, f"batch {number} is not what the teacher saw")
        start += len(found)
    if start < store.rows:
        raise _other_data(store, f"there are {start} inputs in the place of {store.rows}")


def _all_views(batches, views, title):
    """Yields the inputs of all batches, in one pass for each view."""
    from tqdm import tqdm

    cardinality, samples = int(batches.cardinality()), None
    total = cardinality * views.count if cardinality > 0 else None
    with tqdm(total=total, desc=f"teacher cache {title}", unit="batch", disable=None) as bar:
        for view in range(views.count):
            start = 0
            for inputs, sample_id in of_view(batches, views, view).prefetch(2):
                check_order(sample_id.numpy(), start)
                start += len(sample_id)
                yield inputs
                bar.update()
            samples = start if samples is None else samples
            if start != samples or not samples:
                raise ValueError(
                    "`dataset` must give the same samples in every pass, at least one. Received: "
                    f"{start} samples, and {samples} in the first pass"
                )


def of_view(batches: tf.data.Dataset, views: Views, view: int) -> tf.data.Dataset:
    """Returns `(inputs, sample_id)` of all batches, in one view of each sample."""
    view = tf.constant(view, tf.int64)

    def make(x):
        sample_id = tf.cast(x["sample_id"], tf.int64)
        return views.make(x["inputs"], sample_id, tf.fill(tf.shape(sample_id), view)), sample_id

    return batches.map(make, tf.data.AUTOTUNE)


def _other_data(store, reason):
    return ValueError(
        f"{store.folder} was made from other data: {reason}. It must be the same images in the "
        "same preprocessing and views, for an unfinished cache in the same batches, too. Name "
        "another folder for the cache, or remove that one."
    )


def _begin(draft, arrays, outputs, batches, views):
    """Begins the arrays, once it is known how large they will be and that there is room."""
    draft.begin(specs_of(arrays), outputs)
    rows = len(arrays[SIGNATURE]) * int(batches.cardinality()) * views.count
    size = rows * sum(spec.row_bytes for spec in draft.specs.values())
    free = shutil.disk_usage(draft.folder).free
    if size > free:
        raise OSError(
            f"The teacher cache {draft.directory} needs about {size / 1e9:.2f} GB, and the disk "
            f"has {free / 1e9:.2f} GB left. Cache fewer or smaller layers, or choose another disk."
        )
    if size > _WORTH_SAYING:
        print(f"The teacher cache {draft.directory} will take about {size / 1e9:.2f} GB.")
