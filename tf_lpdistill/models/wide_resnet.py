"""Wide residual networks: BatchNorm and ReLU before each convolution, few and wide blocks."""

import keras
from keras import layers

from tf_lpdistill.models.blocks import conv, norm, norm_relu
from tf_lpdistill.models.ends import pixels, pooled_classifier

_CIFAR = (32, 32, 3)


def wide_resnet(
    depth: int,
    width: int,
    input_shape: tuple[int, int, int] = _CIFAR,
    num_classes: int = 10,
    name: str | None = None,
    dropout: float = 0.0,
) -> keras.Model:
    """Builds WRN-depth-width: a convolution and three stages of pre-activation blocks.

    Args:
        depth: number of layers with weights on the longest way, 6 n + 4.
        width: factor of the channels 16, 32 and 64, a positive integer.
        input_shape: (height, width, channels).
        num_classes: length of the output, >= 2.
        name: name of the model. Defaults to "wrn_DEPTH_WIDTH".
        dropout: share dropped between the two convolutions of a block. Defaults to 0.0.

    Returns:
        `keras.Model` from scaled pixels (batch, *input_shape) to logits (batch, num_classes). Its
        layers: "stem", "stage1", "stage2", "stage3" (sums, which no ReLU follows within the
        stage; "stage1_pre" and so on is what the next ReLU receives), "features"
        (batch, 64 * width), "logits". For TensorFlow Lite CONV_2D, ADD, MEAN, FULLY_CONNECTED and,
        since a BatchNorm that precedes its convolution cannot be folded into it, MUL; all int8.

    Raises:
        ValueError: when `depth` or `width` is not of that form, or `num_classes` is smaller
            than 2.

    Reference: Zagoruyko & Komodakis 2016, https://arxiv.org/abs/1605.07146, Table 1.
    """
    if depth < 10 or depth % 6 != 4 or width < 1:
        raise ValueError(
            "`depth` must be 10, 16, 22, ... (6 n + 4) and `width` positive. "
            f"Received: depth={depth}, width={width}"
        )
    inputs = pixels(input_shape)
    x = conv(inputs, 16, 3, name="stem")
    before = "stem"
    for stage in (1, 2, 3):
        blocks = (depth - 4) // 6
        for block in range(1, blocks + 1):
            strides = 2 if stage > 1 and block == 1 else 1
            end = f"stage{stage}" if block == blocks else f"stage{stage}_block{block}"
            filters = width * 8 * 2**stage
            x = _block(x, filters, strides, dropout, before, f"stage{stage}_block{block}", end)
            before = end
    x = _activated(x, before)
    return pooled_classifier(inputs, x, num_classes, name or f"wrn_{depth}_{width}")


def wrn_16_1(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "wrn_16_1"
) -> keras.Model:
    """WRN-16-1, see `wide_resnet`."""
    return wide_resnet(16, 1, input_shape, num_classes, name)


def wrn_16_2(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "wrn_16_2"
) -> keras.Model:
    """WRN-16-2, see `wide_resnet`."""
    return wide_resnet(16, 2, input_shape, num_classes, name)


def wrn_16_4(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "wrn_16_4"
) -> keras.Model:
    """WRN-16-4, see `wide_resnet`."""
    return wide_resnet(16, 4, input_shape, num_classes, name)


def wrn_40_1(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "wrn_40_1"
) -> keras.Model:
    """WRN-40-1, see `wide_resnet`."""
    return wide_resnet(40, 1, input_shape, num_classes, name)


def wrn_40_2(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "wrn_40_2"
) -> keras.Model:
    """WRN-40-2, see `wide_resnet`."""
    return wide_resnet(40, 2, input_shape, num_classes, name)


def wrn_40_4(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "wrn_40_4"
) -> keras.Model:
    """WRN-40-4, see `wide_resnet`."""
    return wide_resnet(40, 4, input_shape, num_classes, name)


def _block(x, filters, strides, dropout, before, name, end):
    """Two pre-activation 3x3 convolutions and a shortcut; the sum is called `end`."""
    shortcut = x
    x = _activated(x, before)
    if shortcut.shape[-1] != filters or strides != 1:
        shortcut = conv(x, filters, 1, strides, name=f"{name}_shortcut")
    x = norm_relu(conv(x, filters, 3, strides, name=f"{name}_conv1"), f"{name}_relu1")
    if dropout:
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return layers.Add(name=end)([conv(x, filters, 3, name=f"{name}_conv2"), shortcut])


def _activated(x, before):
    """BatchNorm and ReLU of what the layer `before` returned."""
    return layers.ReLU(name=f"{before}_relu")(norm(x, f"{before}_pre"))
