"""Locally linear embedding: each row as a weighted mean of its neighbours."""

from keras import ops

from tf_lpdistill.ops.distances import DISTANCE_FLOOR, center, squared_distances
from tf_lpdistill.ops.edges import edge_matrix
from tf_lpdistill.ops.neighbors import nearest_neighbors
from tf_lpdistill.types import Tensor

# Share of the trace that is added to the diagonal of the local Gram matrix: without it the weights
# are not unique once there are more neighbours than dimensions.
REGULARIZATION = 1e-3


def reconstruction_weights(
    features: Tensor, num_neighbors: int, valid: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Weights that best reconstruct each row from its nearest neighbours.

    They minimise `|f_i - sum_j w_ij f_j|^2` under `sum_j w_ij = 1`: with the local Gram matrix
    `C_jk = (f_i - f_j).(f_i - f_k)`, `w_i` is `(C + r I)^-1 1` scaled to the sum 1, where
    `r = REGULARIZATION * trace(C)`; and not below `k * DISTANCE_FLOOR * |f_i|^2` of the centred
    features, which outweighs the rounding of the distances that C is made of. Eqs. 1 and 2 of
    Roweis and Saul, Nonlinear Dimensionality Reduction by Locally Linear Embedding
    (https://doi.org/10.1126/science.290.5500.2323).

    Args:
        features: (n, ...) of any float dtype; flattened, and float32 from there on.
        num_neighbors: k; a smaller batch uses n - 1.
        valid: optional (n,) bool; rows where it is False neither have nor are neighbours.

    Returns:
        indices: (n, min(k, n - 1)) int32 neighbour indices.
        weights: (n, min(k, n - 1)) float32, of either sign, with the sum 1 in each row; all 0 in
            rows that have no neighbour.
    """
    centered = center(features, valid)
    squared = squared_distances(centered)
    indices, near = nearest_neighbors(squared, num_neighbors, valid)
    edges = near < float("inf")
    gram = _local_gram(squared, indices, ops.where(edges, near, 0.0))
    gram = ops.where(edges[:, :, None] & edges[:, None, :], gram, 0.0)
    count = ops.cast(ops.shape(indices)[1], "float32")
    floor = count * DISTANCE_FLOOR * ops.sum(ops.square(centered), axis=1)
    ridge = ops.maximum(REGULARIZATION * ops.trace(gram, axis1=1, axis2=2), floor)
    # All neighbours equal to the row itself: any positive ridge gives equal weights.
    ridge = ops.where(ridge > 0.0, ridge, 1.0)[:, None, None]
    identity = ops.eye(ops.shape(indices)[1], dtype="float32")
    weights = ops.solve(gram / ridge + identity, ops.cast(edges, "float32")[:, :, None])[:, :, 0]
    total = ops.sum(weights, axis=1, keepdims=True)
    return indices, weights / ops.where(total > 0.0, total, 1.0)


def _local_gram(squared, indices, near):
    """(n, k, k): `(f_i - f_j).(f_i - f_k)` by the law of cosines."""
    rows = ops.shape(squared)[0]
    pairs = indices[:, :, None] * rows + indices[:, None, :]
    between = ops.take(ops.reshape(squared, (-1,)), pairs, axis=0)
    return 0.5 * (near[:, :, None] + near[:, None, :] - between)


def reconstruction_errors(indices: Tensor, weights: Tensor, vectors: Tensor) -> Tensor:
    """`|f_i - sum_j w_ij f_j|^2` of each row; 0 for rows without neighbours.

    One product of an (n, n) matrix with the vectors: O(n^2 d), no more than the search for
    neighbours.

    Args:
        indices: (n, k) int32.
        weights: (n, k) float32, with the sum 1 in each row, or all 0.
        vectors: (n, d) float32.

    Returns:
        (n,) float32.
    """
    # The weights sum to 1: centring changes nothing but the rounding.
    centered = vectors - ops.mean(vectors, axis=0, keepdims=True)
    own = ops.sum(weights, axis=1, keepdims=True)
    residuals = own * centered - ops.matmul(edge_matrix(indices, weights), centered)
    return ops.sum(ops.square(residuals), axis=1)
