"""neighbors.npz: a few query images and their nearest neighbours in three feature spaces."""

import pathlib
from collections.abc import Mapping

import numpy as np

from tf_lpdistill import files
from tf_lpdistill.report.arrays import Arrays
from tf_lpdistill.report.run import ALONE, STUDENT, TEACHER, NeighborGrid, Neighbors
from tf_lpdistill.types import PathLike

# Which neighbours are the teacher's too.
_SHARED = {STUDENT: "shared", ALONE: "alone_shared"}


def write_neighbors(
    path: PathLike,
    images: np.ndarray,
    labels: np.ndarray,
    queries: np.ndarray,
    neighbors: Mapping[str, np.ndarray],
) -> None:
    """Writes some images and their neighbours in three feature spaces, whole or not at all.

    Args:
        path: `neighbors.npz` in the run folder.
        images: (n, height, width, 1 or 3) uint8.
        labels: (n,) their classes.
        queries: (q,) positions of the images that are shown.
        neighbors: {"teacher", "student" and "alone": (q, k) positions of the nearest neighbours},
            k >= 1.

    Raises:
        ValueError: for other networks.
    """
    if set(neighbors) != {TEACHER, STUDENT, ALONE}:
        raise ValueError(
            f"`neighbors` must be of {TEACHER!r}, {STUDENT!r} and {ALONE!r}. Received: neighbors "
            f"of {sorted(neighbors)}"
        )
    images, labels = np.asarray(images), np.asarray(labels)
    arrays = {"images": images[queries], "labels": labels[queries]}
    for name, found in neighbors.items():
        arrays |= {f"{name}_images": images[found], f"{name}_labels": labels[found]}
    for name, key in _SHARED.items():
        same = neighbors[name][:, :, None] == neighbors[TEACHER][:, None, :]
        arrays[key] = same.any(axis=2)
    with files.atomic_path(path) as temporary:
        np.savez(temporary, **arrays)


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

    def neighbors(name):
        found = arrays.get(f"{name}_images", np.uint8, (queries, None, height, width, channels))
        shape = found.shape[:2]
        shared = _SHARED.get(name)
        return Neighbors(
            found,
            arrays.labels(f"{name}_labels", shape, number_of_classes),
            arrays.get(shared, np.bool_, shape) if shared else np.ones(shape, bool),
        )

    return NeighborGrid(images, labels, *map(neighbors, (TEACHER, STUDENT, ALONE)))
