"""Square roots with a finite gradient at 0."""

from keras import ops

from tf_lpdistill.types import Tensor


def safe_sqrt(squares: Tensor) -> Tensor:
    """The square root, with the gradient 0 where the argument is 0.

    The derivative of a distance is not defined between equal points; 0 is the subgradient that
    moves neither, where the plain square root gives NaN.

    Args:
        squares: any shape, float32, not negative.

    Returns:
        The same shape, float32.
    """
    positive = squares > 0.0
    return ops.where(positive, ops.sqrt(ops.where(positive, squares, 1.0)), 0.0)
