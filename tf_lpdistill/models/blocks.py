"""The pieces that several networks are made of, from built-in Keras layers."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers

from tf_lpdistill.models.shift import Shift
from tf_lpdistill.types import Tensor

# PyTorch's default, with which the networks of the CIFAR tables were trained; Keras's 0.99 lags
# behind the weights when there are few steps.
MOMENTUM = 0.9


def conv(
    x: Tensor,
    filters: int,
    size: int | tuple[int, int],
    strides: int | tuple[int, int] = 1,
    *,
    name: str,
    use_bias: bool = False,
    **kwargs: Any,
) -> Tensor:
    """A convolution that keeps height and width (divided by `strides`), He's initial weights."""
    return layers.Conv2D(
        filters, size, strides, padding="same", use_bias=use_bias,
        kernel_initializer="he_normal", name=name, **kwargs,
    )(x)  # fmt: skip


def depthwise(x: Tensor, size: int | tuple[int, int], strides: int = 1, *, name: str) -> Tensor:
    """A convolution within each channel, without bias."""
    return layers.DepthwiseConv2D(
        size, strides, padding="same", use_bias=False,
        depthwise_initializer="he_normal", name=name,
    )(x)  # fmt: skip


def norm(x: Tensor, name: str) -> Tensor:
    """Batch normalisation with a momentum of 0.9."""
    return layers.BatchNormalization(momentum=MOMENTUM, name=name)(x)


def norm_relu(x: Tensor, name: str) -> Tensor:
    """Batch normalisation `NAME_norm`, then the ReLU `NAME`."""
    return layers.ReLU(name=name)(norm(x, f"{name}_norm"))


def conv_norm_relu(x: Tensor, filters: int, size: int, strides: int = 1, *, name: str) -> Tensor:
    """Convolution `NAME_conv`, batch normalisation `NAME_norm`, ReLU `NAME`."""
    return norm_relu(conv(x, filters, size, strides, name=f"{name}_conv"), name)


def basic_block(x: Tensor, filters: int, strides: int, name: str, end: str) -> Tensor:
    """Two 3x3 convolutions and a shortcut: the basic block of residual networks.

    Args:
        x: symbolic (batch, height, width, channels).
        filters: channels of the output.
        strides: of the first convolution, in pixels.
        name: name of the parts.
        end: name of the closing ReLU; `END_pre` is what it receives.

    Returns:
        Symbolic (batch, height / strides, width / strides, filters). Where the shape changes the
        shortcut is a 1x1 convolution with BatchNorm.

    Reference: He et al. 2016, https://arxiv.org/abs/1512.03385, Figure 5, left.
    """
    shortcut = x
    if strides != 1 or x.shape[-1] != filters:
        shortcut = conv(x, filters, 1, strides, name=f"{name}_shortcut_conv")
        shortcut = norm(shortcut, f"{name}_shortcut")
    x = conv_norm_relu(x, filters, 3, strides, name=f"{name}_1")
    x = norm(conv(x, filters, 3, name=f"{name}_2_conv"), f"{name}_2_norm")
    x = layers.Add(name=f"{end}_pre")([x, shortcut])
    return layers.ReLU(name=end)(x)


def basic_stages(x: Tensor, filters: Sequence[int], blocks: Sequence[int]) -> Tensor:
    """Stages of basic blocks, each but the first at half the size of the one before.

    Args:
        x: (batch, height, width, channels).
        filters: channels of each stage.
        blocks: basic blocks of each stage, as many numbers.

    Returns:
        The maps of the last stage. Stage i ends in the layer "stage{i}", see `basic_block`.
    """
    for stage, (number, channels) in enumerate(zip(blocks, filters, strict=True), start=1):
        for block in range(1, number + 1):
            strides = 2 if stage > 1 and block == 1 else 1
            name = f"stage{stage}_block{block}"
            end = f"stage{stage}" if block == number else name
            x = basic_block(x, channels, strides, name, end)
    return x


