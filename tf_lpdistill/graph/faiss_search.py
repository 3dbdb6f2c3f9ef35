"""The exact search of faiss, an optional package."""

from collections.abc import Callable

import numpy as np

from tf_lpdistill.graph.features import Features


def faiss_search(space: Features) -> Callable[[np.ndarray, int], np.ndarray]:
    """Makes a search as `tensorflow_search` does, over a flat faiss index.

    The index holds a float32 copy of the features in memory.

    Args:
        space: `Features` to search in.

    Returns:
        Function of `(rows, width)`; see `tensorflow_search`.

    Raises:
        ImportError: when faiss is not installed.
    """
    try:
        import faiss
    except ImportError as error:
        raise ImportError(
            'method="faiss" needs the package faiss-cpu, which is not installed. Install it with '
            '`pip install "tf_lpdistill[graph]"`, or use method="tensorflow".'
        ) from error
    index = faiss.IndexFlatL2(space.width)
    for block in space.blocks():
        index.add(space.centered(block))

    def search(rows, width):
        distances, found = index.search(space.centered(rows), width + 1)
        # The row itself goes; among duplicates it may not have been found, then the last one does.
        spare = found == rows[:, None]
        spare[:, -1] |= ~spare.any(axis=1)
        shape = (len(rows), width)
        return found[~spare].reshape(shape), np.maximum(distances[~spare], 0.0).reshape(shape)

    return search
