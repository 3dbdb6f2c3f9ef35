"""Residual networks for small images, thin and four times as wide."""

from collections.abc import Sequence

import keras

from tf_lpdistill.models.blocks import basic_stages, conv_norm_relu
from tf_lpdistill.models.ends import pixels, pooled_classifier

_CIFAR = (32, 32, 3)
_WIDE = (32, 64, 128, 256)


def resnet_cifar(
    depth: int,
    input_shape: tuple[int, int, int] = _CIFAR,
    num_classes: int = 10,
    name: str | None = None,
    filters: Sequence[int] = (16, 16, 32, 64),
) -> keras.Model:
    """Builds a residual network of `depth` layers: a stem and three stages of basic blocks.

    Args:
        depth: number of layers with weights on the longest way, 6 n + 2.
        input_shape: (height, width, channels).
        num_classes: length of the output, >= 2.
        name: name of the model. Defaults to "resnet" and the depth.
        filters: channels of the stem and of the three stages.

    Returns:
        `keras.Model` from scaled pixels (batch, *input_shape) to logits (batch, num_classes). Its
        layers: "stem", "stage1", "stage2", "stage3" (after their ReLU; "stage1_pre" and so on is
        what that ReLU receives), "features" (batch, filters[-1]), "logits". For TensorFlow Lite
        CONV_2D, ADD, MEAN and FULLY_CONNECTED, all int8.

    Raises:
        ValueError: when `depth` is not of that form, or `num_classes` is smaller than 2.

    Reference: He et al. 2016, https://arxiv.org/abs/1512.03385, section 4.2. Where the shape
    changes, the shortcut is a 1x1 convolution with BatchNorm, as in the networks of the common
    CIFAR-100 table (https://arxiv.org/abs/1910.10699), and not He's padding by zeros.
    """
    if depth < 8 or depth % 6 != 2:
        raise ValueError(f"`depth` must be 8, 14, 20, ... (6 n + 2). Received: depth={depth}")
    inputs = pixels(input_shape)
    x = conv_norm_relu(inputs, filters[0], 3, name="stem")
    x = basic_stages(x, filters[1:], [(depth - 2) // 6] * len(filters[1:]))
    return pooled_classifier(inputs, x, num_classes, name or f"resnet{depth}")


def resnet8(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "resnet8"
) -> keras.Model:
    """ResNet-8 for CIFAR, see `resnet_cifar`."""
    return resnet_cifar(8, input_shape, num_classes, name)


def resnet20(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "resnet20"
) -> keras.Model:
    """ResNet-20 for CIFAR, see `resnet_cifar`."""
    return resnet_cifar(20, input_shape, num_classes, name)


def resnet32(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "resnet32"
) -> keras.Model:
    """ResNet-32 for CIFAR, see `resnet_cifar`."""
    return resnet_cifar(32, input_shape, num_classes, name)


def resnet44(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "resnet44"
) -> keras.Model:
    """ResNet-44 for CIFAR, see `resnet_cifar`."""
    return resnet_cifar(44, input_shape, num_classes, name)


def resnet56(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "resnet56"
) -> keras.Model:
    """ResNet-56 for CIFAR, see `resnet_cifar`."""
    return resnet_cifar(56, input_shape, num_classes, name)


def resnet110(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "resnet110"
) -> keras.Model:
    """ResNet-110 for CIFAR, see `resnet_cifar`."""
    return resnet_cifar(110, input_shape, num_classes, name)


def resnet8x4(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "resnet8x4"
) -> keras.Model:
    """ResNet-8 with 32, 64, 128 and 256 channels, see `resnet_cifar`."""
    return resnet_cifar(8, input_shape, num_classes, name, filters=_WIDE)


def resnet32x4(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "resnet32x4"
) -> keras.Model:
    """ResNet-32 with 32, 64, 128 and 256 channels, see `resnet_cifar`."""
    return resnet_cifar(32, input_shape, num_classes, name, filters=_WIDE)
