"""neighbors.npz: a few query images and their nearest neighbours in three feature spaces."""

import numpy as np

from tf_lpdistill.files import read_arrays
from tf_lpdistill.report.run import NeighborGrid, Neighbors


def read_neighbors(path, number_of_classes):
    """Reads the neighbour grids of a run.

    Args:
        path: `pathlib.Path` of an `.npz` with `images` uint8 (queries, height, width, channels),
            `labels` (queries,), and for teacher, student and alone `NAME_images` uint8
            (queries, k, height, width, channels) and `NAME_labels` (queries, k); `shared` and
            `alone_shared`, bool (queries, k), say which neighbours are the teacher's too.
        number_of_classes: labels are integers below it.

    Returns:
        A `NeighborGrid`, or `None` when there is no such file.

    Raises:
        ValueError: when the file is damaged, or an array is missing or of another shape.
    """
    if not path.is_file():
        return None
    arrays = _Arrays(path)
    images = arrays.get("images", np.uint8, (None, None, None, None))
    queries, height, width, channels = images.shape
    if channels not in (1, 3) or 0 in images.shape:
        raise arrays.damaged("images", "(queries, height, width, 1 or 3), not empty", images.shape)
    labels = arrays.labels("labels", (queries,), number_of_classes)

    def neighbors(name, shared):
        found = arrays.get(f"{name}_images", np.uint8, (queries, None, height, width, channels))
        shape = found.shape[:2]
        return Neighbors(
            found,
            arrays.labels(f"{name}_labels", shape, number_of_classes),
            arrays.get(shared, np.bool_, shape) if shared else np.ones(shape, bool),
        )

    return NeighborGrid(
        images,
        labels,
        neighbors("teacher", None),
        neighbors("student", "shared"),
        neighbors("alone", "alone_shared"),
    )


class _Arrays:
    """The arrays of one file, each checked when it is asked for."""

    def __init__(self, path):
        self._name = path.name
        try:
            self._arrays = read_arrays(path)
        except ValueError as error:
            raise ValueError(
                f"{self._name} is damaged: expected a NumPy .npz file. Received: {path} "
                f"({error}). {_WAY_OUT}"
            ) from error

    def get(self, name, dtype, shape):
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

    def labels(self, name, shape, number_of_classes):
        """Returns an array of class numbers."""
        array = self.get(name, np.integer, shape)
        if array.size and not (0 <= array.min() and array.max() < number_of_classes):
            expected = f"class numbers from 0 to {number_of_classes - 1}"
            raise self.damaged(name, expected, f"{array.min()} to {array.max()}")
        return array

    def damaged(self, name, expected, received):
        return ValueError(
            f"{self._name} is damaged or foreign: expected {name!r} to be {expected}. "
            f"Received: {received}. {_WAY_OUT}"
        )


_KINDS = {np.uint8: "uint8", np.integer: "integers", np.bool_: "bool"}
_WAY_OUT = "Run the recipe again to write it anew, or delete it to leave the neighbours out."


def _length(length):
    return "any" if length is None else str(length)
