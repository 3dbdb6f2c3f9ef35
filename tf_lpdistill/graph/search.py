"""The nearest samples of a few: candidates from a quick search, true distances, a check."""

import contextlib
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from keras import ops

from tf_lpdistill.graph.features import Features
from tf_lpdistill.ops import DISTANCE_FLOOR, squared_distances

# Rounding of a Gram distance in float32, relative to the two squared norms: four times the largest
# that was seen, on random features of 64 to 16,384 numbers, all or few of them not 0.
_GRAM_ERROR = 2e-6
# How many candidates are looked at beyond the k that are wanted.
_MARGIN = 8
# Numbers that the true distances hold in float64 at a time.
_CHUNK = 4_000_000


def tensorflow_search(space: Features) -> Callable[[np.ndarray, int], np.ndarray]:
    """Makes the search that needs no further package: Gram matrices, block by block.

    Args:
        space: `Features` to search in.

    Returns:
        Function of `(rows, width)`, positions (m,) and an int below n, that returns int64
        candidates (m, width) without the row itself, and their estimated squared distances,
        float32 (m, width): the smallest ones, ascending, ties to the lower position.
    """

    def search(rows, width):
        queries = ops.convert_to_tensor(space.centered(rows))
        positions = ops.convert_to_tensor(rows.astype(np.int32))
        smallest = ops.zeros((len(rows), 0), "float32")
        found = ops.zeros((len(rows), 0), "int32")
        for block in space.blocks():
            columns = ops.arange(block.start, block.stop, dtype="int32")
            others = ops.convert_to_tensor(space.centered(block))
            with _whole_float32():
                distances = squared_distances(queries, others)
            own = positions[:, None] == columns[None, :]
            distances = ops.where(own, float("inf"), distances)
            columns = ops.broadcast_to(columns[None, :], distances.shape)
            # What was found before stands first and has the lower positions: ties stay right.
            smallest = ops.concatenate([smallest, distances], axis=1)
            found = ops.concatenate([found, columns], axis=1)
            negated, places = ops.top_k(-smallest, min(width, smallest.shape[1]))
            smallest, found = -negated, ops.take_along_axis(found, places, axis=1)
        return np.asarray(found, np.int64), np.asarray(smallest)

    return search


@contextlib.contextmanager
def _whole_float32():
    """Keeps GPUs from rounding the factors of a product to the ten bits of TensorFloat-32."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def nearest(
    features: Features,
    search: Callable[[np.ndarray, int], np.ndarray],
    rows: np.ndarray,
    num_neighbors: int,
    exact: bool,
    width: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the nearest samples of `rows`, by true distances among the candidates of `search`.

    The estimates of the search carry rounding noise, which would break ties at random and let the
    result depend on the block size. So some more candidates than wanted are measured again, as
    differences in float64; and where the noise might still hide a nearer sample, the search is
    asked for more.

    Args:
        features: `Features` that distances are measured in.
        search: as `tensorflow_search` returns it.
        rows: int64 (m,) positions.
        num_neighbors: k, below n.
        exact: whether `search` estimates the distances of `features`, so that its farthest
            candidate tells how near a sample left out can be.
        width: candidates to begin with; None for a few more than k.

    Returns:
        `(indices, squared_distances)`, int32 and float32 (m, k): nearest first, ties to the lower
        position.
    """
    others = len(features) - 1
    width = min(width or (1 if exact else 2) * num_neighbors + _MARGIN, others)
    candidates, estimates = search(rows, width)
    indices, distances = _measure(features, rows, candidates, num_neighbors)
    if exact and width < others:
        farthest = estimates[:, -1]
        noise = _GRAM_ERROR * (3 * features.squared_norms[rows] + 2 * farthest)
        doubtful = np.flatnonzero((distances[:, -1] > farthest - noise) & (farthest > 0))
        more = min(4 * width, others)
        step = max(1, _CHUNK // more)  # few rows where there are many candidates
        for part in (doubtful[i : i + step] for i in range(0, len(doubtful), step)):
            indices[part], distances[part] = nearest(
                features, search, rows[part], num_neighbors, exact, more
            )
    return indices, distances


def _measure(features, rows, candidates, num_neighbors):
    """Orders the candidates (m, width) by true distance; returns the first k and the distances."""
    distances = np.empty(candidates.shape, np.float32)
    step = max(1, _CHUNK // (candidates.shape[1] * features.width))
    for start in range(0, len(rows), step):
        some = candidates[start : start + step]
        theirs = features.raw(some.ravel()).reshape(*some.shape, -1)
        difference = theirs - features.raw(rows[start : start + step])[:, None, :]
        difference = difference.astype(np.float64)
        distances[start : start + step] = np.einsum("mwd,mwd->mw", difference, difference)
    norms = features.squared_norms
    floor = DISTANCE_FLOOR * (norms[rows][:, None] + norms[candidates])
    distances = np.where(distances > floor, distances, np.float32(0.0))
    first = np.lexsort((candidates, distances), axis=1)[:, :num_neighbors]
    return (
        np.take_along_axis(candidates, first, axis=1).astype(np.int32),
        np.take_along_axis(distances, first, axis=1),
    )
