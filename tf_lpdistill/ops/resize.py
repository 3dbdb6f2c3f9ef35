"""Maps brought to another height and width."""

import numpy as np
from keras import ops

from tf_lpdistill.ops.pooling import adaptive_mean
from tf_lpdistill.types import Tensor


def resize_nearest(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Repeats or drops pixels: pixel i of n is pixel floor(i s / n) of the s that there were.

    Args:
        maps: (batch, height, width, channels).
        size: (height, width) of the result, ints.

    Returns:
        (batch, *size, channels), the same dtype.
    """
    for axis, (old, new) in enumerate(zip(maps.shape[1:3], size, strict=True), start=1):
        if old != new:
            maps = ops.take(maps, np.arange(new) * old // new, axis=axis)
    return maps


def match_sizes(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Average-pools the larger of two maps to the size of the smaller, along each axis.

    Args:
        first: (batch, height, width, channels) float32.
        second: (batch, other height, other width, other channels) float32.

    Returns:
        The two maps, equal in height and width.
    """
    if first.shape[1:3] == second.shape[1:3]:
        return first, second
    size = [min(pair) for pair in zip(first.shape[1:3], second.shape[1:3], strict=True)]
    return tuple(adaptive_mean(maps, (*size, maps.shape[3])) for maps in (first, second))


def resize_bilinear(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear and antialiased, as `tf.image.resize`, by two matrix products.

    XLA compiles it; TensorFlow's own antialiased resizing it does not know.

    Args:
        maps: (batch, height, width, channels) float, height and width known.
        size: (height, width) of the result, ints.

    Returns:
        (batch, *size, channels), the same dtype.
    """
    for axis, (old, new) in enumerate(zip(maps.shape[1:3], size, strict=True), start=1):
        if old != new:
            weights = ops.cast(_triangles(old, new), maps.dtype)
            maps = ops.moveaxis(ops.tensordot(maps, weights, axes=[[axis], [0]]), -1, axis)
    return maps


def _triangles(old, new):
    """(old, new) weights: how much of each old pixel is in each new one; columns sum to 1."""
    step = old / new
    centres = (np.arange(new) + 0.5) * step - 0.5
    distances = np.abs(np.arange(old)[:, None] - centres) / max(step, 1.0)
    weights = np.maximum(0.0, 1.0 - distances)
    return weights / weights.sum(axis=0)
