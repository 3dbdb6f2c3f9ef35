"""The k nearest neighbours of each row, from a matrix of distances."""

from keras import ops


def nearest_neighbors(distances, num_neighbors, valid=None):
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
    rows = distances.shape[0] or ops.shape(distances)[0]
    own = ops.eye(rows, dtype="bool")
    if valid is not None:
        own = ops.logical_or(own, ops.logical_not(valid[:, None] & valid[None, :]))
    candidates = ops.where(own, float("inf"), distances)
    known = isinstance(rows, int)
    count = min(num_neighbors, rows - 1) if known else ops.minimum(num_neighbors, rows - 1)
    negated, indices = ops.top_k(-candidates, count)
    return ops.cast(indices, "int32"), -negated
