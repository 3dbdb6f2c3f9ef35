"""The k nearest neighbours of each row, from the rows or from a matrix of their distances."""

from keras import ops

from tf_lpdistill.ops.distances import squared_distances
from tf_lpdistill.ops.sizes import choose
from tf_lpdistill.types import Tensor

# From twice as many rows on the search goes block by block: (n, n) matrices would cost gigabytes.
_BLOCK = 1024


def nearest_rows(
    centered: Tensor, num_neighbors: int, valid: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Finds the nearest other rows by squared Euclidean distance, as `nearest_neighbors`.

    A large batch is searched in blocks of rows, and needs memory for (block, n) distances alone.

    Args:
        centered: (n, d) float32, as `center` returns it; n may be unknown.
        num_neighbors: k, a positive int.
        valid: optional (n,) bool; rows where it is False neither have nor are neighbours.

    Returns:
        indices: (n, min(k, n - 1)) int32, nearest first.
        distances: (n, min(k, n - 1)) float32; infinite where no valid neighbour was left.
    """
    return choose(
        ops.shape(centered)[0],
        2 * _BLOCK,
        small=lambda: nearest_neighbors(squared_distances(centered), num_neighbors, valid),
        large=lambda: _search_in_blocks(centered, num_neighbors, valid),
    )


def nearest_neighbors(
    distances: Tensor, num_neighbors: int, valid: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Finds the nearest other rows: the row itself is left out, ties go to the lower index.

    A batch too small for `num_neighbors` gives as many neighbours as there are other rows.

    Args:
        distances: (n, n) float32 distances, squared or not; n may be unknown.
        num_neighbors: k, a positive int.
        valid: optional (n,) bool; rows where it is False neither have nor are neighbours.

    Returns:
        indices: (n, min(k, n - 1)) int32, nearest first.
        distances: (n, min(k, n - 1)) float32; infinite where no valid neighbour was left.
    """
    rows = ops.arange(ops.shape(distances)[0], dtype="int32")
    return _nearest(rows, distances, num_neighbors, valid)


def _search_in_blocks(centered, num_neighbors, valid):
    count = ops.shape(centered)[0]

    def search(block):
        # The last block names its last row again and again, to be as large as the others.
        rows = ops.minimum(block * _BLOCK + ops.arange(_BLOCK, dtype="int32"), count - 1)
        distances = squared_distances(ops.take(centered, rows, axis=0), centered)
        return _nearest(rows, distances, num_neighbors, valid)

    blocks = ops.arange((count + _BLOCK - 1) // _BLOCK, dtype="int32")
    found = ops.map(search, blocks)
    return tuple(ops.reshape(part, (-1, ops.shape(part)[2]))[:count] for part in found)


def _nearest(rows, distances, num_neighbors, valid):
    """The nearest columns of the named rows, from the (rows, n) distances."""
    size = ops.shape(distances)[1]
    left_out = rows[:, None] == ops.arange(size, dtype="int32")[None, :]
    if valid is not None:
        pairs = ops.take(valid, rows)[:, None] & valid[None, :]
        left_out = ops.logical_or(left_out, ops.logical_not(pairs))
    candidates = ops.where(left_out, float("inf"), distances)
    known = isinstance(size, int)
    count = min(num_neighbors, size - 1) if known else ops.minimum(num_neighbors, size - 1)
    negated, indices = ops.top_k(-candidates, count)
    return ops.cast(indices, "int32"), -negated
