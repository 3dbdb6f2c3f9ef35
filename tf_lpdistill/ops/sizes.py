"""Two ways to the same value, one for small and one for large batches."""

from collections.abc import Callable

from keras import ops

from tf_lpdistill.types import Structure, Tensor


def choose(
    rows: Tensor | int,
    limit: Tensor | int,
    small: Callable[[], Structure],
    large: Callable[[], Structure],
) -> Structure:
    """Computes a value in the way that suits the size of the batch.

    The choice is made while tracing where the sizes are known, in the step where they are not.

    Args:
        rows: int, or an int32 scalar where the batch size is unknown.
        limit: the smallest number of rows that is large; int, or an int32 scalar.
        small: function without arguments.
        large: the same; it returns tensors of the same shapes and dtypes.

    Returns:
        What the chosen function returns.
    """
    if isinstance(rows, int) and isinstance(limit, int):
        return large() if rows >= limit else small()
    return ops.cond(rows >= limit, large, small)
