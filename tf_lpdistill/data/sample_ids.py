"""Samples that know their position in the training set."""

import tensorflow as tf


def with_sample_ids(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Numbers the samples of a data set, for losses and caches that must tell them apart.

    Number first, then shuffle, batch and augment: the id of a sample must not change from epoch
    to epoch.

    Args:
        dataset: unbatched, unshuffled `tf.data.Dataset` of `(x, y)` or `(x, y, sample_weight)`.

    Returns:
        `tf.data.Dataset` of `({"inputs": x, "sample_id": id}, y[, sample_weight])` with int64
        scalar ids 0, 1, 2 ...

    Raises:
        ValueError: when the elements are not such tuples, or the data set is seen to be shuffled
            or batched.
    """
    spec = dataset.element_spec
    if not isinstance(spec, tuple) or len(spec) not in (2, 3):
        raise ValueError(
            f"`dataset` must give (x, y) or (x, y, sample_weight). Received: element_spec={spec}"
        )
    _refuse_late(dataset)

    def number(sample_id, sample):
        return ({"inputs": sample[0], "sample_id": sample_id}, *sample[1:])

    return dataset.enumerate().map(number, tf.data.AUTOTUNE)


def _refuse_late(dataset):
    """Refuses a pipeline in which the position no longer names the sample."""
    single = True
    for name in _steps(dataset):
        if "Shuffle" in name:
            raise ValueError(
                "`dataset` is shuffled already, so that positions do not name samples. "
                "Received: a pipeline with .shuffle(). Call with_sample_ids(dataset) before it."
            )
        single = single and not ("Unbatch" in name or "FlatMap" in name)
        if single and "Batch" in name:
            raise ValueError(
                "`dataset` is batched already, so that ids would number batches. "
                "Received: a pipeline with .batch(). Call with_sample_ids(dataset) before it."
            )


def _steps(dataset):
    """Yields the names of the transformations, last first, as far as TensorFlow shows them."""
    pending = [dataset]
    while pending:
        step = pending.pop()
        yield type(step).__name__
        # Not public. Without it nothing is refused, and nothing else changes.
        pending.extend(getattr(step, "_inputs", list)())
