"""Neighbour lists as matrices."""

from keras import ops


def edge_matrix(indices, weights):
    """The matrix of a directed neighbour graph: `weights` at (i, indices[i]), 0 elsewhere.

    Args:
        indices: (n, k) int32, the neighbours of each row, each named once.
        weights: (n, k) float32.

    Returns:
        (n, n) float32.
    """
    rows = ops.shape(indices)[0]
    row = ops.broadcast_to(ops.arange(rows, dtype="int32")[:, None], ops.shape(indices))
    edges = ops.stack([ops.reshape(row, (-1,)), ops.reshape(indices, (-1,))], axis=1)
    return ops.scatter(edges, ops.reshape(weights, (-1,)), (rows, rows))
