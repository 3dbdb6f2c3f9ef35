"""Maps brought to another height and width."""

import numpy as np
from keras import ops


def average_pool_to(maps, size):
    """Averages maps over equally spaced windows, as many as the new map has pixels.

    Window i of n covers the pixels floor(i s / n) up to ceil((i + 1) s / n): all sizes work, and
    where n divides s it is plain average pooling.

    Args:
        maps: (batch, height, width, channels) float32.
        size: (height, width) of the result, ints.

    Returns:
        (batch, *size, channels) float32.
    """
    height, width = maps.shape[1:3]
    if size[0] != height:
        maps = ops.einsum("iH,bHWc->biWc", _windows(height, size[0]), maps)
    if size[1] != width:
        maps = ops.einsum("jW,biWc->bijc", _windows(width, size[1]), maps)
    return maps


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
    return average_pool_to(first, size), average_pool_to(second, size)


def _windows(old, new):
    """(new, old) float32 matrix of averages over windows of a row of pixels."""
    matrix = np.zeros((new, old), "float32")
    for window in range(new):
        start, end = window * old // new, -(-(window + 1) * old // new)
        matrix[window, start:end] = 1.0 / (end - start)
    return matrix