def maxout(
    x: Tensor, make_layer: Callable[[str], keras.Layer], *, name: str, pieces: int = 2
) -> Tensor:
    """The largest of several linear maps (Goodfellow et al. 2013, Eq. 2).

    Each piece is a layer of its own: as fast as one wide layer that is cut (measured), loaded by
    Keras without any class of ours, and in TensorFlow Lite one MAXIMUM less than there are pieces,
    in int8 too.

    Args:
        x: symbolic tensor.
        make_layer: function from a name to a layer, called once for each piece.
        name: name of the maximum; the pieces are `NAME_piece1`, `NAME_piece2`, ...
        pieces: number of linear maps, >= 2.

    Returns:
        Symbolic tensor of the shape that one piece returns.

    Reference: https://arxiv.org/abs/1302.4389
    """
    linear = [make_layer(f"{name}_piece{i + 1}")(x) for i in range(pieces)]
    return layers.Maximum(name=name)(linear)


def channel_shuffle(x: Tensor, groups: int, *, name: str) -> Tensor:
    """Deals the channels of each group out over all groups (ShuffleNet, section 3.1).

    Channel `g * n + i` (group g, place i of n) becomes channel `i * groups + g`.

    Args:
        x: symbolic (batch, height, width, channels); channels a multiple of `groups`.
        groups: number of groups.
        name: name of the last of the three layers RESHAPE, TRANSPOSE, RESHAPE.

    Returns:
        Symbolic tensor of the shape of `x`.

    Reference: https://arxiv.org/abs/1707.01083
    """
    height, width, channels = x.shape[1:]
    x = layers.Reshape((height, width, groups, channels // groups), name=f"{name}_split")(x)
    x = layers.Permute((1, 2, 4, 3), name=f"{name}_transpose")(x)
    return layers.Reshape((height, width, channels), name=name)(x)


def factorized_conv(
    x: Tensor, filters: int, size: int = 3, strides: int = 1, *, name: str
) -> Tensor:
    """A convolution taken apart entirely: along the height, along the width, across channels.

    `channels * (2 * size + filters)` weights in place of `channels * size ** 2 * filters`.

    Args:
        x: symbolic (batch, height, width, channels).
        filters: channels of the output.
        size: length of the two one-dimensional kernels, in pixels.
        strides: of both, in pixels.
        name: name of the closing ReLU; the parts are `NAME_rows`, `NAME_columns`, `NAME_conv`.

    Returns:
        Symbolic (batch, height / strides, width / strides, filters). For TensorFlow Lite two
        DEPTHWISE_CONV_2D and one CONV_2D, all int8.

    Reference: Jin et al. 2015, https://arxiv.org/abs/1412.5474, section 3 (one of each kind); the
    spatial part in one piece is Wang et al. 2017, https://arxiv.org/abs/1608.04337.
    """
    # TensorFlow strides a depthwise convolution by the same step in both directions only.
    x = depthwise(x, (size, 1), strides, name=f"{name}_rows")
    x = depthwise(x, (1, size), name=f"{name}_columns")
    return conv_norm_relu(x, filters, 1, name=name)


def shift_conv(x: Tensor, filters: int, size: int = 3, strides: int = 1, *, name: str) -> Tensor:
    """A convolution without spatial weights: channels are shifted, then mixed.

    Args:
        x: symbolic (batch, height, width, channels).
        filters: channels of the output.
        size: side of the square of shifts, odd, in pixels.
        strides: of the mixing 1x1 convolution, in pixels.
        name: name of the closing ReLU; the shift is `NAME_shift`, the mixing `NAME_conv`.

    Returns:
        Symbolic (batch, height / strides, width / strides, filters). For TensorFlow Lite one
        DEPTHWISE_CONV_2D and one CONV_2D, all int8.

    Reference: Wu et al. 2018, https://arxiv.org/abs/1711.08141, section 3.
    """
    x = Shift(size, name=f"{name}_shift")(x)
    return conv_norm_relu(x, filters, 1, strides, name=name)
