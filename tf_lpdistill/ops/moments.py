"""Means per channel over the batch of all replicas, and batch normalisation by them."""

from keras import ops

from tf_lpdistill.ops.replicas import gather
from tf_lpdistill.types import Tensor


def channel_mean(maps: Tensor, counted: Tensor | None = None) -> Tensor:
    """Means each channel over the entries that count, of the batch of all replicas.

    Args:
        maps: (batch, height, width, channels) float32.
        counted: bool that broadcasts to the shape of `maps`; None: all entries.

    Returns:
        (1, 1, 1, channels) float32; 0 for a channel where nothing counts.
    """
    ones = ops.ones_like(maps)
    if counted is None:
        return _total(maps) / _total(ones)
    count = _total(ops.where(counted, ones, 0.0))
    return _total(ops.where(counted, maps, 0.0)) / ops.maximum(count, 1.0)


def batch_normalize(maps: Tensor, valid: Tensor | None = None, epsilon: float = 1e-5) -> Tensor:
    """Brings each channel to mean 0 and variance 1, over the batch of all replicas.

    Args:
        maps: (batch, height, width, channels) float32.
        valid: (batch,) bool, or None; samples where it is False are left out of the moments.
        epsilon: added to the variance.

    Returns:
        (batch, height, width, channels) float32.
    """
    if valid is not None:
        valid = ops.reshape(valid, (-1, 1, 1, 1))
    centered = maps - channel_mean(maps, valid)
    variance = channel_mean(ops.square(centered), valid)
    return centered * ops.rsqrt(variance + epsilon)


def _total(maps):
    """Sums each channel; the sums of the replicas are gathered, not their maps."""
    return ops.sum(gather(ops.sum(maps, axis=(0, 1, 2), keepdims=True)), axis=0, keepdims=True)
