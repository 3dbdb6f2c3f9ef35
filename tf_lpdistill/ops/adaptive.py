"""Averaging features down to a given shape."""

import numpy as np
from keras import ops

from tf_lpdistill.types import Tensor


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


def _windows(old, new):
    """(old, new) float32: column i averages the entries of window i."""
    entries, outputs = np.arange(old)[:, None], np.arange(new)[None, :]
    inside = (entries >= outputs * old // new) & (entries < -(-(outputs + 1) * old // new))
    return (inside / inside.sum(axis=0)).astype("float32")
