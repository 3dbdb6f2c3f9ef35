"""Huber's robust penalty."""

from keras import ops

from tf_lpdistill.types import Tensor


def huber(differences: Tensor) -> Tensor:
    """`x^2 / 2` up to |x| = 1 and `|x| - 1/2` beyond, entry by entry.

    Args:
        differences: any shape, float32.

    Returns:
        The same shape, float32.
    """
    size = ops.abs(differences)
    return ops.where(size <= 1.0, 0.5 * ops.square(differences), size - 0.5)
