"""Numbers of a size that squares survive, for functions that do not depend on scale."""

from keras import ops

from tf_lpdistill.types import Tensor


def unit_scale(vectors: Tensor, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Divides by the largest absolute value, held constant.

    Before a function that is invariant to the scale of its argument this changes neither value
    nor gradient, and keeps squares of squares inside the range of float32.

    Args:
        vectors: any shape, float32.
        axis: axes over which the largest value is taken, for functions that are invariant to the
            scale of each slice; None for one scale in all.

    Returns:
        The same shape, in [-1, 1]; what is all zero stays zero.
    """
    largest = ops.max(ops.abs(vectors), axis=axis, keepdims=True)
    return vectors / ops.stop_gradient(ops.where(largest > 0.0, largest, 1.0))
