"""Maps pooled to a smaller size, by mean or maximum, whatever the ratio of the sizes."""

import numpy as np
from keras import ops

from tf_lpdistill.types import Tensor


def max_pool_larger(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Max-pools each of two maps, axis by axis, to the smaller size of the two.

    Window i of n covers the pixels floor(i s / n) up to ceil((i + 1) s / n) of the s that there
    were: all sizes work, and where n divides s it is plain max-pooling.

    Args:
        first: (batch, height, width, channels).
        second: (batch, other height, other width, other channels).

    Returns:
        The two maps, equal in height and width.
    """
    for axis in (1, 2):
        size = min(first.shape[axis], second.shape[axis])
        first, second = (_max_pool_axis(maps, axis, size) for maps in (first, second))
    return first, second


def adaptive_mean(features: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Averages each axis down to a given size, whether it divides the old size or not.

    Entry i of an axis of size n brought to size m is the mean of the entries from
    `floor(i n / m)` up to, not including, `ceil((i + 1) n / m)`.

    Args:
        features: (batch, height, width, channels) float32; unknown batch size allowed.
        shape: (height, width, channels), none larger than that of `features`.

    Returns:
        (batch, *shape) float32.
    """
    for axis, (old, new) in enumerate(zip(features.shape[1:], shape, strict=True), start=1):
        if old != new:
            averaged = ops.tensordot(features, _windows(old, new), axes=[[axis], [0]])
            features = ops.moveaxis(averaged, -1, axis)
    return features


def _max_pool_axis(maps, axis, new):
    old = maps.shape[axis]
    if new == old:
        return maps
    if old % new == 0:
        shape = (-1, *maps.shape[1:axis], new, old // new, *maps.shape[axis + 1 :])
        return ops.max(ops.reshape(maps, shape), axis=axis + 1)
    windows = [slice(i * old // new, -(-(i + 1) * old // new)) for i in range(new)]
    if axis == 1:
        return ops.stack([ops.max(maps[:, window], axis=1) for window in windows], axis=1)
    return ops.stack([ops.max(maps[:, :, window], axis=2) for window in windows], axis=2)


def _windows(old, new):
    """(old, new) float32: column i averages the entries of window i."""
    entries, outputs = np.arange(old)[:, None], np.arange(new)[None, :]
    inside = (entries >= outputs * old // new) & (entries < -(-(outputs + 1) * old // new))
    return (inside / inside.sum(axis=0)).astype("float32")
