"""Maps brought to another height and width."""

import numpy as np
from keras import ops

from tf_lpdistill.ops.adaptive import adaptive_mean


def resize_nearest(maps, size):
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


def match_sizes(first, second):
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
