"""Samples that do not count."""

import keras
from keras import ops

from tf_lpdistill.types import Structure, Tensor


def leave_out(features: Structure, sample_weight: Tensor | None) -> Structure:
    """Makes the rows of samples of weight 0 zero, so that nothing in them, not even NaN, is left.

    Args:
        features: (batch, ...) tensors, one or a structure of them.
        sample_weight: (batch,) or (batch, 1), or None: all samples count.

    Returns:
        The same structure, shapes and dtypes.
    """
    if sample_weight is None:
        return features
    counts = ops.reshape(sample_weight, (-1,)) > 0

    def rows(tensor):
        mask = ops.reshape(counts, (-1,) + (1,) * (len(tensor.shape) - 1))
        return ops.where(mask, tensor, ops.zeros((), dtype=tensor.dtype))

    return keras.tree.map_structure(rows, features)
