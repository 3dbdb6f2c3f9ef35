"""Shapes: feature maps to vectors and back, and unit length."""

import math

from keras import ops

from tf_lpdistill.types import Tensor


def flatten(features: Tensor) -> Tensor:
    """Flattens everything but the batch.

    Args:
        features: (batch, ...) of any rank from 1; unknown batch size allowed.

    Returns:
        (batch, d), the same dtype.
    """
    if len(features.shape) == 2:
        return features
    return ops.reshape(features, (-1, math.prod(features.shape[1:])))


def as_maps(features: Tensor) -> Tensor:
    """Sees vectors as maps of one pixel.

    Args:
        features: (batch, height, width, channels) or (batch, channels).

    Returns:
        (batch, height, width, channels); a vector becomes (batch, 1, 1, channels).
    """
    if len(features.shape) == 4:
        return features
    return ops.expand_dims(ops.expand_dims(features, 1), 1)


def l2_normalize(vectors: Tensor) -> Tensor:
    """Scales each row to length 1; rows shorter than 1e-6 shrink to 0 with a finite gradient.

    Args:
        vectors: (batch, d) float32.

    Returns:
        (batch, d) float32.
    """
    squared_length = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    return vectors * ops.rsqrt(ops.maximum(squared_length, 1e-12))
