"""Gradient reversal: two sides of a game in one gradient step."""

from keras import ops

from tf_lpdistill.types import Tensor


def reverse_gradient(features: Tensor) -> Tensor:
    """The identity, with the gradient times -1.

    What lies behind descends where what lies before it ascends: Ganin & Lempitsky, Unsupervised
    Domain Adaptation by Backpropagation (https://arxiv.org/abs/1409.7495).

    Args:
        features: a tensor of any shape, float.

    Returns:
        The same values.
    """
    constant = ops.stop_gradient(features)
    return constant + (constant - features)
