"""Cosine similarities within a batch."""

from keras import ops

from tf_lpdistill.ops.maps import l2_normalize
from tf_lpdistill.ops.scaling import unit_scale
from tf_lpdistill.types import Tensor


def cosine_similarities(vectors: Tensor) -> Tensor:
    """All pairs' cosines, `f_i.f_j / (|f_i| |f_j|)`.

    Args:
        vectors: (n, d) float32.

    Returns:
        (n, n) float32, symmetric; 0 in the rows and columns of zero vectors.
    """
    normalized = l2_normalize(unit_scale(vectors, axis=1))
    return ops.matmul(normalized, ops.transpose(normalized))
