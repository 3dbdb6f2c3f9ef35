"""What a network costs: multiplications, and the names of the layers worth comparing."""

import math
import re

import keras

from tf_lpdistill.structure import list_layers

_KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")


def count_macs(model: keras.Model) -> int:
    """Counts the multiplications and additions of convolutions and dense layers, for one image.

    Each weight of a kernel is used once for each position of the layer's output: exact for
    `Conv2D` (grouped too), `DepthwiseConv2D`, `Dense`. In `SeparableConv2D` the spatial part is
    counted at the output's positions, too. Biases, normalisations, poolings and activations are not
    counted, as in the tables of the papers.

    Args:
        model: a built Functional or Sequential `keras.Model` with fixed sides, nested or not.

    Returns:
        int, for a batch of one.
    """
    return sum(map(_layer_macs, model.layers))


def _layer_macs(layer):
    if isinstance(layer, keras.Model):
        return count_macs(layer)
    kernels = [getattr(layer, name, None) for name in _KERNELS]
    weights = sum(math.prod(kernel.shape) for kernel in kernels if kernel is not None)
    return weights * math.prod(layer.output.shape[1:-1]) if weights else 0


def stage_names(model: keras.Model) -> list[str]:
    """Lists the layers at which the networks of this package end a stage.

    Args:
        model: a `keras.Model`.

    Returns:
        List of str in the order of the forward pass: "stage1", "stage2", ..., with "hint" or
        "guided" where a FitNet has them. Empty for a network with other names.
    """
    return [name for name in list_layers(model) if re.fullmatch(r"stage\d+|hint|guided", name)]
