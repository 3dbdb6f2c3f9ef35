"""The energy of features on a neighbour graph: what the locality preserving loss minimises."""

from keras import ops

from tf_lpdistill.ops.edges import edge_matrix

# From here on the edge form is the faster one when the neighbours are few; below, and with many
# neighbours, one matrix product wins.
_EDGE_FORM_BATCH = 1024
_EDGE_FORM_NEIGHBORS = 16


def laplacian_energy(indices, alpha, vectors):
    """`sum_ij alpha_ij |f_i - f_j|^2` over the edges of a directed neighbour graph.

    With W = A + A^T, D = diag(W 1) and L = D - W the sum equals tr(F^T L F), and its gradient is
    2 L F, so that L F of the forward pass is all that the backward pass needs. Large batches
    with few neighbours run over the edges instead, one neighbour rank at a time, in O(n k d).

    Args:
        indices: (n, k) int32, the neighbours of each row.
        alpha: (n, k) float32 edge weights; they receive no gradient.
        vectors: (n, d) float32.

    Returns:
        Scalar float32.
    """
    rows, neighbors = vectors.shape[0], indices.shape[1]
    if neighbors is None or neighbors > _EDGE_FORM_NEIGHBORS:
        return _dense_form(indices, alpha, vectors)
    if rows is not None:
        form = _edge_form if rows >= _EDGE_FORM_BATCH else _dense_form
        return form(indices, alpha, vectors)
    return ops.cond(
        ops.shape(vectors)[0] >= _EDGE_FORM_BATCH,
        lambda: _edge_form(indices, alpha, vectors),
        lambda: _dense_form(indices, alpha, vectors),
    )


def _dense_form(indices, alpha, vectors):
    adjacency = edge_matrix(indices, alpha)
    return _with_known_gradient(vectors, lambda centered: _laplacian_product(adjacency, centered))


def _laplacian_product(adjacency, vectors):
    weights = adjacency + ops.transpose(adjacency)
    degrees = ops.sum(weights, axis=1, keepdims=True)
    return degrees * vectors - ops.matmul(weights, vectors)


def _edge_form(indices, alpha, vectors):
    def product(centered):
        result = ops.zeros_like(centered)
        for rank in range(indices.shape[1]):
            target = indices[:, rank]
            pull = alpha[:, rank, None] * (centered - ops.take(centered, target, axis=0))
            result = result + pull - ops.segment_sum(pull, target, ops.shape(centered)[0])
        return result

    return _with_known_gradient(vectors, product)


def _with_known_gradient(vectors, laplacian_product):
    """tr(F^T L F) with the gradient 2 L F, from one evaluation of L F."""

    @ops.custom_gradient
    def energy(features):
        # L of a constant is 0: centring changes nothing but the rounding.
        centered = features - ops.mean(features, axis=0, keepdims=True)
        product = laplacian_product(centered)

        def gradient(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            return 2.0 * upstream * product

        return ops.sum(centered * product), gradient

    return energy(vectors)
