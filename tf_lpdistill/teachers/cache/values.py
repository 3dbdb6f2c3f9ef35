"""From a teacher's float32 values to what a cache stores, refusing what does not survive it."""

import numpy as np

# Rounding to float16 alone changes the norm of a batch by 3e-4 at most.
_LARGEST_ERROR = 1e-3


def check_dtype(dtype: object) -> str:
    """Returns the `dtype` argument of a cache.

    Raises:
        ValueError: when it is neither "float16" nor "float32".
    """
    if dtype not in ("float16", "float32"):
        raise ValueError(f"`dtype` must be 'float16' or 'float32'. Received: dtype={dtype!r}")
    return dtype


def to_stored(name: str, values: np.ndarray, dtype: str) -> np.ndarray:
    """Casts values, and looks whether they are still themselves.

    Args:
        name: what to call them in an error.
        values: array of finite numbers.
        dtype: "float16" or "float32".

    Returns:
        Array of the same shape and the dtype asked for.

    Raises:
        ValueError: when values are not finite, or too large or too small for the dtype.
    """
    with np.errstate(over="ignore"):  # of float64; what overflows is refused as not finite
        values = np.asarray(values).astype(np.float32, copy=False)
    largest = np.abs(values).max(initial=0.0)
    if not np.isfinite(largest):
        raise ValueError(
            f"{name!r}: the teacher's values must be finite, in float32. Received: "
            f"{np.count_nonzero(~np.isfinite(values))} of {values.size} that are not, in a batch"
        )
    too_large = largest > np.finfo(dtype).max
    with np.errstate(over="ignore"):
        stored = values.astype(dtype)
    if too_large or _error(stored, values) > _LARGEST_ERROR:
        what = "too large" if too_large else "too small"
        raise ValueError(
            f"{name!r}: the teacher's values are {what} for {dtype}, whose numbers reach from "
            f"{np.finfo(dtype).tiny:.1e} to {np.finfo(dtype).max:.1e}. Received: a batch whose "
            f"largest magnitude is {largest:.3g}. Build the cache with dtype='float32'."
        )
    return stored


def _error(stored, values):
    """The relative error of a batch: 0 for a batch of zeros."""
    if stored.dtype == values.dtype:
        return 0.0
    norm = np.linalg.norm(values)
    return np.linalg.norm(stored.astype(np.float32) - values) / norm if norm else 0.0
