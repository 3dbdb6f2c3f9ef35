"""A cache from arrays that were computed elsewhere."""

import pathlib
from collections.abc import Mapping

import numpy as np

from tf_lpdistill.teachers.cache.draft import Draft
from tf_lpdistill.teachers.cache.rows import specs_of
from tf_lpdistill.teachers.cache.values import to_stored

_BLOCK = 1024  # rows


def write_arrays(
    directory: pathlib.Path, arrays: Mapping[str, np.ndarray], predictions: str | None, dtype: str
) -> None:
    """See `TeacherCache.from_arrays`.

    Args:
        directory: `pathlib.Path`.
        arrays: `{name: array (samples, ...)}`.
        predictions: name of one of them, or None.
        dtype: "float16" or "float32".
    """
    arrays = _checked(arrays)
    features = {name: f"features.{name}" for name in arrays}
    if predictions is not None and predictions not in arrays:
        raise ValueError(
            "`predictions` must name the array that is the teacher's final output, or be None. "
            f"Received: predictions={predictions!r}, arrays={list(arrays)}"
        )
    # Without a final output, a loss that wants it is told what there is to name.
    outputs = {"predictions": features.get(predictions, features), "features": features}
    settings = {"teacher": None, "ensemble": None, "dtype": dtype, "inputs": None}
    with Draft(directory, {**settings, "views": 1, "augmented": False, "seed": 0}) as draft:
        draft.restart()  # what an earlier call left may be of other arrays
        for start in range(0, len(next(iter(arrays.values()))), _BLOCK):
            block = {
                features[name]: to_stored(name, array[start : start + _BLOCK], dtype)
                for name, array in arrays.items()
            }
            if draft.outputs is None:
                draft.begin(specs_of(block), outputs)
            draft.add(block)
        draft.finish()


def _checked(arrays):
    """Returns the arrays as numpy's, all of one length and of numbers."""
    arrays = {name: np.asanyarray(array) for name, array in dict(arrays).items()}
    lengths = {array.shape[0] if array.size and array.ndim else 0 for array in arrays.values()}
    numbers = all(array.dtype.kind in "fiu" for array in arrays.values())
    if not arrays or not numbers or len(lengths) != 1 or 0 in lengths:
        found = {name: f"{array.dtype}{array.shape}" for name, array in arrays.items()}
        raise ValueError(
            "`arrays` must be {name: array of numbers (samples, ...)}, none empty, all with the "
            f"same number of samples. Received: arrays={found}"
        )
    return arrays
