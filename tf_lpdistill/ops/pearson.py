"""Pearson's distance between the rows, or the columns, of two matrices."""

from keras import ops

from tf_lpdistill.types import Tensor

# Centred values below this share of the largest value are rounding noise in float32; and below
# the smallest scale, dividing by them would overflow. Such a row counts as constant.
_NOISE = 1e-6
_SMALLEST = 1e-20


def pearson_distance(
    first: Tensor, second: Tensor, axis: int = -1, weight: Tensor | None = None
) -> Tensor:
    """`1 - corr(first, second)` along an axis: 0 for one positive linear relation, at most 2.

    Where `first` is constant there is no relation to compare, and the distance is 0; where
    `second` alone is constant, it is 1. The gradient is finite everywhere.

    Args:
        first: (n, c) float32.
        second: (n, c) float32.
        axis: the axis that means and products run over.
        weight: float32 that broadcasts to (n, c), not negative, or None: weights of the entries.

    Returns:
        (n,) or (c,) float32.
    """
    weight = ops.ones_like(first) if weight is None else ops.broadcast_to(weight, ops.shape(first))
    one, other = (_standardize(values, weight, axis) for values in (first, second))
    distance = 1.0 - ops.sum(one * other, axis=axis)
    return ops.where(ops.any(one != 0.0, axis=axis), distance, 0.0)


def _standardize(values, weight, axis):
    """Centred rows of weighted length 1; constant rows become 0."""
    total = ops.maximum(ops.sum(weight, axis=axis, keepdims=True), _SMALLEST)
    centered = values - ops.sum(weight * values, axis=axis, keepdims=True) / total
    counted = weight > 0.0
    spread = _largest(centered, counted, axis)
    floor = ops.maximum(_NOISE * _largest(values, counted, axis), _SMALLEST)
    scaled = ops.where(
        spread > floor, ops.sqrt(weight) * centered / ops.maximum(spread, _SMALLEST), 0.0
    )
    # Scaled to a largest entry of 1 before, the squares cannot underflow.
    length = ops.sum(ops.square(scaled), axis=axis, keepdims=True)
    return scaled * ops.rsqrt(ops.where(length > 0.0, length, 1.0))


def _largest(values, counted, axis):
    sizes = ops.where(counted, ops.abs(values), 0.0)
    return ops.stop_gradient(ops.max(sizes, axis=axis, keepdims=True))
