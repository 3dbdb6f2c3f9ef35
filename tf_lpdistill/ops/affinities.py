"""Weights of neighbour edges, and the bandwidth sigma of the heat kernel."""

from keras import ops

from tf_lpdistill.ops.distances import center
from tf_lpdistill.ops.maps import flatten
from tf_lpdistill.ops.neighbors import nearest_rows
from tf_lpdistill.ops.similarities import cosine_similarities
from tf_lpdistill.types import Tensor

# The bandwidth "auto" never falls below this share of the mean centred squared norm: below it,
# the distances themselves are rounding noise (see `distances.DISTANCE_FLOOR`).
BANDWIDTH_FLOOR = 1e-5


def heat_affinities(
    features: Tensor,
    num_neighbors: int,
    bandwidth: float | str = "auto",
    valid: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Heat-kernel weights of each sample's nearest neighbours in the batch.

    `alpha_ij = exp(-|f_i - f_j|^2 / sigma^2)` for j among the k nearest neighbours of i, else 0:
    Eq. 5 of Chen et al., Learning Student Networks via Feature Embedding
    (https://arxiv.org/abs/1812.06597). The neighbourhood is directed, so alpha is not symmetric.

    Args:
        features: (n, ...) of any float dtype; flattened, and float32 from there on.
        num_neighbors: k; a smaller batch uses n - 1.
        bandwidth: sigma, a positive float in the unit of the features; or "auto": sigma^2 is the
            mean squared distance to the k neighbours over the batch.
        valid: optional (n,) bool; rows where it is False have no edges, in either direction.

    Returns:
        indices: (n, min(k, n - 1)) int32 neighbour indices.
        alpha: (n, min(k, n - 1)) float32 weights in [0, 1].
    """
    centered = center(features, valid)
    indices, distances = nearest_rows(centered, num_neighbors, valid)
    edges = distances < float("inf")
    distances = ops.where(edges, distances, 0.0)
    if bandwidth == "auto":
        squared_bandwidth = _auto_squared_bandwidth(centered, distances, edges)
    else:
        squared_bandwidth = float(bandwidth) ** 2
    alpha = ops.exp(-distances / squared_bandwidth)
    return indices, ops.where(edges, alpha, 0.0)


def binary_affinities(
    features: Tensor, num_neighbors: int, valid: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Weight 1 for each sample's nearest neighbours in the batch, else 0.

    What `heat_affinities` tends to for a large bandwidth: section 2 of Belkin and Niyogi,
    Laplacian Eigenmaps for Dimensionality Reduction and Data Representation
    (https://doi.org/10.1162/089976603321780317).

    Args:
        features: (n, ...) of any float dtype; flattened, and float32 from there on.
        num_neighbors: k; a smaller batch uses n - 1.
        valid: optional (n,) bool; rows where it is False have no edges, in either direction.

    Returns:
        indices: (n, min(k, n - 1)) int32 neighbour indices.
        alpha: (n, min(k, n - 1)) float32, 1 for neighbours, 0 where there were not enough.
    """
    indices, near = nearest_rows(center(features, valid), num_neighbors, valid)
    return indices, ops.cast(near < float("inf"), "float32")


def cosine_affinities(
    features: Tensor, num_neighbors: int, valid: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The cosine to each sample's nearest neighbours in the batch, else 0; never below 0.

    The neighbours are those of the other affinities, by Euclidean distance. A negative cosine
    counts as 0, since a negative weight would reward features that move apart without end.
    Dot-product weighting of Cai, He, Han and Huang, Graph Regularized Nonnegative Matrix
    Factorization for Data Representation (https://doi.org/10.1109/TPAMI.2010.231).

    Args:
        features: (n, ...) of any float dtype; flattened, and float32 from there on.
        num_neighbors: k; a smaller batch uses n - 1.
        valid: optional (n,) bool; rows where it is False have no edges, in either direction.

    Returns:
        indices: (n, min(k, n - 1)) int32 neighbour indices.
        alpha: (n, min(k, n - 1)) float32 weights in [0, 1].
    """
    vectors = flatten(ops.cast(features, "float32"))
    if valid is not None:
        vectors = ops.where(valid[:, None], vectors, 0.0)
    indices, edges = binary_affinities(vectors, num_neighbors, valid)
    cosines = cosine_similarities(vectors)
    return indices, edges * ops.maximum(ops.take_along_axis(cosines, indices, axis=1), 0.0)


def _auto_squared_bandwidth(centered, distances, edges):
    count = ops.maximum(ops.sum(ops.cast(edges, "float32")), 1.0)
    floor = BANDWIDTH_FLOOR * ops.mean(ops.sum(ops.square(centered), axis=1))
    squared_bandwidth = ops.maximum(ops.sum(distances) / count, floor)
    # All rows equal: every distance is 0, and any positive bandwidth gives alpha = 1.
    return ops.where(squared_bandwidth > 0.0, squared_bandwidth, 1.0)
