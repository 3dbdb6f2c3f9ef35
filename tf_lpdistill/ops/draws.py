"""Random draws that are a pure function of a seed and the step."""

import tensorflow as tf

from tf_lpdistill.types import Tensor


def draw_indices(count: int, size: int, seed: int, step: Tensor | int) -> Tensor:
    """Draws indices evenly, with repetitions: the same ones on every replica and after a restart.

    Args:
        count: how many, a positive int.
        size: they lie in 0..size-1.
        seed: int.
        step: int or int64 scalar; another step draws others.

    Returns:
        (count,) int32.
    """
    seeds = tf.stack([tf.cast(seed, "int64"), tf.cast(step, "int64")])
    return tf.random.stateless_uniform((count,), seeds, maxval=size, dtype="int32")
