"""The arrays of an .npz file, each checked when it is asked for."""

import pathlib

import numpy as np

from tf_lpdistill.files import read_arrays
from tf_lpdistill.types import Shape

_KINDS = {np.uint8: "uint8", np.integer: "integers", np.bool_: "bool", np.floating: "floats"}


class Arrays:
    """The arrays of one file; errors name the file and the array.

    Args:
        path: `pathlib.Path` of the file.
        left_out: what a page without the file lacks, for the way out: "the neighbours".

    Raises:
        ValueError: when the file is no whole `.npz`.
    """

    def __init__(self, path: pathlib.Path, left_out: str):
        self._name = path.name
        self._way_out = (
            f"Run the recipe again to write it anew, or delete it to leave {left_out} out."
        )
        try:
            self._arrays = read_arrays(path)
        except ValueError as error:
            raise ValueError(
                f"{self._name} is damaged: expected a NumPy .npz file. Received: {path} "
                f"({error}). {self._way_out}"
            ) from error

    def __contains__(self, name):
        return name in self._arrays

    def get(self, name: str, dtype: type, shape: Shape) -> np.ndarray:
        """Returns an array of this dtype kind and shape, where `None` stands for any length."""
        array = self._arrays.get(name)
        expected = f"{_KINDS[dtype]} of shape ({', '.join(map(_length, shape))})"
        if array is None:
            raise self.damaged(name, expected, "no such array")
        fits = array.ndim == len(shape) and all(
            want in (None, have) for want, have in zip(shape, array.shape, strict=True)
        )
        if not fits or not np.issubdtype(array.dtype, dtype):
            raise self.damaged(name, expected, f"{array.dtype} {array.shape}")
        return array

    def images(self, name: str, number: int | None = None) -> np.ndarray:
        """Returns images, uint8 (number, height, width, 1 or 3); none may be there."""
        array = self.get(name, np.uint8, (number, None, None, None))
        if array.shape[-1] not in (1, 3) or 0 in array.shape[1:]:
            raise self.damaged(name, "(images, height, width, 1 or 3), not empty", array.shape)
        return array

    def labels(self, name: str, shape: Shape, number_of_classes: int) -> np.ndarray:
        """Returns an array of class numbers."""
        return self.indices(name, shape, number_of_classes, "class numbers")

    def indices(self, name: str, shape: Shape, end: int, what: str) -> np.ndarray:
        """Returns an array of integers from 0 to `end` - 1."""
        array = self.get(name, np.integer, shape)
        if array.size and not (0 <= array.min() and array.max() < end):
            received = f"{array.min()} to {array.max()}"
            raise self.damaged(name, f"{what} from 0 to {end - 1}", received)
        return array

    def floats(
        self, name: str, shape: Shape, low: float = -np.inf, high: float = np.inf
    ) -> np.ndarray:
        """Returns an array of finite floats between `low` and `high`."""
        array = self.get(name, np.floating, shape)
        if not (np.isfinite(array).all() and (low <= array).all() and (array <= high).all()):
            raise self.damaged(name, f"finite numbers from {low} to {high}", "others")
        return array

    def damaged(self, name: str, expected: str, received: object) -> ValueError:
        """Returns the error for an array that is not as expected."""
        return ValueError(
            f"{self._name} is damaged or foreign: expected {name!r} to be {expected}. "
            f"Received: {received}. {self._way_out}"
        )


def _length(length):
    return "any" if length is None else str(length)
