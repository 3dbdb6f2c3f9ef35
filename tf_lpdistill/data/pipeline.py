"""From a split to batches: what training, evaluation and the checks on the phone file read."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tf_lpdistill.data.splits import Split
from tf_lpdistill.preprocessing import Preprocessing


def training_batches(
    split: Split,
    preprocessing: Preprocessing,
    batch_size: int,
    *,
    seed: int,
    initial_epoch: int = 0,
    drop_remainder: bool = True,
    sample_ids: bool = False,
) -> tf.data.Dataset:
    """Makes batches to train on: shuffled anew in every epoch, without an end.

    The order is a pure function of `seed` and the epoch, so that a run which starts again at
    epoch e sees the very batches that the undisturbed run saw. Give `fit` the `steps_per_epoch`
    of the same arguments.

    Args:
        split: `Split`.
        preprocessing: `Preprocessing`, applied to each batch of pixels.
        batch_size: images a batch (over all replicas), >= 1.
        seed: integer.
        initial_epoch: the epoch to begin with, >= 0.
        drop_remainder: leave out the images that do not fill a last batch; which ones changes from
            epoch to epoch.
        sample_ids: give `{"inputs": x, "sample_id": position in the split}` in the place of x.

    Returns:
        Infinite `tf.data.Dataset` of `(x, y)`: float32 (batch, *preprocessing.input_shape) and
        int32 (batch,); the sample ids are int64 (batch,).

    Raises:
        ValueError: when `batch_size` is not positive, or larger than the split although the
            remainder is dropped.
    """
    steps_per_epoch(split, batch_size, drop_remainder)
    _check_epoch(initial_epoch)
    positions = tf.range(len(split), dtype=tf.int64)

    def order_of(epoch):
        shuffled = tf.random.experimental.index_shuffle(
            positions, seed=tf.stack([seed, epoch]), max_index=len(split) - 1
        )
        return tf.data.Dataset.from_tensor_slices(shuffled).batch(batch_size, drop_remainder)

    return _load(order_of, split, preprocessing, initial_epoch, sample_ids)


def ordered_batches(
    split: Split,
    preprocessing: Preprocessing,
    order: Callable[[int], np.ndarray],
    *,
    initial_epoch: int = 0,
    sample_ids: bool = False,
) -> tf.data.Dataset:
    """Makes batches to train on in an order of your own, without an end.

    Args:
        split: `Split`.
        preprocessing: `Preprocessing`, applied to each batch of pixels.
        order: function that maps an epoch, an integer from 0, to the positions of its images,
            integers (steps, batch_size), of one shape in all epochs: `NeighborBatches.epoch`, say.
            For runs that resume it must be a pure function.
        initial_epoch: the epoch to begin with, >= 0.
        sample_ids: give `{"inputs": x, "sample_id": position in the split}` in the place of x.

    Returns:
        Infinite `tf.data.Dataset` of `(x, y)` as in `training_batches`; `order` says how many
        steps make an epoch.

    Raises:
        ValueError: when the first epoch is not of such positions.
    """
    _check_epoch(initial_epoch)
    first = np.asarray(order(initial_epoch))
    if first.ndim != 2 or first.dtype.kind not in "iu" or first.size == 0:
        raise ValueError(
            "`order` must give integers of shape (steps, batch_size) for an epoch. "
            f"Received: shape={first.shape}, dtype={first.dtype}"
        )
    if first.min() < 0 or first.max() >= len(split):
        raise ValueError(
            f"`order` must give positions from 0 to {len(split) - 1}, those of the images: was it "
            f"made for another split? Received: {first.min()} to {first.max()}"
        )

    def draw(epoch):
        return np.asarray(order(int(epoch)), np.int64)

    def order_of(epoch):
        positions = tf.numpy_function(draw, [epoch], tf.int64, stateful=False)
        return tf.data.Dataset.from_tensor_slices(tf.ensure_shape(positions, first.shape))

    return _load(order_of, split, preprocessing, initial_epoch, sample_ids)


def _load(order_of, split, preprocessing, initial_epoch, sample_ids):
    """The images and labels that `order_of` names, a dataset of positions for each epoch."""
    images, labels = tf.constant(split.images), tf.constant(split.labels)

    def load(indices):
        x = preprocessing(tf.gather(images, indices))
        if sample_ids:
            x = {"inputs": x, "sample_id": indices}
        return x, tf.gather(labels, indices)

    epochs = tf.data.Dataset.counter(initial_epoch)
    return epochs.flat_map(order_of).map(load, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def steps_per_epoch(split: Split, batch_size: int, drop_remainder: bool = True) -> int:
    """Returns the number of batches that `training_batches` gives for one epoch.

    Args:
        split: `Split`.
        batch_size: images a batch, >= 1.
        drop_remainder: as in `training_batches`.

    Raises:
        ValueError: when `batch_size` is not positive, or larger than the split although the
            remainder is dropped.
    """
    _check_batch_size(batch_size)
    if drop_remainder and batch_size > len(split):
        raise ValueError(
            f"`batch_size` must be at most {len(split)}, the number of images, or no batch is left "
            "(drop_remainder=False would keep the smaller one). "
            f"Received: batch_size={batch_size}"
        )
    return len(split) // batch_size if drop_remainder else -(-len(split) // batch_size)


def evaluation_batches(
    split: Split, preprocessing: Preprocessing, batch_size: int, *, sample_ids: bool = False
) -> tf.data.Dataset:
    """Makes batches to evaluate on, or to build a teacher cache from: every image once, in order.

    Args:
        split: `Split`.
        preprocessing: `Preprocessing`, applied to each batch of pixels.
        batch_size: images a batch, >= 1; the last one may be smaller.
        sample_ids: as in `training_batches`.

    Returns:
        `tf.data.Dataset` of `(x, y)` as in `training_batches`.

    Raises:
        ValueError: when `batch_size` is not positive.
    """
    batches = raw_batches(split, batch_size).map(
        lambda x, y: (preprocessing(x), y), tf.data.AUTOTUNE
    )
    if sample_ids:
        positions = tf.data.Dataset.range(len(split)).batch(batch_size)
        batches = tf.data.Dataset.zip(batches, positions).map(
            lambda batch, ids: ({"inputs": batch[0], "sample_id": ids}, batch[1])
        )
    return batches.prefetch(tf.data.AUTOTUNE)


def raw_batches(split: Split, batch_size: int) -> tf.data.Dataset:
    """Makes batches of pixels as they are, in order: what `tflite.verify` reads.

    Args:
        split: `Split`.
        batch_size: images a batch, >= 1; the last one may be smaller.

    Returns:
        `tf.data.Dataset` of `(pixels, labels)`: uint8 0..255 (batch, height, width, channels) and
        int32 (batch,).

    Raises:
        ValueError: when `batch_size` is not positive.
    """
    _check_batch_size(batch_size)
    return tf.data.Dataset.from_tensor_slices((split.images, split.labels)).batch(batch_size)


def _check_batch_size(batch_size):
    if batch_size < 1:
        raise ValueError(f"`batch_size` must be >= 1. Received: batch_size={batch_size}")


def _check_epoch(initial_epoch):
    if initial_epoch < 0:
        raise ValueError(f"`initial_epoch` must be >= 0. Received: initial_epoch={initial_epoch}")
