"""The energy of features on a neighbour graph: what the locality preserving loss minimises."""

from keras import ops

from tf_lpdistill.ops.distances import center
from tf_lpdistill.ops.edges import laplacian_matrix
from tf_lpdistill.ops.sizes import choose
from tf_lpdistill.types import Tensor

# Samples for each neighbour from which on the edges cost less than the matrix product: about 256 on
# a CPU, less under XLA. Measured: docs/results/loss.md.
_ROWS_PER_NEIGHBOR = 256


def laplacian_energy(indices: Tensor, alpha: Tensor, vectors: Tensor) -> Tensor:
    """`sum_ij alpha_ij |f_i - f_j|^2` over the edges of a directed neighbour graph.

    With W = A + A^T, D = diag(W 1) and L = D - W the sum equals tr(F^T L F), and its gradient is
    2 L F, so that L F of the forward pass is all that the backward pass needs. L F is a matrix
    product, O(n^2 d); for many samples with few neighbours it is summed over the edges instead,
    one neighbour rank at a time, in O(n k d) and without an (n, n) matrix.

    Args:
        indices: (n, k) int32, the neighbours of each row; n and k may be unknown.
        alpha: (n, k) float32 edge weights; they receive no gradient.
        vectors: (n, d) float32.

    Returns:
        Scalar float32.
    """

    @ops.custom_gradient
    def energy(features):
        # L of a constant is 0: centring changes nothing but the rounding.
        centered = center(features)
        product = _laplacian_product(indices, alpha, centered)

        def gradient(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            return 2.0 * upstream * product

        return ops.sum(centered * product), gradient

    return energy(vectors)


def _laplacian_product(indices, alpha, vectors):
    return choose(
        ops.shape(vectors)[0],
        ops.shape(indices)[1] * _ROWS_PER_NEIGHBOR,
        small=lambda: _dense_product(indices, alpha, vectors),
        large=lambda: _edge_product(indices, alpha, vectors),
    )


def _dense_product(indices, alpha, vectors):
    return ops.matmul(laplacian_matrix(indices, alpha), vectors)


def _edge_product(indices, alpha, vectors):
    def add(rank, result):
        target = ops.take(indices, rank, axis=1)
        weight = ops.take(alpha, rank, axis=1)[:, None]
        pull = weight * (vectors - ops.take(vectors, target, axis=0))
        return result + pull - ops.segment_sum(pull, target, ops.shape(vectors)[0])

    return ops.fori_loop(0, ops.shape(indices)[1], add, ops.zeros_like(vectors))
