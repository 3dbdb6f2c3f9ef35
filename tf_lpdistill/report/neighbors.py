"""neighbors.npz: a few query images and their nearest neighbours in three feature spaces."""

import pathlib

import numpy as np

from tf_lpdistill.report.arrays import Arrays
from tf_lpdistill.report.run import NeighborGrid, Neighbors


def read_neighbors(path: pathlib.Path, number_of_classes: int) -> NeighborGrid | None:
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
    arrays = Arrays(path, "the neighbours")
    images = arrays.images("images")
    queries, height, width, channels = images.shape
    if not queries:
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
